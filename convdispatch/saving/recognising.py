"""Which kind of file a file is, by what it holds, never by its name."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from convdispatch.errors import InvalidDocument
from convdispatch.saving import foreign
from convdispatch.saving.checkpoint import Checkpoint
from convdispatch.saving.hdf5 import Hdf5File, hdf5_part, open_hdf5
from convdispatch.saving.keras3 import is_weights_h5, read_keras, read_weights_h5
from convdispatch.saving.keras_h5 import convention_of, dialect_of, is_keras_h5, read_keras_h5
from convdispatch.saving.limits import DEFAULT_FILE_LIMITS, FileLimits
from convdispatch.saving.safetensors_files import is_safetensors, read_safetensors
from convdispatch.saving.sources import Source, source_of
from convdispatch.saving.whose_words import dialect_by_words
from convdispatch.support.documents import parsed

_TITLES = {"keras1": "Keras 1", "keras2": "Keras 2", "keras3": "Keras 3"}


def read_checkpoint(path: Path, *, limits: FileLimits = DEFAULT_FILE_LIMITS) -> Checkpoint:
    """Return what a file of any Keras holds; arrays are read when they are asked for.

    Raises `InvalidDocument` for any other file, with what it is, and `FileNotFoundError` for none.
    """
    title = f"the file {str(path)!r}"
    try:
        return _read(path, title, limits)
    except InvalidDocument as exc:
        if title in str(exc):
            raise
        said = str(exc).replace("`json_string`", "its text")
        advice = " Copy or save it again." if "is not JSON" in said else ""
        raise InvalidDocument(f"{title}: {said}{advice}") from exc


def _read(path: Path, title: str, limits: FileLimits) -> Checkpoint:
    source = _source(path, title)
    head = source.read(0, min(foreign.HEAD, source.size))
    if foreign.may_be_keras(head):
        return read_keras(source, limits)
    if is_safetensors(head):
        return read_safetensors(source, limits)
    hdf5 = hdf5_part(source)
    if hdf5 is not None:
        _require_whole(hdf5)
        with open_hdf5(hdf5, limits) as file:
            return _read_hdf5(file, title, limits)
    if foreign.is_json(head):
        return _read_json(source, title, limits)
    if foreign.is_yaml(head):
        raise InvalidDocument(
            f"{title} is a model's YAML, an architecture without weights. `model_from_yaml` of "
            "`convdispatch.keras1.models` or `.keras2.models` makes the model of its text."
        )
    tail_size = min(foreign.TAIL, source.size)
    tail = source.read(source.size - tail_size, tail_size)
    raise InvalidDocument(foreign.sentence_about(title, head, tail))


def is_archive_of_arrays(path: Path) -> bool:
    """Return whether a file is an archive of NumPy's arrays: an '.npz' file."""
    if path.is_dir() or not path.exists():
        return False
    source = source_of(path)
    head = source.read(0, min(foreign.HEAD, source.size))
    is_of_nothing = head.startswith(b"PK\x05\x06")
    return is_of_nothing or foreign.first_member(head).endswith(b".npy")


def _source(path: Path, title: str) -> Source:
    if path.is_dir():
        raise InvalidDocument(foreign.sentence_about_folder(title, path))
    if not path.exists():
        sentence = foreign.sentence_about_missing(title, path)
        if sentence is not None:
            raise InvalidDocument(sentence)
    return source_of(path)


def _require_whole(hdf5: Source) -> None:
    """Raise for an HDF5 file that is shorter than it says itself."""
    head = hdf5.read(0, min(64, hdf5.size))
    version = head[8] if len(head) > 48 else None
    places = {0: (24, 40), 1: (28, 44), 2: (12, 28), 3: (12, 28)}.get(
        -1 if version is None else version
    )
    stated = 0
    if places is not None:
        base, end = (struct.unpack_from("<Q", head, place)[0] for place in places)
        stated = end - base if end >= base else end
    if version is None or hdf5.size < stated < 2**62:
        rest = f" of its {stated:,}" if stated else ""
        raise InvalidDocument(
            f"{hdf5.title} is cut: it has {hdf5.size:,}{rest} bytes. Copy or save it again."
        )


def _read_hdf5(file: Hdf5File, title: str, limits: FileLimits) -> Checkpoint:
    if is_keras_h5(file):
        return read_keras_h5(file, limits)
    if is_weights_h5(file):
        return read_weights_h5(file)
    if file.number("", "nb_layers") is not None:
        raise InvalidDocument(
            f"{title} has weights of Keras 0.3 or older. Load it in Keras 1.2.2, which still reads "
            "it, into the model that it is of, and save that by `model.save_weights`."
        )
    members = ", ".join(map(repr, file.members()[:6])) or "nothing"
    raise InvalidDocument(
        f"{title} is an HDF5 file that no Keras wrote: it holds {members}, and no `layer_names`. "
        "Give `model.set_weights` its arrays."
    )


def _read_json(source: Source, title: str, limits: FileLimits) -> Checkpoint:
    """Return the architecture in a file of JSON, as `to_json` writes it."""
    if source.size > limits.max_bytes:
        raise InvalidDocument(f"{title} has {source.size:,} bytes, too many for a model's JSON.")
    try:
        text = source.read(0, source.size).decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise InvalidDocument(f"{title} is no text in UTF-8: {exc}.") from exc
    document: Any = parsed(foreign.unquoted(text), limits.documents)
    if not isinstance(document, Mapping) or "class_name" not in document:
        raise InvalidDocument(f"{title} is JSON, but not of a model: it has no `class_name`.")
    version = document.get("keras_version")
    known = version if isinstance(version, str) else None
    dialect, evidence = dialect_of(known), ""
    if known is None:
        dialect, evidence = dialect_by_words(document, ())
    backend = document.get("backend")
    return Checkpoint(
        format=f"{_TITLES[dialect]} architecture (JSON)",
        dialect=dialect,
        keras_version=known,
        convention=convention_of(backend if isinstance(backend, str) else None),
        architecture=document,
        evidence=evidence,
        is_told=known is not None or evidence != "",
    )
