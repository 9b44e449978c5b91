"""`convdispatch config set`: what it leaves as it was, and that no update is ever lost."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convdispatch.cli import _config, main
from convdispatch.cli._json_edit import edited
from convdispatch.support import file_locks

pytestmark = pytest.mark.same_everywhere  # They write files.

Failure = Callable[..., str]

POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
FORKS = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
AS_ROOT = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may give files away"
)

STYLES = {
    "minified": ('{"floatx":"float32","x":[1,2]}', '{"floatx":"float64","x":[1,2]}'),
    "one line": ('{"x": 1}', '{"x": 1, "floatx": "float64"}'),
    "two blanks": ('{\n  "x": {}\n}\n', '{\n  "x": {},\n  "floatx": "float64"\n}\n'),
    "tabs": ('{\n\t"x" : 1\n}', '{\n\t"x" : 1,\n\t"floatx" : "float64"\n}'),
    "Windows's lines": ('{\r\n "x": 1\r\n}\r\n', '{\r\n "x": 1,\r\n "floatx": "float64"\r\n}\r\n'),
    "mark": ('\ufeff{"floatx": "float16"}', '\ufeff{"floatx": "float64"}'),
    "infinite number": ('{"x": 1e999, "y": 1.50}', '{"x": 1e999, "y": 1.50, "floatx": "float64"}'),
    "escapes": (
        '{"\\u00e4": "\\ud800", "ö": "\\/"}',
        '{"\\u00e4": "\\ud800", "ö": "\\/", "floatx": "float64"}',
    ),
    "escaped key": ('{"flo\\u0061tx": "float16"}', '{"flo\\u0061tx": "float64"}'),
    "braces in text": (
        '{"x": "}, {", "y": [{"floatx": 1}]}',
        '{"x": "}, {", "y": [{"floatx": 1}], "floatx": "float64"}',
    ),
    "empty": ("{}", '{\n    "floatx": "float64"\n}\n'),
    "empty, with blanks": ("\n{ \n }\n", '\n{\n    "floatx": "float64"\n}\n'),
}


@pytest.mark.parametrize("style", STYLES)
def test_only_the_value_changes(keras_json: Path, style: str) -> None:
    """Indents, ends of lines, the spelling of numbers and escapes stay, byte for byte."""
    before, after = STYLES[style]
    keras_json.write_bytes(before.encode())
    assert main(["config", "set", "floatx", "float64"]) == 0
    assert keras_json.read_bytes().decode() == after
    assert main(["config", "get", "floatx"]) == 0


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    values=st.dictionaries(st.text(), JSON, max_size=4),
    indent=st.none() | st.sampled_from([0, 2, 4, "\t"]),
    separators=st.sampled_from([(",", ":"), (", ", ": "), (" , ", " : ")]),
    is_ascii=st.booleans(),
    key=st.text(),
    value=st.text() | st.floats(allow_nan=False, allow_infinity=False),
)
@settings(derandomize=True, deadline=None, max_examples=200)
def test_an_edit_is_an_update_of_the_object(
    values: dict[str, object], indent: Any, separators: Any, is_ascii: bool, key: str, value: object
) -> None:
    """Whatever the object and its layout: the new text holds it with the one value, in order."""
    text = json.dumps(values, indent=indent, separators=separators, ensure_ascii=is_ascii)
    found = json.loads(edited(text, {key: value}))
    # By their text: NaN differs from itself.
    assert json.dumps(found) == json.dumps({**values, key: value})


def test_a_large_minified_file_stays_minified(
    keras_json: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """53 KB do not become 91 KB, which we would refuse to read."""
    others = {f"k{i}": [i, i] for i in range(3000)}
    text = json.dumps(others, separators=(",", ":"))
    assert 53_000 < len(text) < 64 * 1024
    keras_json.write_text(text, encoding="utf-8")
    assert main(["config", "set", "convention", "theano"]) == 0
    expected = text[:-1] + ',"convention":"theano"}'
    assert keras_json.read_text(encoding="utf-8") == expected
    assert main(["config", "get", "convention"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "theano"


UNREADABLE = {
    "too long": ('{"x": "' + "-" * (64 * 1024 - 10) + '"}', "bytes long, at most 65536 are read"),
    "another bad value": ('{"epsilon": 1e999}', "line 1, column 2: `epsilon` cannot be inf"),
    "another bad type": ('{"backend": 3}', "`backend` must be a string"),
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_what_we_could_not_read_is_not_written(
    failure: Failure, keras_json: Path, kind: str
) -> None:
    """The old file stays, and the message says why."""
    text, message = UNREADABLE[kind]
    keras_json.write_text(text, encoding="utf-8")
    error = failure("config", "set", "floatx", "float64")
    assert message in error
    assert "Nothing was changed." in error
    assert keras_json.read_text(encoding="utf-8") == text
    assert list(keras_json.parent.iterdir()) == [keras_json]


def test_the_bad_value_itself_can_be_repaired(keras_json: Path) -> None:
    """A file that would stay unreadable is refused."""
    keras_json.write_text('{"epsilon": 1e999}', encoding="utf-8")
    assert main(["config", "set", "epsilon", "1e-5"]) == 0
    assert keras_json.read_text(encoding="utf-8") == '{"epsilon": 1e-05}'


@POSIX
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666, 0o700])
def test_the_mode_is_kept(keras_json: Path, mode: int) -> None:
    """Whatever the umask says."""
    keras_json.write_text("{}", encoding="utf-8")
    keras_json.chmod(mode)
    assert main(["config", "set", "floatx", "float64"]) == 0
    assert stat.S_IMODE(keras_json.stat().st_mode) == mode


@AS_ROOT
def test_the_owner_is_kept(keras_json: Path) -> None:
    """An administrator changes a user's file, which stays the user's."""
    keras_json.write_text("{}", encoding="utf-8")
    os.chown(keras_json, 4711, 4712)
    assert main(["config", "set", "floatx", "float64"]) == 0
    status = keras_json.stat()
    assert (status.st_uid, status.st_gid) == (4711, 4712)


@AS_ROOT
@FORKS
@pytest.mark.parametrize(("owner", "group"), [(4711, 4712), (4713, 0)], ids=["owner", "group"])
def test_an_owner_that_cannot_be_kept_is_a_refusal(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, owner: int, group: int
) -> None:
    """A user who may write to another's file does not become its owner."""
    # Not in pytest's folder, into which no other user may look.
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        monkeypatch.setenv("KERAS_HOME", folder)
        file = Path(folder, "keras.json")
        file.write_text("{}", encoding="utf-8")
        os.chown(file, owner, group)
        file.chmod(0o666)

        def as_user() -> int:
            os.setgroups([])
            os.setgid(4713)
            os.setuid(4713)
            return main(["config", "set", "floatx", "float64"])

        assert in_child(as_user) == 2
        assert "belongs to another user or group; nothing was changed" in capfd.readouterr().err
        status = file.stat()
        assert (status.st_uid, status.st_gid) == (owner, group)
        assert file.read_text(encoding="utf-8") == "{}"


