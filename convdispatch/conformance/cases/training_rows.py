"""The models whose steps are compared with formulas: every layer is in one of them.

A model is trained on the mean squared error. Layers without weights come after a product with a
matrix, which their gradients reach.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

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
from convdispatch.conformance.cases.formulas_cells import CELLS
from convdispatch.conformance.cases.formulas_recurrent import RECURRENT, counts_of
from convdispatch.conformance.cases.formulas_single import SINGLE
from convdispatch.numerics import reference_layers as reference
from convdispatch.numerics.problem import Array
from convdispatch.ops import Shape

Weights: TypeAlias = Sequence[Any]


def _nothing(weights: Weights, x: Any) -> Mapping[int, Any]:
    return {}


@dataclass(frozen=True, kw_only=True)
class StepRow:
    """A model and what a step does beside following the slope of the mean squared error."""

    model: FormulaRow
    counts: Callable[[Any], Any] | None = None  # which steps of an input count in the loss
    penalty: Callable[[Weights, Any], Any] = lambda weights, outputs: 0.0
    updates: Callable[[Weights, Any], Mapping[int, Any]] = _nothing  # new values of a state
    kept: tuple[int, ...] = ()  # places of weights that no step trains
    projected: Callable[[int, Array], Array] = lambda place, weight: weight


CHANNELS = 2
_SIDES = (4, 3, 2)


def _after_product(shape: Shape, formula: Callable[[Any], Any], *makes: Make) -> FormulaRow:
    """Return a model of a product and of layers that have no weights."""
    return FormulaRow(
        make=stack(layer(layers.Dense, CHANNELS), *makes),
        formula=lambda weights, inputs: formula(inputs[0] @ weights[0] + weights[1]),
        inputs=(numbers(shape, 11),),
        weights=of_shapes((shape[-1], CHANNELS), (CHANNELS,)),
    )


def _image(rank: int) -> Shape:
    return (2, *_SIDES[:rank], CHANNELS)


_LAST: Mapping[str, Any] = {"data_format": "channels_last"}


def _named(name: str, rank: int) -> Any:
    """Return the class of that name, in which # stands for the number of axes."""
    return getattr(layers, name.replace("#", f"{rank}D"))


def _convolutions(rank: int) -> Iterator[tuple[str, FormulaRow]]:
    """Yield the layers with kernels that exist for a number of axes."""
    two = (2,) * rank
    kernel = (2,) * rank if rank < 3 else (2, 2, 1)
    yield (
        f"conv{rank}d",
        FormulaRow(
            make=layer(_named("Conv#", rank), 3, kernel, activation="tanh", **_LAST),
            formula=lambda weights, inputs: np.tanh(
                reference.convolved(inputs[0], weights[0]) + weights[1]
            ),
            inputs=(numbers(_image(rank)),),
            weights=of_shapes((*kernel, CHANNELS, 3), (3,)),
        ),
    )
    yield (
        f"conv{rank}d-transpose",
        FormulaRow(
            make=layer(_named("Conv#Transpose", rank), 3, two, strides=two, **_LAST),
            formula=lambda weights, inputs: (
                reference.transposed(inputs[0], weights[0], 2) + weights[1]
            ),
            inputs=(numbers((1, *(2,) * rank, CHANNELS)),),
            weights=of_shapes((*two, 3, CHANNELS), (3,)),
        ),
    )
    if rank < 3:
        yield from _by_channels(rank, kernel)


def _cells(rank: int) -> Iterator[tuple[str, FormulaRow]]:
    """Yield the layers without weights that exist for each number of axes."""
    two, one = (2,) * rank, (1,) * rank
    yield (
        f"pooling{rank}d",
        _after_product(
            (2, *(4,) * rank, 3) if rank < 3 else (1, 4, 4, 4, 3),
            lambda x: reference.pooled(reference.pooled(x, 2, "max"), 2, "average").reshape(
                len(x), CHANNELS
            ),
            layer(_named("MaxPooling#", rank), two, **_LAST),
            layer(_named("AveragePooling#", rank), two, **_LAST),
            layer(_named("GlobalAveragePooling#", rank), **_LAST),
        ),
    )
    yield (
        f"reshaping{rank}d",
        _after_product(
            (2, *_SIDES[:rank], 3),
            lambda x: _reshaped(x, rank),
            layer(_named("ZeroPadding#", rank), 1 if rank == 1 else one, **_LAST),
            layer(_named("UpSampling#", rank), 2 if rank == 1 else two, **_LAST),
            layer(_named("Cropping#", rank), 1 if rank == 1 else one, **_LAST),
            layer(_named("GlobalMaxPooling#", rank), **_LAST),
        ),
    )


def _reshaped(x: Any, rank: int) -> Any:
    axes = range(1, rank + 1)
    x = np.pad(x, [(0, 0), *[(1, 1)] * rank, (0, 0)])
    for axis in axes:
        x = np.repeat(x, 2, axis)
    x = x[(slice(None), *[slice(1, -1)] * rank)].reshape(len(x), -1, CHANNELS)
    return reference.first_extreme([x[:, place] for place in range(x.shape[1])], 1)


