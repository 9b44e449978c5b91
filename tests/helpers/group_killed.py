"""A training in which a process dies: `group_killed.py FOLDER RANK WAY`.

WAY is 'kill' (in the midst of an epoch), 'write' (while rank 0 writes the state), 'hang' or
'interrupt'; 'none' lets it end. What the epochs report is written to FOLDER/history-RANK.json.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import group_trainings

from convdispatch import callbacks
from convdispatch.training import states

EPOCHS = 4


class Dying(callbacks.Callback):
    """Ends this process, in its own way, in the midst of the third epoch."""

    def __init__(self, way: str) -> None:
        super().__init__()
        self.way, self.epoch = way, 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Note the epoch."""
        self.epoch = epoch

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        """End, or go on."""
        if (self.epoch, batch) == (2, 1):
            if self.way == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            if self.way == "interrupt":
                os.kill(os.getpid(), signal.SIGINT)
            if self.way == "hang":
                time.sleep(1000)


def main(folder: Path, rank: str, way: str) -> None:
    """Train."""
    is_ours = group_trainings.rank() == rank
    if way == "write" and is_ours:
        die_while_writing()
    x, y, _ = group_trainings.data()
    with group_trainings.strategy():
        model = group_trainings.network()
        history = model.fit(
            x,
            y,
            batch_size=group_trainings.BATCH,
            epochs=EPOCHS,
            verbose=0,
            callbacks=[Dying(way)] if is_ours else [],
            resume=folder,
        )
    name = f"history-{group_trainings.rank()}.json"
    (folder / name).write_text(json.dumps(history.history))


def die_while_writing() -> None:
    """Let the third state be written by half, and the process die."""
    whole, count = states.write_npz, [0]

    def write(stream: Any, arrays: Any) -> None:
        count[0] += 1
        if count[0] == 3:
            stream.write(b"half")
            stream.flush()
            os.kill(os.getpid(), signal.SIGKILL)
        whole(stream, arrays)

    states.write_npz = write  # type: ignore[assignment]  # the same but for its name


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
