"""Recurrent layers and wrappers: every kind in every way to go through a sequence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from convdispatch import layers
from convdispatch.conformance.cases.formula_rows import (
    FormulaRow,
    Make,
    layer,
    numbers,
    of_shapes,
    stack,
)
from convdispatch.formulas import activations
from convdispatch.models import Model
from convdispatch.numerics import reference_layers as reference
from convdispatch.numerics.problem import Array
from convdispatch.ops import Shape
from convdispatch.runtime.selection import use_backend

_BATCH, _STEPS, FEATURES, UNITS = 2, 4, 3, 2


@dataclass(frozen=True)
class _Kind:
    """A recurrent layer and its step."""

    layer_class: Callable[..., Any]
    cell: reference.Cell
    gates: int
    states: int = 1
    biases: int = 1
    arguments: Mapping[str, Any] | None = None

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """The shapes of the weights."""
        columns = self.gates * UNITS
        bias = (columns,) if self.biases == 1 else (self.biases, columns)
        return ((FEATURES, columns), (UNITS, columns), bias)


@dataclass(frozen=True)
class _Way:
    """How a layer goes through its sequence."""

    is_masked: bool = False
    backwards: bool = False
    sequences: bool = False
    zeros: bool = False

    @property
    def arguments(self) -> dict[str, bool]:
        """The same as a layer's arguments."""
        return {
            "go_backwards": self.backwards,
            "return_sequences": self.sequences,
            "zero_output_for_mask": self.zeros,
        }


def sequence() -> Array:
    """Return a batch in which no step is all zeros."""
    x: Array = numbers((_BATCH, _STEPS, FEATURES)) + 1 / 32
    return x


def gappy() -> Array:
    """Return a batch that `Masking` finds gaps in: inside, and at both ends."""
    x = sequence()
    x[0, 1], x[0, 3], x[1, 0] = 0, 0, 0
    return x


def counts_of(x: Any) -> Any:
    """Return which steps `Masking` lets count."""
    return (x.real != 0).any(-1)


_OLD = activations.KERAS2["hard_sigmoid"]
_KINDS: Mapping[str, _Kind] = {
    "simple-rnn": _Kind(layers.SimpleRNN, reference.simple_cell(), 1),
    "lstm": _Kind(layers.LSTM, reference.lstm_cell(), 4, states=2),
    "gru": _Kind(layers.GRU, reference.gru_cell_reset_after(), 3, biases=2),
    "gru-reset-before": _Kind(
        layers.GRU, reference.gru_cell(), 3, arguments={"reset_after": False}
    ),
}
# Keras 1's and 2's gates, and Keras 3's hard ones.
_OTHER_GATES: Mapping[str, _Kind] = {
    "lstm-old-gates": _Kind(
        layers.LSTM,
        reference.lstm_cell(reference.old_hard_sigmoid),
        4,
        states=2,
        arguments={"recurrent_activation": _OLD},
    ),
    "gru-hard-gates": _Kind(
        layers.GRU,
        reference.gru_cell_reset_after(reference.hard_sigmoid),
        3,
        biases=2,
        arguments={"recurrent_activation": "hard_sigmoid"},
    ),
    "simple-rnn-unrolled": _Kind(
        layers.SimpleRNN, reference.simple_cell(), 1, arguments={"unroll": True}
    ),
}
_WAYS: Mapping[str, _Way] = {
    "last": _Way(),
    "sequences-backwards": _Way(backwards=True, sequences=True),
    "masked": _Way(is_masked=True),
    "masked-backwards-zeros": _Way(is_masked=True, backwards=True, sequences=True, zeros=True),
}


def _recurrent(kind: _Kind, way: _Way) -> FormulaRow:
    own = layer(kind.layer_class, UNITS, **way.arguments, **(kind.arguments or {}))

    def formula(weights: Sequence[Any], inputs: Sequence[Any]) -> Any:
        return _gone_through(kind, way, weights, inputs[0])

    return FormulaRow(
        make=stack(layer(layers.Masking), own) if way.is_masked else own,
        formula=formula,
        inputs=(gappy() if way.is_masked else sequence(),),
        weights=of_shapes(*kind.shapes),
        claim="A recurrent layer goes through its steps by the formula, and back in its gradients.",
    )


def _gone_through(kind: _Kind, way: _Way, weights: Sequence[Any], x: Any) -> Any:
    counts = counts_of(x) if way.is_masked else None
    if counts is not None:
        x = np.where(counts[..., None], x, 0)
    return reference.recurrent(
        kind.cell,
        weights,
        x,
        counts,
        states=kind.states,
        backwards=way.backwards,
        sequences=way.sequences,
        zeros=way.zeros,
    )


