"""What a case asks of a backend: which result, and under what circumstances."""

from __future__ import annotations

from collections.abc import Iterator

from convdispatch.conformance.case import Case
from convdispatch.numerics.problem import Problem

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
KEPT = "a result kept during a later call"
CHANGED = "numbers that change between calls"
SHARED = "memory that nobody else holds"
SETTINGS = "settings of the process"
CANDIDATES = "candidates for measuring"
EVERY_SIZE = "numbers of every size"
ONCE = "half precision rounded once"
KINKS = "kinks and ties"
MANY = "sizes beyond every block"
BY_THE_LARGE = "small numbers beside a large one"
DRAWN = "shapes and numbers drawn anew"
NO_TENSORS = "objects that are no tensors"
IN_MEMORY = "arrays or tensors in any order, with gaps or unaligned"

# By the module of the check, or by its module and name.
_OF_CHECKS: dict[str, tuple[str, ...]] = {
    "candidates": (CANDIDATES,),
    "candidates.each_computes": (LATER_CALL,),
    "causality.causal": (SPECIAL, IN_INPUT, "NaN", LATER_CALL),
    "compiling": (COMPILED, LATER_CALL, OTHER_WEIGHTS, OTHER_SHAPE),
    "concurrency.kept": (KEPT, LATER_CALL),
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
    "drawn_functions": (DRAWN,),
    "drawn_functions.beside_numbers": ("a Python number beside a tensor",),
    "drawn_functions.of_nan_anywhere": (SPECIAL, "NaN"),
    "drawn_moves": (DRAWN, ZEROS),
    "every_place.copied": (SPECIAL, IN_INPUT, "NaN", "infinity", ZEROS, LATER_CALL),
    "every_place.of_bias": (
        SPECIAL,
        "NaN",
        "infinity",
        "special numbers in the bias",
        LATER_CALL,
        OTHER_WEIGHTS,
    ),
    "every_place.of_input": (
        SPECIAL,
        IN_INPUT,
        "NaN",
        "infinity",
        "a kernel of zeros",
        LATER_CALL,
        OTHER_WEIGHTS,
    ),
    "every_place.of_weight": (
        SPECIAL,
        "NaN",
        "infinity",
        "special weights",
        LATER_CALL,
        OTHER_WEIGHTS,
    ),
    "function_range": (EVERY_SIZE,),
    "fused_range": (EVERY_SIZE,),
    "gradient_ways.compiled": (COMPILED,),
    "kinks": (KINKS,),
    "long_tensors": (MANY,),
    "magnitudes": (EVERY_SIZE, LATER_CALL, OTHER_WEIGHTS),
    "magnitudes.subnormal": ("subnormal results",),
    "many_variables": (MANY,),
    "memory": (STRIDED, IN_MEMORY, LATER_CALL, OTHER_WEIGHTS),
    "inputs.native_views": (STRIDED, "native views", LATER_CALL, USED_AGAIN),
    "inputs.numpy_views": (STRIDED, "NumPy views"),
    "inputs.untouched": ("inputs left as they are", USED_AGAIN),
    "integers.of_views": (STRIDED,),
    "keys.compiled": (COMPILED,),
    "layer_checks.reads_views": (STRIDED, LATER_CALL, USED_AGAIN),
    "metamorphic.linear_in_input": (LATER_CALL,),
    "metamorphic.linear_in_kernel": (LATER_CALL, OTHER_WEIGHTS),
    "metamorphic.sample_by_sample": (LATER_CALL,),
    "neighbours": (BY_THE_LARGE,),
    "pooling.reaches": (SPECIAL, IN_INPUT, "NaN", "infinity", LATER_CALL),
    "process_state.is_quiet": ("warnings", LATER_CALL),
    "process_state.leaves_all": (SETTINGS,),
    "process_state.prepared": (SETTINGS,),
    "products_of_rows.reaches": (SPECIAL, IN_INPUT, "NaN", "infinity"),
    "refusing.refuses_strange_inputs": (NO_TENSORS,),
    "reproducible": (REPEATED, LATER_CALL, USED_AGAIN),
    "resizing.is_copied": (SPECIAL, IN_INPUT, "NaN", "infinity"),
    "rounded_once": (ONCE,),
    "sharing": (SHARED, KEPT, LATER_CALL, USED_AGAIN),
    "signatures": (BESIDE,),
    "slopes_range.of_minus_zero": (ZEROS,),
    "slopes_range.slope_everywhere": (EVERY_SIZE,),
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
    "stale.both": (BESIDE, "ops whose hashes agree"),
    "stale.follows": (CHANGED, LATER_CALL),
    "stale.gradients_follow": (CHANGED, LATER_CALL),
    "stale_methods": (CHANGED, LATER_CALL),
    "stale_methods.variables": (OTHER_WEIGHTS,),
    "tensors.bit_by_bit": (ZEROS,),
    "tensors.cast": (ZEROS,),
    "tensors.converted": (STRIDED,),
    "tensors.handed_over": (THREADS,),
    "tensors.owned": (NO_TENSORS,),
    "ties": (KINKS, DRAWN),
    "training": (LATER_CALL,),
    "training_layers": (LATER_CALL,),
    "unknown_sizes": (UNKNOWN, LATER_CALL, OTHER_SHAPE),
    "unknown_words.of_type": ("what no op has",),
    "unknown_words.refused": ("what no op has",),
    "unknown_words.traced": ("tensors that are traced",),
    "vast": (MANY,),
    "wrapping.trains": ("a model with a training of its own",),
}
# By a word of the id.
OF_WORDS = {
    "compiled": COMPILED,
    "compile": COMPILED,
    "inference": "inference",
    "threads": THREADS,
}
_SECOND_ORDER = (
    "second_order",
    "linear_ops.match_second_gradient",
    "layer_checks.curves",
    "gradient_ways.curvature",
    "gradient_ways.twice_through_cast",
    "kinks.second_at_kinks",
)
_DIFFERENTIATED = "gradients"  # a feature that a case needs


def is_differentiated(case: Case) -> bool:
    """Say whether the case compares gradients, and does not only use them in a step."""
    needs = _DIFFERENTIATED in case.features and case.level in ("edge", "contract")
    return case.level == "grad" or (needs and case.op != "steps")


def asked(case: Case) -> Iterator[str]:
    """Yield what is asked, the more general first."""
    module = case.check.__module__.rpartition(".")[2]
    own = f"{module}.{case.check.__name__}"
    if is_differentiated(case):
        yield "gradients"
        is_second = module in _SECOND_ORDER or own in _SECOND_ORDER
        yield "second-order gradients" if is_second else "first-order gradients"
    elif case.level == "errors":
        yield "refusals"
    slug = case.id.split("/", 2)[-1]
    words = slug.replace("compile-inference", "inference").replace("compile-step", "").split("-")
    yield from (fact for word, fact in OF_WORDS.items() if word in words)
    yield from _OF_CHECKS.get(module, ())
    yield from _OF_CHECKS.get(own, ())
    if own in ("stale.follows", "stale.gradients_follow"):
        weights = [one.weight_shapes for one in case.arguments if isinstance(one, Problem)]
        yield from [OTHER_WEIGHTS] if any(weights) else []
    if module == "signatures":
        yield f"another {words[-1] if words[-1] not in ('first', 'last') else words[-2]}"
    for argument in case.arguments:
        if argument in ("nan", "inf", "-inf"):
            yield "NaN" if argument == "nan" else "infinity"
