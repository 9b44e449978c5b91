"""Estimators in the manner of scikit-learn, matrices in HDF5 files, and queues of batches."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import convdispatch
from convdispatch import keras1, keras2

DOORS: dict[str, Any] = {"keras1": keras1, "keras2": keras2}
EPOCHS = {"keras1": "nb_epoch", "keras2": "epochs"}
X = np.array([[1.0, 0.0], [0.0, 1.0]] * 10, "float32")


@pytest.fixture(autouse=True)
def computing() -> Iterator[None]:
    """Train on NumPy."""
    pytest.importorskip("autograd", reason="NumPy's gradients need the package autograd")
    with convdispatch.use_backend("numpy"):
        yield


def network(door: Any, units: int, loss: str, activation: str) -> Any:
    """Return a compiled network of one layer."""
    layer = door.layers.Dense(units, activation=activation, input_shape=(2,))
    model = door.models.Sequential([layer])
    model.compile(door.optimizers.SGD(lr=1.0), loss, metrics=["accuracy"])
    return model


@pytest.mark.parametrize("name", DOORS)
def test_a_classifier_has_the_classes_that_it_was_given(name: str) -> None:
    """Words too; its score is the share that is right."""
    door = DOORS[name]

    def build(units: int = 2) -> Any:
        return network(door, units, "categorical_crossentropy", "softmax")

    made = door.wrappers.scikit_learn.KerasClassifier(build, verbose=0, **{EPOCHS[name]: 20})
    names = np.array(["a", "b"] * 10)
    made.fit(X, names)
    assert made.predict(X[:3]).tolist() == ["a", "b", "a"]
    np.testing.assert_allclose(made.predict_proba(X).sum(1), 1, rtol=1e-5)
    assert made.score(X, names) == 1.0
    assert made.get_params()["build_fn"] is build
    assert made.set_params(batch_size=5).get_params()["batch_size"] == 5
    with pytest.raises(ValueError, match="nonesuch"):
        door.wrappers.scikit_learn.KerasClassifier(build, nonesuch=1)


def test_a_regressor_s_score_is_the_loss_below_zero() -> None:
    """So that a greater one is better."""

    def build() -> Any:
        return network(keras2, 1, "mse", "linear")

    made = DOORS["keras2"].wrappers.scikit_learn.KerasRegressor(build, epochs=1, verbose=0)
    y = X[:, 0] * 3
    made.fit(X, y)
    assert made.predict(X).shape == (20,)
    assert made.score(X, y) == pytest.approx(-((made.predict(X) - y) ** 2).mean(), rel=1e-4)


@pytest.mark.parametrize("name", DOORS)
def test_a_matrix_of_a_file_is_read_as_batches_ask_for_it(name: str, tmp_path: Path) -> None:
    """A part of it, normalized; a model trains with it in whole batches."""
    h5py = pytest.importorskip("h5py", reason="files in HDF5 need the package h5py")
    with h5py.File(tmp_path / "d.h5", "w") as file:
        file["x"], file["y"] = np.arange(20.0).reshape(10, 2), np.arange(10.0)[:, None]
    matrix = DOORS[name].utils.io_utils.HDF5Matrix
    x = matrix(str(tmp_path / "d.h5"), "x", start=2, end=8, normalizer=lambda rows: rows / 10)
    y = matrix(str(tmp_path / "d.h5"), "y", 2, 8)
    assert (len(x), x.shape, x.ndim) == (6, (6, 2), 2)
    np.testing.assert_allclose(x[0], [0.4, 0.5])
    np.testing.assert_allclose(x[1:3], [[0.6, 0.7], [0.8, 0.9]])
    np.testing.assert_allclose(x[[0, 5]], [[0.4, 0.5], [1.4, 1.5]])
    with pytest.raises(IndexError):
        x[6]
    model = network(DOORS[name], 1, "mse", "linear")
    model.optimizer.lr = 0.01
    history = model.fit(x, y, batch_size=2, shuffle="batch", verbose=0, **{EPOCHS[name]: 2})
    assert history.history["loss"][1] < history.history["loss"][0]


def test_queues_give_the_batches_in_their_order() -> None:
    """Of a generator to its end, of a sequence again and again."""
    utils: Any = keras2.utils
    queue = utils.GeneratorEnqueuer(iter(range(4)))
    queue.start(workers=1, max_queue_size=2)
    assert list(queue.get()) == [0, 1, 2, 3]
    queue.stop()
    assert not queue.is_running()

    class Batches(utils.Sequence):  # type: ignore[misc]
        def __len__(self) -> int:
            return 3

        def __getitem__(self, index: int) -> int:
            return index * 10

    ordered = utils.OrderedEnqueuer(Batches())
    ordered.start(workers=2, max_queue_size=2)
    following = ordered.get()
    assert [next(following) for _ in range(5)] == [0, 10, 20, 0, 10]
    ordered.stop()
