"""The weights of `LSTM` and `GRU`, and those of NVIDIA's library: one from the other.

Keras 2.2.4 turns one into the other when it loads weights, and knows which they are by the bias:
that library has one for the input and one for the state, in a row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from convdispatch import layers as families
from convdispatch.engine.layer import Layer
from convdispatch.ops import NumpyArray, Shape

_BIAS = 2  # the bias's place among the weights


def other_bias(layer: Layer, bias: Shape) -> tuple[Shape, ...]:
    """Return the bias's shapes in other layouts, one or none."""
    if not isinstance(layer, families.LSTM | families.GRU):
        return ()
    gates = layer.gates
    columns = gates * layer.width
    theirs: Shape = (2 * columns,)
    ours: Shape = (columns,) if gates == 4 else (2, columns)
    others = {theirs: (ours,), ours: (theirs,)}
    return others.get(bias, ())


def about(layer: Layer, shape: Shape) -> str:
    """Say why a `GRU` cannot have a bias of NVIDIA's library; '' of other layers and shapes."""
    columns = 6 * layer.width if isinstance(layer, families.GRU) else 0
    if shape != (columns,):
        return ""
    return ": that of a CuDNNGRU, which only a GRU with `reset_after=True` computes"


def laid_out(layer: Layer, arrays: Sequence[NumpyArray], bias: Shape) -> list[NumpyArray]:
    """Return a file's kernel, recurrent kernel and bias as the layer has them, by its bias."""
    is_such = isinstance(layer, families.LSTM | families.GRU) and len(arrays) > _BIAS
    if not is_such or arrays[_BIAS].shape == bias:
        return list(arrays)
    kernel, recurrent, given = arrays
    gates = kernel.shape[1] // recurrent.shape[0]
    is_from_cudnn = given.size > given.ndim * kernel.shape[1]
    turn = _from_cudnn if is_from_cudnn else _to_cudnn
    return [
        _by_gate(kernel, gates, turn),
        _by_gate(recurrent, gates, np.transpose),
        _summed(given, bias) if is_from_cudnn else _in_a_row(given, bias),
    ]


def _by_gate(
    kernel: NumpyArray, gates: int, turn: Callable[[NumpyArray], NumpyArray]
) -> NumpyArray:
    blocks: Any = np.split(kernel, gates, axis=1)
    return np.concatenate([turn(one) for one in blocks], axis=1)


def _from_cudnn(block: NumpyArray) -> NumpyArray:
    """Return a gate's kernel, whose columns lie there one after the other."""
    return block.reshape(block.shape[::-1]).T


def _to_cudnn(block: NumpyArray) -> NumpyArray:
    return np.ascontiguousarray(block.T).reshape(block.shape)


def _summed(bias: NumpyArray, shape: Shape) -> NumpyArray:
    """Return an LSTM's bias, the sum of both, or a GRU's, which keeps them apart."""
    both = bias.reshape(2, -1)
    return both if len(shape) > 1 else both[0] + both[1]


def _in_a_row(bias: NumpyArray, shape: Shape) -> NumpyArray:
    """Return both biases; of an LSTM each gets half."""
    half: Any = bias
    return bias.reshape(shape) if bias.ndim > 1 else np.tile(half / 2, 2)


def as_slots(arrays: Sequence[NumpyArray], layer: Layer) -> list[NumpyArray]:
    """Return an optimizer's numbers for another layer: those of two biases become their mean.

    Both biases of an LSTM have the gradient that their sum has.
    """
    found: list[Any] = list(arrays)
    if isinstance(layer, families.LSTM) and len(found) > _BIAS:
        bias = found[_BIAS]
        if bias.ndim == 1 and bias.size == 2 * found[0].shape[1]:
            found[_BIAS] = bias / 2
    return found
