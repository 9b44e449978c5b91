"""Plugins that are installed, missing, broken, doubled or incomplete."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import subprocess
import sys
import threading
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from convdispatch.errors import (
    BackendBroken,
    BackendNotFound,
    BackendUnavailable,
    DuplicateBackend,
)
from convdispatch.hookspecs import hookimpl
from convdispatch.ops import BackendInfo
from convdispatch.registry import AVAILABLE, BROKEN, UNAVAILABLE, Registry

MakeDistribution = Callable[..., Path]
RunPython = Callable[..., subprocess.CompletedProcess[str]]

PLUGIN = """
    from convdispatch.hookspecs import hookimpl
    from convdispatch.ops import BackendInfo

    @hookimpl
    def convdispatch_backends():
        fields = dict(name={name!r}, framework="json", load="x:y", install="pip install x")
        return [BackendInfo(**fields, protocol=2)]
"""
RAISES = "raise RuntimeError('bad day')"
HOOK_RAISES = """
    from convdispatch.hookspecs import hookimpl

    @hookimpl
    def convdispatch_backends():
        raise RuntimeError('bad day')
"""
ANSWERS_NONSENSE = """
    from convdispatch.hookspecs import hookimpl

    @hookimpl
    def convdispatch_backends():
        return ["numpy"]
"""
WRONG_SIGNATURE = """
    from convdispatch.hookspecs import hookimpl

    @hookimpl
    def convdispatch_backends(unknown):
        return []
