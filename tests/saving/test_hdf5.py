"""What h5py writes is read as h5py reads it, by the parser in Python and by the library apart."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convdispatch.errors import InvalidDocument
from convdispatch.saving.hdf5 import Hdf5File, open_hdf5
from convdispatch.saving.hdf5_format.parsing import parsed_tree
from convdispatch.saving.hdf5_format.tree import Unusual
from convdispatch.saving.limits import DEFAULT_FILE_LIMITS, FileLimits
from convdispatch.saving.sources import source_of

h5py = pytest.importorskip("h5py", reason="files of HDF5 are written by h5py")
NUMBERS = np.random.default_rng(0).normal(size=(13, 7, 5))


def written(fill: Any, **options: Any) -> bytes:
    """Return the bytes of a file that a function fills."""
    stream = io.BytesIO()
    with h5py.File(stream, "w", **options) as file:
        fill(file)
    return stream.getvalue()


def many(number: int) -> Any:
    """Return a function that makes so many members and attributes."""

    def fill(file: Any) -> None:
        for index in range(number):
            file.create_group(f"group_{index}").attrs["name"] = f"name {index}"
            file[f"array_{index}"] = np.float32(index)
            file.attrs[f"attribute_{index}"] = index

    return fill


def deep(file: Any) -> None:
    """Make one array in 50 groups within each other."""
    file["/".join("abcdefghij" * 5)] = NUMBERS


def kinds_of_numbers(file: Any) -> None:
    """Make arrays of each element type, and of sizes 0 and 1."""
    for kind in ("f2", "f4", "f8", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"):
        for order in "<>":
            file[f"{order}{kind}"] = (100 * NUMBERS).astype("i1").astype(order + kind)
    file["truth"] = NUMBERS > 0
    file["nothing"] = np.zeros((0, 3))
    file["one"] = 3.5
    file["empty name of axes"] = np.zeros((1, 1, 1, 1, 1))


def texts(file: Any) -> None:
    """Make attributes of each kind."""
    file.attrs["text"] = "häßlich 日本" * 5000
    file.attrs["fixed"] = np.bytes_(b"abc")
    file.attrs["several"] = ["one", "", "three" * 20]
    file.attrs["fixed ones"] = [b"one", b"", b"three"]
    file.attrs["none"] = []
    file.attrs["integer"], file.attrs["float"], file.attrs["numbers"] = 7, 0.5, [1, 2, 3]
    file.attrs["a/slash"] = 1


def packed(file: Any) -> None:
    """Make arrays in chunks, behind each filter."""
    repeated = np.tile(np.arange(50, dtype="i4"), 200).reshape(100, 100)
    for name, data in (("random", NUMBERS), ("repeated", repeated)):
        for filters in (
            {},
            {"compression": "gzip"},
            {"compression": "gzip", "shuffle": True},
            {"compression": "lzf"},
            {"compression": "lzf", "shuffle": True},
            {"compression": "gzip", "compression_opts": 9, "shuffle": True},
        ):
            for chunks in (True, tuple(min(3, size) for size in data.shape)):
                file.create_dataset(
                    f"{name}/{filters}/{chunks}", data=data, chunks=chunks, **filters
                )
    file.create_dataset("growing", data=NUMBERS, maxshape=(None, 7, 5), chunks=(64, 7, 5))
    half = file.create_dataset("unpacked chunk", (4, 4), "i4", chunks=(2, 4), compression="gzip")
    half.id.write_direct_chunk((0, 0), np.arange(8, dtype="i4").tobytes(), 1)  # filter 0 left out
    half[2:] = 7


def compact(file: Any) -> None:
    """Make an array that lies in its header."""
    plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plan.set_layout(h5py.h5d.COMPACT)
    space, kind = h5py.h5s.create_simple((3, 4)), h5py.h5t.IEEE_F32LE
    made = h5py.h5d.create(file.id, b"inside", kind, space, dcpl=plan)
    made.write(h5py.h5s.ALL, h5py.h5s.ALL, np.arange(12, dtype="f4").reshape(3, 4))


FILES = {
    "few": many(3),
    "more": many(12),
    "dozens": many(100),
    "hundreds": many(400),
    "deep": deep,
    "kinds-of-numbers": kinds_of_numbers,
    "texts": texts,
    "packed": packed,
    "compact": compact,
    "empty": lambda file: None,
}
VERSIONS = {
    "earliest": {"libver": ("earliest", "v108")},
    "v108": {"libver": ("v108", "v108")},
    "ordered": {"track_order": True},
}


def as_read(value: Any) -> Any:
    """Return an attribute that h5py read as it is read here."""
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, np.ndarray):
        return [as_read(one) for one in value.tolist()]
    return as_read(value.item()) if isinstance(value, np.generic) else value


def require_same(file: Hdf5File, group: Any, path: str = "") -> int:
    """Compare a group with h5py's, and return how many arrays it has."""
    is_group = {name: isinstance(member, h5py.Group) for name, member in group.items()}
    assert file.groups(path) == [name for name in group if is_group[name]]
    assert file.arrays(path) == [name for name in group if not is_group[name]]
    expected = {name.replace("/", "|"): as_read(value) for name, value in group.attrs.items()}
    assert file.attributes(path) == expected
    for name in file.arrays(path):
        array, data = file.array(f"{path}/{name}", name), group[name][()]
        found = array.read()
        assert (array.shape, array.dtype) == (data.shape, str(data.dtype.newbyteorder("<")))
        assert found.dtype == data.dtype
        np.testing.assert_array_equal(found, data)
    inner = [require_same(file, group[name], f"{path}/{name}") for name in file.groups(path)]
    return len(file.arrays(path)) + sum(inner)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", FILES)
