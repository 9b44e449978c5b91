"""Callbacks: when they are called, and what they change."""

from __future__ import annotations

import csv
import json
import os
import signal
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_trainings import CODES, Reported, X, classifier

from convdispatch import callbacks, keras1, keras2
from convdispatch.errors import InvalidArgument, InvalidDocument, InvalidType


@pytest.fixture(autouse=True)
def differentiable() -> None:
    """Skip where NumPy has no gradients."""
    pytest.importorskip("autograd", reason="NumPy's gradients need the package autograd")


def trained(*given: Any, epochs: int = 6, **options: Any) -> Any:
    """Return a model after training with these callbacks."""
    model = classifier()
    model.fit(X, CODES, epochs=epochs, verbose=0, callbacks=list(given), **options)
    return model


def test_the_order_of_calls() -> None:
    """As in every Keras: a batch within an epoch within the training, by each of their names."""
    seen: list[str] = []

    class Noting(callbacks.Callback):
        def on_train_begin(self, logs: Any = None) -> None:
            seen.append("begin")

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            seen.append(f"epoch {epoch}")

        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            seen.append(f"step {batch}")

        def on_batch_end(self, batch: int, logs: Any = None) -> None:
            assert set(logs) == {"batch", "size", "loss", "acc"}
            seen.append(f"end {batch} of {logs['size']}")

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            assert set(logs) == {"loss", "acc", "val_loss", "val_acc"}
            seen.append("report")

        def on_train_end(self, logs: Any = None) -> None:
            seen.append("over")

    noting = Noting()
    trained(noting, epochs=1, batch_size=12, validation_data=(X, CODES))
    assert seen == [
        *("begin", "epoch 0", "step 0", "end 0 of 12", "step 1", "end 1 of 12", "report", "over")
    ]
    assert noting.params["metrics"] == ["loss", "acc", "val_loss", "val_acc"]
    assert (noting.params["samples"], noting.params["steps"]) == (24, 2)
    x, y, weights = noting.validation_data
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(y, CODES)
    np.testing.assert_array_equal(weights, np.ones(24))


def test_early_stopping_waits_and_restores() -> None:
    """After `patience` epochs without a better number; the best epoch's weights come back."""
    kept: list[Any] = []
    keep = callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: kept.append(model_of(keep).get_weights())
    )

    def model_of(callback: Any) -> Any:
        return callback.model

    stop = callbacks.EarlyStopping("watched", patience=2, restore_best_weights=True)
    model = trained(keep, Reported("watched", [3, 1, 2, 1, 0, 0]), stop)
    assert model.history.epoch == [0, 1, 2, 3]
    assert stop.stopped_epoch == 3
    for now, best in zip(model.get_weights(), kept[1], strict=True):
        np.testing.assert_array_equal(now, best)


@pytest.mark.parametrize(
    ("options", "epochs"),
    [
        ({"mode": "max"}, 3),
        ({"min_delta": 1.5}, 2),
        ({"patience": 0}, 3),
        ({"baseline": 0.5}, 3),
    ],
    ids=str,
)
def test_what_is_better_can_be_chosen(options: dict[str, Any], epochs: int) -> None:
    """`mode`, the least change and a baseline."""
    numbers = [1, 2, 0, 4, 5, 6] if "mode" in options else [3, 2, 4, 1, 0, 0]
    stop = callbacks.EarlyStopping("watched", **{"patience": 1, **options})
    model = trained(Reported("watched", numbers), stop)
    assert len(model.history.epoch) == epochs


def test_a_plateau_lowers_the_rate() -> None:
    """By the factor, after `patience` epochs, not again during the cooldown nor below `min_lr`."""
    reduce = callbacks.ReduceLROnPlateau("watched", factor=0.1, patience=1, cooldown=2, min_lr=5e-4)
    model = trained(Reported("watched", [1, 1, 1, 1, 1, 1]), reduce)
    found = model.history.history["learning_rate"]
    np.testing.assert_allclose(found, [1e-2, 1e-2, 1e-3, 1e-3, 5e-4, 5e-4])


@pytest.mark.parametrize("takes", ["epoch", "epoch and rate"])
def test_a_schedule_sets_the_rate_of_each_epoch(takes: str) -> None:
    """The step computes with that rate; the learning rate is a tensor of it."""
    schedule: Any = (lambda e: 0.0) if takes == "epoch" else (lambda e, rate: rate * 0.0)
    model = trained(callbacks.LearningRateScheduler(schedule), epochs=2)
    assert model.history.history["learning_rate"] == [0.0, 0.0]
    for now, before in zip(model.get_weights(), classifier().get_weights(), strict=True):
        np.testing.assert_array_equal(now, before)
    with pytest.raises(InvalidType, match="must return a number; received 'fast' for epoch 0"):
        trained(callbacks.LearningRateScheduler(lambda epoch: "fast"))  # type: ignore[arg-type]