"""
INFO = BackendInfo(protocol=2, name="x", framework="json", load="x:y", install="pip install x")
OURS = {"numpy", "torch", "tensorflow", "jax"}
LIST = """
import json
from convdispatch.registry import registry
print(json.dumps({
    name: [registry.status(name), entry.distribution, str(entry.error)]
    for name, entry in registry.entries().items()
}))
"""


def listed(run_python: RunPython, *paths: Path) -> dict[str, list[str]]:
    """Return what a process that can import from the folders lists."""
    done = run_python("-c", LIST, paths=paths)
    assert done.returncode == 0, done.stderr
    rows: dict[str, list[str]] = json.loads(done.stdout)
    return rows


@pytest.fixture(scope="module")
def healthy() -> dict[str, list[str]]:
    """Give what is listed where no plugin is broken."""
    done = subprocess.run([sys.executable, "-c", LIST], capture_output=True, text=True, check=True)
    rows: dict[str, list[str]] = json.loads(done.stdout)
    return rows


def described(name: str, **changes: str) -> object:
    """Return a plugin that describes one backend."""
    fields = {"framework": "json", "load": "x:y", "install": "pip install x", **changes}

    class Plugin:
        @hookimpl
        def convdispatch_backends(self) -> list[BackendInfo]:
            return [BackendInfo(protocol=2, name=name, **fields)]

    return Plugin()


@pytest.fixture
def empty() -> Registry:
    """Give a registry to which no installed distribution adds anything."""
    return Registry(group="convdispatch tests: no such group")


def test_our_backends_are_plugins_like_any_other(run_python: RunPython) -> None:
    """The four backends come from the entry points of the distribution, none from code."""
    rows = listed(run_python)
    ours = {name for name, (_, distribution, _) in rows.items() if distribution == "convdispatch"}
    assert ours == OURS


def test_an_installed_plugin_adds_its_backend(
    make_distribution: MakeDistribution, run_python: RunPython
) -> None:
    """A distribution with an entry point is found, under the name that it describes."""
    folder = make_distribution("thirdparty", PLUGIN.format(name="fast"))
    assert listed(run_python, folder)["fast"] == [AVAILABLE, "thirdparty", "None"]


@pytest.mark.parametrize(
    ("source", "error"),
    [
        pytest.param(RAISES, "bad day", id="raises on import"),
        pytest.param("import no_such_module", "No module named 'no_such_module'", id="import"),
        pytest.param("def (", "invalid syntax", id="syntax"),
        pytest.param(HOOK_RAISES, "bad day", id="raises when asked"),
        pytest.param(ANSWERS_NONSENSE, "'numpy', which is not a BackendInfo", id="nonsense"),
        pytest.param(WRONG_SIGNATURE, "unknown", id="signature"),
        pytest.param("import sys; sys.exit(0)", "SystemExit: 0", id="exits"),
        pytest.param("exit()", "SystemExit", id="exits by the site's function"),
        pytest.param("raise BaseException('bad day')", "BaseException: bad day", id="base"),
        pytest.param("raise GeneratorExit", "GeneratorExit", id="generator"),
        pytest.param(
            "import asyncio; raise asyncio.CancelledError", "CancelledError", id="cancelled"
        ),
        pytest.param("import pytest; pytest.skip('no', allow_module_level=True)", "no", id="skip"),
        pytest.param("import pytest; pytest.fail('bad day')", "bad day", id="pytest's fail"),
        pytest.param("print('hello')", "standard output, which", id="prints"),
        pytest.param("import os; os.write(1, b'hello')", "'hello'", id="writes"),
        pytest.param(
            "import ctypes; ctypes.CDLL(None).printf(b'hello')", "'hello'", id="prints in C"
        ),
        pytest.param("import os; os.system('echo hello')", "'hello\\n'", id="shell"),
        pytest.param("import sys; sys.stdout.close(); 1 / 0", "division", id="closes"),
        pytest.param("import sys; sys.stdout = None; 1 / 0", "division", id="takes"),
    ],
)
def test_a_broken_plugin_is_listed_and_harms_no_other(
    make_distribution: MakeDistribution,
    run_python: RunPython,
    healthy: dict[str, list[str]],
    source: str,
    error: str,
) -> None:
    """Whatever goes wrong in a plugin, the others are listed as if it were not there."""
    folder = make_distribution("thirdparty", source, entry_point="other")
    rows = listed(run_python, folder)
    status, distribution, message = rows.pop("other")
    assert (status, distribution) == (BROKEN, "thirdparty")
    assert error in message
    assert rows == healthy


def test_a_broken_plugin_does_not_take_the_name_of_a_working_one(
    make_distribution: MakeDistribution, run_python: RunPython, healthy: dict[str, list[str]]
) -> None:
    """Its entry point's name then follows its distribution's."""
    rows = listed(run_python, make_distribution("thirdparty", RAISES, entry_point="numpy"))
    assert rows.pop("thirdparty:numpy")[:2] == [BROKEN, "thirdparty"]
    assert rows == healthy


class UnspeakableError(Exception):
    """Raises where it is to be put into words."""

    def __str__(self) -> str:
        raise SystemExit(0)


def prints() -> list[BackendInfo]:
    """Print to where only C would."""
    os.write(1, b"hello")
    return []


def yields_and_raises(exc: BaseException) -> Iterator[BackendInfo]:
    """Give one backend, and no more."""
    yield INFO
    raise exc


def raises(exc: BaseException) -> list[BackendInfo]:
    """Raise the exception."""
    raise exc


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(lambda: raises(SystemExit(0)), "SystemExit: 0", id="exits"),
        pytest.param(
            lambda: raises(UnspeakableError()), "its message raised PluginError", id="mute"
        ),
        pytest.param(prints, "wrote to standard output, .*'hello'", id="prints"),
        pytest.param(lambda: None, "gave None. Return a list of BackendInfo", id="None"),
        pytest.param(lambda: INFO, r"gave BackendInfo\(name='x'.*Return a list", id="no list"),
        pytest.param(lambda: "numpy", "gave 'numpy'. Return a list", id="string"),
        pytest.param(lambda: [INFO, INFO], "two backends named 'x'", id="twice"),
        pytest.param(lambda: yields_and_raises(ValueError("no")), "ValueError: no", id="half way"),
        pytest.param(lambda: yields_and_raises(SystemExit()), "SystemExit", id="exits half way"),
        pytest.param(lambda: itertools.repeat(INFO), "more than 1000", id="endless"),
        pytest.param(lambda: itertools.count(), "more than 1000", id="endless numbers"),
    ],
)
@pytest.mark.parametrize("thread", [False, True], ids=["alone", "beside a thread"])
def test_a_wrong_answer_is_listed_with_the_reason(
    empty: Registry, answer: Callable[[], Any], error: str, thread: bool
) -> None:
    """A plugin's answer is foreign: what it cannot be is said, and no exception leaves the list."""

    class Plugin:
        @hookimpl
        def convdispatch_backends(self) -> Any:
            return answer()

    empty.register(Plugin(), name="thirdparty:bad")
    empty.register(described("fast"), name="other:fast")
    with beside_a_thread() if thread else contextlib.nullcontext():
        if answer is prints and threading.active_count() > 1:  # a framework's own, perhaps
            pytest.skip("what C prints beside other threads is theirs too")
        entries = empty.entries()
    assert empty.status("fast") == AVAILABLE
    (broken,) = (entry for entry in entries.values() if entry.error is not None)
    assert (broken.distribution, empty.status(broken.name)) == ("thirdparty", BROKEN)
    with pytest.raises(BackendBroken, match=error):
        empty.load(broken.name)


