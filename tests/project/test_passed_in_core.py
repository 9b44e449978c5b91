"""One call of `tox` tests once what is the same with and without frameworks, and nothing less."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from passed_in_core import LEAVE_OUT, RECORD, is_of_this_call, origin
from places import HELPERS, ROOT

pytestmark = pytest.mark.skipif(
    not (ROOT / ".git").exists() or shutil.which("git") is None, reason="this is no git checkout"
)

CONFTEST = """
import passed_in_core, pytest
def pytest_configure(config):
    config.addinivalue_line("markers", "same_everywhere: as in the project")
    passed_in_core.register(config)
@pytest.fixture
def all_backends():
    return ("numpy",)
"""
# The first four are the same everywhere; the others are not, or have not passed.
TESTS = """
import importlib.metadata, importlib.util, os, subprocess, sys, threading, pytest
@pytest.mark.parametrize("backend", ["numpy"])
def test_same(backend): pass
def test_same_too(): import json, numpy
def test_same_failure(): pytest.raises(ZeroDivisionError, lambda: 1 / 0)
@pytest.mark.same_everywhere
def test_same_process(): subprocess.run([sys.executable, "-c", ""], check=True)

@pytest.mark.same_everywhere
def test_marked_that_searches(): assert importlib.util.find_spec("not_installed") is None
def test_process(): subprocess.run([sys.executable, "-c", ""], check=True)
def test_fork():
    child = os.fork()
    if not child:
        os._exit(0)
    os.waitpid(child, 0)
def test_import(): pytest.raises(ImportError, lambda: __import__("not_installed"))
def test_search(): assert importlib.util.find_spec("not_installed") is None
def test_in_thread():
    thread = threading.Thread(target=importlib.util.find_spec, args=["not_installed"])
    thread.start()
    thread.join()
def test_version():
    with pytest.raises(importlib.metadata.PackageNotFoundError):
        importlib.metadata.version("not_installed")
def test_plugins(): importlib.metadata.entry_points(group="convdispatch")
def test_all_backends(all_backends): pass
@pytest.fixture(scope="module")
def answer(): return importlib.util.find_spec("not_installed")
def test_sets_up(answer): pass
def test_shares_what_was_set_up(answer): pass
@pytest.fixture
def ends_in_a_process():
    yield
    subprocess.run([sys.executable, "-c", ""], check=True)
def test_teardown(ends_in_a_process): pass
def test_skipped(): pytest.skip("not here")
@pytest.mark.xfail
def test_expected_failure(): assert False
def test_failure(): assert os.environ.get("PASS")
"""
SAME = {"test_same[numpy]", "test_same_too", "test_same_failure", "test_same_process"}


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the path of the record of a folder of tests, which two workers have made."""
    folder = tmp_path_factory.mktemp("tests")
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_it.py").write_text(TESTS)
    passed = run(folder, RECORD)
    assert passed > SAME
    assert "test_failure" not in passed
    return folder / "record.json"


def run(folder: Path, variable: str, **environ: str) -> set[str]:
    """Run the tests of a folder; return the names of those that have passed."""
    options = ["-n", "2", "-rpP", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, folder],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(HELPERS), **environ}
        | {variable: str(folder / "record.json")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("PASSED ")]
    return {line.partition("::")[2] for line in lines}


def test_what_is_the_same_everywhere_is_left_out(record: Path) -> None:
    """Not what asks for processes, packages or all backends, nor what has not passed."""
    passed = json.loads(record.read_text())["passed"]
    assert {name.partition("::")[2] for name in passed} == SAME
    again = run(record.parent, LEAVE_OUT, PASS="1")
    assert not again & SAME
    assert {"test_failure", "test_process", "test_shares_what_was_set_up"} <= again


@pytest.mark.parametrize("part", ["tox", "versions", "files"])
def test_a_record_of_something_else_leaves_nothing_out(
    record: Path, part: str, tmp_path: Path
) -> None:
    """Of another call of `tox`, of other versions or of other files."""
    content = json.loads(record.read_text())
    content["origin"] = origin()
    other = tmp_path / "record.json"
    other.write_text(json.dumps(content))
    assert is_of_this_call(other)
    content["origin"][part] = "another"
    other.write_text(json.dumps(content))
    assert not is_of_this_call(other)


def test_no_record_leaves_nothing_out(tmp_path: Path) -> None:
    """As where `all` is run alone."""
    assert not is_of_this_call(tmp_path / "record.json")


def test_a_record_is_of_the_files_as_they_are(tmp_path: Path) -> None:
    """A file that is new, changed or removed makes it another's; an ignored one does not."""
    assert origin(tmp_path) is None  # no checkout
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    (tmp_path / ".gitignore").write_text("ignored\n")
    seen = [origin(tmp_path)]
    (tmp_path / "ignored").write_text("1")
    assert origin(tmp_path) == seen[0]
    for content in "12":
        (tmp_path / "new").write_text(content)
        seen.append(origin(tmp_path))
    subprocess.run(["git", "add", "new"], cwd=tmp_path, check=True)
    assert origin(tmp_path) == seen[-1]
    (tmp_path / "new").unlink()
    seen.append(origin(tmp_path))
    assert all(one not in seen[:index] for index, one in enumerate(seen))
