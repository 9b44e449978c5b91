"""Keras's HDF5 files as other versions of h5py, other machines and other tools wrote them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from places import LEGACY

import convdispatch
from convdispatch import keras2
from convdispatch.cli import main
from convdispatch.errors import InvalidDocument

h5py = pytest.importorskip("h5py", reason="files in HDF5 need the package h5py")

FILES = ("keras2_theano/trained.h5", "keras1_theano/trained.h5", "tf_keras_more/recurrent.h5")
EACH = pytest.mark.parametrize("name", FILES, ids=lambda name: name.partition("/")[0])
Put = Callable[[Any, str, Any], None]


def copied(
    source: Path, target: Path, put: Put, attribute: Put | None = None, **options: Any
) -> Path:
    """Write a file again: `put` writes each array, `attribute` each attribute."""
    with h5py.File(source) as old, h5py.File(target, "w", **options) as new:
        _copy(old, new, put, attribute or _as_it_is)
    return target


def _copy(old: Any, new: Any, put: Put, attribute: Put) -> None:
    for name, value in old.attrs.items():
        attribute(new, name, value)
    for name, member in old.items():
        if isinstance(member, h5py.Group):
            _copy(member, new.create_group(name), put, attribute)
        else:
            put(new, name, member[()])


def _as_it_is(group: Any, name: str, value: Any) -> None:
    group.attrs[name] = value


def _plain(group: Any, name: str, array: Any) -> None:
    group[name] = array


def packed(**filters: Any) -> Put:
    """Return a function that writes arrays in chunks behind filters; scalars have none."""

    def put(group: Any, name: str, array: Any) -> None:
        group.create_dataset(name, data=array, **(filters if array.shape else {}))

    return put


def growing(group: Any, name: str, array: Any) -> None:
    """Write an array without a last size on any axis; scalars have none."""
    sizes = {"chunks": True, "maxshape": (None,) * array.ndim} if array.shape else {}
    group.create_dataset(name, data=array, **sizes)


def of_type(dtype: str) -> Put:
    """Return a function that writes floats in another type."""

    def put(group: Any, name: str, array: Any) -> None:
        group[name] = array.astype(dtype) if array.dtype.kind == "f" else array

    return put


ARRAYS: dict[str, Put] = {
    "gzip": packed(compression="gzip"),
    "gzip and shuffle": packed(compression="gzip", compression_opts=9, shuffle=True),
    "lzf": packed(compression="lzf"),
    "chunks": packed(chunks=True),
    "that may grow": growing,
    "big-endian": of_type(">f4"),
    "float64": of_type("<f8"),
    "big-endian float64": of_type(">f8"),
}


def loaded(path: Path) -> Any:
    """Load a model, which may be of Keras 1, without a warning."""
    said = {"trained_on": "theano", "dim_ordering": "th"} if "keras1" in str(path) else {}
    return convdispatch.load_model(path, backend="numpy", **said)


def require_equal(model: Any, name: str) -> None:
    """Assert that a model has the weights and the element types of a file."""
    want = loaded(LEGACY / name)
    assert [one.dtype for one in model.layers] == [one.dtype for one in want.layers]
    for got, expected in zip(model.get_weights(), want.get_weights(), strict=True):
        assert got.dtype == expected.dtype
        np.testing.assert_array_equal(got, expected)


@EACH
@pytest.mark.parametrize("put", ARRAYS.values(), ids=ARRAYS)
def test_arrays_may_be_stored_in_other_ways(name: str, put: Put, tmp_path: Path) -> None:
    """A model of float32 gets its weights in float32, from model files and for `load_weights`."""
    path = copied(LEGACY / name, tmp_path / f"{name.partition('/')[0]}.h5", put)
    model = loaded(path)
    require_equal(model, name)
    model.set_weights([np.zeros_like(one) for one in model.get_weights()])
    said = {"trained_on": "theano"} if "keras1" in name else {}
    model.load_weights(path, **said)
    require_equal(model, name)


@EACH
def test_half_precision_in_a_file_is_widened(name: str, tmp_path: Path) -> None:
    """The numbers are those of the file."""
    path = copied(LEGACY / name, tmp_path / f"{name.partition('/')[0]}.h5", of_type("<f2"))
    for got, want in zip(
        loaded(path).get_weights(), loaded(LEGACY / name).get_weights(), strict=True
    ):
        assert got.dtype == np.float32
        np.testing.assert_array_equal(got, want.astype("float16").astype("float32"))


def as_bytes(group: Any, name: str, value: Any) -> None:
    """Write texts as bytes of one length, as Keras 1 and 2 did."""
    if isinstance(value, str):
        value = np.bytes_(value.encode())
    elif isinstance(value, np.ndarray) and value.dtype.kind in "OSU":
        value = np.array(
            [_bytes(one) for one in value] or np.zeros(0), dtype="S" if len(value) else "f8"
        )
    group.attrs[name] = value


def as_texts(group: Any, name: str, value: Any) -> None:
    """Write texts as those of any length, as newer versions of h5py do."""
    if isinstance(value, bytes):
        value = value.decode()
    if isinstance(value, np.ndarray) and value.dtype.kind in "OSU":
        texts = [_bytes(one).decode() for one in value]
        group.attrs.create(name, texts, shape=(len(texts),), dtype=h5py.string_dtype())
        return
    group.attrs[name] = value


def in_parts(group: Any, name: str, value: Any) -> None:
    """Write lists of names in parts of two, as Keras 2 does above 64 KB."""
    if name not in ("layer_names", "weight_names") or len(value) < 3:
        return as_bytes(group, name, value)
    for place, start in enumerate(range(0, len(value), 2)):
        as_bytes(group, f"{name}{place}", value[start : start + 2])
    return None


def _bytes(text: Any) -> bytes:
    return text.encode() if isinstance(text, str) else bytes(text)


ATTRIBUTES: dict[str, Put] = {"bytes": as_bytes, "texts": as_texts, "parts": in_parts}


@EACH
@pytest.mark.parametrize("attribute", ATTRIBUTES.values(), ids=ATTRIBUTES)
@pytest.mark.parametrize("version", ["earliest", "latest"])
def test_texts_may_be_of_either_kind(
    name: str, attribute: Put, version: str, tmp_path: Path
) -> None:
    """And names in several attributes; empty layers have an empty list, whatever its type."""
    path = tmp_path / f"{name.partition('/')[0]}.h5"
    copied(LEGACY / name, path, _plain, attribute, libver=version)
    require_equal(loaded(path), name)


@EACH
def test_the_order_of_groups_may_be_kept(name: str, tmp_path: Path) -> None:
    """Where a file tracks it."""
    path = tmp_path / f"{name.partition('/')[0]}.h5"
    require_equal(loaded(copied(LEGACY / name, path, _plain, track_order=True)), name)


def long_model() -> Any:
    """Return a model whose names have more than 64 KB."""
    names = [f"{'a' * 400}_{place}" for place in range(200)]
    layers = [keras2.layers.Dense(1, name=one, input_shape=(1,)) for one in names]
    return keras2.models.Sequential(layers, backend="numpy")


def test_many_long_names_are_written_and_read_in_parts(tmp_path: Path) -> None:
    """As Keras 2.2.4 writes them."""
    model = long_model()
    model.save(tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5") as file:
        attributes = file["model_weights"].attrs
        assert "layer_names" not in attributes
        assert {"layer_names0", "layer_names1"} <= set(attributes)
    again = convdispatch.load_model(tmp_path / "m.h5", backend="numpy")
    assert [one.name for one in again.layers] == [one.name for one in model.layers]
    for got, want in zip(again.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(got, want)


def unlist(file: Any) -> None:
    """Drop the list of a layer's arrays."""
    del file["model_weights/c1"].attrs["weight_names"]


