"""The autotune cache: no entry is lost, nothing in the file can stop a computation."""

from __future__ import annotations

import itertools
import json
import math
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from convdispatch.runtime.tuning import Winner, _cache
from convdispatch.runtime.tuning._cache import Cache
from convdispatch.runtime.tuning._folder import cache_path
from convdispatch.support import file_locks

Answer = Callable[..., dict[str, Any]]


def winner(name: str = "fast") -> Winner:
    """Return something to remember."""
    return Winner(
        name=name, usual="own", batch=2, medians={"own": 3e-3, name: 1e-3}, left_out={"x": "why"}
    )


def warned(*actions: Callable[[], object]) -> list[str]:
    """Return the texts of the warnings that the actions give."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for action in actions:
            action()
    return [str(warning.message) for warning in caught]


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the path of the cache in force, which does not exist yet."""
    monkeypatch.setenv("CONVDISPATCH_CACHE_HOME", str(tmp_path / "tuned"))
    monkeypatch.setattr(_cache, "_caches", {})
    return tmp_path / "tuned" / "autotune-1.json"


@pytest.mark.parametrize(
    ("platform", "environ", "expected"),
    [
        ("linux", {}, "/home/u/.cache/convdispatch"),
        ("darwin", {}, "/home/u/Library/Caches/convdispatch"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/convdispatch"),
        ("win32", {"USERPROFILE": "/users/u"}, "/users/u/AppData/Local/convdispatch"),
        ("linux", {"XDG_CACHE_HOME": "/xdg"}, "/xdg/convdispatch"),
        ("linux", {"XDG_CACHE_HOME": "relative"}, "/home/u/.cache/convdispatch"),
        ("darwin", {"XDG_CACHE_HOME": "/xdg"}, "/xdg/convdispatch"),
        ("linux", {"CONVDISPATCH_CACHE_HOME": "/mine", "XDG_CACHE_HOME": "/xdg"}, "/mine"),
        ("linux", {"CONVDISPATCH_CACHE_HOME": ""}, "/home/u/.cache/convdispatch"),
    ],
)
def test_the_file_is_where_the_system_keeps_caches(
    platform: str, environ: dict[str, str], expected: str
) -> None:
    """Unless a variable moves it."""
    found = cache_path({"HOME": "/home/u", **environ}, platform)
    assert PurePosixPath(found.as_posix()) == PurePosixPath(expected) / "autotune-1.json"


def test_what_is_added_is_found_by_others(path: Path) -> None:
    """The file has a format's number, and is all that another process needs."""
    Cache(path).add("here", "op", winner())
    assert Cache(path).find("here", "op") == winner()
    assert Cache(path).find("there", "op") is None
    assert Cache(path).find("here", "other op") is None
    assert json.loads(path.read_text()) == {
        "schema": 1,
        "environments": {
            "here": {
                "op": {
                    "name": "fast",
                    "usual": "own",
                    "batch": 2,
                    "medians": {"own": 0.003, "fast": 0.001},
                    "left_out": {"x": "why"},
                }
            }
        },
    }


def test_what_another_process_writes_is_seen(path: Path) -> None:
    """Without starting anew, and a removed file is an empty one."""
    mine, others = Cache(path), Cache(path)
    mine.add("here", "op", winner("old"))
    others.add("here", "op", winner("new"))
    assert mine.find("here", "op") == winner("new")
    path.unlink()
    assert mine.find("here", "op") is None


ENTRY = {"name": "a", "usual": "a", "batch": 1, "medians": {"a": 1.0}, "left_out": {}}


def with_entry(**changes: object) -> bytes:
    """Return a file of one entry."""
    return json.dumps({"schema": 1, "environments": {"e": {"k": ENTRY | changes}}}).encode()


BROKEN = {
    "empty": b"",
    "cut off": with_entry()[:-9],
    "not UTF-8": b"\xff\xfe{}",
    "a list": b"[]",
    "a number": b"3",
    "no environments": b'{"schema": 1}',
    "environments are a list": b'{"schema": 1, "environments": [1]}',
    "entry is a number": b'{"schema": 1, "environments": {"e": {"k": 3}}}',
    "newer": b'{"schema": 2, "winners": []}',
    "nested too deeply": b"[" * 100_000,
    "name is a number": with_entry(name=3),
    "medians are text": with_entry(medians="fast"),
    "median is text": with_entry(medians={"a": "fast"}),
    "median is not a number": with_entry(medians={"a": math.nan}),
    "median is infinite": with_entry(medians={"a": math.inf}),
    "median is negative": with_entry(medians={"a": -1.0}),
    "median is a truth value": with_entry(medians={"a": True}),
    "median beyond all floats": with_entry(medians={"a": 10**400}),
    "batch is a truth value": with_entry(batch=True),
    "batch is nothing": with_entry(batch=0),
    "batch is not whole": with_entry(batch=1.5),
    "chosen but not measured": with_entry(name="b"),
    "unknown field": with_entry(colour="red"),
}


def test_the_broken_files_are_broken_by_their_change_alone(path: Path) -> None:
    """The entry that they spoil is read when it is whole."""
    path.parent.mkdir()
    path.write_bytes(with_entry())
    assert Cache(path).find("e", "k") == Winner(**ENTRY)  # type: ignore[arg-type]  # from JSON


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_or_newer_file_is_set_aside_with_one_warning(path: Path, kind: str) -> None:
    """It is kept under another name, and a new one is begun."""
    path.parent.mkdir()
    path.write_bytes(BROKEN[kind])
    mine = Cache(path)
    (text,) = warned(
        lambda: mine.find("here", "op"),
        lambda: mine.find("here", "op"),
        lambda: mine.add("here", "op", winner()),
    )
    assert "could not be understood" in text
    aside = path.with_name("autotune-1.json.set-aside")
    assert aside.read_bytes() == BROKEN[kind]
    assert aside.name in text
    assert Cache(path).find("here", "op") == winner()


def test_a_folder_that_cannot_be_made_is_one_warning(path: Path) -> None:
    """The winners last as long as the process."""
    path.parent.write_text("a file where the folder should be")
    mine = Cache(path)
    (text,) = warned(
        lambda: mine.add("here", "op", winner()),
        lambda: mine.add("here", "other op", winner("other")),
    )
    assert "cannot be written" in text
    assert mine.find("here", "op") == winner()
    assert mine.find("here", "other op") == winner("other")


def test_a_file_that_cannot_be_read_is_one_warning(path: Path) -> None:
    """A folder of its name is as unreadable to an administrator as to anybody."""
    path.mkdir(parents=True)
    mine = Cache(path)
    (text,) = warned(lambda: mine.find("here", "op"), lambda: mine.find("here", "op"))
    assert "cannot be read" in text


def pipe(path: Path) -> None:
    """Put a pipe that nobody fills in the file's place."""
    os.mkfifo(path)


def endless(path: Path) -> None:
    """Put a device without an end in the file's place."""
    path.symlink_to("/dev/zero")


POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")


@POSIX
@pytest.mark.parametrize("plant", [pipe, endless])
def test_what_is_no_file_is_neither_waited_for_nor_read(
    path: Path, plant: Callable[[Path], None]
) -> None:
    """Winners last as long as the process; `clear` takes the thing away."""
    path.parent.mkdir()
    plant(path)
    mine = Cache(path)
    read, written = warned(
        lambda: mine.find("here", "op"), lambda: mine.add("here", "op", winner())
    )
    assert "cannot be read (it is not an ordinary file)" in read
    assert "cannot be written (it is not an ordinary file)" in written
    assert mine.find("here", "op") == winner()
    assert mine.clear()
    assert Cache(path).entries() == {}


@POSIX
def test_planted_names_are_not_written_through(path: Path, tmp_path: Path) -> None:
    """Neither the lock's nor the one that a former version wrote its draft under."""
    path.parent.mkdir()
    victim = tmp_path / "victim"
    draft = f".{path.name}.{os.getpid()}-{threading.get_ident()}.tmp"
    path.with_name(draft).symlink_to(victim)
    Cache(path).add("here", "op", winner())
    path.with_name(f"{path.name}.lock").unlink()
    path.with_name(f"{path.name}.lock").symlink_to(victim)
    (text,) = warned(lambda: Cache(path).add("here", "other op", winner()))
    assert "cannot be written" in text
    assert not victim.exists()
    assert Cache(path).find("here", "op") == winner()


def test_what_is_written_can_be_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the reasons are: the first winners are dropped until the file is readable."""
    monkeypatch.setattr(_cache, "_MAX_BYTES", 2000)
    mine = Cache(path)
    for number in range(20):
        mine.add("here", f"op{number}", winner("f" * 50))
    assert path.stat().st_size <= 2000
    assert "op19" in Cache(path).entries()["here"]


@POSIX
def test_a_writer_that_is_killed_loses_nothing(path: Path) -> None:
    """Whatever it was doing: the file is whole, and the next writer cleans up."""
    Cache(path).add("here", "first", winner())

    def write_on() -> None:
        mine = Cache(path)
        for number in itertools.count():
            mine.add("here", f"op{number % 5}", winner())

    for number in range(100):
        child = os.fork()
        if not child:
            write_on()
        time.sleep(0.002 + 0.00005 * number)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        assert Cache(path).entries()["here"]["first"] == winner()
    Cache(path).add("here", "last", winner())
    names = {entry.name for entry in path.parent.iterdir()}
    assert names == {"autotune-1.json", "autotune-1.json.lock"}


def test_a_lock_that_is_never_let_go_is_one_warning(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stopped process must not stop the others."""
    monkeypatch.setattr(file_locks, "PATIENCE", 0.05)
    path.parent.mkdir()
    mine = Cache(path)
    with (
        file_locks.exclusive(path.with_name("autotune-1.json.lock")),
        pytest.warns(UserWarning, match="another process holds its lock"),
    ):
        mine.add("here", "op", winner())
    assert mine.find("here", "op") == winner()
    assert not path.exists()


WRITER = """
    import sys
    from pathlib import Path
    from convdispatch.runtime.tuning import Winner
    from convdispatch.runtime.tuning._cache import Cache

    path, number = Path(sys.argv[1]), sys.argv[2]
    sys.stdin.read()  # until all are ready
    cache = Cache(path)
    for key in range(20):
        found = Winner(name="a", usual="a", batch=1, medians={"a": 1.0}, left_out={})
        cache.add("shared", f"{number}-{key}", found)
        assert cache.find("shared", f"{number}-{key}") == found
"""


def test_concurrent_processes_lose_no_entry(path: Path) -> None:
    """Four processes that write at once; the file is whole and has what each wrote."""
    path.parent.mkdir()
    code = textwrap.dedent(WRITER)
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", code, str(path), str(number)],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(4)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None
    errors = [process.communicate(timeout=120)[1] for process in processes]
    assert errors == [""] * 4
    expected = {f"{number}-{key}" for number in range(4) for key in range(20)}
    assert set(Cache(path).entries()["shared"]) == expected
    names = {entry.name for entry in path.parent.iterdir()}
    assert names == {"autotune-1.json", "autotune-1.json.lock"}  # no temporary file is left


def test_the_file_is_bounded(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The latest environments and the latest ops stay."""
    monkeypatch.setattr(_cache, "MAX_ENVIRONMENTS", 2)
    monkeypatch.setattr(_cache, "MAX_WINNERS", 2)
    mine = Cache(path)
    for environment, key in ["ax", "bx", "ay", "az", "cx"]:
        mine.add(environment, key, winner())
    kept = {environment: list(found) for environment, found in mine.entries().items()}
    assert kept == {"a": ["y", "z"], "c": ["x"]}


# The command.


def test_show_lists_the_winners(
    path: Path, answer: Answer, capsys: pytest.CaptureFixture[str]
) -> None:
    """By environment, as a table and as JSON."""
    Cache(path).add("a machine", "conv2d float32", winner())
    (listed,) = answer("autotune", "show")["environments"]
    assert listed["environment"] == "a machine"
    (op,) = listed["ops"]
    assert (op["op"], op["name"], op["usual"], op["batch"]) == ("conv2d float32", "fast", "own", 2)
    from convdispatch.cli import main

    assert main(["autotune", "show"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "a machine"
    assert lines[1].split() == ["op", "chosen", "gain", "batch"]
    assert lines[2].split() == ["conv2d", "float32", "fast", "3.00", "2"]


def test_clear_removes_the_file(path: Path, answer: Answer) -> None:
    """And says whether there was one."""
    Cache(path).add("here", "op", winner())
    assert answer("autotune", "path") == {"path": str(path), "exists": True}
    assert answer("autotune", "clear") == {"path": str(path), "removed": True}
    assert not path.exists()
    assert answer("autotune", "clear") == {"path": str(path), "removed": False}
    assert answer("autotune", "show") == {"path": str(path), "environments": []}


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may become another user"
)
@pytest.mark.parametrize("action", ["path", "show", "clear"])
def test_a_folder_that_may_not_be_looked_into_is_no_traceback(
    path: Path, capfd: pytest.CaptureFixture[str], action: str
) -> None:
    """`path` and `show` say what they know; `clear` says why it cannot."""
    from convdispatch.cli import main

    path.parent.mkdir(mode=0o700)
    child = os.fork()
    if not child:
        os.setgroups([])
        os.setgid(4713)
        os.setuid(4713)
        code = 99
        try:
            code = main(["autotune", action])
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    captured = capfd.readouterr()
    assert "Traceback" not in captured.err
    assert code == (2 if action == "clear" else 0)
    assert str(path) in captured.out + captured.err


def test_clear_does_not_remove_a_folder(path: Path, failure: Callable[..., str]) -> None:
    """Somebody else made it; to make its parent writable would not help."""
    path.mkdir(parents=True)
    assert "It is a folder, so convdispatch did not make it" in failure("autotune", "clear")
    assert path.is_dir()
