"""The processes in which asv runs the benchmarks: their threads, and where their frameworks are."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

import pytest
from places import ROOT

from convdispatch.ops import Backend

FOLDER = ROOT / "asv_benches"
VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
    "NPROC",
)

SHOW = "import json, os, benchmarks; print(json.dumps(dict(os.environ)))"
BUSY = """
import sys, time
import numpy  # before the threads are pinned, as asv_runner does
import benchmarks
from benchmarks import _base, _parts
backend = _base.registry.load(sys.argv[1])
case = _parts.layer((8, 56, 56, 32), "Conv2D", filters=32, kernel_size=3)
layer, x = case.make(backend.name), _base.tensor(backend.name, case.shape)
backend.synchronize(layer(x))
wall, busy = time.perf_counter(), time.process_time()
for _ in range(10):
    backend.synchronize(layer(x))
print((time.process_time() - busy) / (time.perf_counter() - wall))
"""


def in_benchmarks(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run Python in the folder, with no thread settings but those given."""
    environ = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=FOLDER,
        env=environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(("wanted", "threads"), [({}, "1"), ({"THREADS": "2"}, "2")])
def test_threads_are_pinned(wanted: dict[str, str], threads: str) -> None:
    """One thread, or as many as asked for; a variable that the user has set stays."""
    asked = {f"CONVDISPATCH_BENCH_{name}": value for name, value in wanted.items()}
    environ = json.loads(in_benchmarks("-c", SHOW, **asked, MKL_NUM_THREADS="7").stdout)
    expected = dict.fromkeys(VARIABLES, threads) | {"MKL_NUM_THREADS": "7"}
    assert {name: environ.get(name) for name in VARIABLES} == expected


def test_a_bad_number_of_threads_is_an_error() -> None:
    """The message names the variable, what it is, and what it may be."""
    done = in_benchmarks("-c", SHOW, CONVDISPATCH_BENCH_THREADS="many")
    assert done.returncode != 0
    assert "CONVDISPATCH_BENCH_THREADS is 'many'; expected a number of threads" in done.stderr


def test_numpy_that_came_first_needs_threadpoolctl() -> None:
    """Without it the threads of NumPy's BLAS stay, and the message says what to do."""
    blocked = "import sys, numpy; sys.modules['threadpoolctl'] = None; import benchmarks"
    done = in_benchmarks("-c", blocked)
    assert done.returncode != 0
    assert "`pip install threadpoolctl`), or run asv with OPENBLAS_NUM_THREADS=1" in done.stderr
    assert in_benchmarks("-c", blocked, OPENBLAS_NUM_THREADS="1").returncode == 0


@pytest.mark.skipif(
    importlib.util.find_spec("threadpoolctl") is None,
    reason="threadpoolctl is not installed: the extra `bench` brings it",
)
@pytest.mark.skipif(os.cpu_count() == 1, reason="there is no second processor to keep off")
def test_a_pinned_backend_keeps_one_processor_busy(backend: Backend) -> None:
    """A convolution takes no more processor time than wall time."""
    done = in_benchmarks("-c", BUSY, backend.name)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 1.2


def test_importing_the_tables_pins_nothing() -> None:
    """Other scripts can use the table of shapes and keep their own threads."""
    code = "import os, asv_benches.benchmarks.shapes; print(os.environ.get('OMP_NUM_THREADS'))"
    done = in_benchmarks("-c", code, PYTHONPATH=str(ROOT))
    assert done.stdout == "None\n"


# Comparing commits with the frameworks of another environment.

SHARE = str(FOLDER / "share_frameworks.py")


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ({}, "CONVDISPATCH_BENCH_PYTHON is not set; expected the interpreter of"),
        ({"CONVDISPATCH_BENCH_PYTHON": "/no/python"}, "'/no/python', which did not answer"),
    ],
    ids=["unset", "missing"],
)
def test_no_environment_to_share_is_an_error(named: dict[str, str], message: str) -> None:
    """The build fails with one line that says what to set."""
    done = in_benchmarks(SHARE, **named)
    assert done.returncode == 1
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.fixture
def new_environment(tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that makes an empty virtual environment and gives its interpreter."""

    def make(name: str) -> Path:
        folder = tmp_path / name
        venv.create(folder, with_pip=False)
        return folder / ("Scripts" if os.name == "nt" else "bin") / "python"

    return make


def test_an_empty_environment_gets_the_other_one_s_packages(
    new_environment: Callable[[str], Path],
) -> None:
    """A package of the other environment cannot be imported before, and can be after."""
    empty, prepared = new_environment("empty"), new_environment("prepared")
    ask = [str(prepared), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    folder = Path(subprocess.check_output(ask, text=True).strip())
    (folder / "some_framework.py").write_text("", encoding="utf-8")
    importing = [str(empty), "-c", "import some_framework; print(some_framework.__file__)"]
    before = subprocess.run(importing, capture_output=True, text=True, check=False)
    assert "No module named 'some_framework'" in before.stderr
    environ = {**os.environ, "CONVDISPATCH_BENCH_PYTHON": str(prepared)}
    subprocess.run([str(empty), SHARE], env=environ, check=True)
    after = subprocess.check_output(importing, text=True)
    assert Path(after.strip()) == folder / "some_framework.py"


def test_another_version_of_python_is_an_error(tmp_path: Path) -> None:
    """Packages compiled for another version are refused, with what to do."""
    other = tmp_path / "python"
    other.write_text("#!/bin/sh\nprintf '3.1\\n/one\\n/two\\n'\n", encoding="utf-8")
    other.chmod(0o755)
    done = in_benchmarks(SHARE, CONVDISPATCH_BENCH_PYTHON=str(other))
    assert done.returncode == 1
    assert "of Python 3.1; asv's environment has Python" in done.stderr
    assert "-E virtualenv:3.1" in done.stderr
