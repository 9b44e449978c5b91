"""Keras 3's recurrent layers by their definitions, in float64, from any state on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

STATES = {"SimpleRNN": 1, "LSTM": 2, "GRU": 1}


def sigmoid(x: Any) -> Any:
    """Return the logistic function."""
    return 1 / (1 + np.exp(-x))


def hard_sigmoid(x: Any) -> Any:
    """Return Keras 2's straight line in place of the logistic function."""
    return np.clip(0.2 * x + 0.5, 0, 1)


def steps_of(
    name: str,
    weights: Sequence[Any],
    x: Any,
    state: Sequence[Any] | None = None,
    gate: Callable[[Any], Any] | None = None,
) -> tuple[Any, list[Any]]:
    """Return the output of every step, and the state after the last; `gate` is of the gates."""
    gate = gate or sigmoid
    kernel, recurrent, bias = (np.asarray(one, "float64") for one in weights)
    units = recurrent.shape[0]
    zeros = [np.zeros((len(x), units)) for _ in range(STATES[name])]
    h, *cell = zeros if state is None else [np.asarray(one, "float64") for one in state]
    outputs = []
    for one in np.moveaxis(np.asarray(x, "float64"), 1, 0):
        if name == "SimpleRNN":
            h = np.tanh(one @ kernel + h @ recurrent + bias)
        elif name == "LSTM":
            i, f, c, o = np.split(one @ kernel + h @ recurrent + bias, 4, axis=-1)
            cell = [gate(f) * cell[0] + gate(i) * np.tanh(c)]
            h = gate(o) * np.tanh(cell[0])
        else:
            z, r, new = np.split(one @ kernel + bias[0], 3, axis=-1)
            z_back, r_back, back = np.split(h @ recurrent + bias[1], 3, axis=-1)
            z = gate(z + z_back)
            h = z * h + (1 - z) * np.tanh(new + gate(r + r_back) * back)
        outputs.append(h)
    return np.stack(outputs, axis=1), [h, *cell]


def drawn_weights(name: str, features: int, units: int, seed: int = 1) -> list[Any]:
    """Return a kernel, a recurrent kernel and a bias in float32."""
    gates = {"SimpleRNN": 1, "LSTM": 4, "GRU": 3}[name]
    columns = gates * units
    bias = (2, columns) if name == "GRU" else (columns,)
    random = np.random.default_rng(seed)
    shapes = [(features, columns), (units, columns), bias]
    return [random.normal(size=shape).astype("float32") for shape in shapes]
