"""Files are written whole or not at all, and read without being caught."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from convdispatch.support import files

KILLS = int(os.environ.get("CONVDISPATCH_TEST_KILLS", "300"))

# A process of its own, which forks: the one of the tests has threads.
WRITER = """
import importlib.util, os, random, signal, sys, time
spec = importlib.util.spec_from_file_location("files", sys.argv[1])
files = importlib.util.module_from_spec(spec)
spec.loader.exec_module(files)
path, kills = files.Path(sys.argv[2]), int(sys.argv[3])
texts = ["old " * 30_000, "new " * 30_000]
seen = {text: 0 for text in texts}
started = time.perf_counter()
for text in texts:
    files.write_atomically(path, text)
duration = time.perf_counter() - started
for kill in range(kills):
    pid = os.fork()
    if not pid:
        while True:
            files.write_atomically(path, texts[kill % 2])
            files.write_atomically(path, texts[1 - kill % 2])
    time.sleep(random.uniform(0, duration))
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    seen[path.read_text()] += 1
print(sum(seen.values()), min(seen.values()) > 0)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give an empty folder."""
    path = tmp_path / "folder"
    path.mkdir()
    return path


def test_a_kill_loses_nothing(folder: Path) -> None:
    """Killed at any moment, a writer leaves the old text or the new one, whole."""
    path = folder / "file"
    done = subprocess.run(
        [sys.executable, "-c", WRITER, files.__file__, str(path), str(KILLS)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert (done.stdout, done.stderr) == (f"{KILLS} True\n", "")


def test_a_new_file_has_the_permissions_that_the_umask_leaves(folder: Path) -> None:
    """As `open` makes one."""
    path = folder / "file"
    before = os.umask(0o027)
    try:
        files.write_atomically(path, "é")
    finally:
        os.umask(before)
    assert path.read_bytes() == b"\xc3\xa9"
    assert path.stat().st_mode & 0o777 == 0o640
    assert os.listdir(folder) == ["file"]


def test_an_old_file_keeps_its_permissions(folder: Path) -> None:
    """A private file stays private."""
    path = folder / "file"
    path.touch(mode=0o600)
    path.chmod(0o600)
    files.write_atomically(path, "x")
    assert path.stat().st_mode & 0o777 == 0o600


def test_nothing_is_left_where_writing_fails(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk leaves the old file and no draft."""
    path = folder / "file"
    path.write_text("old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        files.write_atomically(path, "new")
    assert path.read_text() == "old"
    assert os.listdir(folder) == ["file"]


def test_a_text_that_cannot_be_encoded_changes_nothing(folder: Path) -> None:
    """It is refused before anything is made."""
    path = folder / "file"
    with pytest.raises(UnicodeEncodeError):
        files.write_atomically(path, "\ud800")
    assert os.listdir(folder) == []


def test_the_drafts_name_cannot_be_guessed(folder: Path) -> None:
    """A link planted where a former version wrote is neither followed nor in the way."""
    path, victim = folder / "file", folder / "victim"
    victim.write_text("mine")
    for name in (f".file.{os.getpid()}.part", f".file.{os.getpid()}.tmp", ".file.tmp", "file.tmp"):
        (folder / name).symlink_to(victim)
    files.write_atomically(path, "new")
    assert (path.read_text(), victim.read_text()) == ("new", "mine")


def test_a_planted_draft_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the name guessed all the same, the link there would not be written through."""
    victim = folder / "victim"
    victim.write_text("mine")
    monkeypatch.setattr("secrets.token_hex", lambda size: "guessed")
    # 8c9f3610 is the check sum (CRC-32) of "file".
    (folder / ".convdispatch-8c9f3610-guessed.tmp").symlink_to(victim)
    with pytest.raises(FileExistsError):
        files.write_atomically(folder / "file", "new")
    assert victim.read_text() == "mine"


def test_a_link_stays_one(folder: Path) -> None:
    """The file that it names is written, also where it is not there yet."""
    for target in ("there", "new"):
        link = folder / f"link to {target}"
        link.symlink_to(target)
    (folder / "there").write_text("old")
    for target in ("there", "new"):
        files.write_atomically(folder / f"link to {target}", "text")
        assert (folder / target).read_text() == "text"
        assert (folder / f"link to {target}").is_symlink()


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="files have owners on POSIX systems")
def test_a_link_of_another_user_is_not_followed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user with write access to a shared folder cannot lead the writer to another file."""
    victim, link = folder / "victim", folder / "link"
    victim.write_text("mine")
    link.symlink_to(victim)
    own = link.lstat().st_uid
    monkeypatch.setattr(files, "_is_trusted", lambda owner: owner != own)
    with pytest.raises(PermissionError, match="a link of another user"):
        files.write_atomically(link, "new")
    assert victim.read_text() == "mine"


@pytest.mark.parametrize("kind", ["folder", "pipe", "device", "missing folder", "long"])
def test_what_is_no_ordinary_file_is_refused(folder: Path, kind: str) -> None:
    """Neither read nor written, and at once."""
    path = special(folder, kind)
    with pytest.raises(OSError, match=r"\[Errno"):
        files.write_atomically(path, "x")
    with pytest.raises(OSError, match=r"\[Errno"):
        files.require_writable(path)
    with pytest.raises(OSError, match=r"\[Errno"):
        files.read_whole(path, 1000)


def special(folder: Path, kind: str) -> Path:
    """Make something that is not an ordinary file; return its path."""
    path = folder / "special"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        return Path("/dev/zero")
    elif kind == "missing folder":
        return path / "file"
    else:
        return folder / ("x" * 300)
    return path


def test_a_file_is_read_up_to_its_limit(folder: Path) -> None:
    """One byte more is refused."""
    path = folder / "file"
    path.write_bytes(b"12345")
    assert files.read_whole(path, 5) == b"12345"
    with pytest.raises(OSError, match="more than 4 bytes"):
        files.read_whole(path, 4)


def test_asking_whether_a_file_can_be_written_leaves_nothing(folder: Path) -> None:
    """Neither the file nor a draft of it."""
    files.require_writable(folder / "file")
    assert os.listdir(folder) == []
