"""Layers of cells that are no single op: kernels of each cell's own, and LSTMs of images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from convdispatch import layers
from convdispatch.conformance.cases.formula_rows import FormulaRow, layer, numbers, of_shapes
from convdispatch.numerics import reference_layers as reference

_LAST: Mapping[str, Any] = {"data_format": "channels_last"}
_FIRST: Mapping[str, Any] = {"data_format": "channels_first"}
_UNSHARED = "Each cell of the output has a kernel and a bias of its own, and their gradients."
_IMAGES = "A state of images is carried from step to step by the formula, and back in gradients."


def _local_first(weights: Sequence[Any], inputs: Sequence[Any]) -> Any:
    """Return the formula in channels_first, where a window has its channels before its taps."""
    kernel, bias = weights
    by_channels = kernel.reshape(4, 2, 4, 3).swapaxes(1, 2).reshape(kernel.shape)
    found = reference.unshared(np.moveaxis(inputs[0], 1, -1), by_channels, (2, 2))
    return np.moveaxis(found, -1, 1) + bias.reshape(3, 2, 2)


def _of_images(rank: int, *, sequences: bool) -> FormulaRow:
    taps = ((2,), (2, 3), (2, 1, 2))[rank - 1]
    return FormulaRow(
        make=layer(
            getattr(layers, f"ConvLSTM{rank}D"), 1, taps, return_sequences=sequences, **_LAST
        ),
        formula=lambda weights, inputs: reference.conv_lstm(
            weights, inputs[0], sequences=sequences
        ),
        inputs=(numbers((2, 3, *(3, 4, 2)[:rank], 1)),),
        weights=of_shapes((*taps, 1, 4), (*taps, 1, 4), (4,)),
        claim=_IMAGES,
        needs=(f"conv{rank}d",),
    )


CELLS: Mapping[str, FormulaRow] = {
    "local1d": FormulaRow(
        make=layer(layers.LocallyConnected1D, 3, 2, **_LAST),
        formula=lambda weights, inputs: (
            reference.unshared(inputs[0], weights[0], (2,)) + weights[1]
        ),
        inputs=(numbers((2, 4, 2)),),
        weights=of_shapes((3, 4, 3), (3, 3)),
        claim=_UNSHARED,
    ),
    "local2d": FormulaRow(
        make=layer(layers.LocallyConnected2D, 3, 2, **_FIRST),
        formula=_local_first,
        inputs=(numbers((2, 2, 3, 3)),),
        weights=of_shapes((4, 8, 3), (2, 2, 3)),
        claim=_UNSHARED,
    ),
    "conv-lstm1d": _of_images(1, sequences=False),
    "conv-lstm2d": _of_images(2, sequences=True),
    "conv-lstm3d": _of_images(3, sequences=False),
}
