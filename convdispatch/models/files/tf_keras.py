"""Models of TensorFlow's Keras: made of Keras 2's layers, they train by rules of their own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from convdispatch.engine.layer import Layer
from convdispatch.engine.plans import PlanTable
from convdispatch.formulas.dialects import KERAS2, KERAS3, TF_KERAS, TF_KERAS_LAYERS


def train_as_tf_keras(model: Any) -> None:
    """Let a model, and what is in it, train as TensorFlow's Keras does.

    A model of a façade's class keeps that façade's rules.
    """
    if model.dialect is not KERAS3:
        return
    for one in _within(model):
        if isinstance(one, Layer):
            if one.dialect is KERAS2:
                vars(one)["dialect"] = TF_KERAS_LAYERS
                one._plans = PlanTable()  # of what it computes now
        elif one.dialect is KERAS3:
            vars(one)["dialect"] = TF_KERAS


def _within(one: Any) -> Iterator[Any]:
    """Yield a layer or a model, and all that is in it."""
    yield one
    inner = [vars(one).get(name) for name in ("layer", "forward_layer", "backward_layer")]
    members = [] if isinstance(one, Layer) else one.layers
    for each in (*members, *inner):
        if isinstance(each, Layer) or hasattr(each, "_layers"):
            yield from _within(each)
