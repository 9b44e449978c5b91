"""Zip archives: what Python's own writer makes is read, and nothing that only looks like it."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from convdispatch.errors import InvalidDocument
from convdispatch.saving.archives import open_archive
from convdispatch.saving.limits import FileLimits

LARGE = (
    np.random.default_rng(0).integers(0, 4, 2**25 // 8).tobytes()
)  # above the size kept in memory


def packed(
    members: dict[str, bytes], method: int = zipfile.ZIP_STORED, comment: bytes = b""
) -> bytes:
    """Return an archive as Python writes it."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, data in members.items():
            with archive.open(name, "w", force_zip64=name.endswith("64")) as member:
                member.write(data)
        archive.comment = comment
    return stream.getvalue()


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED], ids=["stored", "deflated"]
)
def test_members_are_read(tmp_path: Path, method: int) -> None:
    """Whole, in part, from a file or from memory, with a comment at the end or none."""
    members = {"a.json": b"{}", "däta/0": b"", "large": LARGE, "as64": b"12345" * 1000}
    data = packed(members, method, b"a comment")
    path = tmp_path / "a.zip"
    path.write_bytes(data)
    for given in (data, path):
        archive = open_archive(given)
        assert archive.names == tuple(members)
        assert {name: archive.read(name) for name in members} == members
        assert archive.source("large").read(1000, 50) == LARGE[1000:1050]
        assert archive.source("as64").read(0, 10) == b"1234512345"


def test_an_empty_archive_has_no_members() -> None:
    """It is whole, and says what it lacks."""
    archive = open_archive(packed({}))
    assert archive.names == ()
    with pytest.raises(InvalidDocument, match=r"no member 'config.json'; it has none"):
        archive.read("config.json")


def test_only_known_members_are_accepted() -> None:
    """A member that such a file never has is named."""
    archive = open_archive(packed({"config.json": b"", "assets/words.txt": b"", "run.py": b""}))
    with pytest.raises(
        InvalidDocument, match=r"a member 'run.py', which such a file does not have"
    ):
        archive.require_only({"config.json"}, {"assets"})
    archive.require_only({"config.json", "run.py"}, {"assets"})


def test_limits_count_before_memory_is_taken() -> None:
    """Members, the list's bytes, the bytes of one text and of all members together."""
    data = packed({"a": b"1" * 1000, "b": b"2" * 1000}, zipfile.ZIP_DEFLATED)
    for name, most in (("objects", 1), ("text_bytes", 10), ("max_bytes", 1999)):
        with pytest.raises(InvalidDocument, match=rf"the limit `{name}` is {most:,}"):
            open_archive(data, FileLimits(**{name: most}))
    with pytest.raises(
        InvalidDocument, match=r"'a' in the file has 1,000 bytes; at most 999 are read"
    ):
        open_archive(data).read("a", 999)
