"""The contract, function and concurrency cases bite: each check catches a fault planted for it."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
from planted_faults import Function, after, faulty, lower_honestly

from convdispatch.conformance import cases
from convdispatch.conformance.case import Case, Mismatch
from convdispatch.conformance.cases import (
    compiling,
    concurrency,
    contract,
    declarations,
    function_rows,
    functions,
    signatures,
    tensors,
)
from convdispatch.conformance.report.scripts import script
from convdispatch.errors import BackendUnavailable, UnsupportedOp
from convdispatch.hookspecs import hookimpl
from convdispatch.numerics.problem import round_to
from convdispatch.ops import REQUIRED_FUNCTIONS, BackendInfo, Capabilities
from convdispatch.registry import registry
from convdispatch.runtime import dispatch
from convdispatch_numpy._backend import backend as honest

MODULES = (compiling, concurrency, contract, declarations, functions, signatures, tensors)
CASES = {case.id: case for module in MODULES for case in module.cases(0)}


def shared_buffer(*, copied: bool) -> Function:
    """Return a `lower` whose functions write into one array each."""

    def lower(op: Any, signature: Any) -> Function:
        function, buffers = lower_honestly(op, signature), {}

        def compute(*arguments: Any) -> Any:
            result = function(*arguments)
            buffer = buffers.setdefault(result.shape, np.empty_like(result))
            buffer[...] = result
            if not copied:
                return buffer
            time.sleep(1e-5)  # as long as an epilogue may take
            return buffer.copy()

        return compute

    return lower


def noise() -> Function:
    """Return a change of the last bit in two of three calls."""
    calls: Iterator[int] = iter(range(10**6))
    return lambda y, op, arguments: np.nextafter(y, np.inf) if next(calls) % 3 else y


def for_one_batch(function: Function) -> Function:
    """Compile for the batch size of the first call."""
    kept: list[int] = []

    def compiled(x: Any, *weights: Any) -> Any:
        kept.append(len(x))
        result = function(x, *weights)
        return np.resize(result, (kept[0], *result.shape[1:]))

    return compiled


def lowered_for_one_batch(op: Any, signature: Any) -> Function:
    """Lower for the batch size of the first call."""
    return for_one_batch(lower_honestly(op, signature))


def remembering(key: Callable[[Any, Any], object]) -> Function:
    """Return a `lower` that keeps what it lowered by an insufficient key."""
    kept: dict[object, Function] = {}
    return lambda op, signature: kept.setdefault(key(op, signature), lower_honestly(op, signature))


def remembering_the_type() -> Function:
    """Return a `lower` that keeps the element type of the first one with these shapes."""
    kept: dict[object, str] = {}

    def lower(op: Any, signature: Any) -> Function:
        key = (op, signature.input_shape, signature.weight_shapes)
        dtype = kept.setdefault(key, signature.dtype)
        function = lower_honestly(op, signature)
        return lambda *given: function(*given).astype(dtype).astype(signature.dtype)

    return lower


def in_float32(function: Function) -> Function:
    """Return the function, computed in float32 whatever the arguments' element type."""

    def compute(*arrays: Any, **options: Any) -> Any:
        narrow = [array.astype(np.float32) for array in arrays]
        return function(*narrow, **options).astype(arrays[0].dtype)

    return compute


def of_the_main_thread(tensor: Any) -> Any:
    """Return the numbers, or zeros where another thread than the first one asks."""
    is_first = threading.current_thread() is threading.main_thread()
    return tensor if is_first else np.zeros_like(tensor)


class Elsewhere(np.ndarray):
    """An array that says it is on another device."""

    device = "elsewhere"


def with_function(name: str, function: Function) -> dict[str, Any]:
    """Return the table with one function replaced, as a part of a backend."""
    return {"functions": {**honest.functions, name: function}}


