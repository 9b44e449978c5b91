"""A training in which a process dies: `group_killed.py FOLDER RANK WAY`.

WAY says what happens to the process of that rank in the midst of the third epoch: 'kill', 'hang';
'write' kills it while rank 0 writes the state, 'full' fills the disk before that, 'interrupt' is
Ctrl-C, which all processes get; 'none' lets it end. What the epochs report is written to
FOLDER/history-RANK.json.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from group_models import BATCH, data, network
from group_scopes import rank, scope

from convdispatch import callbacks
from convdispatch.training import states

EPOCHS = 4
SIGNALS = {"kill": signal.SIGKILL, "hang": signal.SIGSTOP, "interrupt": signal.SIGINT}
FILLER = "filler"


class Dying(callbacks.Callback):
    """Ends this process, in its own way, in the midst of the third epoch."""

    def __init__(self, way: str, folder: Path) -> None:
        super().__init__()
        self.way, self.folder, self.epoch = way, folder, 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Note the epoch."""
        self.epoch = epoch

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        """End, or go on."""
        if (self.epoch, batch) != (2, 1):
            return
        note(self.folder)
        if self.way in SIGNALS:
            os.kill(os.getpid(), SIGNALS[self.way])
        if self.way == "full":
            fill(self.folder)


def note(folder: Path) -> None:
    """Write down when it happens."""
    (folder / "when").write_text(str(time.time()))


def fill(folder: Path) -> None:
    """Leave no room on the file system of the folder."""
    room = os.statvfs(folder)
    assert room.f_blocks * room.f_frsize < 2**20, "not a small disk"
    with open(folder / FILLER, "wb", buffering=0) as filler:
        filler.write(b"." * (room.f_bavail * room.f_frsize))


def main(folder: Path, whose: str, way: str) -> None:
    """Train."""
    is_ours = rank() == whose
    if way == "write" and is_ours:
        die_while_writing(folder)
    if is_ours:
        (folder / FILLER).unlink(missing_ok=True)
    x, y, _ = data()
    with scope():
        model = network(plain=True)
        history = model.fit(
            x[:24],  # one shape alone: some engines compile each for seconds
            y[:24],
            batch_size=BATCH,
            epochs=EPOCHS,
            verbose=0,
            callbacks=[Dying(way, folder)] if is_ours or way == "interrupt" else [],
            resume=folder,
        )
    name = f"history-{rank()}.json"
    (folder / name).write_text(json.dumps(history.history))


def die_while_writing(folder: Path) -> None:
    """Let the third state be written by half, and the process die."""
    whole, count = states.write_npz, [0]

    def write(stream: Any, arrays: Any) -> None:
        count[0] += 1
        if count[0] == 3:
            note(folder)
            stream.write(b"half")
            stream.flush()
            os.kill(os.getpid(), signal.SIGKILL)
        whole(stream, arrays)

    states.write_npz = write  # type: ignore[assignment]  # the same but for its name


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
