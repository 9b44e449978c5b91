"""The models that real Kerases saved, with what they computed: see tests/legacy/README.md.

CONVDISPATCH_TEST_LEGACY names a folder with others of the same kinds, and their manifest.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from places import LEGACY

FOLDER = Path(os.environ.get("CONVDISPATCH_TEST_LEGACY", LEGACY))
KERASES = ("keras1_theano", "keras2_theano", "tfkeras_tensorflow")
# Stacks whose documents are read alone: one of each kind.
STACKS = (
    *("conv1d", "conv2d_th", "conv2d_cf", "conv3d_tf", "conv3d_cl", "deconv_tf", "deconv_th"),
    *("deconv_cf", "deconv_cl", "full_th", "full_cf", "separable_cl"),
)


@dataclass(frozen=True)
class SavedModel:
    """One model of a real Keras, and what the manifest says of it."""

    keras: str
    name: str
    entry: dict[str, Any]

    def file(self, ending: str) -> Path:
        """Return the path of one of its files: '.h5', '_weights.h5', '.json', '.npz'."""
        return FOLDER / self.keras / f"{self.name}{ending}"

    @property
    def said(self) -> dict[str, str]:
        """What Keras 1's files do not say, as the arguments that say it."""
        if self.keras != "keras1_theano":
            return {}
        return {"trained_on": "theano", "dim_ordering": self.entry["image_dim_ordering"]}

    def arrays(self, stem: str) -> list[Any]:
        """Return the arrays x0, x1.. of a stem, in order."""
        found = _arrays(self.file(".npz"))
        plain = [name for name in sorted(found) if name.removeprefix(stem).isdigit()]
        return [found[name] for name in plain if name.startswith(stem)]

    def numbers_in_float64(self) -> list[Any]:
        """Return what the same Keras computed in float64, [] where nothing was recorded."""
        found = _arrays(self.file(".npz"))
        return [found[name] for name in sorted(found) if name.endswith("_f64")]


@cache
def _arrays(path: Path) -> dict[str, Any]:
    with np.load(path) as found:
        return {name: found[name] for name in found.files}


def saved_models(*, compiled: bool | None = None) -> list[SavedModel]:
    """Return the models in HDF5 files, or those that were compiled."""
    manifest = json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8"))
    return [
        SavedModel(entry["directory"], entry["name"], entry)
        for entry in manifest["models"]
        if entry["directory"] in KERASES and compiled in (None, entry["compiled"])
    ]


def one_or_all(found: list[Any]) -> Any:
    """Return a list, or the only one by itself, as models take inputs and give outputs."""
    return found if len(found) > 1 else found[0]


def listed(found: Any) -> list[Any]:
    """Return a model's outputs as a list."""
    return found if isinstance(found, list) else [found]
