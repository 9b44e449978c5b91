"""What every test gets: a configuration of its own, and the backends by name."""

from __future__ import annotations

import gc
import importlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
import textwrap
import warnings
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from convdispatch import selection
from convdispatch.cli import main
from convdispatch.errors import BackendUnavailable
from convdispatch.ops import Backend
from convdispatch.registry import registry

# Exactly these backends, none missing: how a test environment says what it is meant to prove.
_REQUESTED = [name for name in os.environ.get("CONVDISPATCH_TEST_BACKENDS", "").split(",") if name]
BACKEND_NAMES = _REQUESTED or list(selection.available_backends())
if not BACKEND_NAMES:
    raise pytest.UsageError("no backend is available: nothing would be tested")

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # its C++ start-up banner hides the results

# A shell starts what is to run in the background deaf to Ctrl-C, and every child inherits it: the
# tests that interrupt a command would wait for it in vain.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


# What the NumPy backend needs for gradients, and for bfloat16.
OPTIONAL = ("autograd", "ml_dtypes")
MISSING = [name for name in OPTIONAL if importlib.util.find_spec(name) is None]

# Their examples differentiate on the NumPy backend, and draw bfloat16 too.
_EXAMPLES = {
    "autograd": ["convdispatch/numerics/gradients.py"],
    "ml_dtypes": ["convdispatch/conformance/cases/strategies.py"],
}
collect_ignore = [path for name in MISSING for path in _EXAMPLES[name]]
if importlib.util.find_spec("h5py") is None:  # nor can these be imported
    collect_ignore += ["convdispatch/saving/hdf5_format/library.py"]
    collect_ignore += [f"tests/helpers/hostile_{one}.py" for one in ("elsewhere", "files", "hdf5")]
# The first register themselves, and may be imported only once: by `sabotage`, not by doctest. The
# second are mistakes for a type checker to find: they are never run. The others ask a real Keras.
collect_ignore_glob = [
    "tests/helpers/saboteurs*.py",
    "tests/typed/*.py",
    "tests/documents/record.py",
    "tests/legacy/record_cudnn.py",
    "tests/legacy/record_keras3*.py",
    "tests/legacy/record_tf_keras.py",
    "tests/compat/scripts/*/*.py",  # which run when they are imported
]


def pytest_configure(config: pytest.Config) -> None:
    """Let `tox` not test twice what is the same in two of its environments."""
    variables = {"CONVDISPATCH_TEST_RECORD_PASSED", "CONVDISPATCH_TEST_LEAVE_OUT_PASSED"}
    if variables & os.environ.keys():
        # Not at the top: where the conformance suite is run from another folder, this file is
        # read and tests/helpers is not on the path.
        from passed_in_core import register

        register(config)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect without the garbage collector: the tests are millions of objects, and all stay.

    That takes half of the time. Later collections leave them out, too.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, object, object]:
    """Skip what needs an optional package of the NumPy backend that is not installed."""
    try:
        return (yield)
    except BackendUnavailable as unavailable:
        if not any(name in str(unavailable) for name in MISSING):
            raise
        pytest.skip(str(unavailable))


@pytest.fixture(autouse=True)
def keras_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give the test an empty KERAS_HOME, and neither the user's settings nor a width of lines."""
    home = tmp_path / "keras home"
    home.mkdir()
    for variable in list(os.environ):
        if variable.startswith("CONVDISPATCH_") or variable in ("KERAS_BACKEND", "COLUMNS"):
            monkeypatch.delenv(variable)
    monkeypatch.setenv("KERAS_HOME", str(home))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    monkeypatch.delenv("COLUMNS", raising=False)  # what is printed is as wide as it likes
    selection.reset()
    yield home
    selection.reset()


@pytest.fixture
def keras_json(keras_home: Path) -> Path:
    """Give the path of the keras.json in force, which does not exist yet."""
    return keras_home / "keras.json"


@pytest.fixture
def contrary_settings(keras_json: Path) -> Path:
    """Write a configuration whose every setting is another one than a case of the suite states."""
    settings = {
        "floatx": "float16",
        "image_data_format": "channels_first",
        "convention": "theano",
        "backend": "nobody",
    }
    keras_json.write_text(json.dumps(settings), encoding="utf-8")
    return keras_json


@pytest.fixture(params=BACKEND_NAMES, ids=str)
def backend_name(request: pytest.FixtureRequest) -> str:
    """Name each available backend in turn, already loaded."""
    name: str = request.param
    _load(name)
    return name


@pytest.fixture
def backend(backend_name: str) -> Backend:
    """Give each available backend in turn."""
    return registry.load(backend_name)


@pytest.fixture
def double_precision(backend_name: str) -> Iterator[None]:
    """Let the backend compute in float64 where that is a mode to be switched on."""
    # Not at the top: where the conformance suite is run from another folder, this file is read
    # and tests/helpers is not on the path.
    from precision import in_float64

    with in_float64(backend_name):
        yield


@pytest.fixture
def differentiable(backend: Backend) -> Backend:
    """Return the backend, skipped where its gradients need a package that is not installed."""
    if backend.name == "numpy":
        pytest.importorskip("autograd", reason="NumPy's gradients need the package autograd")
    return backend


@pytest.fixture
def all_backends() -> tuple[str, ...]:
    """Name all backends under test at once, already loaded."""
    for name in BACKEND_NAMES:
        _load(name)
    return tuple(BACKEND_NAMES)


@pytest.fixture
def make_distribution(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that lays out an installed distribution with one plugin module."""

    def make(name: str, source: str, *, entry_point: str | None = None) -> Path:
        folder = tmp_path / "site" / name
        information = folder / f"{name}-1.0.dist-info"
        information.mkdir(parents=True)
        (folder / f"{name}.py").write_text(textwrap.dedent(source), encoding="utf-8")
        (information / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8"
        )
        (information / "entry_points.txt").write_text(
            f"[convdispatch]\n{entry_point or name} = {name}\n", encoding="utf-8"
        )
        return folder

    return make


@pytest.fixture
def run_python() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return a function that runs Python in a process of its own, with folders to import from."""

    def run(*arguments: str, paths: tuple[Path, ...] = ()) -> subprocess.CompletedProcess[str]:
        environ = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))}
        return subprocess.run(
            [sys.executable, *arguments],
            env=environ,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


@pytest.fixture
def answer(capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, object]]:
    """Return a function that runs a command with --json and returns what it printed."""

    def run(*arguments: str, code: int = 0) -> dict[str, object]:
        assert main([*arguments, "--json"]) == code
        value: dict[str, object] = json.loads(capsys.readouterr().out)
        return value

    return run


@pytest.fixture
def failure(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Return a function that runs a command that must fail with one line: what it returns."""

    def run(*arguments: str, code: int = 2) -> str:
        assert main(list(arguments)) == code
        captured = capsys.readouterr()
        assert captured.out == ""
        assert captured.err.startswith("convdispatch: error: ")
        assert captured.err.count("\n") == 1
        return captured.err

    return run


def _load(name: str) -> None:
    """Load a backend; whatever its framework warns of while being imported is not our test's."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if name == "tensorflow" and importlib.util.find_spec("torch") is not None:
            importlib.import_module("torch")  # the other order has crashed processes
        registry.load(name)
