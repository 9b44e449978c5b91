"""The batches of `predict`, all computed by one state of the model's weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

from convdispatch.callbacks import Moments
from convdispatch.engine.plans import revisions_of
from convdispatch.engine.whole import are_same
from convdispatch.models._progress import progress
from convdispatch.ops import NumpyArray

# The outputs of the batch at a place.
Predicted: TypeAlias = Callable[[int], list[NumpyArray]]


def outputs_of(
    model: Any,
    predicted: Predicted,
    places: Sequence[int],
    verbose: Any,
    moments: Moments | None,
) -> list[list[NumpyArray]]:
    """Return the outputs of all batches, or of those before a callback stops it."""
    model.stop_predicting = False
    if moments is None:
        return _by_one_state(model, predicted, places, verbose)
    moments.begin()
    found = _by_one_state(model, predicted, places, verbose)
    moments.end()
    return found


def _by_one_state(
    model: Any, predicted: Predicted, places: Sequence[int], verbose: Any
) -> list[list[NumpyArray]]:
    layers = list(model._layers)
    if not model.stateful:  # there a batch that is computed again would count twice
        revisions, variables = revisions_of(layers), [layer._variables for layer in layers]
        outputs: list[list[NumpyArray]] = []
        for place in progress(places, verbose=verbose):
            outputs.append(predicted(place))
            if model.stop_predicting:
                return outputs
            is_changed = revisions_of(model._layers) != revisions
            if is_changed or not are_same([layer._variables for layer in layers], variables):
                break
        else:
            return outputs
    with model._alone():
        return _until_stopped(model, predicted, progress(places, verbose=verbose))


def _until_stopped(
    model: Any, predicted: Predicted, places: Iterable[int]
) -> list[list[NumpyArray]]:
    outputs: list[list[NumpyArray]] = []
    for place in places:
        outputs.append(predicted(place))
        if model.stop_predicting:
            break
    return outputs
