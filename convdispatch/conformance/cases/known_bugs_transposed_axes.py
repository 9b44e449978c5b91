"""Known faults of transposed convolutions over several axes, many of the shapes reported.

Numbered as in `known_bugs`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product
from typing import Any

from convdispatch.conformance.case import Case
from convdispatch.conformance.cases.layer_rows import Cells, Ramp, nested, ones, row, row_case
from convdispatch.conformance.cases.values import forward_case
from convdispatch.geometry import CONVENTIONS
from convdispatch.numerics.problem import Problem
from convdispatch.ops import ConvTranspose

_STRIDED: dict[str, Any] = {"strides": 2, "padding": "same", "use_bias": False}


def _outer(numbers: tuple[int, ...], rank: int) -> list[int]:
    """Return the products of one number for each axis, in the order of the cells."""
    return [math.prod(factors) for factors in product(numbers, repeat=rank)]


# fmt: off
_ROWS = (
    ("bug-03-even-kernel-at-stride-1",
     "An even kernel at stride 1 keeps eight cells eight under 'same', where seven were given "
     "(keras#20949).",
     row("Conv3DTranspose", ones(2, 2, 2, 32, 16), x=ones(1, 8, 8, 8, 16),
         expected=Cells((1, 8, 8, 8, 32), (((0, 0, 0, 0, 0), 16), ((0, 7, 7, 7, 31), 16 * 8))),
         filters=32, kernel_size=2, padding="same", use_bias=False)),
    ("bug-06-each-axis-its-own-output-padding",
     "Each axis has an output_padding of its own: 6 x 4 cells at stride 8 become 48 x 25 "
     "(keras#13231, keras#15666).",
     # Rows lose (4, 4) of 56 cells and columns (7, 8) of 40; two kernels overlap inside.
     row("Conv2DTranspose", ones(16, 16, 1, 1), x=ones(1, 6, 4, 1),
         expected=Cells((1, 48, 25, 1), (((0, 0, 0, 0), 1), ((0, 20, 12, 0), 4),
                                         ((0, 47, 24, 0), 2))),
         filters=1, kernel_size=16, strides=8, output_padding=(8, 1), padding="same",
         use_bias=False)),
    ("bug-07-sizes-with-channels-first",
     "A transposed convolution knows its sizes with channels first, which Keras 2.3.1 lost "
     "(keras#13776).",
     row("Conv2DTranspose", ones(2, 2, 2, 3), x=ones(1, 3, 4, 2),
         expected=Ramp((1, 2, 8, 4), 3, 0),
         filters=2, kernel_size=2, strides=2, output_padding=0, data_format="channels_first",
         use_bias=False)),
    ("bug-08-unequal-dilation",
     "Transposed dilation rates may differ by axis (tensorflow#48469).",
     row("Conv2DTranspose", nested((2, 2, 1, 1), (1, 10, 100, 1000)),
         x=nested((1, 1, 2, 1), (1, 2)),
         expected=nested((1, 2, 4, 1), (1, 2, 10, 20, 100, 200, 1000, 2000)),
         filters=1, kernel_size=2, dilation_rate=(1, 2), use_bias=False)),
    ("bug-10-as-reported",
     "A dilated transposed convolution of 2048 cells and 64 channels (keras#19870, keras#20408).",
     row("Conv1DTranspose", ones(3, 2, 64), x=ones(2, 2048, 64),
         expected=Cells((2, 2052, 2), (((1, 0, 1), 64), ((1, 2, 1), 128), ((1, 4, 1), 192),
                                       ((1, 2051, 1), 64))),
         filters=2, kernel_size=3, dilation_rate=2, use_bias=False)),
    ("bug-11-as-reported",
     "Five cells at stride 2 and dilation 2 become ten under 'same' (keras#16086).",
     # Of 13 cells the odd ones are zero; one is cropped in front.
     row("Conv1DTranspose", ones(3, 3, 1), x=nested((1, 5, 1), (1, 2, 3, 4, 5)),
         expected=nested((1, 10, 3), [met for met in (0, 3, 0, 6, 0, 9, 0, 12, 0, 9)
                                      for _ in range(3)]),
         filters=3, kernel_size=(3,), dilation_rate=2, **_STRIDED)),
    ("bug-43-same-upper",
     "A transposed 'same' crops 7 x 7 cells at the end, by (0, 1), to 6 x 6 (onnx#4299, "
     "onnxruntime#11927).",
     row("Conv2DTranspose", ones(3, 3, 1, 2), x=ones(1, 2, 3, 3),
         expected=nested((1, 1, 6, 6), [2 * met for met in _outer((1, 1, 2, 1, 2, 1), 2)]),
         filters=1, kernel_size=3, data_format="channels_first", **_STRIDED)),
    *((f"bug-29-one-cell-{layout}",
       "One cell of 1, transposed, is the kernel; jax.lax.conv_transpose would flip it "
       "(jax#14337, jax#11252).",
       row("Conv2DTranspose", nested((2, 2, 1, 1), (1, 2, 3, 4)), x=ones(1, 1, 1, 1),
           expected=nested(shape, (1, 2, 3, 4)),
           filters=1, kernel_size=2, data_format=f"channels_{layout}", use_bias=False))
      for layout, shape in (("last", (1, 2, 2, 1)), ("first", (1, 1, 2, 2)))),
)
# fmt: on


def cases(seed: int) -> Iterator[Case]:
    """Yield a case for every known fault of this kind; `seed` draws ordinary numbers."""
    for slug, claim, found in _ROWS:
        yield row_case(slug, claim, found)
    yield from _every_axis()
    yield _as_reported(seed)
    yield from _declared_sizes()


def _every_axis() -> Iterator[Case]:
    claim = (
        "No axis of a strided transposed 'same' is shifted: a product of rows gives the product "
        "of their answers (keras#22876)."
    )
    for rank, layout in product((2, 3), ("last", "first")):
        read, written = (2,) * rank, (4,) * rank
        is_last = layout == "last"
        found = row(
            f"Conv{rank}DTranspose",
            nested((*(3,) * rank, 1, 1), _outer((1, 2, 3), rank)),
            x=nested((1, *read, 1) if is_last else (1, 1, *read), _outer((1, 10), rank)),
            expected=nested(
                (1, *written, 1) if is_last else (1, 1, *written), _outer((1, 2, 13, 20), rank)
            ),
            filters=1,
            kernel_size=3,
            data_format=f"channels_{layout}",
            **_STRIDED,
        )
        yield row_case(f"bug-01-every-axis-of-{rank}-{layout}", claim, found)


def _as_reported(seed: int) -> Case:
    op = ConvTranspose(
        strides=(2, 2),
        pads=((0, 1), (0, 1)),
        dilation=(1, 1),
        groups=1,
        channels_last=True,
        bias=False,
        activation="linear",
        output_size=(32, 32),
    )
    problem = Problem(
        op=op, input_shape=(4, 16, 16, 16), weight_shapes=((3, 3, 32, 16),), seed=seed
    )
    return forward_case(
        "core",
        "bug-01-as-reported",
        problem,
        "The shapes for which torch's transposed 'same' was one cell off (keras#22876).",
    )


def _declared_sizes() -> Iterator[Case]:
    claim = "12 x 12 cells at stride 2 become the declared 25 x 25 (keras#3824, keras#4601)."
    for layout, convention in product(("last", "first"), CONVENTIONS):
        is_last = layout == "last"
        found = row(
            "Conv2DTranspose",
            ones(3, 3, 3, 2),
            x=ones(*((2, 12, 12, 2) if is_last else (2, 2, 12, 12))),
            expected=Cells(
                (2, 25, 25, 3) if is_last else (2, 3, 25, 25),
                (((0, 0, 0, 0), 2), ((1, 2, 2, 2), 8)),
            ),
            filters=3,
            kernel_size=3,
            strides=2,
            output_size=25,
            data_format=f"channels_{layout}",
            convention=convention,
            use_bias=False,
        )
        yield row_case(f"bug-39-declared-size-{layout}-{convention}", claim, found)
