"""Files as the old Kerases wrote them, made by hand with h5py."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

Layers = Mapping[str, Sequence[tuple[str, Any]]]  # by name: the names and values of arrays


def write_weights(path: Path, layers: Layers, **attributes: str) -> Path:
    """Write a file of weights; `attributes` are those of the file, such as `backend`."""
    import h5py

    with h5py.File(path, "w") as file:
        _fill(file, layers, attributes)
    return path


def write_model(path: Path, config: Mapping[str, Any], layers: Layers, **attributes: str) -> Path:
    """Write a whole model's file."""
    import h5py

    with h5py.File(path, "w") as file:
        for name, value in attributes.items():
            file.attrs[name] = value.encode()
        file.attrs["model_config"] = json.dumps(config).encode()
        _fill(file.create_group("model_weights"), layers, {})
    return path


def _fill(group: Any, layers: Layers, attributes: Mapping[str, str]) -> None:
    for name, value in attributes.items():
        group.attrs[name] = value.encode()
    group.attrs["layer_names"] = [name.encode() for name in layers]
    for name, arrays in layers.items():
        own = group.create_group(name)
        own.attrs["weight_names"] = [one.encode() for one, _ in arrays]
        for one, value in arrays:
            own.create_dataset(one, data=np.asarray(value, "float32"))
