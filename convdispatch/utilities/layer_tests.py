"""Keras's `layer_test`: a layer in a functional model, then first in a Sequential."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from convdispatch.runtime.selection import floatx


@functools.cache
def for_door(door: str) -> Mapping[str, Any]:
    """Return what `utils.test_utils` has, for layers of that façade."""

    @functools.wraps(_layer_test)
    def layer_test(*arguments: Any, **words: Any) -> Any:
        return _layer_test(door, *arguments, **words)

    layer_test.__name__ = "layer_test"
    del layer_test.__wrapped__
    return {"layer_test": layer_test, "keras_test": keras_test, "get_test_data": get_test_data}


def keras_test(func: Callable[..., Any]) -> Callable[..., Any]:
    """Return the test itself: nothing of one stays for the next."""

    @functools.wraps(func)
    def wrapper(*arguments: Any, **words: Any) -> Any:
        return func(*arguments, **words)

    return wrapper


def _layer_test(
    door: str,
    layer_cls: Any,
    kwargs: Mapping[str, Any] | None = None,
    input_shape: Any = None,
    input_dtype: Any = None,
    input_data: Any = None,
    expected_output: Any = None,
    expected_output_dtype: Any = None,
    fixed_batch_size: bool = False,
) -> Any:
    """Test a layer as Keras does: shapes, configurations, weights and a step; return its output."""
    given = dict(kwargs or {})
    if input_data is None:
        if not input_shape:
            raise AssertionError("`layer_test` needs `input_shape` or `input_data`.")
        sizes = [np.random.randint(1, 4) if one is None else one for one in input_shape]
        input_data = (10 * np.random.random(sizes)).astype(input_dtype or floatx())
    shape = tuple(input_shape or input_data.shape)
    dtype = str(np.dtype(input_dtype or input_data.dtype))
    layer = layer_cls(**given)
    if getattr(layer, "built", False):
        layer.set_weights(layer.get_weights())
    layers: Any = importlib.import_module(f"convdispatch.{door}.layers")
    models: Any = importlib.import_module(f"convdispatch.{door}.models")
    stated = {"batch_shape": shape} if fixed_batch_size else {"shape": shape[1:]}
    x = layers.Input(**stated, dtype=dtype)
    y = layer(x)
    _same(str(y.dtype), str(np.dtype(expected_output_dtype or dtype)), "the output's element type")
    expected = tuple(layer.compute_output_shape((None, *shape[1:])))
    custom = {layer_cls.__name__: layer_cls}
    _in_a_model(models, custom, models.Model(x, y), input_data, expected, expected_output)
    config = layer.get_config() | {"batch_input_shape": shape}
    config.pop("input_shape", None)
    again = type(layer).from_config(config)
    model = models.Sequential()
    model.add(again)
    return _in_a_model(models, custom, model, input_data, expected, expected_output)


def _in_a_model(
    models: Any, custom: Mapping[str, Any], model: Any, x: Any, shape: Any, expected: Any
) -> Any:
    """Test a model of the layer: its output, its copy by configuration, and a step of training."""
    output = np.asarray(model.predict(x))
    for stated, size in zip(shape, output.shape, strict=True):
        if stated is not None:
            _same(size, stated, "the output's shape")
    if expected is not None:
        np.testing.assert_allclose(output, expected, rtol=1e-3)
    copy = type(model).from_config(model.get_config(), custom_objects=custom)
    if model.get_weights():
        copy.set_weights(model.get_weights())
        np.testing.assert_allclose(np.asarray(copy.predict(x)), output, rtol=1e-3)
    is_float = np.issubdtype(output.dtype, np.floating)
    if (
        is_float
        and any(layer.trainable_weights for layer in model.layers)
        and np.issubdtype(np.asarray(x).dtype, np.floating)
    ):
        model.compile("rmsprop", "mse")
        model.train_on_batch(x, output)
    return output


def _same(found: Any, expected: Any, what: str) -> None:
    if found != expected:
        raise AssertionError(f"{what} must be {expected}; it is {found}.")


def get_test_data(
    num_train: int = 1000,
    num_test: int = 500,
    input_shape: Any = (10,),
    output_shape: Any = (2,),
    classification: bool = True,
    num_classes: int = 2,
    **old: Any,
) -> Any:
    """Return ((x_train, y_train), (x_test, y_test)): random samples around a number for each class.

    Keras 1 calls arguments `nb_train`, `nb_test` and `nb_class`.
    """
    num_train, num_test = old.get("nb_train", num_train), old.get("nb_test", num_test)
    num_classes = old.get("nb_class", num_classes)
    samples = num_train + num_test
    if classification:
        y: Any = np.random.randint(0, num_classes, size=(samples,))
        x = np.zeros((samples, *input_shape), "float32")
        for place in range(samples):
            x[place] = np.random.normal(loc=y[place], scale=0.7, size=input_shape)
    else:
        centre = np.random.random((samples,))
        x = np.zeros((samples, *input_shape), "float32")
        y = np.zeros((samples, *output_shape), "float32")
        for place in range(samples):
            x[place] = np.random.normal(loc=centre[place], scale=0.7, size=input_shape)
            y[place] = np.random.normal(loc=centre[place], scale=0.7, size=output_shape)
    return (x[:num_train], y[:num_train]), (x[num_train:], y[num_train:])
