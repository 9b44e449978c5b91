"""Weights that are handed to a model's pure functions, and new values that these return."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from convdispatch import Model, Sequential, initializers, layers
from convdispatch.engine.declarations import Weight
from convdispatch.engine.resolved import Effects, Resolved
from convdispatch.errors import InvalidArgument, InvalidShape, InvalidType
from convdispatch.models.wrapping import NamedWeights
from convdispatch.ops import Backend

X = np.ones((2, 6, 3), np.float32)
WRONG = {
    "other-taps": ("c/kernel", (1, 3, 4)),
    "one-axis": ("c/kernel", (4,)),
    "fewer-numbers": ("c/bias", (1,)),
    "no-axis": ("b/gamma", ()),
    "statistics": ("b/moving_variance", (1, 4)),
}


def stack(backend: str) -> Any:
    """Return a convolution and a batch normalization."""
    conv = layers.Conv1D(4, 2, name="c", input_shape=(6, 3))
    return Sequential([conv, layers.BatchNormalization(name="b")], name="m", backend=backend)


def values_of(model: Any) -> dict[str, Any]:
    """Return the model's own tensors by path."""
    return {path: tensor for path, (tensor, _) in model.named_weights().items()}


def key(backend: Backend) -> Any:
    """Return a key of random numbers."""
    return backend.asarray(np.array([1, 2], np.int32), "int32")


@pytest.mark.parametrize("wrong", WRONG)
def test_a_tensor_of_another_shape_is_refused(backend: Backend, wrong: str) -> None:
    """The error names the layer, its weights' shapes, the weight and what came, before any call."""
    model, (path, shape) = stack(backend.name), WRONG[wrong]
    values = values_of(model) | {path: backend.asarray(np.ones(shape), "float32")}
    layer, name = path.split("/")
    message = rf"`weights` of '{layer}' must have the shapes \[.*\]; received \(.*for '{name}'"
    x = backend.asarray(X, "float32")
    functional = model.functional()
    with pytest.raises(InvalidShape, match=message):
        functional.forward(values, x)
    with pytest.raises(InvalidShape, match=message):
        functional.training(values, x, key(backend))
    with pytest.raises(InvalidShape, match=message):
        model.apply(list(values.values()), x)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"c/scale": 1}, InvalidArgument, "received a value for 'c/scale'"),
        ({"c/bias": None}, InvalidType, "tensors of its own backend.*received a NoneType"),
    ],
    ids=["unknown-path", "no-tensor"],
)
def test_other_paths_and_values_are_refused(
    change: dict[str, Any], error: type[Exception], message: str
) -> None:
    """One clear error for each."""
    model = stack("numpy")
    with pytest.raises(error, match=message):
        model.functional().forward(values_of(model) | change, X)


class Moving(layers.Layer):
    """A layer whose step gives its weight a new value of whatever shape it is told."""

    def __init__(self, shape: tuple[int, ...], **options: Any) -> None:
        super().__init__(**options)
        self.shape = shape

    def resolve(self, spec: Any) -> Resolved:
        """Return the layer, with one weight of three numbers."""
        weight = Weight(
            name="state", shape=(3,), initializer=initializers.get("zeros"), trainable=False
        )

        def lower_training(dtype: str, activation: Any) -> Any:
            new = self._backend().asarray(np.ones(self.shape), dtype)
            return lambda weights, inputs, key: (inputs, Effects(updates={"state": new}))

        return Resolved(
            output_shape=spec.shape,
            declare=lambda: (weight,),
            lower=lambda dtype, activation: lambda weights, inputs: inputs,
            lower_training=lower_training,
        )


@pytest.mark.parametrize("shape", [(4,), (1, 3), ()], ids=str)
def test_an_update_of_another_shape_is_refused(backend: Backend, shape: tuple[int, ...]) -> None:
    """The error names the layer, the weight and both shapes; a framework would broadcast."""
    layer = Moving(shape, name="m", backend=backend.name)
    layer.build((None, 3))
    x = backend.asarray(np.ones((2, 3)), "float32")
    with pytest.raises(InvalidShape, match=r"'m' gives its weight 'state' of shape \(3,\)"):
        layer.apply_training(layer.weights, x, key(backend))
    layer = Moving((3,), name="m", backend=backend.name)
    layer.build((None, 3))
    _, effects = layer.apply_training(layer.weights, x, key(backend))
    assert backend.to_numpy(effects.updates["state"]).tolist() == [1, 1, 1]


def nested(backend: str) -> tuple[Any, Any]:
    """Return a model with a normalization in a model of its own, and that."""
    x = layers.Input((3,))
    inner = Model(x, layers.BatchNormalization(name="b", backend=backend)(x), name="inner")
    z = layers.Input((3,))
    return Model(z, inner(z), name="outer"), inner


def test_paths_stay_where_a_nested_model_is_renamed(backend: Backend) -> None:
    """Functions that were made before keep their paths, also those of their updates."""
    model, inner = nested(backend.name)
    functional, wrapped = model.functional(), NamedWeights(model)
    values, paths = values_of(model), [f"inner/b/{name}" for name in ("gamma", "beta")]
    paths += [f"inner/b/moving_{name}" for name in ("mean", "variance")]
    inner.name = "other"
    x = backend.asarray(np.ones((2, 3)), "float32")
    assert list(functional.weights) == paths
    assert set(functional.training(values, x, key(backend))[1].updates) == set(paths[2:])
    assert list(wrapped.named_weights()) == paths
    assert set(wrapped.training(values, x, key(backend))[1]) == set(paths[2:])
    renamed = model.functional()
    assert list(renamed.weights) == [path.replace("inner", "other") for path in paths]
    assert list(model.named_weights()) == list(renamed.weights)
    updates = model.apply_training(list(values.values()), x, key(backend))[1].updates
    assert set(updates) == set(list(renamed.weights)[2:])


def test_two_weights_of_one_path_are_refused_after_a_change_of_names() -> None:
    """Neither is lost without a word."""
    x = layers.Input((6, 3))
    inner = [Sequential([layers.Conv1D(3, 1, name="c")], name=name) for name in "ab"]
    model = Model(x, inner[1](inner[0](x)))
    inner[1].name = "a"
    for work in (model.functional, model.named_weights):
        with pytest.raises(InvalidArgument, match="two weights with the path 'a/c/kernel'"):
            work()
