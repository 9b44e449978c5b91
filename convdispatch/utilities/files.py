"""Files that a script would download: they are looked for where every Keras keeps them.

Nothing here opens a connection.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from convdispatch.errors import InvalidArgument, InvalidDocument
from convdispatch.runtime.config import keras_folder


def get_file(
    fname: str,
    origin: str = "",
    untar: bool = False,
    md5_hash: str | None = None,
    file_hash: str | None = None,
    cache_subdir: str = "datasets",
    hash_algorithm: str = "auto",
    extract: bool = False,
    archive_format: str | list[str] | None = "auto",
    cache_dir: str | None = None,
) -> str:
    """Return the path of a file in Keras's folder, `~/.keras/datasets` unless stated otherwise.

    A local `origin`, a path or a `file://` address, is copied there. With `untar` the path is that
    of the folder which the archive `fname`.tar.gz holds; with `extract` archives are unpacked, too.

    Raises `FileNotFoundError` where the file is missing: nothing is downloaded.
    """
    if cache_dir is None:
        cache_dir = str(keras_folder(os.environ))
    folder = Path(cache_dir) / cache_subdir
    wanted = folder / (f"{fname}.tar.gz" if untar else fname)
    unpacked = folder / fname
    if not wanted.exists() and untar and unpacked.exists():
        return str(unpacked)
    known = file_hash or md5_hash
    if not wanted.exists() or (known and not validate_file(wanted, known, hash_algorithm)):
        _copy(origin, wanted, is_other=wanted.exists())
        if known and not validate_file(wanted, known, hash_algorithm):
            raise InvalidDocument(
                f"{origin!r} has another hash than the {known!r} that the script states: it is "
                f"incomplete, or another version. Put the right one at {str(wanted)!r}."
            )
    if untar:
        if not unpacked.exists():
            _unpack(wanted, folder, "tar")
        return str(unpacked)
    if extract:
        _unpack(wanted, folder, archive_format)
    return str(wanted)


def get_file_of_keras1(
    fname: str,
    origin: str = "",
    untar: bool = False,
    md5_hash: str | None = None,
    cache_subdir: str = "datasets",
) -> str:
    """Return the path of a file in Keras's folder, by Keras 1's arguments: see `get_file`."""
    return get_file(fname, origin, untar, md5_hash, cache_subdir=cache_subdir)


def validate_file(
    fpath: Any, file_hash: str, algorithm: str = "auto", chunk_size: int = 65535
) -> bool:
    """Whether a file has that hash: MD5, or SHA-256 where its length says so.

    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "empty"
    >>> path.touch()
    >>> validate_file(path, "d41d8cd98f00b204e9800998ecf8427e")
    True
    """
    is_long = algorithm == "sha256" or (algorithm == "auto" and len(file_hash) == 64)
    digest = hashlib.sha256() if is_long else hashlib.md5(usedforsecurity=False)
    with open(fpath, "rb") as stream:
        while chunk := stream.read(chunk_size):
            digest.update(chunk)
    return digest.hexdigest() == file_hash.lower()


def weights_file(name: str, origin: str) -> str:
    """Return the path of a network's weights in `~/.keras/models`, where every Keras kept them."""
    return get_file(name, origin, cache_subdir="models")


def _copy(origin: str, wanted: Path, *, is_other: bool) -> None:
    """Copy a local origin to its place; raise where it is none."""
    source = _local(origin)
    if source is None or not source.is_file():
        said = "has another hash than the script states" if is_other else "does not exist"
        where = f" from {origin}" if origin else ""
        raise FileNotFoundError(
            f"the file {str(wanted)!r} {said}. convdispatch downloads nothing: get the file "
            f"yourself{where} and put it there. To try the script without it, put a small file of "
            "the same format there."
        )
    wanted.parent.mkdir(parents=True, exist_ok=True)
    handle, partial = tempfile.mkstemp(dir=wanted.parent, prefix=f".{wanted.name}.")
    os.close(handle)
    try:
        shutil.copyfile(source, partial)
        os.replace(partial, wanted)
    finally:
        Path(partial).unlink(missing_ok=True)


def _local(origin: str) -> Path | None:
    parts = urlsplit(origin)
    if parts.scheme == "file":
        return Path(url2pathname(parts.path))
    return Path(origin) if origin and "://" not in origin else None


def _unpack(path: Path, folder: Path, formats: str | list[str] | None) -> None:
    """Unpack an archive beside it. Nothing is written outside of the folder."""
    kinds = {"auto": ["tar", "zip"], None: []}.get(formats if not isinstance(formats, list) else "")
    if kinds is None:
        kinds = formats if isinstance(formats, list) else [str(formats)]
    unknown = [kind for kind in kinds if kind not in ("tar", "zip")]
    if unknown:
        raise InvalidArgument(
            f"`archive_format` may be 'auto', 'tar', 'zip', a list of these or None; received "
            f"{unknown[0]!r}."
        )
    try:
        if "tar" in kinds and tarfile.is_tarfile(path):
            with tarfile.open(path) as archive:
                archive.extractall(folder, filter="data")
        elif "zip" in kinds and zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as zipped:
                zipped.extractall(folder)
    except (tarfile.TarError, zipfile.BadZipFile) as exc:
        raise InvalidDocument(f"the archive {str(path)!r} cannot be unpacked: {exc}") from exc
