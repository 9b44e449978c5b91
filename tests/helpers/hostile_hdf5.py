"""Hostile HDF5 files: a model's file as Keras 2 wrote it, with one thing in it that is forged.

h5py writes what HDF5 allows; the rest is patched into the bytes.
"""

from __future__ import annotations

import base64
import io
import json
import marshal
import re
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

LAYERS: list[dict[str, Any]] = [
    {
        "class_name": "InputLayer",
        "config": {"batch_input_shape": [None, 3], "dtype": "float32", "name": "i"},
    },
    {"class_name": "Dense", "config": {"name": "d", "units": 2}},
]
CONFIG = {"class_name": "Sequential", "config": {"name": "m", "layers": LAYERS}}
CANARY = "/tmp/convdispatch-canary"  # the file that appears if code of a file runs


def marshalled() -> list[Any]:
    """Return a function's code as Keras 2 stored that of a Lambda."""
    function = eval(f"lambda x: __import__('os').system('touch {CANARY}') and x or x")
    return [base64.b64encode(marshal.dumps(function.__code__)).decode(), None, None]


LAMBDA = json.dumps(
    {
        "class_name": "Lambda",
        "config": {
            "name": "d",
            "dtype": "float32",
            "trainable": True,
            "function": marshalled(),
            "function_type": "lambda",
            "module": "__main__",
            "output_shape": None,
            "output_shape_type": "raw",
            "output_shape_module": None,
            "arguments": {},
        },
    }
)
NUMBERS = np.ones((3, 2), "f4")
KERNEL = "model_weights/d/d/kernel:0"
GROUP = "model_weights/d/d"
OUTSIDE = "/tmp/convdispatch-outside"
Change = Callable[[Any], None]


def base_file(
    change: Change = lambda file: None, config: str = json.dumps(CONFIG), newest: str = "v108"
) -> bytes:
    """Return a model's file, changed."""
    stream = io.BytesIO()
    with h5py.File(stream, "w", libver=("earliest", newest)) as file:
        file.attrs["keras_version"], file.attrs["backend"] = "2.2.4", "tensorflow"
        file.attrs["model_config"] = config
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = np.array([b"d"])
        group.attrs["backend"], group.attrs["keras_version"] = "tensorflow", "2.2.4"
        layer = group.create_group("d")
        layer.attrs["weight_names"] = np.array([b"d/kernel:0", b"d/bias:0"])
        layer["d/kernel:0"], layer["d/bias:0"] = NUMBERS, np.ones(2, "f4")
        change(file)
    return stream.getvalue()


def of_weights() -> bytes:
    """Return a file of weights, as Keras 3 writes it."""
    stream = io.BytesIO()
    with h5py.File(stream, "w", libver=("earliest", "v108")) as file:
        group = file.create_group("layers/dense/vars")
        group["0"], group["1"] = NUMBERS, np.ones(2, "f4")
    return stream.getvalue()


def forged(data: bytes, find: bytes, form: str, value: int, at: int = 0, which: int = 0) -> bytes:
    """Return the data with a number replaced, `at` bytes behind what is found."""
    place = -1
    for _ in range(which + 1):
        place = data.index(find, place + 1)
    found = bytearray(data)
    struct.pack_into(form, found, place + at, value)
    return bytes(found)


def _kernel(make: Callable[[Any, str], object], newest: str = "v108") -> Callable[[], bytes]:
    """Return a file whose kernel is made in another way."""

    def change(file: Any) -> None:
        del file[KERNEL]
        make(file[GROUP], "kernel:0")

    return lambda: base_file(change, newest=newest)


def _in_another_file(group: Any, name: str) -> None:
    Path(OUTSIDE).write_bytes(b"outside!" * 3)
    group.create_dataset(name, (3, 2), "f4", external=[(OUTSIDE, 0, 24)])


def _virtual(group: Any, name: str) -> None:
    layout = h5py.VirtualLayout((3, 2), "f4")
    layout[:] = h5py.VirtualSource(OUTSIDE + ".h5", "x", (3, 2))
    group.create_virtual_dataset(name, layout)


