"""The metamorphic, edge and element-type cases bite: each check catches a fault planted for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from planted_faults import Function, after, before, faulty, lower_honestly, misread

from convdispatch.conformance import cases
from convdispatch.conformance.case import Case, Mismatch
from convdispatch.conformance.cases import (
    causality,
    conventions,
    dtypes,
    edges,
    inputs,
    metamorphic,
    resized,
    rewritten,
    special_values,
    symmetries,
)
from convdispatch.conformance.report.scripts import script
from convdispatch.ops import ConvTranspose, Pad, Upsample
from convdispatch_numpy._backend import backend as honest

MODULES = (
    causality, conventions, dtypes, edges, inputs, metamorphic, resized,
    rewritten, special_values, symmetries,
)  # fmt: skip
CASES = {case.id: case for module in MODULES for case in module.cases(0)}


def centred(op: Any) -> Any:
    """Return the op with the same pads on both sides, as far as that goes."""
    totals = [low + high for low, high in op.pads]
    return replace(op, pads=tuple((total // 2, total - total // 2) for total in totals))


def swapped(op: Any) -> Any:
    """Return the op with its pads on the other sides."""
    return replace(op, pads=tuple((high, low) for low, high in op.pads))


def first_dilation_lost(op: Any, signature: Any) -> Function:
    """Dilate the first axis by one less, and crop what is too much."""
    rates = (max(op.dilation[0] - 1, 1), *op.dilation[1:])
    taps = signature.weight_shapes[0][0] - 1
    surplus = (op.dilation[0] - rates[0]) * taps
    (low, high), *rest = op.pads
    return lower_honestly(
        replace(op, dilation=rates, pads=((low, high - surplus), *rest)), signature
    )


def channels(op: Any) -> int:
    """Return the axis of the channels."""
    return -1 if op.channels_last else 1


def interleaved(op: Any, x: Any, *weights: Any) -> tuple[Any, ...]:
    """Read the channels of the groups alternately."""
    axis = x.ndim - 1 if op.channels_last else 1
    order = np.arange(x.shape[axis]).reshape(op.groups, -1).T.ravel()
    return (np.take(x, order, axis), *weights)


def summed_in_half(op: Any, signature: Any) -> Function:
    """Add one channel after the other, in the element type itself."""
    linear = replace(op, activation="linear", bias=False, groups=1)
    function = lower_honestly(linear, signature)
    axis = len(signature.input_shape) if op.channels_last else 1

    def conv(x: Any, kernel: Any, *bias: Any) -> Any:
        total = 0 * function(x, kernel)
        for channel in range(x.shape[axis]):
            one = np.zeros_like(x)
            place = (slice(None),) * axis + (slice(channel, channel + 1),)
            one[place] = x[place]
            total = total + function(one, kernel)
        return total

    return conv


def multiplied_crop(op: Any, x: Any, *weights: Any) -> tuple[Any, ...]:
    """Crop by multiplying with zero what is cropped: here, add nothing of it to its neighbour."""
    axis = 1 if op.channels_last else 2
    return (x + 0 * np.roll(x, 1, axis), *weights)


def by_matrix(result: Any, op: Any, arguments: Any) -> Any:
    """Interpolate by a product of matrices, in which every cell has a share, if of zero."""
    axes = tuple(range(1, result.ndim))
    return result + 0 * arguments[0].sum(axis=axes, keepdims=True)


def in_place(op: Any, x: Any, *weights: Any) -> tuple[Any, ...]:
    """Double the input and halve it, unless something is lost by that: here, leave it doubled."""
    x *= 2
    return (x / 2, *weights)


def flat(op: Any, x: Any, *weights: Any) -> tuple[Any, ...]:
    """Read the numbers in the order in which they lie in memory."""
    return (x.ravel(order="K").reshape(x.shape), *weights)


def contiguous_bytes(value: Any, dtype: str) -> Any:
    """Read an array's memory and not the array."""
    return np.frombuffer(value.tobytes("A"), value.dtype).reshape(value.shape).astype(dtype)


