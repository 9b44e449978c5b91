"""What callbacks print with `verbose=1`, word for word as Keras 1.2.2, 2.2.4 and 3 print it.

The lines are those of the Kerases' sources; the numbers of the epochs are given.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_trainings import CODES, Reported, X, classifier

from convdispatch import callbacks, keras1, keras2
from convdispatch.errors import InvalidArgument, InvalidType

DOORS = {"keras1": keras1.callbacks, "keras2": keras2.callbacks, "keras3": callbacks}


@pytest.fixture(autouse=True)
def differentiable() -> None:
    """Skip where NumPy has no gradients."""
    pytest.importorskip("autograd", reason="NumPy's gradients need the package autograd")


def lines_of(capsys: Any, *given: Any, watched: list[float], rate: float = 0.5) -> list[str]:
    """Return the lines that a training prints whose epochs report these numbers."""
    model = classifier()
    model.optimizer.learning_rate = rate
    capsys.readouterr()
    reported = Reported("val_loss", watched)
    model.fit(X, CODES, epochs=len(watched), verbose=0, callbacks=[reported, *given])
    return list(capsys.readouterr().out.splitlines())


BEST = {
    "keras1": [
        "Epoch 00000: val_loss improved from inf to 0.12346, saving model to w.npz",
        "Epoch 00001: val_loss did not improve",
        "Epoch 00002: val_loss improved from 0.12346 to 0.10000, saving model to w.npz",
    ],
    "keras2": [
        "",
        "Epoch 00001: val_loss improved from inf to 0.12346, saving model to w.npz",
        "",
        "Epoch 00002: val_loss did not improve from 0.12346",
        "",
        "Epoch 00003: val_loss improved from 0.12346 to 0.10000, saving model to w.npz",
    ],
    "keras3": [
        "",
        "Epoch 1: val_loss improved from None to 0.12346, saving model to w.npz",
        "",
        "Epoch 1: finished saving model to w.npz",
        "",
        "Epoch 2: val_loss did not improve from 0.12346",
        "",
        "Epoch 3: val_loss improved from 0.12346 to 0.10000, saving model to w.npz",
        "",
        "Epoch 3: finished saving model to w.npz",
    ],
}
EACH = {
    "keras1": ["Epoch 00000: saving model to w0.npz", "Epoch 00001: saving model to w1.npz"],
    "keras2": [
        *("", "Epoch 00001: saving model to w1.npz"),
        *("", "Epoch 00002: saving model to w2.npz"),
    ],
    "keras3": [
        *("", "Epoch 1: saving model to w1.npz", "", "Epoch 1: finished saving model to w1.npz"),
        *("", "Epoch 2: saving model to w2.npz", "", "Epoch 2: finished saving model to w2.npz"),
    ],
}


@pytest.mark.parametrize("door", DOORS)
def test_checkpoints(door: str, capsys: Any, monkeypatch: Any, tmp_path: Path) -> None:
    """Better, not better, and without a comparison."""
    monkeypatch.chdir(tmp_path)
    best = DOORS[door].ModelCheckpoint("w.npz", verbose=1, save_best_only=True)
    assert lines_of(capsys, best, watched=[0.123456, 0.5, 0.1]) == BEST[door]
    each = DOORS[door].ModelCheckpoint("w{epoch}.npz", verbose=1)
    assert lines_of(capsys, each, watched=[1.0, 2.0]) == EACH[door]


@pytest.mark.parametrize(
    ("door", "first"), [("keras1", "-inf"), ("keras2", "-inf"), ("keras3", "None")]
)
def test_the_best_before_the_first_epoch(
    door: str, first: str, capsys: Any, monkeypatch: Any, tmp_path: Path
) -> None:
    """Where greater is better, the old Kerases begin with minus infinity."""
    monkeypatch.chdir(tmp_path)
    best = DOORS[door].ModelCheckpoint("w.npz", "val_loss", 1, save_best_only=True, mode="max")
    assert f"val_loss improved from {first} to 0.50000" in "".join(
        lines_of(capsys, best, watched=[0.5])
    )


STOPPED = {
    "keras1": ["Epoch 00002: early stopping"],
    "keras2": [
        "Restoring model weights from the end of the best epoch",
        "Epoch 00003: early stopping",
    ],
    "keras3": [
        "Epoch 3: early stopping",
        "Restoring model weights from the end of the best epoch: 1.",
    ],
}


@pytest.mark.parametrize("door", DOORS)
def test_early_stopping(door: str, capsys: Any) -> None:
    """Keras 1 waits one epoch more, and restores nothing."""
    options: dict[str, Any] = {"patience": 1} if door == "keras1" else {"patience": 2}
    if door != "keras1":
        options["restore_best_weights"] = True
    stop = DOORS[door].EarlyStopping(verbose=1, **options)
    assert lines_of(capsys, stop, watched=[1.0, 2.0, 2.0, 2.0]) == STOPPED[door]


LOWERED = {
    "keras1": ["", "Epoch 00002: reducing learning rate to 0.25."],
    "keras2": ["", "Epoch 00002: ReduceLROnPlateau reducing learning rate to 0.25."],
    "keras3": ["", "Epoch 2: ReduceLROnPlateau reducing learning rate to 0.25."],
}


@pytest.mark.parametrize("door", DOORS)
def test_a_lower_rate(door: str, capsys: Any) -> None:
    """Keras 1 lowers it an epoch later, and counts from 0."""
    reduce = DOORS[door].ReduceLROnPlateau(factor=0.5, patience=1, verbose=1)
    watched = [1.0, 2.0, 2.0] if door == "keras1" else [1.0, 2.0]
    assert lines_of(capsys, reduce, watched=watched) == LOWERED[door]


@pytest.mark.parametrize("door", ["keras2", "keras3"])
def test_a_scheduled_rate(door: str, capsys: Any) -> None:
    """Each epoch says its rate before it begins."""
    scheduler = DOORS[door].LearningRateScheduler(lambda epoch: 0.25, verbose=1)
    number = "00001" if door == "keras2" else "1"
    said = f"Epoch {number}: LearningRateScheduler setting learning rate to 0.25."
    assert lines_of(capsys, scheduler, watched=[1.0]) == ["", said]


@pytest.mark.parametrize("door", DOORS)
def test_a_loss_that_is_no_number(door: str, capsys: Any) -> None:
    """The batch counts from 0."""
    model = classifier()
    data = X.copy()
    data[:] = np.nan
    capsys.readouterr()
    with pytest.warns(UserWarning, match="no finite number"):
        model.fit(data, CODES, verbose=0, callbacks=[DOORS[door].TerminateOnNaN()])
    assert capsys.readouterr().out == "Batch 0: Invalid loss, terminating training\n"


# Keras 3's further arguments.


def test_early_stopping_from_an_epoch_on() -> None:
    """The epochs before are not watched."""
    stop = callbacks.EarlyStopping(patience=1, start_from_epoch=2)
    model = classifier()
    reported = Reported("val_loss", [1.0, 2.0, 3.0, 4.0, 5.0])
    history = model.fit(X, CODES, epochs=5, verbose=0, callbacks=[reported, stop])
    assert history.history["val_loss"] == [1.0, 2.0, 3.0, 4.0]
    assert stop.best == 3.0


@pytest.mark.parametrize(("door", "wanted"), [("keras3", 1), ("keras2", 3)])
def test_early_stopping_restores_the_best_weights_at_any_end(door: str, wanted: int) -> None:
    """Keras 3 also restores where the training ends by itself; Keras 2 does not."""
    kept: list[Any] = []

    class Keeping(callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            kept.append(self.model.get_weights()[0])

    stop = DOORS[door].EarlyStopping(patience=9, restore_best_weights=True)
    model = classifier()
    reported = Reported("val_loss", [2.0, 1.0, 3.0, 4.0])
    model.fit(X, CODES, epochs=4, verbose=0, callbacks=[reported, Keeping(), stop])
    np.testing.assert_array_equal(model.get_weights()[0], kept[wanted])


def test_a_baseline_that_is_not_reached() -> None:
    """Keras 3 keeps the best epoch all the same, and waits for one that beats the baseline."""
    stop = callbacks.EarlyStopping(patience=3, baseline=0.5, restore_best_weights=True)
    model = classifier()
    reported = Reported("val_loss", [3.0, 2.0, 2.5, 2.5, 2.5, 2.5])
    history = model.fit(X, CODES, epochs=6, verbose=0, callbacks=[reported, stop])
    assert len(history.history["val_loss"]) == 3
    assert stop.best == 2.0


def test_checkpoints_by_batches(monkeypatch: Any, tmp_path: Path) -> None:
    """Every three batches, whatever the epoch; the names may hold the batch's number, from 1."""
    monkeypatch.chdir(tmp_path)
    save = callbacks.ModelCheckpoint("w{epoch}-{batch}.npz", save_freq=3)
    model = classifier()
    model.fit(X[:16], CODES[:16], batch_size=4, epochs=2, verbose=0, callbacks=[save])
    assert sorted(path.name for path in tmp_path.glob("*.npz")) == ["w1-3.npz", "w2-2.npz"]


