"""Hostile files: each is a real model's file with one thing in it that no reader should trust.

`HOSTILE` has a case of each kind, which writes the file, and what convdispatch's error has to say.
`CANARY` in a file's code or path is the file that appears if anything of it runs.
"""

from __future__ import annotations

import base64
import io
import json
import os
import pickle
import stat
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from hostile_hdf5 import CANARY, HDF5, base_file, marshalled, of_weights, repeated_block


@dataclass(frozen=True)
class Hostile:
    """A kind of hostile file: its suffix, who writes it, and what an error says of it."""

    suffix: str
    write: Callable[[Path], None]
    words: str


def _bytes(suffix: str, data: Callable[[], bytes], words: str) -> Hostile:
    return Hostile(suffix, lambda path: path.write_bytes(data()) and None, words)


# A model of one layer, in Keras 3's words.
CONFIG: dict[str, Any] = {
    "module": "keras",
    "class_name": "Sequential",
    "registered_name": None,
    "config": {
        "name": "m",
        "layers": [
            {
                "module": "keras.layers",
                "class_name": "InputLayer",
                "config": {"batch_input_shape": [None, 3], "dtype": "float32", "name": "i"},
                "registered_name": None,
            },
            {
                "module": "keras.layers",
                "class_name": "Dense",
                "config": {"name": "d", "units": 2},
                "registered_name": None,
                "build_config": {"input_shape": [None, 3]},
            },
        ],
    },
}
METADATA = json.dumps({"keras_version": "3.15.1", "date_saved": "2026-01-01@00:00:00"})


def weights_h5(change: Callable[[Any], None] = lambda file: None) -> bytes:
    """Return Keras 3's file of the model's weights."""
    stream = io.BytesIO()
    with h5py.File(stream, "w", libver=("earliest", "v108")) as file:
        file.create_group("vars")
        group = file.create_group("layers/dense/vars")
        group.attrs["name"] = "d"
        group["0"], group["1"] = np.ones((3, 2), "f4"), np.ones(2, "f4")
        change(file)
    return stream.getvalue()


def config_with(layer: dict[str, Any]) -> str:
    """Return the model's configuration with another layer in the place of its own."""
    document = json.loads(json.dumps(CONFIG))
    document["config"]["layers"][1] = layer
    return json.dumps(document)


def keras_zip(
    config: str = json.dumps(CONFIG), method: int = zipfile.ZIP_STORED, **more: bytes
) -> bytes:
    """Return a `.keras` file; `more` has members beside its own."""
    members = {"metadata.json": METADATA.encode(), "config.json": config.encode()}
    return zipped({**members, "model.weights.h5": weights_h5(), **more}, method)


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """Return an archive of these members."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return stream.getvalue()


def with_link() -> bytes:
    """Return an archive whose weights are a symbolic link."""
    stream = io.BytesIO(keras_zip())
    with zipfile.ZipFile(stream, "a") as archive:
        link = zipfile.ZipInfo("assets/link")
        link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    return stream.getvalue()


def twice() -> bytes:
    """Return an archive with two configurations: readers differ in which counts."""
    data = keras_zip(config_json=b"{}" * 40)
    return data.replace(b"config_json", b"config.json")


def patched(data: bytes, signature: bytes, at: int, form: str, value: int, which: int = 0) -> bytes:
    """Return the data with a number of the `which`-th part of that signature replaced."""
    place = -1
    for _ in range(which + 1):
        place = data.index(signature, place + 1)
    found = bytearray(data)
    struct.pack_into(form, found, place + at, value)
    return bytes(found)


def deflated_bomb() -> bytes:
    """Return an archive whose configuration unpacks to 2 GB of blanks."""
    packed = repeated_block(-15, b" ")
    data = zipped({"metadata.json": METADATA.encode(), "config.json": packed})
    local = patched(data, b"PK\x03\x04", 8, "<H", 8, 1)
    local = patched(local, b"PK\x03\x04", 22, "<I", 2**31, 1)
    central = patched(local, b"PK\x01\x02", 10, "<H", 8, 1)
    return patched(central, b"PK\x01\x02", 24, "<I", 2**31, 1)


def lying_bomb() -> bytes:
    """Return an archive whose configuration says 1,000 bytes and unpacks to 2 GB."""
    data = patched(deflated_bomb(), b"PK\x03\x04", 22, "<I", 1000, 1)
    return patched(data, b"PK\x01\x02", 24, "<I", 1000, 1)


def overlapping() -> bytes:
    """Return an archive of 60 members that all lie in the same bytes."""
    body = zipped({"a" * 8: bytes(2**20)}, zipfile.ZIP_DEFLATED)
    start = body.index(b"PK\x01\x02")
    entry, end = body[start : body.index(b"PK\x05\x06")], body[body.index(b"PK\x05\x06") :]
    entries = b"".join(entry.replace(b"a" * 8, b"%08d" % number) for number in range(60))
    tail = bytearray(end)
    struct.pack_into("<HHI", tail, 8, 60, 60, len(entries))
    return body[:start] + entries + bytes(tail)


def other_method(method: int) -> bytes:
    """Return an archive packed in another way."""
    return keras_zip(method=method)


class Runs:
    """A pickle that makes a file."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {CANARY}",)


