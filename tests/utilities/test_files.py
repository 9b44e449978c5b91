"""`get_file`: local files and archives, and no connection."""

from __future__ import annotations

import tarfile
import zipfile
from pathlib import Path

import pytest

from convdispatch.errors import InvalidDocument
from convdispatch.utilities.files import get_file, get_file_of_keras1, validate_file

MD5 = "5d41402abc4b2a76b9719d911017c592"  # of 'hello'
SHA = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"


@pytest.fixture
def hello(tmp_path: Path) -> Path:
    """Return a file with the word 'hello'."""
    path = tmp_path / "hello.txt"
    path.write_text("hello", encoding="utf-8")
    return path


@pytest.mark.parametrize("kind", ["path", "address"])
def test_a_local_origin_is_copied(kind: str, hello: Path, keras_home: Path) -> None:
    """To where Keras looks."""
    origin = hello.as_uri() if kind == "address" else str(hello)
    found = get_file("a.txt", origin, file_hash=SHA)
    assert Path(found) == keras_home / "datasets" / "a.txt"
    assert Path(found).read_text(encoding="utf-8") == "hello"
    assert [path.name for path in Path(found).parent.iterdir()] == ["a.txt"]
    assert get_file_of_keras1("a.txt", "https://example.org/a.txt", False, MD5) == found


def test_nothing_is_downloaded(keras_home: Path) -> None:
    """The error says which file to put where, and from where it is."""
    with pytest.raises(FileNotFoundError, match=r"models.w\.h5' does not exist.*https://example"):
        get_file("w.h5", "https://example.org/w.h5", cache_subdir="models")


def test_another_version_is_refused(hello: Path, keras_home: Path) -> None:
    """By its hash; a file that lies there already, too."""
    with pytest.raises(InvalidDocument, match="has another hash than"):
        get_file("a.txt", str(hello), md5_hash="0" * 32)
    with pytest.raises(FileNotFoundError, match="has another hash than the script states"):
        get_file("a.txt", "https://example.org", md5_hash="0" * 32)


def test_hashes_are_told_apart_by_their_length(hello: Path) -> None:
    """MD5 and SHA-256."""
    assert validate_file(hello, MD5)
    assert validate_file(hello, SHA.upper())
    assert not validate_file(hello, SHA[::-1])


def test_archives_are_unpacked_beside_them(hello: Path, keras_home: Path, tmp_path: Path) -> None:
    """`untar` returns the folder; nothing is written outside of it."""
    with tarfile.open(tmp_path / "set.tar.gz", "w:gz") as archive:
        archive.add(hello, "set/hello.txt")
    found = get_file("set", str(tmp_path / "set.tar.gz"), untar=True)
    assert (Path(found) / "hello.txt").read_text(encoding="utf-8") == "hello"
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as zipped:
        zipped.writestr("inner.txt", "in")
    found = get_file("z.zip", str(tmp_path / "z.zip"), extract=True)
    assert (Path(found).parent / "inner.txt").read_text(encoding="utf-8") == "in"
    with tarfile.open(tmp_path / "evil.tar.gz", "w:gz") as archive:
        archive.add(hello, "../outside.txt")
    with pytest.raises(InvalidDocument, match="cannot be unpacked"):
        get_file("evil", str(tmp_path / "evil.tar.gz"), untar=True)
    assert not (keras_home / "outside.txt").exists()