def _chunk(
    data: bytes, shape: tuple[int, int] = (3, 2), **filters: Any
) -> Callable[[Any, str], None]:
    """Return a kernel in one chunk of that shape whose stored bytes are these.

    HDF5 before 2.0 writes no chunk that is far larger than its numbers.
    """

    def make(group: Any, name: str) -> None:
        made = group.create_dataset(
            name, (3, 2), "f4", maxshape=(None, None), chunks=shape, **filters
        )
        made.id.write_direct_chunk((0, 0), data)

    return make


def repeated_block(bits: int, byte: bytes = b"\0") -> bytes:
    """Return what unpacks to 2 GB of one byte, as zlib packs it."""
    packer = zlib.compressobj(9, zlib.DEFLATED, bits)
    head = packer.compress(byte * 2**20) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(byte * 2**20) + packer.flush(zlib.Z_FULL_FLUSH)
    return head + block * 2047 + packer.flush()


def _large_chunk(group: Any, name: str) -> None:
    shape = (30_000, 30_000)
    made = group.create_dataset(
        name, (3, 2), "f4", maxshape=(None, None), chunks=shape, compression="gzip"
    )
    made.id.write_direct_chunk((0, 0), zlib.compress(bytes(24)))


def _numbered_filter(number: int) -> Callable[[Any, str], None]:
    def make(group: Any, name: str) -> None:
        plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plan.set_chunk((3, 2))
        plan.set_filter(number, h5py.h5z.FLAG_OPTIONAL, ())
        space = h5py.h5s.create_simple((3, 2))
        made = h5py.h5d.create(group.id, name.encode(), h5py.h5t.IEEE_F32LE, space, dcpl=plan)
        made.write_direct_chunk((0, 0), NUMBERS.tobytes())

    return make


def _of_type(kind: Any) -> Callable[[Any, str], object]:
    return lambda group, name: group.create_dataset(name, (3, 2), kind)


def _references(group: Any, name: str) -> None:
    made = group.create_dataset(name, (3, 2), h5py.ref_dtype)
    made[...] = group.ref


def _odd_floats(group: Any, name: str) -> None:
    kind = h5py.h5t.IEEE_F32LE.copy()
    kind.set_fields(31, 20, 11, 0, 20)
    kind.set_ebias(1023)
    space = h5py.h5s.create_simple((3, 2))
    h5py.h5d.create(group.id, name.encode(), kind, space).write(h5py.h5s.ALL, h5py.h5s.ALL, NUMBERS)


def _deep(file: Any) -> None:
    group = file
    for _ in range(3000):
        group = group.create_group("g")


def _loop(file: Any) -> None:
    file["model_weights/d/loop"] = file["model_weights"]


def _same_bytes() -> bytes:
    data = base_file(lambda file: file.__setitem__("second", NUMBERS * 2))
    with h5py.File(io.BytesIO(data)) as file:
        one, other = file[KERNEL].id.get_offset(), file["second"].id.get_offset()
    return data.replace(struct.pack("<QQ", other, 24), struct.pack("<QQ", one, 24))


def _beyond() -> bytes:
    data = base_file()
    with h5py.File(io.BytesIO(data)) as file:
        place = file[KERNEL].id.get_offset()
    return data.replace(struct.pack("<QQ", place, 24), struct.pack("<QQ", len(data) - 8, 24))


def _lying_size() -> bytes:
    """Return a file whose kernel has a shape of 2 TB over 24 stored bytes."""
    data = base_file()
    return data.replace(struct.pack("<QQ", 3, 2), struct.pack("<QQ", 2**20, 2**19))


def _long_text() -> bytes:
    """Return a file with an attribute whose text says that it has 4 GB."""
    data = base_file(lambda file: file.attrs.__setitem__("t", "q" * 1000))
    return forged(data, _reference(data, 1000), "<I", 2**32 - 16)


def _reference(data: bytes, size: int) -> bytes:
    """Return the beginning of the reference to a text of that size, wherever its heap is."""
    heaps = [found.start() for found in re.finditer(b"GCOL", data)]
    return next(one for one in (struct.pack("<IQ", size, heap) for heap in heaps) if one in data)