def remove(file: Any) -> None:
    """Drop a layer."""
    del file["model_weights/c1"]


def number(file: Any) -> None:
    """Put a number where the names of layers belong."""
    file["model_weights"].attrs["layer_names"] = 3


def lose(file: Any) -> None:
    """Drop an array that is listed."""
    group = file["model_weights/c1"]
    del group[group.attrs["weight_names"][0]]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (unlist, "has no weights for the layers 'c1'"),
        (remove, "has no weights for the layers 'c1'"),
        (number, "'layer_names' of 'model_weights' must be a list of texts"),
        (lose, "has no array .*c1.*, which it lists"),
    ],
)
def test_what_is_missing_is_told(
    change: Callable[[Any], None],
    words: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """By one error, and one line of the command, which leaves nothing."""
    path = tmp_path / "m.h5"
    path.write_bytes((LEGACY / FILES[0]).read_bytes())
    with h5py.File(path, "r+") as file:
        change(file)
    with pytest.raises(InvalidDocument, match=words):
        convdispatch.load_model(path)
    assert main(["convert", str(path), str(tmp_path / "o.h5")]) == 2
    assert "Traceback" not in capsys.readouterr().err
    assert [one.name for one in tmp_path.iterdir() if one.is_file()] == ["m.h5"]