def test_files_are_read_as_h5py_reads_them(name: str, version: str) -> None:
    """Each kind of member, attribute and layout, in each form that h5py writes."""
    data = written(FILES[name], **VERSIONS[version])
    parsed_tree(source_of(data), DEFAULT_FILE_LIMITS)  # not left to HDF5's own library
    with open_hdf5(data) as file, h5py.File(io.BytesIO(data)) as expected:
        found = require_same(file, expected)
    assert found or name in ("empty", "texts")


@pytest.mark.parametrize("name", ["dozens", "packed", "kinds-of-numbers", "texts", "compact"])
def test_the_library_apart_sees_the_same(name: str, tmp_path: Path) -> None:
    """As the parser, and of files, parts of files and bytes."""
    data = written(FILES[name], libver=("earliest", "v108"))
    path = tmp_path / "a.h5"
    path.write_bytes(b"before" + data + b"after")
    part = source_of(path).part(6, len(data), "a part")
    for given in (data, part):
        with open_hdf5(given, FileLimits(untrusted=True)) as one, open_hdf5(given) as other:
            assert one._root == other._root


def test_what_the_parser_leaves_is_read_by_the_library_apart() -> None:
    """Such as chunks in the newest form of the format."""
    data = written(packed, libver="latest")
    with pytest.raises(Unusual):
        parsed_tree(source_of(data), DEFAULT_FILE_LIMITS)
    with open_hdf5(data) as file, h5py.File(io.BytesIO(data)) as expected:
        require_same(file, expected)


def test_bfloat16_is_read_as_float32() -> None:
    """Keras 3 writes it as opaque cells of two bytes, with the type's name in an attribute."""

    def fill(file: Any) -> None:
        file["0"] = np.array([b"\x80\x3f", b"\x49\x40", b"\x80\xff"], "V2")
        file["0"].attrs["dtype"] = "bfloat16"

    with open_hdf5(written(fill)) as file:
        array = file.array("0", "kernel")
    assert array.dtype == "bfloat16"
    np.testing.assert_array_equal(array.read(), np.float32([1.0, 3.140625, -np.inf]))


def test_arrays_outlive_the_block_and_a_replaced_file(tmp_path: Path) -> None:
    """They are of the file that was opened, even if another one has its name now."""
    path = tmp_path / "a.h5"
    path.write_bytes(written(lambda file: file.__setitem__("x", 1.0)))
    with open_hdf5(path) as file:
        array = file.array("x", "x")
    other = tmp_path / "b.h5"
    other.write_bytes(written(lambda file: file.__setitem__("x", 2.0)))
    other.replace(path)
    assert array.read() == 1.0


@pytest.mark.parametrize(
    ("name", "most"), [("max_bytes", 3000), ("objects", 5), ("depth", 20), ("text_bytes", 500)]
)
def test_each_limit_counts(name: str, most: int) -> None:
    """And its message says which it is, with the file's name."""
    limits = FileLimits(**{name: most})  # type: ignore[arg-type]
    with (
        pytest.raises(
            InvalidDocument, match=rf"^the file is refused: its? .* limit `{name}` is {most:,}"
        ),
        open_hdf5(written(deep), limits),
    ):
        pass