_MERGES: Mapping[str, Callable[[Any, Any], Any]] = {
    "concat": lambda a, b: np.concatenate([a, b], -1),
    "sum": lambda a, b: a + b,
    "mul": lambda a, b: a * b,
    "ave": lambda a, b: (a + b) / 2,
}


def _both_ways(mode: str, kind: _Kind, way: _Way) -> FormulaRow:
    """Return a row of `Bidirectional`; the outputs of the way back are turned round."""

    def make(options: Mapping[str, Any]) -> Any:
        inner = kind.layer_class(UNITS, **way.arguments, **options)
        return layers.Bidirectional(inner, mode, **options)

    def formula(weights: Sequence[Any], inputs: Sequence[Any]) -> Any:
        (x,) = inputs
        # Keras 3 gives zeros there for the steps that a mask leaves out.
        ahead = replace(way, zeros=way.sequences)
        there = _gone_through(kind, ahead, weights[:3], x)
        turned = replace(ahead, backwards=not way.backwards)
        back = _gone_through(kind, turned, weights[3:], x)
        return _MERGES[mode](there, back[:, ::-1] if way.sequences else back)

    return FormulaRow(
        make=stack(layer(layers.Masking), make) if way.is_masked else make,
        formula=formula,
        inputs=(gappy() if way.is_masked else sequence(),),
        weights=of_shapes(*kind.shapes, *kind.shapes),
        claim="Both ways are merged step by step.",
    )


def _at_each_step(inner: Make) -> Make:
    return lambda options: layers.TimeDistributed(inner(options), **options)


def _by_rows(weights: Sequence[Any], inputs: Sequence[Any]) -> Any:
    (x,), (kernel, bias) = inputs, weights
    return np.tanh(x @ kernel + bias)


def _handing_on(options: Mapping[str, Any]) -> Any:
    """Return a model whose second layer begins with the last state of the first."""
    with use_backend(options["backend"]):  # a user's configuration has no say
        start = layers.Input((_STEPS, FEATURES), dtype=options["dtype"])
    _, *state = layers.GRU(UNITS, return_state=True, **options)(start)
    return Model(start, layers.GRU(UNITS, **options)(start, initial_state=state))


def _handed_on(weights: Sequence[Any], inputs: Sequence[Any]) -> Any:
    cell, (x,) = _KINDS["gru"].cell, inputs
    first = reference.recurrent(cell, weights[:3], x)
    return reference.recurrent(cell, weights[3:], x, begin=[first])


_ALL, _LAST = _Way(sequences=True), _Way()

RECURRENT: Mapping[str, FormulaRow] = {
    **{
        f"{name}-{slug}": _recurrent(kind, way)
        for name, kind in _KINDS.items()
        for slug, way in _WAYS.items()
        if name != "gru-reset-before" or slug == "masked"  # one of two kinds of GRU is enough
    },
    **{f"{name}-masked": _recurrent(kind, _WAYS["masked"]) for name, kind in _OTHER_GATES.items()},
    "both-ways-concat-masked": _both_ways(
        "concat", _KINDS["simple-rnn"], _Way(is_masked=True, sequences=True)
    ),
    "both-ways-sum": _both_ways("sum", _KINDS["simple-rnn"], _ALL),
    "both-ways-mul": _both_ways("mul", _KINDS["simple-rnn"], _ALL),
    "both-ways-ave": _both_ways("ave", _KINDS["simple-rnn"], _LAST),
    "state-handed-on": FormulaRow(
        make=_handing_on,
        formula=_handed_on,
        inputs=(sequence(),),
        weights=of_shapes(*_KINDS["gru"].shapes, *_KINDS["gru"].shapes),
        claim="A layer begins with the state that it is given, which its gradients reach.",
    ),
    "each-step-dense": FormulaRow(
        make=_at_each_step(layer(layers.Dense, UNITS, activation="tanh")),
        formula=_by_rows,
        inputs=(sequence(),),
        weights=of_shapes((FEATURES, UNITS), (UNITS,)),
        claim="A wrapped layer is applied to each step.",
    ),
    "each-step-convolution": FormulaRow(
        make=_at_each_step(layer(layers.Conv1D, 2, 2, data_format="channels_last")),
        formula=lambda weights, inputs: np.stack(
            [
                reference.convolved(inputs[0][:, step], weights[0]) + weights[1]
                for step in range(inputs[0].shape[1])
            ],
            1,
        ),
        inputs=(numbers((2, 3, 4, 2)),),
        weights=of_shapes((2, 2, 2), (2,)),
        claim="A wrapped layer is applied to each step.",
    ),
}