def read_only(file: Path) -> None:
    """Take away what the owner may do, too."""
    file.write_text("{}", encoding="utf-8")
    file.chmod(0o444)


def hard_linked(file: Path) -> None:
    """Give the file a second name, elsewhere."""
    file.write_text("{}", encoding="utf-8")
    os.link(file, file.parent.parent / "second")


def endless(file: Path) -> None:
    """Put a device without an end in its place."""
    file.symlink_to("/dev/zero")


PLANTED = {
    "read-only": (read_only, "the file is read-only; nothing was changed"),
    "hard links": (hard_linked, "the file has 2 names (hard links); nothing was changed"),
    "pipe": (os.mkfifo if hasattr(os, "mkfifo") else None, "is not an ordinary file; nothing was"),
    "device": (endless, "is not an ordinary file; nothing was changed"),
    "folder": (Path.mkdir, "Is a directory; nothing was changed"),
    "loop": (lambda file: file.symlink_to(file), "cannot be"),
}


@POSIX
@pytest.mark.parametrize("kind", PLANTED)
def test_what_cannot_be_replaced_is_refused(failure: Failure, keras_json: Path, kind: str) -> None:
    """In one sentence, at once, with nothing changed and nothing left."""
    plant: Any
    plant, message = PLANTED[kind]
    plant(keras_json)
    before = keras_json.lstat()
    assert message in failure("config", "set", "floatx", "float64")
    assert keras_json.lstat().st_ino == before.st_ino
    assert list(keras_json.parent.iterdir()) == [keras_json]


@POSIX
@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "loop"])
@pytest.mark.parametrize("action", [["show"], ["get", "floatx"]], ids=["show", "get"])
def test_reading_what_is_no_file_is_an_error_at_once(
    failure: Failure, keras_json: Path, kind: str, action: list[str]
) -> None:
    """Neither a hang nor all the memory."""
    plant: Any = PLANTED[kind][0]
    plant(keras_json)
    error = failure("config", *action)
    assert "is not a regular file" in error or "cannot be read" in error


@POSIX
@pytest.mark.parametrize("plant", [os.symlink, None], ids=["link", "pipe"])
def test_a_planted_lock_is_not_followed(
    failure: Failure, keras_json: Path, tmp_path: Path, plant: Any
) -> None:
    """A planted file cannot make us write elsewhere, or wait."""
    lock, victim = keras_json.with_name(".keras.json.lock"), tmp_path / "victim"
    if plant:
        plant(victim, lock)
    else:
        os.mkfifo(lock)
    assert "cannot be written" in failure("config", "set", "floatx", "float64")
    assert not victim.exists()
    assert not keras_json.exists()


