"""A clone has the layers of a model, functions too, and weights of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from convdispatch import keras2
from convdispatch.errors import InvalidArgument, InvalidType
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


def test_what_is_no_model_or_asks_for_tensors_is_refused() -> None:
    """With what to do."""
    with pytest.raises(InvalidType, match="must be a Sequential or a Model; received int"):
        clone_model(3)
    with pytest.raises(InvalidArgument, match="Call the new model with these tensors"):
        clone_model(stack(), input_tensors=[K.Input((3,))])