def _heap_without_end() -> bytes:
    """Return a file whose heap of texts has an object of a wrong size."""
    data = base_file(lambda file: file.attrs.__setitem__("t", "q" * 1000))
    return forged(data, b"q" * 1000, "<Q", 2000, -8)


def _heap_object_of_nothing() -> bytes:
    data = base_file(lambda file: file.attrs.__setitem__("t", "q" * 1000))
    return forged(data, b"q" * 1000, "<Q", 2**63, -8)


def _repeated_text() -> bytes:
    """Return a file with 4,000 attributes' texts that are all the same one of 1 MB."""

    def change(file: Any) -> None:
        file.attrs["long"] = "q" * 2**20
        file.attrs["many"] = ["q"] * 4000

    data = bytearray(base_file(change))
    place = data.index(_reference(bytes(data), 2**20))
    many = re.search(rb"(?:\x01\0\0\0.{12}){4000}", data, re.DOTALL)
    assert many is not None
    data[many.start() : many.end()] = data[place : place + 16] * 4000
    return bytes(data)


def _tree_of_itself() -> bytes:
    data = base_file()
    place = data.index(b"TREE")
    found = bytearray(data)
    found[place + 5] = 1  # its children are nodes
    struct.pack_into("<Q", found, place + 32, place)
    return bytes(found)


def _endless_header() -> bytes:
    """Return a file whose first header goes on in itself."""
    data = base_file()
    root = struct.unpack_from("<Q", data, 64)[0]
    found = bytearray(data)
    struct.pack_into("<HHBBBBQQ", found, root + 16, 0x10, 16, 0, 0, 0, 0, root + 16, 24)
    return bytes(found)


def _name(data: bytes) -> Callable[[], bytes]:
    return lambda: base_file(lambda file: file.create_group("evilname")).replace(b"evilname", data)


def _documented(change: Callable[[str], str]) -> Callable[[], bytes]:
    return lambda: base_file(config=change(json.dumps(CONFIG)))


def _first_group_elsewhere() -> bytes:
    data = bytearray(base_file())
    struct.pack_into("<Q", data, 64, len(data) - 4)
    return bytes(data)


