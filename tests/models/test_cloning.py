"""A clone has the layers of a model, functions too, and weights of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import convdispatch
from convdispatch import keras2
from convdispatch.errors import InvalidArgument, InvalidType
from convdispatch.keras2 import backend as functions
from convdispatch.models import clone_model

K: Any = keras2.layers


def stack() -> Any:
    """Return layers in a stack, a function among them."""
    return keras2.models.Sequential(
        [
            K.Dense(4, input_shape=(3,)),
            K.BatchNormalization(),
            K.Lambda(lambda x: x * 2),
            K.Dense(2),
        ],
        backend="numpy",
    )


def graph() -> Any:
    """Return a model that calls a stack."""
    x = K.Input((3,))
    return keras2.models.Model(x, K.add([stack()(x), K.Dense(2)(x)]))


@pytest.mark.parametrize("make", [stack, graph])
def test_a_clone_draws_its_weights(make: Any) -> None:
    """And computes the same with the same ones."""
    model = make()
    before = [one.copy() for one in model.get_weights()]
    model.compile("sgd", "mse")
    twin = keras2.models.clone_model(model)
    assert type(twin) is type(model)
    assert twin.optimizer is None
    kernels = [np.abs(a - b).max() for a, b in zip(before, twin.get_weights(), strict=True)]
    assert sum(one > 0 for one in kernels) == sum(one.ndim == 2 for one in before)
    x = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")
    twin.set_weights(before)
    np.testing.assert_array_equal(twin.predict(x), model.predict(x))
    twin.set_weights([one + 1 for one in before])
    for was, now in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(was, now)


def test_a_clone_begins_with_given_tensors() -> None:
    """With inputs as they are; for a tensor that was computed an input stands."""
    with convdispatch.use_backend("numpy"):
        first, second = K.Input((3,)), K.Input((3,))
        shared = K.Dense(2)
        model = keras2.models.Model([first, second], K.add([shared(first), shared(second)]))
        x, fixed = K.Input((3,)), functions.variable(np.ones((2, 3)))
        twin = clone_model(model, [x, 2 * fixed])
    kinds = [type(layer).__name__ for layer in twin.layers]
    assert kinds == [type(layer).__name__ for layer in model.layers]
    assert (twin.inputs[0] is x, twin.name, len(twin.get_weights())) == (True, model.name, 2)
    given = np.array([[1.0, 2.0, 3.0]] * 2)
    kernel = twin.get_weights()[0]
    found = functions.function([x], [twin.output])([given])[0]
    np.testing.assert_allclose(found, (given + 2) @ kernel, rtol=1e-5, atol=1e-6)


def test_a_clone_of_a_stack_begins_with_a_given_tensor() -> None:
    """And remains a stack."""
    x = K.Input((3,))
    twin = clone_model(stack(), x)
    assert (type(twin), twin.input is x) == (keras2.models.Sequential, True)
    assert twin.predict(np.ones((2, 3))).shape == (2, 2)


def test_what_is_no_model_or_no_tensor_is_refused() -> None:
    """With what was received."""
    with pytest.raises(InvalidType, match="must be a Sequential or a Model; received int"):
        clone_model(3)
    with pytest.raises(InvalidType, match=r"`input_tensors` must be a symbolic tensor.* int"):
        clone_model(stack(), 3)
    with pytest.raises(InvalidArgument, match=r"for each of the 1 inputs of .*; received 2"):
        clone_model(stack(), [K.Input((3,))] * 2)