def in_its_own_type(reduce: Function) -> Function:
    """Return a reduction that adds half precision to half precision."""

    def reduction(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        if x.dtype.name != "float16" or axis is not None:
            return reduce(x, axis=axis, keepdims=keepdims)
        total = np.float16(0)
        for number in x.ravel():
            total += number
        return np.asarray(total)

    return reduction


def truncated(tensor: Any, dtype: str) -> Any:
    """Cast towards zero: cut the digits of float32 that bfloat16 has not."""
    if dtype != "bfloat16":
        return honest.cast(tensor, dtype)
    bits = tensor.astype("float32").view(np.uint32) & np.uint32(0xFFFF0000)
    return honest.cast(bits.view(np.float32), dtype)


def raising_its_own(function: Function) -> object:
    """Call the function and hide what it raises."""
    try:
        return function()
    except LookupError:
        return None


# The fault's name, the case that must catch it, and what the faulty backend has instead.
FAULTS: list[tuple[str, str, dict[str, Any]]] = [
    ("noise", "conv2d/edge/same-bits-2d-plain-first", {"lower": after(noise())}),
    ("buffer returned", "conv1d/edge/kept-1d-even-kernel-last",
     {"lower": shared_buffer(copied=False)}),
    ("buffer shared", "conv2d/edge/threads-2d-many-channels-last",
     {"lower": shared_buffer(copied=True)}),
    ("compiled for one batch", "conv2d/edge/compiled-2d-plain-first", {"compile": for_one_batch}),
    ("lowered for one batch", "pad2d/contract/batch-sizes-zeros-last",
     {"lower": lowered_for_one_batch}),
    ("shape is a list", "conv1d/contract/described-1d-even-kernel-last-float16",
     {"describe": lambda x: (list(x.shape), x.dtype.name)}),
    ("type by another name", "conv1d/contract/described-1d-even-kernel-last-float16",
     {"describe": lambda x: (x.shape, x.dtype.str)}),
    ("on another device", "pad2d/contract/device-zeros-last",
     {"lower": lambda op, s: lambda x: lower_honestly(op, s)(x).view(Elsewhere)}),
    ("kept by op and type", "conv2d/contract/lowered-beside-other-size",
     {"lower": remembering(lambda op, s: (op, s.dtype))}),
    ("kept whatever the type", "conv1d/contract/lowered-beside-other-dtype",
     {"lower": remembering_the_type()}),
    ("kept by signature", "conv3d/contract/lowered-beside-other-pads",
     {"lower": remembering(lambda op, s: s)}),
    ("NaN made alike", "tensors/contract/round-trip-float32",
     {"asarray": lambda a, dtype: np.where(np.isnan(a), np.nan, a).astype(dtype)}),
    ("subnormal numbers flushed", "tensors/contract/round-trip-float64",
     {"variable": lambda a, dtype: np.where(np.abs(a) < 1e-300, 0 * a, a).astype(dtype)}),
    ("scalars get an axis", "tensors/contract/shapes-float32",
     {"asarray": lambda a, dtype: np.atleast_1d(a).astype(dtype)}),
    ("read-only refused", "tensors/contract/with-gaps-array-float32",
     {"asarray": lambda a, dtype: np.frombuffer(a.tobytes("A"), a.dtype).reshape(a.shape)}),
    ("integers as bits", "tensors/contract/integers-float64",
     {"asarray": lambda a, dtype: a.view("float64").astype(dtype)}),
    ("rounded to zero", "tensors/contract/rounded-float32",
     {"asarray": lambda a, dtype: np.nextafter(a, 0).astype(dtype)}),
    ("cast to zero", "tensors/contract/cast-float32-bfloat16", {"cast": truncated}),
    ("memory shared", "tensors/contract/variable-is-a-copy-float32",
     {"variable": lambda a, dtype: np.asarray(a, dtype)}),
    ("not assigned", "tensors/contract/assign-float32",
     {"assign": lambda variable, value: variable}),
    ("owns lists", "tensors/contract/owns-float32",
     {"owns": lambda value: isinstance(value, np.ndarray | np.generic | list)}),
    ("owns half", "tensors/contract/owns-float16",
     {"owns": lambda value: hasattr(value, "dtype") and value.dtype.name != "float16"}),
    ("waits for nothing of variables", "tensors/contract/synchronize",
     {"synchronize": lambda tensor: (_ for _ in ()).throw(Mismatch("cannot wait"))}),
    ("returns nothing", "tensors/contract/outside-trace",
     {"outside_trace": lambda fn: fn() and None}),
    ("hides errors", "tensors/contract/outside-trace", {"outside_trace": raising_its_own}),
    ("made as zeros", "tensors/contract/outside-trace-compiled",
     {"outside_trace": lambda fn: fn() * 0}),
    ("compiled otherwise", "tensors/contract/compile",
     {"compile": lambda fn: lambda *given: fn(*given) + np.float32(1)}),
    ("a function less", "functions/contract/all-are-there",
     {"functions": {name: honest.functions[name] for name in REQUIRED_FUNCTIONS[1:]}}),
    ("maximum drops NaN", "functions/contract/maximum-of-nan-float32",
     with_function("maximum", np.fmax)),
    ("relu drops NaN", "functions/contract/relu-of-special-float32",
     with_function("relu", lambda x: np.where(x > 0, x, np.zeros_like(x)))),
    ("sigmoid overflows", "functions/contract/sigmoid-far-out-float32",
     with_function("sigmoid", lambda x: np.exp(x) / (1 + np.exp(x)))),
    ("tanh overflows", "functions/contract/tanh-far-out-float64",
     with_function("tanh", lambda x: (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x)))),
    ("log1p cancels", "functions/contract/log1p-near-zero-float32",
     with_function("log1p", lambda x: np.log(1 + x))),
    ("expm1 cancels", "functions/contract/expm1-near-zero-float32",
     with_function("expm1", lambda x: np.exp(x) - 1)),
    ("where multiplies", "functions/contract/where-hides-nan-float32",
     with_function("where", lambda c, x, y: c * x + ~c * np.float32(y))),
    ("sums in half precision", "functions/contract/sum-of-many-float16",
     with_function("sum", in_its_own_type(np.sum))),
    ("axis kept", "functions/contract/mean-axis-float64",
     with_function("mean", lambda x, axis=None, keepdims=False: np.mean(x, axis, keepdims=True))),
    ("numbers widen", "functions/contract/maximum-of-number-float16",
     with_function("maximum", lambda x, y: np.maximum(x, np.float32(y)))),
    ("flips all", "functions/contract/flip-one-axis-float32",
     with_function("flip", lambda x, axes: np.flip(x))),
    ("matmul in float32", "functions/contract/matmul-batched-float64",
     with_function("matmul", in_float32(np.matmul))),
    ("sum in float32", "functions/contract/sum-axis-float64",
     with_function("sum", in_float32(np.sum))),
    ("tanh in float32", "functions/contract/tanh-float64",
     with_function("tanh", in_float32(np.tanh))),
    ("numbers of the thread that made them", "tensors/contract/other-thread-float32",
     {"to_numpy": of_the_main_thread}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("case_id", "parts"), [row[1:] for row in FAULTS], ids=[row[0] for row in FAULTS]
)
def test_a_planted_fault_is_caught(case_id: str, parts: dict[str, Any]) -> None:
    """The case passes on the honest backend and raises `Mismatch` on the faulty one."""
    CASES[case_id].run(honest)
    with np.errstate(all="ignore"), pytest.raises(Mismatch, match=r"\w"):
        CASES[case_id].run(faulty(**parts))


def test_every_check_is_shown_to_bite() -> None:
    """Each check of these modules catches a fault, above or, of declarations, below."""
    every = {case.check for case in CASES.values()}
    assert {CASES[case_id].check for _, case_id, _ in FAULTS} == every - {
        declarations.refused,
        declarations.declined_method,
    }


def test_every_required_function_is_asked() -> None:
    """Each name of the contract stands in an expression of some row."""
    asked: set[str] = set()

    class Recording(dict[str, Any]):
        def __getitem__(self, name: str) -> Any:
            asked.add(name)
            return super().__getitem__(name)

    with np.errstate(all="ignore"):
        for row in functions.ROWS.values():
            row.expression(Recording(function_rows.REFERENCE), *row.arrays)
    assert asked == set(REQUIRED_FUNCTIONS)


@pytest.mark.parametrize(
    ("dtype", "number", "nearest"),
    [
        ("bfloat16", 1 + 2**-8, 1.0),
        ("bfloat16", 1 + 3 * 2**-8, 1 + 2**-6),
        ("float16", 2049.0, 2048.0),
        ("float16", 65519.0, 65504.0),
        ("float32", 16777217.0, 16777216.0),
    ],
    ids=str,
)
def test_the_expected_number_of_a_cast_is_the_nearest(
    dtype: str, number: float, nearest: float
) -> None:
    """Worked out by hand: of two equally near the one whose last digit is even."""
    assert number in tensors.TO_ROUND
    assert round_to(np.array([number]), dtype).tolist() == [nearest]


class Declaring:
    """A plugin whose backend is NumPy's with one feature declared unsupported."""

    def __init__(self, feature: str) -> None:
        self.feature = feature

    @hookimpl
    def convdispatch_backends(self) -> tuple[BackendInfo, ...]:
        """Describe it."""
        return (
            BackendInfo(
                protocol=2,
                name="declaring",
                framework="numpy",
                load="convdispatch_numpy._backend:backend",
                install="it is here",
                capabilities=Capabilities(unsupported={self.feature: "its time has not come"}),
            ),
        )


@pytest.fixture
def declared(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Give a backend that declares the feature of the test's parameter unsupported."""
    plugin = Declaring(request.param)
    registry.register(plugin)
    yield SimpleNamespace(name="declaring")
    registry.unregister(plugin)


DECLARED = pytest.mark.parametrize(
    "declared",
    [
        "conv2d:groups",
        "bfloat16",
        "pad1d:channels_first",
        "upsample2d:bilinear",
        "conv3d_transpose",
    ],
    indirect=True,
)


@DECLARED
def test_what_is_declared_is_refused(declared: Any) -> None:
    """The dispatcher gives the declared reason for each op with that feature."""
    declarations.refused(declared)


@pytest.mark.parametrize("declared", ["gradients", "conv2d:second_order", "compile"], indirect=True)
def test_what_no_op_is_lowered_with_is_not_asked_for(declared: Any) -> None:
    """Gradients and compilation are asked of the backend, not of its `lower`."""
    declarations.refused(declared)


@DECLARED
def test_a_dispatcher_that_asks_anyway_is_caught(
    declared: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the check of declarations the backend is asked, and the case says for what."""
    monkeypatch.setattr(dispatch, "require_supported", lambda *given: None)
    with pytest.raises(Mismatch, match="the backend was asked for"):
        declarations.refused(declared)


@pytest.mark.parametrize("declared", ["compile"], indirect=True)
def test_a_declined_method_is_refused_or_caught(
    declared: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks gets the reason; a dispatcher that asks nobody is found out."""
    reason = dispatch.declined(declared)["compile"]
    declared.compile = Mock(side_effect=UnsupportedOp(f"refused: {reason}"))
    declarations.declined_method(declared, "compile")
    declarations.declined_method(declared, "wrap")  # which is not declined
    declared.compile = Mock(side_effect=UnsupportedOp("for another reason"))
    with pytest.raises(Mismatch, match="another reason"):
        declarations.declined_method(declared, "compile")
    declared.compile = lambda function: function
    with pytest.raises(Mismatch, match="but exists nevertheless"):
        declarations.declined_method(declared, "compile")
    monkeypatch.setattr(dispatch, "require_feature", lambda backend, feature: None)
    with pytest.raises(Mismatch, match="'compile' is declined"):
        declarations.declined_method(declared, "compile")


@pytest.mark.parametrize(
    "declared", ["pool2d", "max_pool2d:counts", "dense:channels_first"], indirect=True
)
def test_a_misspelt_detail_of_the_newer_ops_is_caught(declared: Any) -> None:
    """It would never be refused."""
    with pytest.raises(Mismatch, match="but no op has that feature"):
        declarations.refused(declared)


@pytest.mark.parametrize(
    "declared",
    ["upsample2d:bilinear:float64", "average_pool2d:counts_pads:channels_first", "dense:float16"],
    indirect=True,
)
def test_what_is_declared_with_several_details_is_refused(declared: Any) -> None:
    """Each op that has them all; a case that uses them all is left out, no other."""
    declarations.refused(declared)
    feature = next(iter(dispatch.declined(declared)))
    every = cases.build()
    skipped = [case for case in every if case.uses(feature)]
    name, *details = feature.split(":")
    assert skipped
    assert {case.op for case in skipped} == {name}
    assert all(f"{name}:{detail}" in case.features for case in skipped for detail in details)


@pytest.mark.parametrize("declared", ["conv2d:group", "conv4d", "float128"], indirect=True)
def test_a_declaration_of_nothing_is_caught(declared: Any) -> None:
    """A feature that is misspelt would never be refused."""
    with pytest.raises(Mismatch, match="but no op has that feature"):
        declarations.refused(declared)


def test_without_ml_dtypes_bfloat16_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing optional package is no fault of the backend."""
    monkeypatch.setitem(sys.modules, "ml_dtypes", None)
    with pytest.raises(BackendUnavailable, match="pip install"):
        CASES["tensors/contract/round-trip-bfloat16"].run(honest)


def test_the_switch_interval_is_given_back() -> None:
    """A case about threads leaves Python's scheduling as it was."""
    usual = sys.getswitchinterval()
    CASES["conv2d/edge/threads-2d-many-channels-last"].run(honest)
    assert sys.getswitchinterval() == usual


def test_an_error_in_one_thread_ends_the_other() -> None:
    """What one call raises is raised, and nobody waits for the barrier's timeout."""
    seen: list[int] = []

    def lower(op: Any, signature: Any) -> Function:
        def compute(*given: Any) -> Any:
            seen.append(1)
            if len(seen) == 5:
                raise LookupError("the fifth call")
            return lower_honestly(op, signature)(*given)

        return compute

    with pytest.raises(LookupError, match="the fifth call"):
        CASES["conv2d/edge/threads-2d-many-channels-last"].run(faulty(lower=lower))


def one_of_each_check() -> list[Case]:
    """Return the first case of every check of these modules."""
    return list({case.check: case for case in reversed(CASES.values())}.values())


@pytest.mark.parametrize("case", one_of_each_check(), ids=lambda case: case.id)
def test_a_script_repeats_the_case(case: Case) -> None:
    """The stand-alone program of a case runs, and passes on a backend that is right."""
    exec(compile(script(case, "numpy"), case.id, "exec"), {})


def test_the_modules_are_part_of_the_suite() -> None:
    """Every case above is in the list that users run."""
    assert set(CASES) <= {case.id for case in cases.build()}
