"""HDF5 lets other bytes come before a file, 512 of them or a further power of two: a user block."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from places import LEGACY

import convdispatch
from convdispatch.cli import main
from convdispatch.errors import InvalidDocument
from convdispatch.saving.recognising import read_checkpoint

h5py = pytest.importorskip("h5py", reason="files in HDF5 need the package h5py")

WHOLE = LEGACY / "keras2_theano" / "trained.h5"
# What the other bytes may seem to be.
BLOCKS = {"nothing": b"", "JSON": b'{"class_name": "Sequential"}', "YAML": b"class_name: Model\n"}


def with_user_block(path: Path, size: int, begins: bytes = b"", **options: Any) -> Path:
    """Write the content of a whole model's file behind a user block, as h5py does."""
    with h5py.File(WHOLE) as old, h5py.File(path, "w", userblock_size=size, **options) as new:
        for name in old:
            old.copy(name, new)
        for name, value in old.attrs.items():
            new.attrs[name] = value
    with path.open("r+b") as stream:
        stream.write(begins)
    return path


def behind_other_bytes(path: Path, size: int) -> Path:
    """Write other bytes and the file behind them, which then says nothing of them."""
    path.write_bytes(b"#" * size + WHOLE.read_bytes())
    return path


@pytest.mark.parametrize("untrusted", [False, True], ids=["trusted", "untrusted"])
@pytest.mark.parametrize("size", [512, 1024, 2048, 65536])
@pytest.mark.parametrize("version", ["earliest", "latest"])
def test_a_file_behind_a_user_block_is_the_file(
    tmp_path: Path, size: int, version: str, untrusted: bool
) -> None:
    """In the old form and in the newer one, read here or by HDF5's library."""
    path = with_user_block(tmp_path / "m.h5", size, libver=version)
    model = convdispatch.load_model(path, untrusted=untrusted)
    for got, want in zip(
        model.get_weights(), convdispatch.load_model(WHOLE).get_weights(), strict=True
    ):
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("untrusted", [False, True], ids=["trusted", "untrusted"])
@pytest.mark.parametrize("size", [512, 4096])
def test_bytes_that_somebody_put_before_a_file_are_no_part_of_it(
    tmp_path: Path, size: int, untrusted: bool
) -> None:
    """HDF5's library counts from the signature, too, if the file states no user block."""
    path = behind_other_bytes(tmp_path / "m.h5", size)
    with h5py.File(path) as file:
        assert "model_weights" in file
    assert convdispatch.load_model(path, untrusted=untrusted).count_params() > 0


@pytest.mark.parametrize("begins", BLOCKS.values(), ids=BLOCKS)
def test_the_other_bytes_may_be_anything(tmp_path: Path, begins: bytes) -> None:
    """Also what another kind of file begins with."""
    path = with_user_block(tmp_path / "m.bin", 512, begins)
    assert read_checkpoint(path).format == "Keras 2 model (.h5)"


def test_every_door_reads_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Weights, `inspect` and `convert` as well."""
    path = with_user_block(tmp_path / "m.model", 1024)
    model = convdispatch.load_model(WHOLE)
    want = model.get_weights()
    model.set_weights([np.zeros_like(one) for one in want])
    model.load_weights(path)
    for got, expected in zip(model.get_weights(), want, strict=True):
        np.testing.assert_array_equal(got, expected)
    assert main(["inspect", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["format"] == "Keras 2 model (.h5)"
    out = tmp_path / "out.keras"
    assert main(["convert", str(path), str(out)]) == 0
    assert out.exists()


def test_a_file_that_is_cut_behind_a_user_block_is_told(tmp_path: Path) -> None:
    """With the sizes of the file itself."""
    path = with_user_block(tmp_path / "m.h5", 512)
    size = path.stat().st_size
    path.write_bytes(path.read_bytes()[:-1000])
    message = f"is cut: it has {size - 1512:,} of its {size - 512:,} bytes"
    with pytest.raises(InvalidDocument, match=message):
        convdispatch.load_model(path)


def test_a_signature_at_another_place_is_none(tmp_path: Path) -> None:
    """HDF5 looks at powers of two alone."""
    path = tmp_path / "m.h5"
    path.write_bytes(b"#" * 768 + WHOLE.read_bytes())
    with pytest.raises(InvalidDocument, match="is of no known kind"):
        convdispatch.load_model(path)
