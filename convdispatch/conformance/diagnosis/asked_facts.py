"""What a case asks of a backend: which result, and under what circumstances."""

from __future__ import annotations

from collections.abc import Iterator

from convdispatch.conformance.case import Case

LATER_CALL = "a later call of the same function"
OTHER_WEIGHTS = "a later call with other weights"
OTHER_SHAPE = "a later call with another shape"
USED_AGAIN = "tensors that are read again"
IN_INPUT = "NaN or infinity in the input"
ZEROS = "signs of zeros"
THREADS = "several threads"
STRIDED = "arrays or tensors that lie in memory otherwise"
COMPILED = "compilation"
SPECIAL = "NaN or infinity"
REPEATED = "the same bits again"
EMPTY = "an empty batch"
UNKNOWN = "unknown sizes"
BESIDE = "two ops lowered side by side"

# By the module of the check, or by its module and name.
_OF_CHECKS: dict[str, tuple[str, ...]] = {
    "causality.causal": (SPECIAL, IN_INPUT, "NaN", LATER_CALL),
    "compiling": (COMPILED, LATER_CALL, OTHER_WEIGHTS, OTHER_SHAPE),
    "concurrency.kept": ("a result kept during a later call", LATER_CALL),
    "concurrency.repeated": (REPEATED, LATER_CALL, USED_AGAIN),
    "concurrency.together": (THREADS, LATER_CALL, OTHER_WEIGHTS, USED_AGAIN),
    "contract.any_batch": (
        EMPTY,
        "batches of several sizes",
        LATER_CALL,
        OTHER_SHAPE,
        OTHER_WEIGHTS,
    ),
    "contract.compiled": (COMPILED,),
    "contract.described": ("the description of a result",),
    "contract.made_while_tracing": (COMPILED,),
    "draws.in_threads": (THREADS,),
    "inputs.native_views": (STRIDED, "native views", LATER_CALL, USED_AGAIN),
    "inputs.numpy_views": (STRIDED, "NumPy views"),
    "inputs.untouched": ("inputs left as they are", USED_AGAIN),
    "integers.of_views": (STRIDED,),
    "keys.compiled": (COMPILED,),
    "layer_checks.reads_views": (STRIDED, LATER_CALL, USED_AGAIN),
    "metamorphic.linear_in_input": (LATER_CALL,),
    "metamorphic.linear_in_kernel": (LATER_CALL, OTHER_WEIGHTS),
    "metamorphic.sample_by_sample": (LATER_CALL,),
    "pooling.reaches": (SPECIAL, IN_INPUT, "NaN", "infinity", LATER_CALL),
    "products_of_rows.reaches": (SPECIAL, IN_INPUT, "NaN", "infinity"),
    "reproducible": (REPEATED, LATER_CALL, USED_AGAIN),
    "resizing.is_copied": (SPECIAL, IN_INPUT, "NaN", "infinity"),
    "signatures": (BESIDE,),
    "special_values.is_copied": (SPECIAL, IN_INPUT, "NaN", "infinity"),
    "special_values.overflows": ("results beyond the largest number",),
    "special_values.reaches": (SPECIAL, IN_INPUT),
    "special_values.spoils_its_filter": (
        SPECIAL,
        "NaN",
        "special weights",
        LATER_CALL,
        OTHER_WEIGHTS,
    ),
    "special_values.spreads_to_neighbours": (SPECIAL, IN_INPUT, "NaN", "infinity"),
    "special_values.survives_zero": (SPECIAL, IN_INPUT, "NaN", "infinity", "a kernel of zeros"),
    "special_weights": (SPECIAL, "special weights", LATER_CALL, OTHER_WEIGHTS),
    "special_weights.meets_image": ("special weights over the image",),
    "special_weights.meets_pads": ("special weights over pads",),
    "tensors.bit_by_bit": (ZEROS,),
    "tensors.cast": (ZEROS,),
    "tensors.converted": (STRIDED,),
    "tensors.handed_over": (THREADS,),
    "training": (LATER_CALL,),
    "training_layers": (LATER_CALL,),
    "unknown_sizes": (UNKNOWN, LATER_CALL, OTHER_SHAPE),
}
# By a word of the id.
_OF_WORDS = {"compiled": COMPILED, "compile": COMPILED, "threads": THREADS}
_SECOND_ORDER = ("second_order", "linear_ops.match_second_gradient", "layer_checks.curves")


def asked(case: Case) -> Iterator[str]:
    """Yield what is asked, the more general first."""
    module = case.check.__module__.rpartition(".")[2]
    own = f"{module}.{case.check.__name__}"
    if case.level == "grad":
        yield "gradients"
        is_second = module in _SECOND_ORDER or own in _SECOND_ORDER
        yield "second-order gradients" if is_second else "first-order gradients"
    elif case.level == "errors":
        yield "refusals"
    words = case.id.split("/", 2)[-1].split("-")
    yield from (fact for word, fact in _OF_WORDS.items() if word in words)
    yield from _OF_CHECKS.get(module, ())
    yield from _OF_CHECKS.get(own, ())
    for argument in case.arguments:
        if argument in ("nan", "inf", "-inf"):
            yield "NaN" if argument == "nan" else "infinity"