def _by_channels(rank: int, kernel: Shape) -> Iterator[tuple[str, FormulaRow]]:
    yield (
        f"depthwise-conv{rank}d",
        FormulaRow(
            make=layer(_named("DepthwiseConv#", rank), kernel, depth_multiplier=2, **_LAST),
            formula=lambda weights, inputs: reference.depthwise(inputs[0], weights[0]) + weights[1],
            inputs=(numbers(_image(rank)),),
            weights=of_shapes((*kernel, CHANNELS, 2), (2 * CHANNELS,)),
        ),
    )
    yield (
        f"separable-conv{rank}d",
        FormulaRow(
            make=layer(_named("SeparableConv#", rank), 3, kernel, **_LAST),
            formula=lambda weights, inputs: (
                reference.convolved(reference.depthwise(inputs[0], weights[0]), weights[1])
                + weights[2]
            ),
            inputs=(numbers(_image(rank)),),
            weights=of_shapes((*kernel, CHANNELS, 1), (*(1,) * rank, CHANNELS, 3), (3,)),
        ),
    )


_SEQUENCE = (2, 4, 3)


def _activated(x: Any) -> Any:
    x = np.where(x.real > 0, x, 0.25 * x)
    x = np.where(x.real > 0, x, 0.5 * (np.exp(x) - 1))
    x = np.where(x.real > -2, x, 0)
    return np.tanh(reference.softmax(np.where(x.real > 0, x, 0.5 * x)))


def _normalizes(weights: Weights, inputs: Sequence[Any]) -> Any:
    kernel, bias, gamma, beta, _, _ = weights
    x = inputs[0] @ kernel + bias
    return reference.normalized(x, *reference.moments(x), gamma, beta, 0.125)


def _moves(weights: Weights, x: Any) -> Mapping[int, Any]:
    """Return the moving statistics after a batch, with a momentum of 3/4."""
    found = zip(weights[4:], reference.moments(x @ weights[0] + weights[1]), strict=True)
    return {place: old * 0.75 + new * 0.25 for place, (old, new) in enumerate(found, 4)}


def _without_negatives(place: int, weight: Array) -> Array:
    return np.maximum(weight, 0) if place == 0 else weight


_DENSE = FormulaRow(
    make=layer(
        layers.Dense,
        2,
        kernel_regularizer="l2",
        kernel_constraint="nonneg",
        activity_regularizer="l2",
    ),
    formula=lambda weights, inputs: inputs[0] @ weights[0] + weights[1],
    inputs=(numbers((3, 4)),),
    weights=of_shapes((4, 2), (2,)),
)
_TWICE = FormulaRow(
    make=stack(layer(layers.Dense, 3, trainable=False), layer(layers.Dense, 2)),
    formula=lambda weights, inputs: (inputs[0] @ weights[0] + weights[1]) @ weights[2] + weights[3],
    inputs=(numbers((3, 4)),),
    weights=of_shapes((4, 3), (3,), (3, 2), (2,)),
)
_SEEN = FormulaRow(
    make=stack(
        layer(layers.Dense, 3), layer(layers.BatchNormalization, momentum=0.75, epsilon=0.125)
    ),
    formula=_normalizes,
    inputs=(numbers(_SEQUENCE),),
    weights=(*of_shapes((3, 3), (3,)), *SINGLE["normalization"].weights),
)
_MASKED_LOSS = RECURRENT["simple-rnn-masked-backwards-zeros"]

TRAINED: Mapping[str, StepRow] = {
    **{
        slug: StepRow(model=model)
        for rank in (1, 2, 3)
        for slug, model in (*_convolutions(rank), *_cells(rank))
    },
    **{
        f"recurrent-{slug}": StepRow(model=RECURRENT[slug])
        for slug in ("simple-rnn-masked", "lstm-last", "gru-last", "both-ways-sum")
    },
    **{slug: StepRow(model=model) for slug, model in CELLS.items()},
    "each-step": StepRow(model=RECURRENT["each-step-dense"]),
    "embedding": StepRow(model=SINGLE["embedding"]),
    "prelu-shared": StepRow(model=SINGLE["prelu-shared"]),
    "dense-penalized": StepRow(
        model=_DENSE,
        penalty=lambda weights, outputs: 0.01 * ((weights[0] ** 2).sum() + (outputs**2).sum()),
        projected=_without_negatives,
    ),
    "dense-frozen": StepRow(model=_TWICE, kept=(0, 1)),
    "normalization": StepRow(model=_SEEN, updates=_moves, kept=(4, 5)),
    "activations": StepRow(
        model=_after_product(
            _SEQUENCE,
            _activated,
            layer(layers.LeakyReLU, 0.25),
            layer(layers.ELU, 0.5),
            layer(layers.ThresholdedReLU, -2.0),
            layer(layers.ReLU, negative_slope=0.5),
            layer(layers.Softmax),
            layer(layers.Activation, "tanh"),
        )
    ),
    "places": StepRow(
        model=_after_product(
            _SEQUENCE,
            lambda x: np.repeat(x.swapaxes(1, 2).reshape(len(x), 1, -1), 2, 1),
            layer(layers.Permute, (2, 1)),
            layer(layers.Reshape, (2, 2, 2)),
            layer(layers.Flatten, data_format="channels_last"),
            layer(layers.RepeatVector, 2),
        )
    ),
    "masked-loss": StepRow(model=_MASKED_LOSS, counts=counts_of),
}