def test_a_lock_that_is_never_let_go_is_an_error(
    failure: Failure, keras_json: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stopped process is named, and nothing is written beside it."""
    monkeypatch.setattr(_config, "_PATIENCE", 0.05)
    with file_locks.passing(keras_json.with_name(".keras.json.lock"), 1.0):
        error = failure("config", "set", "floatx", "float64")
    assert "another process holds its lock; nothing was changed" in error
    assert list(keras_json.parent.iterdir()) == []


FULL_DISK = """
    import resource, sys
    from convdispatch.cli import main

    resource.setrlimit(resource.RLIMIT_FSIZE, (4, 4))  # of a file: a full disk in small
    sys.exit(main(["config", "set", "floatx", "float64"]))
"""


@POSIX
def test_a_full_disk_leaves_the_old_file(keras_json: Path) -> None:
    """The message says what failed, and no half of a file stays."""
    keras_json.write_text('{"floatx": "float16"}', encoding="utf-8")
    command = [sys.executable, "-c", textwrap.dedent(FULL_DISK)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "cannot be written: File too large; nothing was changed." in done.stderr
    assert keras_json.read_text(encoding="utf-8") == '{"floatx": "float16"}'
    assert list(keras_json.parent.iterdir()) == [keras_json]


SETTER = """
    import sys
    from convdispatch.cli import main
    from convdispatch.runtime.config import load_config
    from pathlib import Path

    path, key, *values = sys.argv[1:]
    sys.stdin.read()  # until all are ready
    for value in values * 10:
        assert main(["config", "set", key, value]) == 0
        assert str(getattr(load_config(Path(path), {}), key)) == value
"""
VALUES = {
    "floatx": ["float16", "float64"],
    "convention": ["theano", "tensorflow"],
    "image_data_format": ["channels_first", "channels_last"],
    "epsilon": ["0.5", "0.25"],
}


def test_concurrent_processes_lose_no_update(keras_json: Path) -> None:
    """Four processes, a key each, 80 updates in all: each finds its own, and the last ones stay."""
    code = textwrap.dedent(SETTER)
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", code, str(keras_json), key, *values],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for key, values in VALUES.items()
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None
    assert [process.communicate(timeout=120)[1] for process in processes] == [""] * 4
    found = {key: str(value) for key, value in json.loads(keras_json.read_text("utf-8")).items()}
    assert found == {key: values[-1] for key, values in VALUES.items()}
    assert list(keras_json.parent.iterdir()) == [keras_json]


def in_child(work: Callable[[], int]) -> int:
    """Fork, do the work there, and return its exit code; a negative one is a signal's number."""
    child = os.fork()
    if not child:
        code = 99
        try:
            code = work()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def killed_at_line(number: int) -> Callable[[], int]:
    """Return a `config set` that kills itself by SIGKILL at this line of the write."""
    counted = 0

    def at_line(frame: Any, event: str, _: object) -> Any:
        nonlocal counted
        if Path(frame.f_code.co_filename).name not in WRITING:
            return None
        counted += 1
        if counted == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return at_line

    def work() -> int:
        sys.settrace(at_line)
        return main(["config", "set", "floatx", ["float32", "float64"][number % 2]])

    return work


WRITING = {"_config.py", "files.py", "file_locks.py", "_json_edit.py", "contextlib.py"}
READABLE = [json.dumps({"floatx": f"float{bits}", "x": "kept"}) for bits in (32, 64)]
# A process killed at a moment of chance, as many times as this asks for beside every line.
BY_CHANCE = int(os.environ.get("CONVDISPATCH_TEST_KILLS", "100"))


@FORKS
def test_a_write_that_is_killed_loses_nothing(keras_json: Path) -> None:
    """Killed at each of its lines: the file is the old or the new one, and the next write works."""
    keras_json.write_text(READABLE[0], encoding="utf-8")
    kills = 0
    while in_child(killed_at_line(kills + 1)) == -signal.SIGKILL:
        kills += 1
        assert keras_json.read_text(encoding="utf-8") in READABLE
    assert kills > 200, kills  # or too few lines were seen
    assert list(keras_json.parent.iterdir()) == [keras_json]


@FORKS
def test_a_write_killed_by_chance_loses_nothing(keras_json: Path) -> None:
    """Whatever it was doing, inside of a line too."""
    keras_json.write_text(READABLE[0], encoding="utf-8")

    def write_on() -> int:
        while True:
            main(["config", "set", "floatx", "float64"])
            main(["config", "set", "floatx", "float32"])

    for number in range(BY_CHANCE):
        child = os.fork()
        if not child:
            write_on()
        time.sleep(0.002 + 0.0001 * (number % 100))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        assert keras_json.read_text(encoding="utf-8") in READABLE
    assert main(["config", "set", "floatx", "float32"]) == 0
    assert list(keras_json.parent.iterdir()) == [keras_json]