def test_keras_1_waits_longer_and_counts_from_0(tmp_path: Path) -> None:
    """Its `patience` of 1 lets two epochs pass; its files begin at epoch 0; it reports no rate."""
    numbers = Reported("watched", [1, 1, 1, 1, 1, 1])
    stop = keras1.callbacks.EarlyStopping("watched", patience=1)
    assert trained(numbers, stop).history.epoch == [0, 1, 2]
    reduce = keras1.callbacks.ReduceLROnPlateau("watched", factor=0.1, patience=1)
    found = trained(numbers, reduce).history.history["lr"]
    np.testing.assert_allclose(found, [1e-2, 1e-2, 1e-2, 1e-3, 1e-4, 1e-5])
    trained(
        keras1.callbacks.ModelCheckpoint(tmp_path / "{epoch}.npz"),
        keras1.callbacks.LearningRateScheduler(lambda epoch: 0.1),
        epochs=1,
    )
    assert (tmp_path / "0.npz").exists()


@pytest.mark.parametrize(
    ("door", "of_schedule", "of_plateau"),
    [(callbacks, "learning_rate", "learning_rate"), (keras2.callbacks, "lr", "lr"),
     (keras1.callbacks, "", "lr")],
    ids=["ours", "keras2", "keras1"],
)  # fmt: skip
def test_each_keras_has_its_own_name_of_the_rate(
    door: Any, of_schedule: str, of_plateau: str
) -> None:
    """Keras 3 reports `learning_rate`, Keras 2 `lr`, and Keras 1's schedule nothing."""
    schedule = door.LearningRateScheduler(lambda epoch: 0.5)
    found = trained(schedule, epochs=1).history.history
    rates = {name: found[name] for name in ("lr", "learning_rate") if name in found}
    assert rates == ({of_schedule: [0.5]} if of_schedule else {})
    found = trained(door.ReduceLROnPlateau("loss"), epochs=1).history.history
    assert [name for name in ("lr", "learning_rate") if name in found] == [of_plateau]


def test_a_loss_that_is_no_number_ends_training() -> None:
    """At that very step."""
    x = X.copy()
    x[7] = np.nan
    model = classifier()
    steps: list[int] = []
    noting = callbacks.LambdaCallback(on_batch_end=lambda batch, logs: steps.append(batch))
    with pytest.warns(UserWarning, match="no finite number"):
        model.fit(
            x, CODES, batch_size=6, epochs=3, shuffle=False, verbose=0,
            callbacks=[callbacks.TerminateOnNaN(), noting],
        )  # fmt: skip
    assert steps == [0, 1]
    assert model.history.epoch == [0]


def test_a_table_of_the_epochs_can_be_continued(tmp_path: Path) -> None:
    """One row for each epoch, under one heading."""
    path = tmp_path / "log.csv"
    trained(callbacks.CSVLogger(path, separator=";"), epochs=2)
    model = trained(callbacks.CSVLogger(path, separator=";", append=True), epochs=1)
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream, delimiter=";"))
    assert rows[0] == ["epoch", "acc", "loss"]
    assert [row[0] for row in rows[1:]] == ["0", "1", "0"]
    assert float(rows[3][2]) == pytest.approx(model.history.history["loss"][0])


def test_a_checkpoint_is_read_back(tmp_path: Path) -> None:
    """Named after the epoch and its numbers; only a better one where that is asked for."""
    folder = tmp_path / "kept"
    folder.mkdir()
    name = str(folder / "w.{epoch:02d}-{watched:.1f}.npz")
    model = trained(
        Reported("watched", [3, 4, 1, 2, 2, 2]),
        callbacks.ModelCheckpoint(name, monitor="watched", save_best_only=True),
    )
    assert sorted(path.name for path in folder.iterdir()) == ["w.01-3.0.npz", "w.03-1.0.npz"]
    trained(callbacks.ModelCheckpoint(tmp_path / "last.npz"), epochs=1)
    other = classifier()
    other.load_weights(tmp_path / "last.npz")
    expected = trained(epochs=1).get_weights()
    for now, wanted in zip(other.get_weights(), expected, strict=True):
        np.testing.assert_array_equal(now, wanted)
    assert model.history.epoch == list(range(6))


