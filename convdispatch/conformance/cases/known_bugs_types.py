"""Known faults of element types, gradients and memory; numbered as in `known_bugs`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from convdispatch.conformance.case import Case
from convdispatch.conformance.cases.layer_checks import (
    checked_case,
    curves,
    differentiates,
    reads_views,
)
from convdispatch.conformance.cases.layer_rows import Ramp, nested, ones, row, row_case
from convdispatch.conformance.cases.one_axis import (
    CONVOLUTIONS,
    DEPTHWISE,
    FLIPPABLE,
    TRANSPOSED,
    Along,
    AxisClaim,
)

_V = (1, 10)
_SAME = {"padding": "same"}
_HALF = ("float16", "bfloat16")

# Lost beside 1 in float32, and exact in float64.
_FINE = 1 + 2.0**-40

# fmt: off
_AXIS_CLAIMS = (
    *(AxisClaim(f"bug-32-half-{dtype}",
                f"CPUs compute in {dtype}, and the result stays in it (pytorch#121958).",
                CONVOLUTIONS, (1, 2, 3, 4), _V, _SAME, (21, 32, 43, 4), dtype, "dtype")
      for dtype in _HALF),
    *(AxisClaim(f"bug-32-half-transposed-{dtype}",
                f"CPUs transpose in {dtype}, and the result stays in it (pytorch#121958).",
                TRANSPOSED, (1, 2, 3, 4), _V, _SAME, (1, 12, 23, 34), dtype, "dtype")
      for dtype in _HALF),
    *(AxisClaim(f"bug-32-long-sum-{dtype}",
                f"A {dtype} sum is rounded once: adding 64 ones to {large} one by one would leave "
                "it as it is (pytorch#121958).",
                (*FLIPPABLE, DEPTHWISE[0]), (large, *(1,) * 64), (1,) * 65, {}, (large + 64,),
                dtype, "dtype")
      for dtype, large in (("float16", 2048), ("bfloat16", 256))),
    AxisClaim("bug-35-float64-is-kept",
              "A float64 layer computes in float64: 2**-40 is lost beside 1 in float32 "
              "(keras#23223, keras#23225).",
              (*CONVOLUTIONS, *TRANSPOSED), (_FINE, 2), (1,), {}, (_FINE, 2), "float64", "dtype"),
    AxisClaim("bug-35-float64-kernel-is-kept",
              "A float64 kernel stays float64 (keras#23223, keras#23225).",
              (*CONVOLUTIONS, *TRANSPOSED), (1, 2), (_FINE,), {}, (_FINE, 2 * _FINE), "float64",
              "dtype"),
    AxisClaim("bug-36-integers-above-2048",
              "float32 has 24 bits: TF32 and bfloat16 lose the last of 4097, unless the backend "
              "declares its accuracy (pytorch#107514, jax#12008).",
              (*CONVOLUTIONS, *TRANSPOSED), (4097, 1), (4095,), {}, (4097 * 4095, 4095)),
)
# fmt: on


def cases(seed: int) -> Iterator[Case]:
    """Yield a case for every known fault of this kind; the numbers are fixed."""
    for claim in _AXIS_CLAIMS:
        yield from claim.cases()
    yield from _gradients()
    yield from _second_derivatives()
    yield from _empty_batches()
    yield from _views()
    yield from _mixed_types()
    yield _asymmetric_padding()


def _gradients() -> Iterator[Case]:
    windows = [a * b * c for a in (1, 2, 1) for b in (1, 2, 1) for c in (1, 2, 1)]
    for groups in (1, 2):
        filters = 2 // groups  # that read one channel, and channels that one filter reads
        yield checked_case(
            f"bug-18-conv3d-first-gradients-groups-{groups}",
            "Volumes with channels first have gradients on CPUs (keras#19591, tensorflow#60195).",
            differentiates,
            row(
                "Conv3D",
                ones(2, 2, 2, filters, 2),
                x=ones(1, 2, 3, 3, 3),
                expected=Ramp((1, 2, 2, 2, 2), 8 * filters, 0),
                filters=2,
                kernel_size=2,
                groups=groups,
                data_format="channels_first",
                use_bias=False,
            ),
            nested((1, 2, 3, 3, 3), [filters * met for met in windows * 2]),
            (Ramp((2, 2, 2, filters, 2), 8, 0),),
            level="grad",
            needs=("gradients",),
        )
    yield checked_case(
        "bug-23-grouped-gradients",
        "A grouped convolution along one axis has gradients (tensorflow#50397, keras#15713).",
        differentiates,
        row(
            "Conv1D",
            Ramp((1, 2, 4), 1),
            x=nested((1, 1, 4), (1, 10, 100, 1000)),
            expected=nested((1, 1, 4), (51, 62, 7300, 8400)),
            filters=4,
            kernel_size=1,
            groups=2,
            use_bias=False,
        ),
        nested((1, 1, 4), (3, 11, 7, 15)),
        (nested((1, 2, 4), (1, 1, 100, 100, 10, 10, 1000, 1000)),),
        level="grad",
        needs=("gradients",),
    )


def _second_derivatives() -> Iterator[Case]:
    # Forward, windows (1, 3) and (3, 5): 2 (4 * 1 + 8 * 3) = 56 and 2 (4 * 3 + 8 * 5) = 104; the
    # taps sum to 15. Transposed, the results are k0, 2 k0 + k1 and 2 k1.
    rows = (
        ("conv1d", FLIPPABLE[0], (1, 2, 3, 4, 5), (31, 61), (210, 0, 450, 0, 240), (56, 104)),
        ("conv1d-transpose", TRANSPOSED[0], (1, 2), (7, 0, 22, 0, 16), (338, 338), (14, 14)),
    )
    for slug, along, cells, expected, inputs, weights in rows:
        dilated = along.row(cells, (7, 8), expected, strides=2, dilation_rate=2)
        yield checked_case(
            f"bug-31-dilated-{slug}",
            "The second derivatives of a strided and dilated convolution are right (jax#563).",
            curves,
            dilated,
            along.numbers(inputs),
            (nested((2, 1, 1), weights),),
            level="grad",
            needs=("gradients", "second_order"),
        )


_EMPTY = (
    ("Conv2D", (3, 100, 50), (16, 98, 48), ((3, 3, 3, 16),)),
    ("Conv2DTranspose", (3, 10, 5), (16, 12, 7), ((3, 3, 16, 3),)),
    ("SeparableConv2D", (3, 10, 5), (16, 8, 3), ((3, 3, 3, 1), (1, 1, 3, 16))),
    ("Conv3D", (3, 5, 4, 3), (16, 3, 2, 1), ((3, 3, 3, 3, 16),)),
    ("Conv1D", (3, 5), (16, 3), ((3, 3, 16),)),
)


def _empty_batches() -> Iterator[Case]:
    claim = "An empty batch gives an empty result (pytorch#12013, pytorch#63299)"
    for layer, read, written, kernels in _EMPTY:
        shapes = (*kernels, (16,))
        empty = row(
            layer,
            *(ones(*shape) for shape in shapes),
            x=ones(0, *read),
            expected=ones(0, *written),
            filters=16,
            kernel_size=3,
            data_format="channels_first",
        )
        yield row_case(f"bug-33-empty-{layer.lower()}", f"{claim}.", empty, level="edge")
        yield checked_case(
            f"bug-33-empty-{layer.lower()}-gradients",
            f"{claim} and zero gradients of the weights.",
            differentiates,
            empty,
            ones(0, *read),
            tuple(Ramp(shape, 0, 0) for shape in shapes),
            level="grad",
            needs=("gradients",),
        )


def _views() -> Iterator[Case]:
    claim = (
        "Inputs and weights need not be contiguous, writable or in order "
        "(pytorch#180984, pytorch#192212, pytorch#197114)."
    )
    yield checked_case(
        "bug-37-views-conv2d",
        claim,
        reads_views,
        row(
            "Conv2D",
            Ramp((2, 1, 2, 2), 1),
            x=Ramp((1, 2, 2, 2), 1),
            # (1, 2) times [[1, 2], [3, 4]] and (5, 6), below it, times [[5, 6], [7, 8]]: 7 + 67.
            expected=nested((1, 1, 2, 2), (74, 88, 106, 128)),
            filters=2,
            kernel_size=(2, 1),
            use_bias=False,
        ),
        level="edge",
    )
    rows: tuple[tuple[Along, tuple[int, ...]], ...] = (
        (FLIPPABLE[2], (21, 32, 43)),
        (DEPTHWISE[1], (21, 32, 43)),
        (TRANSPOSED[1], (1, 12, 23, 34, 40)),
    )
    for along, expected in rows:
        yield checked_case(
            f"bug-37-views-{along.id}",
            claim,
            reads_views,
            along.row((1, 2, 3, 4), _V, expected),
            level="edge",
        )


def _mixed_types() -> Iterator[Case]:
    claim = (
        "The input's element type decides, where Keras 3 on one backend went by the kernel's: a "
        "layer with float32 weights answers float16 in float16."
    )
    for along in (FLIPPABLE[0], DEPTHWISE[1], DEPTHWISE[2], TRANSPOSED[0]):
        expected = (1, 12, 23, 34) if along in TRANSPOSED else (21, 32, 43, 4)
        half = along.row((1, 2, 3, 4), _V, expected, dtype="float16", padding="same")
        mixed = replace(half, arguments={**half.arguments, "dtype": "float32"})
        yield row_case(f"bug-46-mixed-{along.id}", claim, mixed, level="dtype")


def _asymmetric_padding() -> Case:
    return row_case(
        "bug-46-asymmetric-padding",
        "An asymmetric padding puts zeros on the stated sides, where the backend of Keras 1 on "
        "Theano also printed the shapes.",
        row(
            "ZeroPadding2D",
            x=nested((1, 1, 1, 1), (5,)),
            expected=nested((1, 2, 3, 1), (0, 0, 0, 5, 0, 0)),
            padding=((1, 0), (0, 2)),
        ),
    )