@contextlib.contextmanager
def beside_a_thread() -> Iterator[None]:
    """Keep another thread alive."""
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def test_beside_threads_only_the_plugins_own_output_is_taken(
    empty: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    """Output of another thread while a plugin is called still reaches standard output."""

    class Plugin:
        @hookimpl
        def convdispatch_backends(self) -> list[BackendInfo]:
            sys.stdout.write("from the plugin\n")
            other = threading.Thread(target=lambda: sys.stdout.write("from another thread\n"))
            other.start()
            other.join()
            return []

    empty.register(Plugin(), name="thirdparty:bad")
    with beside_a_thread():
        (broken,) = empty.entries().values()
    assert "'from the plugin\\n'" in str(broken.error)
    assert capsys.readouterr().out == "from another thread\n"


@pytest.mark.parametrize(
    ("points", "value"),
    [
        pytest.param("[convdispatch]\nno equals sign\n", "", id="no equals sign"),
        pytest.param("[convdispatch]\nbad = no module!\n", "", id="no module"),
        pytest.param("[convdispatch]\nbad = json:no_such\n", "no_such", id="no attribute"),
        pytest.param("[convdispatch]\nbad = builtins:None\n", "", id="none"),
        pytest.param(b"[convdispatch]\n\xff = json\n", "", id="no text"),
    ],
)
def test_a_damaged_list_of_entry_points_harms_no_other(
    make_distribution: MakeDistribution, run_python: RunPython, points: str | bytes, value: str
) -> None:
    """An unreadable distribution is listed as broken, or ignored, and the others work."""
    folder = make_distribution("thirdparty", "")
    text = points if isinstance(points, bytes) else points.encode()
    (folder / "thirdparty-1.0.dist-info" / "entry_points.txt").write_bytes(text)
    rows = listed(run_python, folder)
    (broken,) = (row for row in rows.values() if row[0] == BROKEN)
    assert broken[1] == "thirdparty"
    assert value in broken[2]
    assert {name for name, row in rows.items() if row[1] == "convdispatch"} == OURS


def test_two_broken_plugins_of_one_name_are_both_listed(
    make_distribution: MakeDistribution, run_python: RunPython
) -> None:
    """No failure hides another."""
    folders = [make_distribution(name, RAISES, entry_point="same") for name in ("one", "two")]
    rows = listed(run_python, *folders)
    assert {row[1] for row in rows.values() if row[0] == BROKEN} == {"one", "two"}


def test_two_plugins_of_one_name_are_an_error_that_names_both(
    make_distribution: MakeDistribution, run_python: RunPython
) -> None:
    """Two backends of the same name are an error, never a silent choice."""
    folders = [make_distribution(name, PLUGIN.format(name="fast")) for name in ("one", "two")]
    done = run_python("-c", LIST, paths=tuple(folders))
    assert done.returncode == 1
    message = done.stderr.splitlines()[-1]
    assert "DuplicateBackend: two plugins register a backend named 'fast'" in message
    assert "one" in message.partition("named")[2]
    assert "two" in message.partition("named")[2]


def test_a_duplicate_is_an_error_in_every_question(empty: Registry) -> None:
    """Registration by hand obeys the same rule, and taking one out repairs it."""
    second = described("fast")
    empty.register(described("fast"), name="one:x")
    empty.register(second, name="two:x")
    with pytest.raises(DuplicateBackend, match=r"'fast': one and two. Uninstall one"):
        empty.entries()
    empty.unregister(second)
    assert empty.status("fast") == AVAILABLE


def test_loading_a_broken_plugin_says_why(
    make_distribution: MakeDistribution, run_python: RunPython
) -> None:
    """The error that broke the plugin is in the message and chained as its cause."""
    folder = make_distribution("thirdparty", RAISES)
    load = "from convdispatch.registry import registry; registry.load('thirdparty')"
    done = run_python("-c", load, paths=(folder,))
    assert "RuntimeError: bad day\n\nThe above exception was the direct cause" in done.stderr
    assert "BackendBroken: the plugin 'thirdparty' of thirdparty raised" in done.stderr


def test_a_missing_framework_is_unavailable(empty: Registry) -> None:
    """A backend without its framework is listed, and loading it says how to install it."""
    empty.register(described("fast", framework="no_such_framework", install="pip install fast"))
    assert empty.status("fast") == UNAVAILABLE
    with pytest.raises(BackendUnavailable, match=r"'no_such_framework'.*`pip install fast`"):
        empty.load("fast")


def test_a_framework_that_fails_to_import_is_broken(
    empty: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever importing the backend raises becomes `BackendBroken`, with its cause."""
    (tmp_path / "backend_that_raises.py").write_text("1 / 0", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    empty.register(described("fast", load="backend_that_raises:backend"))
    with pytest.raises(BackendBroken, match=r"ZeroDivisionError: division by zero") as caught:
        empty.load("fast")
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_an_incomplete_backend_is_refused_with_what_it_lacks(
    empty: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backend is compared with the protocol when it is loaded, not when a user trips over it."""
    module = types.ModuleType("half_a_backend")
    module.backend = types.SimpleNamespace(  # type: ignore[attr-defined] # made on the spot
        name="half", functions={"abs": abs}, asarray=None
    )
    monkeypatch.setitem(sys.modules, "half_a_backend", module)
    empty.register(described("half", load="half_a_backend:backend"))
    with pytest.raises(BackendBroken, match=r"lacks .*lower.*functions\['erf'\]") as caught:
        empty.load("half")
    assert "functions['abs']" not in str(caught.value)
    assert "asarray" not in str(caught.value)


def test_unknown_backends_list_the_known(empty: Registry) -> None:
    """The message gives the names that would have worked."""
    empty.register(described("fast"))
    empty.register(described("exact"))
    with pytest.raises(BackendNotFound, match=r"named 'slow'; registered: 'exact', 'fast'\."):
        empty.load("slow")


def test_a_backend_is_loaded_once(backend_name: str) -> None:
    """Loading twice gives the same object, and `loaded` has it."""
    registry = Registry()
    first = registry.load(backend_name)
    assert registry.load(backend_name) is first
    assert first in registry.loaded()
    assert first.name == backend_name


@pytest.mark.parametrize("after", ["pass", "raise ValueError", "raise SystemExit(0)", "1 +"])
def test_a_plugin_that_forks_does_not_run_the_program_twice(
    make_distribution: MakeDistribution, run_python: RunPython, after: str
) -> None:
    """The child that comes back from the import, however it does, is ended there."""
    folder = make_distribution("forking", f"import os; os.fork(); exec({after!r})")
    rows = run_python("-c", LIST, paths=(folder,)).stdout.splitlines()
    assert len(rows) == 1


@pytest.mark.parametrize("streams", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_backends_are_found_in_a_program_without_streams(tmp_path: Path, streams: str) -> None:
    """Caught output goes to a separate file, wherever the system puts it."""
    found = tmp_path / "found"
    program = (
        "from convdispatch.registry import registry; "
        f"open({str(found)!r}, 'w').write(registry.status('numpy'))"
    )
    subprocess.run(f'"{sys.executable}" -c "{program}" {streams}', shell=True, check=True)
    assert found.read_text() == AVAILABLE
