"""Names of files with models or weights: which format each ending stands for."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from convdispatch.errors import InvalidArgument

Kind = Literal["h5", "weights.h5", "keras", "safetensors", "npz"]
_ENDINGS: dict[str, Kind] = {
    ".weights.h5": "weights.h5",
    ".h5": "h5",
    ".hdf5": "h5",
    ".keras": "keras",
    ".safetensors": "safetensors",
}
# Kinds that hold a whole model.
WHOLE = ("h5", "keras", "safetensors")


def kind_of(path: Path) -> Kind:
    """Return the format of a file by its name; without an ending known here it is NumPy's.

    >>> kind_of(Path("best.weights.h5")), kind_of(Path("weights.07.npz"))
    ('weights.h5', 'npz')
    """
    name = path.name.lower()
    return next((kind for ending, kind in _ENDINGS.items() if name.endswith(ending)), "npz")


def weights_path(filepath: Any) -> Path:
    """Return the path; raise `InvalidArgument` for the ending of TensorFlow's checkpoints."""
    path = Path(filepath)
    if path.suffix.lower() == ".tf":
        raise InvalidArgument(
            f"checkpoints of several files are not offered; received {str(path)!r}. Give a name "
            "that ends in '.h5', '.weights.h5', '.safetensors' or '.npz'."
        )
    return path