LAMBDA = {
    "module": "keras.layers",
    "class_name": "Lambda",
    "registered_name": None,
    "config": {
        "name": "d",
        "function": {
            "class_name": "__lambda__",
            "config": dict(zip(("code", "defaults", "closure"), marshalled(), strict=True)),
        },
    },
}
OF_A_MODULE = {
    "module": "keras.layers",
    "class_name": "Lambda",
    "registered_name": None,
    "config": {
        "name": "d",
        "function": {
            "module": "os",
            "class_name": "function",
            "config": "system",
            "registered_name": "system",
        },
        "arguments": {"command": f"touch {CANARY}"},
    },
}
CALL_OF_A_MODULE = {
    "module": "subprocess",
    "class_name": "Popen",
    "registered_name": None,
    "config": {"args": ["touch", CANARY]},
}
VOCABULARY = {
    "module": "keras.layers",
    "class_name": "StringLookup",
    "registered_name": None,
    "config": {"name": "d", "vocabulary": "/etc/passwd"},
}
TORCH_MODULE = {
    "module": "keras.layers",
    "class_name": "TorchModuleWrapper",
    "registered_name": None,
    "config": {
        "name": "d",
        "module": {
            "class_name": "__bytes__",
            "config": base64.b64encode(pickle.dumps(Runs())).decode(),
        },
    },
}


def tensors(header: Any, body: bytes = bytes(48), length: int | None = None) -> bytes:
    """Return a safetensors file of that header."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + body


def npz(header: str, body: bytes = bytes(48)) -> bytes:
    """Return an archive with an array of that header."""
    text = header.encode().ljust(118, b" ") + b"\n"
    member = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + body
    return zipped({"w.npy": member})


def pickled_npz() -> bytes:
    """Return an archive with an array of objects: a pickle."""
    stream = io.BytesIO()
    np.savez(stream, w=np.array([Runs()], dtype=object))
    return stream.getvalue()


def entry(shape: list[int], first: int, last: int, kind: str = "F32") -> dict[str, Any]:
    """Return the entry of an array in a safetensors file's header."""
    return {"dtype": kind, "shape": shape, "data_offsets": [first, last]}


def deep_json(depth: int) -> str:
    """Return a configuration of lists within each other."""
    return config_with({"class_name": "Dense", "config": "?"}).replace(
        '"?"', "[" * depth + "]" * depth
    )


