"""The only import of TensorFlow, together with the code that must surround it."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

# Read once, during the import of TensorFlow. Otherwise each process would print on stderr which
# instructions its processor has. Errors still appear, and a user's own level stays.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


_WRITTEN_BY_KERAS = b"""{
    "floatx": "float32",
    "epsilon": 1e-07,
    "backend": "tensorflow",
    "image_data_format": "channels_last"
}"""


@contextlib.contextmanager
def _without_new_configuration() -> Iterator[None]:
    """Remove the keras.json that importing tensorflow 2.21 makes if there is none.

    It imports Keras 3, which writes a file that names TensorFlow: the next run of a user who had
    chosen nothing would find that as their choice.
    """
    folders = [] if "tensorflow" in sys.modules else [f for f in _keras_folders() if _lacks_file(f)]
    new_folders = [folder for folder in folders if not folder.exists()]
    yield
    for folder in folders:
        file = folder / "keras.json"
        with contextlib.suppress(OSError):
            # The import takes seconds, in which the user may have made a choice.
            if file.read_bytes() == _WRITTEN_BY_KERAS:
                file.unlink()
    for folder in new_folders:
        with contextlib.suppress(OSError):
            folder.rmdir()  # only if it is empty


def _keras_folders() -> list[Path]:
    """Return where Keras 3 may write: its home or, without a writable one, the temporary folder."""
    home = os.environ.get("KERAS_HOME")
    if home:
        return [Path(home)]
    return [Path("~").expanduser() / ".keras", Path(tempfile.gettempdir()) / ".keras"]


def _lacks_file(folder: Path) -> bool:
    try:
        return not (folder / "keras.json").exists()
    except OSError:
        return False


def _leave_ours_alone() -> None:
    """Make `tf.function` call our code unchanged, whatever calls it.

    Nothing here depends on a tensor's values, so that there is nothing to rewrite; and AutoGraph
    warns of what it cannot, such as two lambdas in one line. tensorflow 2.21 has no public way to
    say it of a whole package: `do_not_convert` is for one function.
    """
    with contextlib.suppress(ImportError, AttributeError):  # another version has it elsewhere
        from tensorflow.python.autograph.core import config

        rules = (
            config.DoNotConvert("convdispatch"),
            config.DoNotConvert("convdispatch_tensorflow"),
        )
        config.CONVERSION_RULES = (*rules, *config.CONVERSION_RULES)


with _without_new_configuration():
    import tensorflow as tf
_leave_ours_alone()

__all__ = ["tf"]