def test_a_checkpoint_with_a_first_threshold(monkeypatch: Any, tmp_path: Path, capsys: Any) -> None:
    """Only what is better than it is saved."""
    monkeypatch.chdir(tmp_path)
    save = callbacks.ModelCheckpoint(
        "w{epoch}.npz", verbose=1, save_best_only=True, initial_value_threshold=1.0
    )
    lines = lines_of(capsys, save, watched=[2.0, 0.5])
    assert lines[1] == "Epoch 1: val_loss did not improve from 1.00000"
    assert [path.name for path in tmp_path.glob("*.npz")] == ["w2.npz"]


@pytest.mark.parametrize("wrong", ["batch", 0, 1.5, True])
def test_a_frequency_that_is_none(wrong: Any) -> None:
    """It is 'epoch' or a number of batches."""
    with pytest.raises((InvalidArgument, InvalidType), match="`save_freq`"):
        callbacks.ModelCheckpoint("w.npz", save_freq=wrong)


@pytest.mark.parametrize("name", ["val_auc", "val_precision", "f1_score", "val_mean_io_u"])
def test_metrics_of_keras_3_that_grow(name: str) -> None:
    """A greater one is better where `mode` is 'auto'."""
    stop = callbacks.EarlyStopping(name, patience=1)
    model = classifier()
    reported = Reported(name, [1.0, 2.0, 1.5, 1.0])
    model.fit(X, CODES, epochs=4, verbose=0, callbacks=[reported, stop])
    assert stop.best == 2.0