ZIPS = {
    "zip-parent-path": _bytes(".keras", lambda: keras_zip(**{"../../evil": b"x"}), "leads out"),
    "zip-absolute-path": _bytes(".keras", lambda: keras_zip(**{CANARY: b"x"}), "leads out"),
    "zip-drive-path": _bytes(".keras", lambda: keras_zip(**{"C:\\evil": b"x"}), "leads out"),
    "zip-symbolic-link": _bytes(".keras", with_link, "is a link"),
    "zip-two-configurations": _bytes(".keras", twice, "two members 'config.json'"),
    "zip-encrypted": _bytes(
        ".keras", lambda: patched(keras_zip(), b"PK\x01\x02", 8, "<H", 1), "is encrypted"
    ),
    "zip-bomb": _bytes(".keras", deflated_bomb, "archive bomb|at most|limit `max_bytes`"),
    "zip-lying-bomb": _bytes(".keras", lying_bomb, "more than the 1,000 bytes stated"),
    "zip-overlapping": _bytes(".keras", overlapping, "overlap|archive bomb"),
    "zip-bzip2": _bytes(".keras", lambda: other_method(zipfile.ZIP_BZIP2), "unknown way"),
    "zip-lzma": _bytes(".keras", lambda: other_method(zipfile.ZIP_LZMA), "unknown way"),
    "zip-program": _bytes(".keras", lambda: keras_zip(**{"run.py": b"x"}), "member 'run.py'"),
    "zip-behind-a-program": _bytes(
        ".keras", lambda: b"PK\x03\x04#!/bin/sh\n" + keras_zip(), "before or after|no 'config.json'"
    ),
    "zip-other-local-name": _bytes(
        ".keras",
        lambda: keras_zip().replace(b"config.json", b"danger.json", 1),
        "where another member lies",
    ),
    "zip-many-members": _bytes(
        ".keras",
        lambda: patched(
            patched(keras_zip(), b"PK\x05\x06", 8, "<H", 60000), b"PK\x05\x06", 10, "<H", 60000
        ),
        "list of members is cut",
    ),
    "zip-cut": _bytes(".keras", lambda: keras_zip()[:-300], "not a whole zip archive|cut"),
    "zip-hostile-weights": _bytes(
        ".keras",
        lambda: zipped(
            {
                "metadata.json": METADATA.encode(),
                "config.json": json.dumps(CONFIG).encode(),
                "model.weights.h5": weights_h5(
                    lambda file: file.__setitem__("x", h5py.ExternalLink("/etc/x.h5", "/"))
                ),
            }
        ),
        "link of the external kind",
    ),
}
DOCUMENTS = {
    "lambda-code": _bytes(".keras", lambda: keras_zip(config_with(LAMBDA)), "Lambda"),
    "function-of-a-module": _bytes(".keras", lambda: keras_zip(config_with(OF_A_MODULE)), "Lambda"),
    "class-of-a-module": _bytes(
        ".keras", lambda: keras_zip(config_with(CALL_OF_A_MODULE)), "'subprocess'"
    ),
    "words-from-a-path": _bytes(
        ".keras", lambda: keras_zip(config_with(VOCABULARY)), "StringLookup"
    ),
    "pickled-torch-module": _bytes(
        ".keras", lambda: keras_zip(config_with(TORCH_MODULE)), "TorchModuleWrapper"
    ),
    "deep-json": _bytes(".keras", lambda: keras_zip(deep_json(100)), "limit `depth`"),
    "very-deep-json": _bytes(
        ".keras", lambda: keras_zip(deep_json(100_000)), "too deeply|limit `depth`"
    ),
    "long-integer": _bytes(
        ".keras",
        lambda: keras_zip(json.dumps(CONFIG).replace('"units": 2', f'"units": {"9" * 9000}')),
        "number that cannot be read|bits",
    ),
    "enormous-layer": _bytes(
        ".keras",
        lambda: keras_zip(json.dumps(CONFIG).replace('"units": 2', '"units": 2000000000')),
        "limit `parameters`|parameters",
    ),
    "json-of-two-keys": _bytes(
        ".keras",
        lambda: keras_zip(json.dumps(CONFIG).replace('"units": 2', '"units": 2, "units": 3')),
        "twice",
    ),
}
OTHERS = {
    "safetensors-long-header": _bytes(
        ".safetensors", lambda: tensors({}, length=2**39), "limit `text_bytes`"
    ),
    "safetensors-beyond-the-end": _bytes(
        ".safetensors", lambda: tensors({"a": entry([2**20], 0, 2**22)}), "lies from 0 to"
    ),
    "safetensors-lying-shape": _bytes(
        ".safetensors", lambda: tensors({"a": entry([2**40], 0, 48)}), "needs"
    ),
    "safetensors-same-bytes": _bytes(
        ".safetensors",
        lambda: tensors({f"{n}": entry([12], 0, 48) for n in range(5)}),
        "same bytes|overlap",
    ),
    "safetensors-negative": _bytes(
        ".safetensors", lambda: tensors({"a": entry([-1, -12], 0, 48)}), "shape|entry"
    ),
    "npz-pickle": _bytes(".npz", pickled_npz, "no array of numbers"),
    "npz-deep-header": _bytes(".npz", lambda: npz("{'descr': " + "(" * 90), "no array of numbers"),
    "npz-lying-shape": _bytes(
        ".npz",
        lambda: npz("{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904,), }"),
        "needs",
    ),
    "pickle": _bytes(".h5", lambda: pickle.dumps(Runs()), "pickle|none of a model"),
    "torch-file": _bytes(
        ".pt",
        lambda: zipped({"a/data.pkl": pickle.dumps(Runs()), "a/version": b"3"}),
        "torch|member",
    ),
    "named-pipe": Hostile(".h5", lambda path: os.mkfifo(path), "ordinary file"),
    "endless-device": Hostile(".h5", lambda path: path.symlink_to("/dev/zero"), "ordinary file"),
}
HOSTILE = {
    **{name: _bytes(".h5", make, words) for name, (make, words) in HDF5.items()},
    **ZIPS,
    **DOCUMENTS,
    **OTHERS,
}
# A file of each kind that is not hostile: what loads the hostile ones has to load these.
HARMLESS = {
    ".h5": base_file,
    ".keras": keras_zip,
    ".safetensors": lambda: tensors({"a": entry([12], 0, 48)}),
    ".weights.h5": of_weights,
    ".npz": lambda: npz("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }"),
}
__all__ = ["CANARY", "HARMLESS", "HDF5", "HOSTILE", "Hostile"]
