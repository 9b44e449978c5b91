"""`convdispatch new-backend`: what it writes, what it says, and what it refuses to overwrite."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from convdispatch.cli import main
from convdispatch.hookspecs import hookimpl
from convdispatch.ops import BackendInfo
from convdispatch.registry import registry

Answer = Callable[..., dict[str, object]]
Failure = Callable[..., str]

PLACEHOLDER = r"\$(name|distribution|package|class_name)\b|\$\$"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize(
    ("name", "distribution", "package", "class_name"),
    [
        ("plain", "convdispatch-plain", "convdispatch_plain", "PlainBackend"),
        ("my-accel", "convdispatch-my-accel", "convdispatch_my_accel", "MyAccelBackend"),
        ("my_accel2", "convdispatch-my-accel2", "convdispatch_my_accel2", "MyAccel2Backend"),
    ],
)
def test_every_file_has_the_backends_names(
    here: Path, answer: Answer, name: str, distribution: str, package: str, class_name: str
) -> None:
    """Distribution, entry point, package, class and workflow are named after the backend."""
    said = answer("new-backend", name)
    folder = here / f"convdispatch-{name}"
    assert (said["backend"], said["package"], said["folder"]) == (name, package, folder.name)
    written = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert set(said["files"]) == written  # type: ignore[call-overload]
    project = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["name"] == distribution
    assert project["entry-points"] == {"convdispatch": {name: package}}
    assert "convdispatch[conformance]" in project["dependencies"]
    assert f"class {class_name}:" in (folder / package / "_backend.py").read_text("utf-8")
    workflow = (folder / ".github/workflows/conformance.yml").read_text("utf-8")
    assert f"convdispatch conformance --backend {name} --level full --shard " in workflow
    assert (folder / package / "py.typed").is_file()
    assert tomllib.loads((folder / package / "known_failures.toml").read_text("utf-8")) == {}


def test_no_placeholder_is_left(here: Path) -> None:
    """Each name of a template has been replaced; other dollars are the workflow's own."""
    assert main(["new-backend", "plain"]) == 0
    texts = {path: path.read_text("utf-8") for path in here.rglob("*") if path.is_file()}
    assert len(texts) == 11
    assert [path.name for path, text in texts.items() if re.search(PLACEHOLDER, text)] == []


def test_an_inference_engine_gets_fewer_files(here: Path, answer: Answer) -> None:
    """Its ops and its tensors are in one, and it has no table of functions."""
    said = answer("new-backend", "slim", "--inference")
    package = here / "convdispatch-slim" / "convdispatch_slim"
    names = {"__init__.py", "_backend.py", "known_failures.toml", "py.typed"}
    assert {path.name for path in package.iterdir()} == names
    assert len(said["files"]) == 9  # type: ignore[arg-type]
    texts = [path.read_text("utf-8") for path in here.rglob("*") if path.is_file()]
    assert not any(re.search(PLACEHOLDER, text) for text in texts)
    readme = (here / "convdispatch-slim" / "README.md").read_text("utf-8")
    assert ("_lowering.py" in readme, "_backend.py" in readme) == (False, True)


def test_it_says_what_to_run_next(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The list of files and three commands, ready to be pasted, a blank in the path or not."""
    assert main(["new-backend", "plain", "--into", "my backend"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Wrote my backend:"
    assert lines[-3:] == [
        "  cd 'my backend'",
        "  python -m pip install -e .",
        "  convdispatch conformance --backend plain --level core",
    ]
    assert (here / "my backend" / "convdispatch_plain" / "_lowering.py").is_file()


@pytest.mark.parametrize(
    "name",
    ["Plain", "2d", "plain-", "pl ain", "", "pl.ain", "../plain", "pläin", "class", "all", "a--b"],
)
def test_a_name_that_cannot_be_is_refused(here: Path, failure: Failure, name: str) -> None:
    """One line says what a name is made of, and nothing is written."""
    assert f"a backend cannot be called {name!r}" in failure("new-backend", name, code=2)
    assert list(here.iterdir()) == []


def test_the_name_of_another_backend_is_refused(here: Path, failure: Failure) -> None:
    """Two backends of one name could not be told apart; an uninstalled framework's is taken too."""
    assert "a backend named 'jax' is already registered" in failure("new-backend", "jax", code=2)
    assert list(here.iterdir()) == []


class Plugin:
    """Registers a backend whose package would be that of 'my_accel' too."""

    @hookimpl
    def convdispatch_backends(self) -> list[BackendInfo]:
        """Describe it."""
        return [BackendInfo(protocol=2, name="my-accel", framework="numpy", load="a:b", install="")]


def test_a_name_that_differs_by_a_dash_alone_is_refused(here: Path, failure: Failure) -> None:
    """Its distribution and its package would be those of the other one."""
    plugin = Plugin()
    registry.register(plugin)
    try:
        message = failure("new-backend", "my_accel", code=2)
    finally:
        registry.unregister(plugin)
    assert "a backend named 'my-accel' is already registered" in message
    assert list(here.iterdir()) == []


@pytest.mark.parametrize("kind", ["file", "folder", "dangling-link"])
def test_nothing_is_overwritten(here: Path, failure: Failure, kind: str) -> None:
    """Whatever has the folder's name stays as it is, an empty folder too."""
    target = here / "convdispatch-plain"
    make = {
        "file": target.touch,
        "folder": target.mkdir,
        "dangling-link": lambda: target.symlink_to("nowhere"),
    }
    make[kind]()
    before = identity(target)
    assert "convdispatch-plain exists already" in failure("new-backend", "plain", code=2)
    assert list(here.iterdir()) == [target]
    assert identity(target) == before


def identity(path: Path) -> tuple[int, ...]:
    """Return what changes when a file is replaced or written to, and not when it is read."""
    status = path.lstat()
    return status.st_ino, status.st_mode, status.st_size, status.st_mtime_ns


@pytest.mark.parametrize("into", ["missing/plain", "file/plain", "a" * 300], ids=str)
def test_a_folder_that_cannot_be_made_is_refused(here: Path, failure: Failure, into: str) -> None:
    """One line names the folder and the reason, and nothing is left behind."""
    (here / "file").touch()
    message = failure("new-backend", "plain", "--into", into, code=2)
    assert f"{into} cannot be written: " in message
    assert [path.name for path in here.iterdir()] == ["file"]


def test_a_failed_write_leaves_nothing(
    here: Path, failure: Failure, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the disk fills up half way, no partial skeleton remains."""
    write, written = Path.write_text, []

    def write_some(self: Path, *args: Any, **kwargs: Any) -> int:
        if len(written) == 4:
            raise OSError(28, "No space left on device")
        written.append(self)
        return write(self, *args, **kwargs)

    monkeypatch.setattr(Path, "write_text", write_some)
    assert "No space left on device" in failure("new-backend", "plain", code=2)
    assert len(written) == 4
    assert list(here.iterdir()) == []
