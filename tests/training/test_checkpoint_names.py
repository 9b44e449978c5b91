"""A checkpoint that can never be written is refused before the first step."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_trainings import CODES, X, classifier

from convdispatch import callbacks, keras1, keras2
from convdispatch.errors import InvalidArgument, InvalidType

CLASSES = [callbacks.ModelCheckpoint, keras1.callbacks.ModelCheckpoint]
CLASSES += [keras2.callbacks.ModelCheckpoint]


@pytest.mark.parametrize("made", CLASSES)
@pytest.mark.parametrize("wrong", [None, 5, ["w.npz"]])
def test_what_is_no_path_is_refused(wrong: Any, made: Any) -> None:
    """When the callback is made."""
    words = rf"^`filepath` of ModelCheckpoint must be a path.*received {re.escape(repr(wrong))}\."
    with pytest.raises(InvalidType, match=words):
        made(wrong)


@pytest.mark.parametrize("made", CLASSES)
@pytest.mark.parametrize("wrong", ["w{epoch:02d", "w{epoch:02d.npz", "w}.npz", "w{}.npz", "{"])
def test_a_malformed_pattern_is_refused(wrong: str, made: Any) -> None:
    """When the callback is made: no epoch could mend it."""
    words = rf"^`filepath` of ModelCheckpoint must be .*received {re.escape(repr(wrong))}: "
    with pytest.raises(InvalidArgument, match=words):
        made(wrong)


@pytest.mark.parametrize(
    ("pattern", "written"),
    [
        ("w{epoch:02d}-{loss:.0e}.npz", r"w01-\de[+-]\d\d\.npz"),
        ("{{w}}.npz", r"\{w\}\.npz"),
        ("{epoch!r:>3}.npz", r"  1\.npz"),
        (b"w.npz", r"w\.npz"),
    ],
)
def test_a_right_pattern_names_the_file(
    pattern: Any, written: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As before."""
    pytest.importorskip("autograd", reason="NumPy's gradients need the package autograd")
    monkeypatch.chdir(tmp_path)
    saving = callbacks.ModelCheckpoint(pattern)
    classifier(backend="numpy").fit(X, CODES, verbose=0, callbacks=[saving])
    (name,) = [one for one in os.listdir(tmp_path) if one.endswith(".npz")]
    assert re.fullmatch(written, name)


def test_a_folder_of_the_name_is_refused_before_the_first_step(tmp_path: Path) -> None:
    """No weight is changed."""
    pytest.importorskip("autograd", reason="NumPy's gradients need the package autograd")
    path = tmp_path / "w.npz"
    path.mkdir()
    model = classifier(backend="numpy")
    before = model.get_weights()
    with pytest.raises(IsADirectoryError) as caught:
        model.fit(X, CODES, verbose=0, callbacks=[callbacks.ModelCheckpoint(path)])
    assert caught.value.filename == str(path)
    for now, wanted in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, wanted)
