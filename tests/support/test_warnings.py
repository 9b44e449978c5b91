"""Warnings name the user's own line."""

from __future__ import annotations

from pathlib import Path

import pytest

from convdispatch import keras2
from convdispatch.runtime import config


def test_a_warning_names_the_line_that_called_the_package(tmp_path: Path) -> None:
    """However many functions of the package lie between."""
    path = tmp_path / "keras.json"
    path.write_text('{"bakend": "numpy"}', encoding="utf-8")
    with pytest.warns(UserWarning, match="unknown key 'bakend'") as caught:
        config.load_config(path, {})
    with pytest.warns(UserWarning, match="has no effect") as more:
        keras2.layers.SeparableConv2D(2, 3, kernel_initializer="ones")
    assert {one.filename for one in [*caught, *more]} == {__file__}