# Who makes the file, and what an error says of it.
HDF5: dict[str, tuple[Callable[[], bytes], str]] = {
    "external-link": (
        _kernel(
            lambda group, name: group.__setitem__(name, h5py.ExternalLink(OUTSIDE + ".h5", "x"))
        ),
        "link of the external kind",
    ),
    "soft-link": (
        _kernel(
            lambda group, name: group.__setitem__(name, h5py.SoftLink("/model_weights/d/d/bias:0"))
        ),
        "link of the soft kind",
    ),
    "link-to-itself": (
        _kernel(lambda group, name: group.__setitem__(name, h5py.SoftLink(f"/{KERNEL}"))),
        "link of the soft kind",
    ),
    "external-storage": (_kernel(_in_another_file), "external storage"),
    "virtual-array": (_kernel(_virtual, "latest"), "virtual"),
    "loop-of-groups": (lambda: base_file(_loop), "a loop"),
    "array-of-two-names": (
        lambda: base_file(lambda file: file.__setitem__("again", file[KERNEL])),
        "two names",
    ),
    "arrays-in-the-same-bytes": (_same_bytes, "the same bytes"),
    "array-beyond-the-end": (_beyond, "beyond"),
    "lying-shape": (_lying_size, "limit `max_bytes`"),
    "never-written": (
        _kernel(lambda group, name: group.create_dataset(name, (2**14, 2**14), "f4")),
        "declares 1,073,741,824 bytes and stores 0",
    ),
    "terabytes-never-written": (
        _kernel(
            lambda group, name: group.create_dataset(name, (2**20, 2**20), "f4", chunks=(64, 64))
        ),
        "limit `max_bytes`",
    ),
    "missing-chunks": (
        _kernel(
            lambda group, name: group.create_dataset(name, (2**14, 2**14), "f4", chunks=(64, 64))
        ),
        "needs 65,536 chunks and stores 0",
    ),
    "chunk-bomb": (
        _kernel(_chunk(repeated_block(15), (128, 128), compression="gzip")),
        "does not unpack to 65,536 bytes",
    ),
    "chunk-of-3-gigabytes": (_kernel(_large_chunk), "has a chunk of 3,600,000,000 bytes"),
    "chunk-of-noise": (_kernel(_chunk(b"noise" * 9, compression="gzip")), "a chunk is damaged"),
    "short-chunk": (
        _kernel(_chunk(zlib.compress(bytes(20)), compression="gzip")),
        "unpacks to 20 bytes instead of 24",
    ),
    "lzf-bomb": (
        _kernel(_chunk(b"\0a" + b"\xe0\xff\0" * 2000, compression="lzf")),
        "unpacks to 25 bytes instead of 24",
    ),
    "lzf-before-the-beginning": (
        _kernel(_chunk(b"\xe0\xff\xff", compression="lzf")),
        "before its beginning",
    ),
    "filter-fletcher32": (
        _kernel(lambda group, name: group.create_dataset(name, data=NUMBERS, fletcher32=True)),
        "fletcher32",
    ),
    "filter-scaleoffset": (
        _kernel(
            lambda group, name: group.create_dataset(
                name, data=NUMBERS, chunks=(3, 2), scaleoffset=2
            )
        ),
        "scaleoffset",
    ),
    "filter-of-a-plugin": (_kernel(_numbered_filter(32015)), "filter 32015"),
    "type-compound": (_kernel(_of_type([("a", "f4"), ("b", "i4")])), "compounds"),
    "type-reference": (_kernel(_references), "references"),
    "type-variable-length": (_kernel(_of_type(h5py.vlen_dtype("f4"))), "variable size"),
    "type-texts": (_kernel(_of_type(h5py.string_dtype())), "texts"),
    "type-fixed-texts": (_kernel(_of_type("S8")), "texts"),
    "type-array": (_kernel(_of_type(np.dtype(("f4", (4,))))), "arrays of arrays"),
    "type-enumeration": (_kernel(_of_type(h5py.enum_dtype({"A": 1, "B": 2}))), "enumerations"),
    "type-opaque": (_kernel(_of_type("V16")), "variable size or of unknown kind"),
    "type-complex": (_kernel(_of_type("c8")), "compounds|complex"),
    "type-odd-float": (_kernel(_odd_floats), "form of their own"),
    "text-of-4-gigabytes": (_long_text, "not where it should be"),
    "heap-without-end": (_heap_without_end, "cut|not where"),
    "heap-object-of-nothing": (_heap_object_of_nothing, "cut|not where"),
    "text-repeated": (_repeated_text, "limit `text_bytes`"),
    "attribute-lying-shape": (
        lambda: forged(
            base_file(lambda file: file.attrs.__setitem__("a", np.arange(777, dtype="i1"))),
            struct.pack("<Q", 777),
            "<Q",
            2**40,
        ),
        "is larger than it",
    ),
    "groups-3000-deep": (lambda: base_file(_deep), "limit `depth`"),
    "tree-of-itself": (_tree_of_itself, "a loop"),
    "header-without-end": (_endless_header, "a loop|cut|neither"),
    "first-group-elsewhere": (_first_group_elsewhere, "cut"),
    "cut": (lambda: base_file()[:-200], "is cut"),
    "name-that-leads-out": (_name(b"../../ev"), "a member of the name"),
    "name-not-unicode": (_name(b"\xff\xfe\xfd\xfcname"), "not Unicode"),
    "lambda-code-in-h5": (
        lambda: base_file(config=json.dumps(CONFIG).replace(json.dumps(LAYERS[1]), LAMBDA)),
        "Lambda",
    ),
    "deep-json-in-h5": (
        _documented(lambda text: text.replace('"units": 2', f'"units": {"[" * 900 + "]" * 900}')),
        "too deeply|limit `depth`",
    ),
}
