"""Batches from generators, sequences, files and the frameworks' own loaders."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_trainings import CODES, X, classifier

from convdispatch.errors import InvalidArgument, InvalidShape, InvalidType
from convdispatch.keras2.utils import Sequence


@pytest.fixture(autouse=True)
def differentiable() -> None:
    """Skip where NumPy has no gradients: most tests here need no other backend."""
    pytest.importorskip("autograd", reason="NumPy's gradients need the package autograd")


class Batches(Sequence):
    """The data in batches of 6, by number."""

    def __init__(self) -> None:
        self.ended = 0
        self.threads: set[str] = set()

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> Any:
        self.threads.add(threading.current_thread().name)
        rows = slice(6 * index, 6 * index + 6)
        return X[rows], CODES[rows]

    def on_epoch_end(self) -> None:
        """Count the epochs."""
        self.ended += 1


def endless() -> Iterator[Any]:
    """Yield the same batches for ever."""
    while True:
        yield from (Batches()[index] for index in range(4))


def with_arrays(**options: Any) -> Any:
    """Return a model after `fit` of the arrays, in their order."""
    model = classifier()
    model.fit(X, CODES, batch_size=6, shuffle=False, verbose=0, **options)
    return model


def assert_same(model: Any, other: Any) -> None:
    """Assert that both have the same history and weights."""
    for name, values in other.history.history.items():
        np.testing.assert_allclose(model.history.history[name], values, rtol=1e-6)
    for now, wanted in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(now, wanted, rtol=1e-6)


@pytest.mark.parametrize("workers", [0, 1, 3])
@pytest.mark.parametrize("kind", ["generator", "sequence"])
def test_generators_and_sequences_train_as_arrays_do(kind: str, workers: int) -> None:
    """A generator goes on in the next epoch; a sequence is read by several threads in order."""
    model = classifier()
    if kind == "generator":
        source: Any = endless()
        model.fit_generator(source, steps_per_epoch=4, epochs=2, verbose=0, workers=workers)
    else:
        source = Batches()
        model.fit_generator(source, epochs=2, verbose=0, workers=workers, shuffle=False)
        assert source.ended == 2
        own = threading.current_thread().name
        assert (own in source.threads) == (workers == 0)
    assert_same(model, with_arrays(epochs=2))


def test_keras_1_counts_samples() -> None:
    """`samples_per_epoch`, `nb_val_samples`, `val_samples`, `max_q_size`, `nb_worker`."""
    model = classifier("keras1")
    history = model.fit_generator(
        endless(), samples_per_epoch=24, nb_epoch=2, verbose=0, validation_data=endless(),
        nb_val_samples=12, max_q_size=2, nb_worker=1,
    )  # fmt: skip
    assert history.epoch == [0, 1]
    other = classifier("keras1")
    other.fit(X, CODES, batch_size=6, nb_epoch=2, shuffle=False, verbose=0)
    np.testing.assert_allclose(history.history["loss"], other.history.history["loss"], rtol=1e-6)
    found = model.evaluate_generator(endless(), val_samples=24)
    np.testing.assert_allclose(found, model.evaluate(X, CODES, verbose=0), rtol=1e-6)
    np.testing.assert_allclose(
        model.predict_generator(endless(), val_samples=24), model.predict(X), rtol=1e-5
    )


def test_fit_takes_what_yields_batches(backend_name: str) -> None:
    """Also with sample weights; `evaluate` too."""
    model = classifier(backend=backend_name)
    model.fit(endless(), steps_per_epoch=4, epochs=2, verbose=0)
    other = with_arrays(epochs=2)
    np.testing.assert_allclose(
        model.history.history["loss"], other.history.history["loss"], rtol=1e-5
    )
    weighted = ((x, y, np.ones(6)) for x, y in endless())
    found = model.evaluate(weighted, steps=4, verbose=0)
    np.testing.assert_allclose(found, model.evaluate(X, CODES, verbose=0), rtol=1e-5)


def test_torchs_loaders_are_taken_as_they_are() -> None:
    """By a model on torch, and their tensors are not copied to NumPy."""
    torch = pytest.importorskip("torch", reason="the loader is torch's")
    data = torch.utils.data.TensorDataset(torch.tensor(X), torch.tensor(CODES))
    loader = torch.utils.data.DataLoader(data, batch_size=6)
    model = classifier(backend="torch")
    model.fit(loader, epochs=2, verbose=0, validation_data=loader)
    assert set(model.history.history) == {"loss", "acc", "val_loss", "val_acc"}
    other = with_arrays(epochs=2)
    np.testing.assert_allclose(
        model.history.history["loss"], other.history.history["loss"], rtol=1e-5
    )
    np.testing.assert_allclose(model.predict_generator(loader), model.predict(X), rtol=1e-5)


@pytest.mark.usefixtures("all_backends")
def test_tensorflows_data_sets_are_taken_as_they_are() -> None:
    """By a model on TensorFlow."""
    tf = pytest.importorskip("tensorflow", reason="the data set is TensorFlow's")
    data = tf.data.Dataset.from_tensor_slices((X, CODES)).batch(6)
    model = classifier(backend="tensorflow")
    model.fit(data, epochs=2, verbose=0)
    other = with_arrays(epochs=2)
    np.testing.assert_allclose(
        model.history.history["loss"], other.history.history["loss"], rtol=1e-5
    )


def test_rows_of_a_file_are_read_when_their_turn_comes(tmp_path: Path) -> None:
    """An array in a file is never read as a whole."""
    np.save(tmp_path / "x.npy", X)

    class Watched:
        """A dataset as h5py has it: increasing numbers of rows, each once."""

        def __init__(self) -> None:
            self.shape, self.dtype, self.most = X.shape, X.dtype, 0

        def __getitem__(self, rows: Any) -> Any:
            """Return the rows."""
            if isinstance(rows, list):
                assert rows == sorted(set(rows))
            found = X[rows]
            self.most = max(self.most, len(found))
            return found

    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    watched = Watched()
    for source in (mapped, watched):
        for shuffle in (True, False, "batch"):
            models = []
            for x in (source, X):
                np.random.seed(0)
                model = classifier()
                model.fit(x, CODES, batch_size=6, shuffle=shuffle, verbose=0)
                models.append(model)
            assert_same(*models)
    assert watched.most == 6


def early() -> Iterator[Any]:
    """Yield a single batch."""
    yield Batches()[0]


def changing() -> Iterator[Any]:
    """Yield a batch, then one with another number of columns."""
    yield Batches()[0]
    yield X[:6, :3], CODES[:6]


def failing() -> Iterator[Any]:
    """Yield a batch, then fail."""
    yield Batches()[0]
    raise RuntimeError("the user's own")


WRONG: dict[str, tuple[Any, type[Exception], str]] = {
    "ends early": (early, InvalidArgument, r"ended after 1 batches of the 4 .*Give fewer steps"),
    "no pair": (
        lambda: iter([X]), InvalidType, r"must be a tuple \(x, y\).*received a ndarray"),
    "four parts": (lambda: iter([(X, CODES, X, X)]), InvalidType, "received 4 parts"),
    "changes its shape": (changing, InvalidShape, r"the shape \(None, 6\); received \(6, 3\)"),
    "fails": (failing, RuntimeError, "the user's own"),
}  # fmt: skip


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_source_is_named(case: str, workers: int) -> None:
    """Whichever thread reads it; the model can be trained afterwards, and no thread is left."""
    source, error, words = WRONG[case]
    model = classifier()
    with pytest.raises(error, match=words) as caught:
        model.fit_generator(source(), steps_per_epoch=4, verbose=0, workers=workers)
    if case == "fails":
        assert caught.traceback[-1].name == "failing"
    assert np.isfinite(model.train_on_batch(X, CODES)[0])
    names = [thread.name for thread in threading.enumerate()]
    assert not [name for name in names if re.match("convdispatch-reader", name)]


def test_what_is_no_source_is_named() -> None:
    """And arguments that batches bring themselves."""
    model = classifier()
    with pytest.raises(InvalidType, match=r"`generator` must yield batches.*received a ndarray"):
        model.fit_generator(X, steps_per_epoch=1)
    with pytest.raises(InvalidArgument, match="`y` must be left out where `x` yields batches"):
        model.fit(endless(), CODES, steps_per_epoch=1)
    with pytest.raises(InvalidArgument, match="at least one batch; there was none"):
        model.fit(iter([]), verbose=0)