def test_what_a_checkpoint_cannot_do_is_named(tmp_path: Path) -> None:
    """A whole model as weights, numbers not reported, files that hold something else."""
    with pytest.raises(InvalidArgument, match=r"names something that was not reported.*'loss'"):
        trained(callbacks.ModelCheckpoint(tmp_path / "{val_loss}.npz"), epochs=1)
    with pytest.raises(InvalidArgument, match=r"ends in '\.weights\.h5'"):
        trained(callbacks.ModelCheckpoint(tmp_path / "w.keras", save_weights_only=True), epochs=1)
    with pytest.warns(UserWarning, match="watches 'val_loss', which was not reported"):
        trained(callbacks.ModelCheckpoint(tmp_path / "w.npz", save_best_only=True), epochs=1)
    (tmp_path / "other.npz").write_bytes(b"something else")
    model = classifier()
    before = model.get_weights()
    with pytest.raises(InvalidDocument, match="is of no known kind"):
        model.load_weights(tmp_path / "other.npz")
    with pytest.raises(InvalidArgument, match="exists"):
        model.save_weights(tmp_path / "other.npz", overwrite=False)
    for now, wanted in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, wanted)


KILLED = """
import sys
sys.path.insert(0, sys.argv[2])
from small_trainings import classifier
model = classifier(backend="numpy")
model.save_weights(sys.argv[1])
print("ready", flush=True)
while True:
    model.save_weights(sys.argv[1])
"""
# The measure is 50; a few show a mistake already.
ROUNDS = int(os.environ.get("KILLS", "3"))


@pytest.mark.skipif(os.name == "nt", reason="kills as POSIX does")
def test_a_killed_writer_leaves_a_whole_file(tmp_path: Path) -> None:
    """Whenever it is killed, the file is that of one write or of the one before."""
    path = tmp_path / "w.npz"
    helpers = str(Path(__file__).parents[1] / "helpers")
    drawn = np.random.default_rng(0)
    for _ in range(ROUNDS):
        command = [sys.executable, "-c", KILLED, str(path), helpers]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
            try:
                writer.wait(drawn.uniform(0.0, 0.05))
            except subprocess.TimeoutExpired:
                writer.send_signal(signal.SIGKILL)
        model = classifier()
        model.load_weights(path)


def test_tensorboard_reads_the_numbers_of_epochs(tmp_path: Path) -> None:
    """One record of each at each epoch, with the check sums of its format, written by hand here."""
    board = callbacks.TensorBoard(tmp_path / "logs" / "run")
    model = trained(board, epochs=2)
    (file,) = (tmp_path / "logs" / "run").iterdir()
    assert file.name.startswith("events.out.tfevents.")
    records, data = [], file.read_bytes()
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        for part, given in ((data[:8], data[8:12]), (data[12 : 12 + length], data[12 + length :])):
            crc = 0xFFFFFFFF
            for bit in (byte >> place & 1 for byte in part for place in range(8)):
                crc = (crc >> 1) ^ (0x82F63B78 if (crc ^ bit) & 1 else 0)
            crc ^= 0xFFFFFFFF
            masked = (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF
            assert struct.unpack("<I", given[:4]) == (masked,)
        records.append(data[12 : 12 + length])
        data = data[16 + length :]
    assert records[0][9:] == b"\x1a\x0dbrain.Event:2"
    losses = [one for one in records if b"\x0a\x04loss\x15" in one]
    assert [one[10] for one in losses] == [0, 1]
    found = [struct.unpack("<f", one[-4:])[0] for one in losses]
    np.testing.assert_allclose(found, model.history.history["loss"], rtol=1e-6)


def test_a_callback_of_the_users_is_any_object_with_the_methods() -> None:
    """As in Keras 1, where scripts wrote them without the base class."""
    trained_by: list[Any] = []

    class Own:
        def set_params(self, params: Any) -> None:
            self.params = params

        def set_model(self, model: Any) -> None:
            self.model = model

        def on_train_begin(self, logs: Any = None) -> None:
            trained_by.append(self.model)

        def on_train_end(self, logs: Any = None) -> None: ...
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None: ...
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.model.stop_training = True

        def on_batch_begin(self, batch: int, logs: Any = None) -> None: ...
        def on_batch_end(self, batch: int, logs: Any = None) -> None:
            trained_by.append(json.dumps(dict(logs)))

    model = trained(Own(), epochs=3)
    assert trained_by[0] is model
    assert model.history.epoch == [0]
    assert '"loss": ' in trained_by[1]
