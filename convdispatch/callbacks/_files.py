"""Write what every epoch reported to files: a table, or the events that TensorBoard draws."""

from __future__ import annotations

import contextlib
import csv
import io
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from convdispatch.callbacks._arguments import names_arguments
from convdispatch.callbacks._base import Callback, Logs
from convdispatch.callbacks._events import EventFile
from convdispatch.support.files import named_in_errors


@names_arguments
class CSVLogger(Callback):
    """Writes a row for each epoch to a file: the epoch's number and what it reported.

    With `append` an existing file is continued. A row is complete on the disk, or is not there,
    when the program is killed.
    """

    writes = True
    reads_weights = False

    def __init__(self, filename: Any, separator: str = ",", append: bool = False) -> None:
        super().__init__()
        self.filename, self.sep, self.append = os.fspath(filename), separator, append
        self.keys: list[str] | None = None
        self._is_new = True

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Begin the file, or continue it."""
        path = Path(self.filename)
        self.keys = None
        self._is_new = True
        if self.append and path.exists():
            with path.open(encoding="utf-8", newline="") as stream:
                self._is_new = not stream.readline()
        else:
            path.write_text("", encoding="utf-8")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Write the row."""
        given = dict(logs or {})
        if self.keys is None:
            self.keys = sorted(given)
        rows = [["epoch", *self.keys]] if self._is_new else []
        self._is_new = False
        self._write([*rows, [epoch, *(_cell(given.get(key, "NA")) for key in self.keys)]])

    def _write(self, rows: Iterable[Iterable[Any]]) -> None:
        text = io.StringIO()
        csv.writer(text, delimiter=self.sep, lineterminator="\n").writerows(rows)
        data = text.getvalue().encode("utf-8")
        # One write at the end of the file.
        descriptor = os.open(self.filename, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        path = Path(self.filename)
        with named_in_errors(path), open(descriptor, "wb", buffering=0) as stream:
            begun = os.fstat(descriptor).st_size
            try:
                while data:  # a disk that becomes full takes a part
                    data = data[stream.write(data) :]
            except OSError:
                os.ftruncate(descriptor, begun)
                raise


def _cell(value: Any) -> Any:
    is_list = isinstance(value, Iterable) and not isinstance(value, str)
    is_list = is_list and getattr(value, "shape", (1,)) != ()
    return f'"[{", ".join(map(str, value))}]"' if is_list else value


class TensorBoard(Callback):
    """Writes the epochs' losses and metrics, and the learning rate, for TensorBoard to draw.

    The package `tensorboard` is not needed. Of Keras's other arguments, histograms, graphs,
    gradients, images and embeddings are not written.
    """

    writes = True

    def __init__(self, log_dir: Any = "./logs", **others: Any) -> None:
        super().__init__()
        self.log_dir = os.fspath(log_dir)
        self.others = others
        self._writer: Any = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Open the file of events."""
        self._writer = EventFile(self.log_dir)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Write the epoch's numbers."""
        for name, value in (logs or {}).items():
            with contextlib.suppress(TypeError, ValueError):
                self._writer.add_scalar(name, float(value), epoch)
        self._writer.flush()

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Close the file."""
        self._writer.close()
        self._writer = None
