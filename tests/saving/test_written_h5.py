"""Files of Keras 1.2.2 and 2.2.4, loaded and saved again, are theirs attribute by attribute."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from h5_trees import tree_of
from places import LEGACY

import convdispatch

pytest.importorskip("h5py", reason="files in HDF5 need the package h5py")

FOLDER = Path(os.environ.get("CONVDISPATCH_TEST_LEGACY", LEGACY))
KERASES = ("keras1_theano", "keras2_theano")
FILES = sorted(path for keras in KERASES for path in (FOLDER / keras).glob("*.h5"))
# Keras 1.2.2's constructors take it and its configurations have lost it: we write it.
NOT_STORED = (
    *("ZeroPadding2D", "Cropping2D", "UpSampling2D"),
    *("ZeroPadding3D", "Cropping3D", "UpSampling3D"),
)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_file_saved_again_is_theirs(path: Path, tmp_path: Path) -> None:
    """Groups, attributes and arrays: names, types, shapes and values, and how each is stored."""
    own = tmp_path / path.name
    said: dict[str, Any] = {}
    if "keras1" in path.parent.name:  # which did not keep it
        said = {"trained_on": "theano", "dim_ordering": "th" if "_th" in path.stem else "tf"}
    model: Any = convdispatch.load_model(
        path.with_name(path.name.replace("_weights", "")), backend="numpy", **said
    )
    (model.save_weights if path.stem.endswith("_weights") else model.save)(own)
    ours, theirs = tree_of(own), tree_of(path)
    if "keras1" in str(path):  # which does not say what trained a model, nor reads it
        assert ours.pop("@backend")[1] == "theano"
    assert "/model_weights" in theirs or "@layer_names" in theirs
    for tree in (ours, theirs):
        if "@model_config" in tree:
            without_dim_ordering(tree["@model_config"][1], is_keras1="keras1" in str(path))
    assert ours == theirs


def without_dim_ordering(entry: Any, *, is_keras1: bool) -> None:
    """Take the argument out of the layers of Keras 1 for which its files do not have it."""
    config = entry["config"]
    if is_keras1 and entry["class_name"] in NOT_STORED:
        config.pop("dim_ordering", None)
    layers = config if isinstance(config, list) else config.get("layers", [])
    for one in layers:
        without_dim_ordering(one, is_keras1=is_keras1)


def test_the_comparison_sees_a_difference(tmp_path: Path) -> None:
    """A file of another layer, of the same shape, differs."""
    path = LEGACY / "keras1_theano" / "trained.h5"
    model = convdispatch.load_model(path, backend="numpy", trained_on="theano")
    model.get_layer("d").activation = "linear"
    model.save(tmp_path / "other.h5")
    found = tree_of(tmp_path / "other.h5")["@model_config"][1]
    assert json.dumps(found) != json.dumps(tree_of(path)["@model_config"][1])
