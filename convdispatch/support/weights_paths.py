"""Names of files with weights: which of them can be written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from convdispatch.errors import InvalidArgument

_OF_KERAS = (".h5", ".hdf5", ".keras", ".tf")


def weights_path(filepath: Any) -> Path:
    """Return the path; raise `InvalidArgument` for the ending of a file of Keras."""
    path = Path(filepath)
    if path.suffix.lower() in _OF_KERAS:
        raise InvalidArgument(
            f"files of Keras are not offered yet; received {str(path)!r}. Give a name that ends in "
            "'.npz'."
        )
    return path