def nearest_by(cell: Function) -> Function:
    """Return a `lower` whose bilinear images take each cell from one place of the input."""

    def lower(op: Any, signature: Any) -> Function:
        if not isinstance(op, Upsample):
            return lower_honestly(op, signature)

        def enlarge(x: Any) -> Any:
            for axis, factor in enumerate(op.factors, 1 if op.channels_last else 2):
                places = [cell(i, factor) for i in range(x.shape[axis] * factor)]
                x = np.take(x, places, axis)
            return x

        return enlarge

    return lower


# The fault's name, the case that must catch it, and what the faulty backend has instead.
FAULTS: list[tuple[str, str, dict[str, Any]]] = [
    ("bent", "conv1d/full/linear-in-input-1d-even-kernel-last",
     {"lower": after(lambda y, op, _: y + y * y / 1000)}),
    ("weights clipped", "conv2d/full/linear-in-kernel-2d-plain-first",
     {"lower": before(lambda op, x, k: (x, np.clip(k, -4, 4)))}),
    ("first cell dropped", "conv1d/full/shifted-1d-even-kernel-last",
     {"lower": before(lambda op, x, k: (np.concatenate([0 * x[:, :1], x[:, 1:]], 1), k))}),
    ("first cell not written", "conv1d_transpose/full/shifted-1d-even-kernel-first",
     {"lower": after(lambda y, op, _: y * (np.arange(y.shape[2]) > 0))}),
    ("first sample repeated", "conv2d/full/sample-by-sample-2d-groups-last",
     {"lower": after(lambda y, op, _: np.repeat(y[:1], len(y), 0))}),
    ("transposed kernel flipped", "conv3d/full/adjoint-3d-depthwise-last",
     {"lower": before(lambda op, y, k: (y, k[::-1]), (ConvTranspose,))}),
    ("pads centred", "conv1d/full/mirrored-1d-even-kernel-last", {"lower": misread(centred)}),
    ("dilation of one axis", "conv2d/full/exchanged-axes-2d-strided-dilated-last",
     {"lower": first_dilation_lost}),
    ("channels first reversed", "conv1d_transpose/full/other-layout-1d-groups-last",
     {"lower": after(lambda y, op, _: y if op.channels_last else y[:, :, ::-1])}),
    ("groups interleaved", "conv2d/full/group-by-group-2d-groups-last",
     {"lower": before(interleaved)}),
    ("dilated kernel flipped", "conv1d/full/stuffed-with-zeros-1d-causal-dilated-last",
     {"lower": before(lambda op, x, k: (x, k[::-1] if op.dilation[0] > 1 else k))}),
    ("pads swapped", "conv2d/full/padded-before-2d-mixed-strides-first",
     {"lower": misread(swapped)}),
    ("crops swapped", "conv1d/full/cropped-before-1d-crop-low-last", {"lower": misread(swapped)}),
    ("another product", "conv2d/full/matrix-product-2d-narrowing-pointwise-last",
     {"functions": {**honest.functions, "matmul": lambda a, b: a @ b * np.float32(1.001)}}),
    ("looks ahead", "conv1d/full/causal-k3-s1-d2-last", {"lower": misread(swapped)}),
    ("pads with ones", "pad1d/full/undone-by-cropping-last",
     {"lower": after(lambda y, op, _: y + (np.arange(y.shape[1]) < 1)[:, None], (Pad,))}),
    ("pads each side by half", "pad3d/full/twice-last", {"lower": misread(centred, (Pad,))}),
    ("grid of corners", "upsample2d/full/mirrored-bilinear-2x2-last",
     {"lower": nearest_by(lambda i, factor: i // factor * (i % factor == 0))}),
    ("dark border", "upsample2d/full/constant-bilinear-2x2-last",
     {"lower": after(lambda y, op, _: y * (1 - (np.arange(y.shape[1]) < 1) / 4)[:, None, None]
                     .astype(y.dtype), (Upsample,))}),
    ("tiled", "upsample1d/full/transposed-convolution-3-last",
     {"lower": nearest_by(lambda i, factor: i % 5)}),
    ("another type back", "conv2d/dtype/2d-plain-first-float16",
     {"lower": after(lambda y, op, _: y.astype("float32"))}),
    ("float64 in float32", "conv2d/dtype/2d-plain-first-float64",
     {"lower": after(lambda y, op, _: y.astype("float32").astype("float64"))}),
    ("summed in float16", "conv1d/dtype/1d-long-channels-last-float16", {"lower": summed_in_half}),
    ("summed in bfloat16", "conv1d/dtype/1d-long-channels-last-bfloat16",
     {"lower": summed_in_half}),
    ("one sample at least", "conv1d/edge/empty-batch-1d-groups-first",
     {"lower": after(lambda y, op, _: y if len(y) else np.zeros((1, *y.shape[1:]), y.dtype))}),
    ("a lone channel squeezed", "conv1d/edge/1d-one-cell-one-tap-last",
     {"lower": after(lambda y, op, _: y[..., 0] if y.shape[-1] == 1 else y)}),
    ("NaN swallowed", "conv1d/edge/nan-1d-strided-dilated-linear-first",
     {"lower": before(lambda op, x, *w: (np.nan_to_num(x), *w))}),
    ("NaN hidden by relu", "conv2d/edge/nan-2d-groups-relu-last",
     {"lower": after(lambda y, op, _: np.fmax(y, 0))}),
    ("NaN leaks to a neighbour", "conv1d/edge/nan-1d-pad-and-crop-last",
     {"lower": before(multiplied_crop)}),
    ("NaN leaks to a group", "conv2d/edge/nan-2d-depthwise-strided-last",
     {"lower": before(lambda op, x, *w: (x + 0 * x.sum(channels(op), keepdims=True), *w))}),
    ("infinity is large", "conv3d/edge/inf-3d-mixed-pads-linear-last",
     {"lower": after(lambda y, op, _: np.clip(y, -3e38, 3e38))}),
    ("zero weights skipped", "conv1d/edge/zero-kernel-1d-depthwise-first",
     {"lower": after(lambda y, op, given: y if given[1].any() else np.zeros_like(y))}),
    ("weights spoil other filters", "conv2d/edge/nan-weight-2d-plain-first",
     {"lower": before(lambda op, x, k: (x, k + 0 * k.sum(-1, keepdims=True)))}),
    ("overflow clipped", "conv1d/edge/overflow-float16-plus",
     {"lower": after(lambda y, op, _: np.clip(y, -65504, 65504))}),
    ("NaN padded away", "pad2d/edge/special-zeros-last",
     {"lower": before(lambda op, x: (np.nan_to_num(x),), (Pad,))}),
    ("interpolated by matrices", "upsample2d/edge/special-bilinear-3x4-last",
     {"lower": after(by_matrix, (Upsample,))}),
    ("memory read in order", "conv1d/edge/transposed-views-1d-pad-and-crop-last",
     {"lower": before(flat)}),
    ("memory copied", "conv2d/edge/fortran-ordered-arrays-2d-strided-dilated-last",
     {"asarray": contiguous_bytes}),
    ("input written to", "conv1d/edge/inputs-untouched-1d-even-kernel-last",
     {"lower": before(in_place)}),
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
    """Each check of these modules catches one of the planted faults."""
    every = {case.check for case in CASES.values() if case.op != "layers"}
    assert {CASES[case_id].check for _, case_id, _ in FAULTS} == every - {conventions.agree}


def test_a_kernel_that_is_not_flipped_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Layers reach their backend by its name, so that here the fault is planted in NumPy's own."""
    case = CASES["layers/full/conventions-conv1d-1d-valid-strided-last"]
    case.run(honest)
    monkeypatch.setattr(honest, "lower", before(lambda op, x, k: (x, k[::-1])), raising=True)
    with pytest.raises(Mismatch, match="under the tensorflow convention"):
        case.run(honest)


@pytest.mark.parametrize("seed", range(3))
def test_the_seed_changes_numbers_and_no_ids(seed: int) -> None:
    """Whatever the seed, the same claims are made."""
    assert {case.id for module in MODULES for case in module.cases(seed)} == set(CASES)


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


def test_level_core_needs_no_optional_package() -> None:
    """The first run of a newcomer ends without a word about what is not installed."""
    core = [case for case in cases.build() if case.level == "core"]
    half = [case.id for case in core if any("bfloat16" in feature for feature in case.features)]
    assert len(core) > 900
    assert half == []
