"""Training of sequences of which some steps do not count."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from convdispatch import keras2, layers, losses, models
from convdispatch.ops import Backend

DOORS: dict[str, tuple[Any, Any]] = {
    "keras2": (keras2.models.Sequential, keras2.layers),
    "keras3": (models.Sequential, layers),
}
X = np.array([[[1.0, 2.0], [0.5, -1.0], [0.0, 0.0]], [[2.0, 1.0], [0.0, 0.0], [0.0, 0.0]]], "f4")
Y = np.array([[[1.0], [0.0], [7.0]], [[2.0], [5.0], [9.0]]], "f4")
KERNEL, BIAS = np.array([[0.5], [-0.25]], "f4"), np.array([0.125], "f4")
COUNTS = X.any(axis=-1)


def sequence(door: str, backend: str, loss: Any = "mean_squared_error", **more: Any) -> Any:
    """Return a compiled model whose steps of zeros are masked."""
    sequential, of_door = DOORS[door]
    model = sequential(
        [of_door.Masking(0.0, input_shape=(3, 2)), of_door.Dense(1)], backend=backend
    )
    model.set_weights([KERNEL, BIAS])
    model.compile("sgd", loss, **more)
    return model


@pytest.mark.parametrize("door", DOORS)
def test_masked_steps_do_not_train(differentiable: Backend, door: str) -> None:
    """The loss and its slope are those of the steps that count, by hand."""
    model = sequence(door, differentiable.name, metrics=["mae"])
    errors = (X @ KERNEL + BIAS - Y)[COUNTS]
    kept = X[COUNTS]
    tested = model.test_on_batch(X, Y)
    found = model.train_on_batch(X, Y)
    wanted = [np.mean(errors**2), np.mean(np.abs(errors))]
    np.testing.assert_allclose(found, wanted, rtol=1e-5)
    np.testing.assert_allclose(tested, wanted, rtol=1e-5)
    kernel, bias = model.get_weights()
    slope = 2 * kept.T @ errors / len(kept)
    np.testing.assert_allclose(kernel, KERNEL - 0.01 * slope, rtol=1e-5)
    np.testing.assert_allclose(bias, BIAS - 0.01 * 2 * errors.mean(0), rtol=1e-5)


def test_reduction_of_a_class_is_the_trainings() -> None:
    """Keras 3's `reduction='sum'` makes the sum smaller, not the mean."""
    pytest.importorskip("autograd", reason="NumPy's gradients need the package autograd")
    model = sequence("keras3", "numpy", losses.MeanSquaredError(reduction="sum"))
    errors = (X @ KERNEL + BIAS - Y)[COUNTS]
    assert model.train_on_batch(X, Y) == pytest.approx(float(np.sum(errors**2)), rel=1e-5)


def test_old_masks_and_weights_of_samples() -> None:
    """Keras 2 divides by the part of the steps that count, then by the part of the weights."""
    pytest.importorskip("autograd", reason="NumPy's gradients need the package autograd")
    model = sequence("keras2", "numpy")
    errors = (X @ KERNEL + BIAS - Y)[..., 0] ** 2 * COUNTS / COUNTS.mean()
    found = model.test_on_batch(X, Y, sample_weight=np.array([2.0, 0.0]))
    assert found == pytest.approx(float(errors[0].mean() * 2), rel=1e-5)
