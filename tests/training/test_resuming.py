"""`fit(resume=folder)`: a training that was stopped goes on as if it had not been."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convdispatch import Sequential, callbacks, keras1, layers
from convdispatch.errors import InvalidArgument, InvalidDocument, InvalidType
from convdispatch.initializers import set_random_seed
from convdispatch.training.resuming import NAME

X = np.random.default_rng(0).normal(size=(20, 4))
Y = np.random.default_rng(1).integers(0, 2, size=20)


def network(optimizer: str = "adam", seed: int = 3, units: int = 4) -> Any:
    """Return a compiled model that draws masks."""
    set_random_seed(seed)
    own: dict[str, Any] = {"dtype": "float64"}
    model = Sequential(
        [
            layers.Dense(units, activation="tanh", input_shape=(4,), **own),
            layers.BatchNormalization(**own),
            layers.Dropout(0.3, **own),
            layers.Dense(2, activation="softmax", **own),
        ],
        backend="numpy",
    )
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def trained(model: Any, epochs: int, **arguments: Any) -> Any:
    """Train; return what the epochs reported."""
    return model.fit(X, Y, batch_size=6, epochs=epochs, verbose=0, **arguments).history


@pytest.mark.parametrize("optimizer", ["adam", "sgd", "nadam"])
def test_it_goes_on_to_the_same_losses(tmp_path: Path, optimizer: str) -> None:
    """Bit for bit, in another model with other weights, after other draws."""
    whole = network(optimizer)
    wanted = trained(whole, 5)
    trained(network(optimizer), 2, resume=tmp_path)
    other = network(optimizer, seed=99)
    assert trained(other, 5, resume=tmp_path) == wanted
    for one, two in zip(other.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


def test_a_changed_rate_is_kept(tmp_path: Path) -> None:
    """A rate that a callback has set is that of the next epochs, too."""
    halving = callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)
    wanted = trained(network(), 4, callbacks=[halving])
    trained(network(), 2, resume=tmp_path, callbacks=[halving])
    assert trained(network(), 4, resume=tmp_path, callbacks=[halving]) == wanted


def test_what_is_done_is_not_done_again(tmp_path: Path) -> None:
    """A training with all its epochs reports them and makes no step."""
    wanted = trained(network(), 3, resume=tmp_path)
    model = network()
    assert trained(model, 3, resume=tmp_path) == wanted
    assert model.optimizer.iterations == 3 * 4


def test_keras_1_goes_on_in_the_order_of_numpys_generator(tmp_path: Path) -> None:
    """Its samples are shuffled by `numpy.random`."""

    def history(epochs: int, **arguments: Any) -> Any:
        np.random.seed(5)
        set_random_seed(2)
        own = keras1.layers.Dense(2, activation="softmax", input_dim=4, dtype="float64")
        model = keras1.models.Sequential([own], backend="numpy")
        model.compile("sgd", "sparse_categorical_crossentropy")
        given = {"nb_epoch": epochs, "verbose": 0, "batch_size": 6, **arguments}
        return model.fit(X, Y, **given).history

    wanted = history(4)
    history(2, resume=tmp_path)
    assert history(4, resume=tmp_path) == wanted


def test_a_file_that_is_cut_off_is_told(tmp_path: Path) -> None:
    """By its name; nothing is trained."""
    trained(network(), 1, resume=tmp_path)
    path = tmp_path / NAME
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(InvalidDocument, match=r"training\.npz.* must be one that `fit"):
        trained(network(), 2, resume=tmp_path)


def test_a_file_of_another_model_is_told(tmp_path: Path) -> None:
    """With the shapes of both."""
    trained(network(), 1, resume=tmp_path)
    with pytest.raises(InvalidArgument, match=r"is of another model.*\(4, 4\).*\(4, 5\)"):
        trained(network(units=5), 2, resume=tmp_path)


def test_a_number_is_no_folder() -> None:
    """It is named by its type."""
    with pytest.raises(InvalidType, match="`resume` must be the path of a folder; received int"):
        trained(network(), 1, resume=3)
