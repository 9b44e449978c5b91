"""Layers under both conventions: a flipped kernel, and pads that agree or, by hand, do not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from convdispatch import layers
from convdispatch.conformance.case import Case, Measured
from convdispatch.conformance.cases.computing import (
    allowed,
    alternating,
    convolution,
    every_feature,
)
from convdispatch.conformance.cases.conv_rows import ConvRow
from convdispatch.conformance.cases.layer_rows import LayerRow, require_registered, row_case
from convdispatch.numerics.distance import require_within, worst
from convdispatch.numerics.problem import Problem
from convdispatch.ops import Backend, ConvTranspose, op_name

# Geometries that a padding's name means under either convention, by that name.
_SYMMETRIC = (
    ("valid", ConvRow("1d-valid-strided", (7,), (3,), (2,))),
    ("valid", ConvRow("1d-valid-groups", (6,), (2,), groups=2, channels=(4, 2))),
    ("same", ConvRow("1d-same-odd", (5,), (3,), pads=((1, 1),))),
    ("same", ConvRow("1d-same-dilated", (6,), (3,), pads=((2, 2),), dilation=(2,))),
    ("full", ConvRow("1d-full-even", (4,), (2,), pads=((1, 1),))),
    ("valid", ConvRow("2d-valid-strided", (7, 5), (3, 2), (2, 1))),
    ("valid", ConvRow("2d-valid-dilated", (6, 5), (2, 3), dilation=(3, 1))),
    ("same", ConvRow("2d-same-odd", (4, 5), (3, 1), pads=((1, 1), (0, 0)))),
    ("full", ConvRow("2d-full", (3, 4), (2, 3), pads=((1, 1), (2, 2)))),
    ("valid", ConvRow("3d-valid-strided", (4, 3, 5), (2, 1, 3), (2, 1, 2))),
    ("same", ConvRow("3d-same-odd", (3, 2, 4), (3, 1, 3), pads=((1, 1), (0, 0), (1, 1)))),
    ("full", ConvRow("3d-full", (2, 3, 2), (2, 1, 2), pads=((1, 1), (0, 0), (1, 1)))),
)
_CELLS, _TAPS = (1, 2, 3, 4), (1, 10, 100)
# Layer, cells, taps, what is padded and how far the kernel moves; then the result under either
# convention. Theano flips the taps and puts the larger half of 'same' in front.
_BY_HAND: tuple[
    tuple[str, str, tuple[int, ...], tuple[int, ...], dict[str, Any], Any, Any], ...
] = (
    ("even", "Conv1D", _CELLS, _TAPS[:2], {"padding": "same"}, (21, 32, 43, 4), (1, 12, 23, 34)),
    ("strided", "Conv1D", _CELLS, _TAPS, {"padding": "same", "strides": 2}, (321, 43), (12, 234)),
    ("flipped", "Conv1D", _CELLS, _TAPS[:2], {}, (21, 32, 43), (12, 23, 34)),
    (
        "transposed",
        "Conv1DTranspose",
        _CELLS[:2],
        _TAPS,
        {"strides": 2},
        (1, 10, 102, 20, 200),
        (100, 10, 201, 20, 2),
    ),
)


def cases(seed: int) -> Iterator[Case]:
    """Yield the geometries in which both conventions agree, and rows where they do not."""
    padding = {geometry.id: word for word, geometry in _SYMMETRIC}
    for ending, problem in alternating(tuple(one for _, one in _SYMMETRIC), seed=seed):
        word = padding[ending.rpartition("-")[0]]
        yield Case(
            id=f"layers/full/conventions-{op_name(problem.op)}-{ending}",
            level="full",
            op="layers",
            claim="A kernel flipped under Theano's convention is the kernel under TensorFlow's.",
            check=agree,
            arguments=(problem, word),
            features=every_feature(problem),
        )
    for slug, layer, cells, taps, options, *results in _BY_HAND:
        for convention, result in zip(("tensorflow", "theano"), results, strict=True):
            yield row_case(
                f"conventions-by-hand-{slug}-{convention}",
                "The layer's convention says where 'same' pads and whether the kernel is flipped.",
                LayerRow(
                    layer=layer,
                    arguments={
                        "filters": 1,
                        "kernel_size": len(taps),
                        "use_bias": False,
                        **options,
                        "convention": convention,
                    },
                    x=_one_row(cells),
                    weights=(tuple(((tap,),) for tap in taps),),
                    expected=_one_row(result),
                ),
                level="full",
            )


def agree(backend: Backend, problem: Problem, padding: str) -> Measured:
    """Compare a layer of either convention with the exact result, within the bound.

    The layer under Theano's convention has the kernel flipped.
    """
    require_registered(backend)
    op, (x, kernel) = convolution(problem), problem.arrays
    rank = len(op.strides)
    suffix = "Transpose" if isinstance(op, ConvTranspose) else ""
    layer_class = getattr(layers, f"Conv{rank}D{suffix}")
    written = kernel.shape[-2] * op.groups if suffix else kernel.shape[-1]
    want, limits = problem.expected[0], allowed(backend, problem)
    measured = []
    for convention, weights in (
        ("tensorflow", kernel),
        ("theano", np.flip(kernel, tuple(range(rank)))),
    ):
        layer = layer_class(
            written,
            kernel.shape[:rank],
            strides=op.strides,
            padding=padding,
            data_format="channels_last" if op.channels_last else "channels_first",
            dilation_rate=op.dilation,
            groups=op.groups,
            use_bias=False,
            weights=[weights],
            dtype=problem.dtype,
            convention=convention,
            backend=backend.name,
        )
        result = layer(backend.asarray(x, problem.dtype))
        got = np.asarray(backend.to_numpy(result))
        what = f"the result under the {convention} convention"
        measured.append(require_within(got, want, limits, problem.dtype, what))
    return worst(measured)


def _one_row(numbers: tuple[int, ...]) -> tuple[Any, ...]:
    """Return a batch of one sample with one channel."""
    return (tuple((number,) for number in numbers),)
