"""`convdispatch run --nproc`: the processes that an engine asks for, and how a run of them ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conftest import BACKEND_NAMES
from convdispatch.cli import _launching, main
from convdispatch.errors import InvalidArgument
from convdispatch.ops import Launched
from convdispatch.runtime.launching import launched

FAILING = "import sys, time; time.sleep(0.2); sys.exit(3)"
KILLED = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
WAITING = "import time; time.sleep(100)"
WELL = "pass"


def python(code: str, **environ: str) -> Launched:
    """Return a process that runs this code."""
    return Launched([sys.executable, "-c", code], environ)


def test_torch_has_torchrun() -> None:
    """One process, which starts the others."""
    (one,) = launched("torch", ["python", "a.py"], 3)
    assert one.command[:3] == [sys.executable, "-m", "convdispatch_torch._torchrun"]
    assert one.command[-3:] == ["--nproc-per-node=3", "python", "a.py"]


def test_jax_has_variables() -> None:
    """The same address for all, and each its number."""
    found = launched("jax", ["python", "a.py"], 2)
    assert [one.environ["JAX_PROCESS_ID"] for one in found] == ["0", "1"]
    assert len({one.environ["JAX_COORDINATOR_ADDRESS"] for one in found}) == 1


def test_tensorflow_has_workers() -> None:
    """All addresses for each, and its own place among them."""
    configs = [
        json.loads(one.environ["TF_CONFIG"]) for one in launched("tensorflow", ["python"], 2)
    ]
    assert [one["task"] for one in configs] == [{"type": "worker", "index": n} for n in range(2)]
    assert len(set(configs[0]["cluster"]["worker"])) == 2


def test_numpy_has_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command says which backends have an engine."""
    script = tmp_path / "a.py"
    script.write_text("import keras")
    assert main(["run", "--backend", "numpy", "--api", "keras2", "--nproc", "2", str(script)]) == 2
    said = capsys.readouterr().err
    assert "the backend 'numpy' has no engine for several processes" in said
    assert "jax, tensorflow, torch" in said


def test_an_unknown_backend_is_told() -> None:
    """It has no engine either."""
    with pytest.raises(InvalidArgument, match="has no engine"):
        launched("nothing", [], 2)


def test_a_run_ends_well_with_its_last_process() -> None:
    """Not before: none is ended."""
    assert _launching.watch([python(WELL), python("import time; time.sleep(0.3)")], os.environ) == 0


@pytest.mark.parametrize(
    ("code", "said", "wanted"),
    [(FAILING, "process 1 of 2 ended with code 3", 3), (KILLED, "was ended by SIGKILL", 137)],
    ids=["fails", "killed"],
)
def test_a_process_that_fails_ends_the_others(
    monkeypatch: Any, capsys: pytest.CaptureFixture[str], code: str, said: str, wanted: int
) -> None:
    """After the time in which the engine may see it itself, with one message."""
    monkeypatch.setattr(_launching, "_GRACE", 0.1)
    begun = time.monotonic()
    assert _launching.watch([python(WAITING), python(code)], os.environ) == wanted
    assert time.monotonic() - begun < 20
    assert capsys.readouterr().err.count(said) == 1


WORKING = """
import os, sys, time, keras
open(os.path.join(sys.argv[1], str(os.getpid())), "w").close()
time.sleep(200)
"""


@pytest.fixture(params=["jax", "torch"])
def working(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Any, list[int]]]:
    """Yield a command at work, and the processes of its script."""
    if request.param not in BACKEND_NAMES:
        pytest.skip("its engine is not installed")
    script, folder = tmp_path / "working.py", tmp_path / "processes"
    script.write_text(WORKING)
    folder.mkdir()
    command = ["run", "--backend", request.param, "--api", "keras2", "--nproc", "2", str(script)]
    started = subprocess.Popen(
        [sys.executable, "-m", "convdispatch", *command, str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    end = time.monotonic() + 60
    while len(list(folder.iterdir())) < 2 and time.monotonic() < end:
        time.sleep(0.05)
    processes = [int(one.name) for one in folder.iterdir()]
    yield started, processes
    started.kill()
    for process in filter(is_alive, processes):
        os.kill(process, signal.SIGKILL)


def is_alive(process: int) -> bool:
    """Return whether a process is neither gone nor merely not yet buried."""
    try:
        status = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


@pytest.mark.skipif(sys.platform != "linux", reason="it looks into /proc")
@pytest.mark.parametrize(
    ("way", "code"),
    [(signal.SIGTERM, 130), (signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)],
    ids=["asked", "interrupted", "killed"],
)
def test_no_process_outlives_the_command(
    working: tuple[Any, list[int]], way: signal.Signals, code: int
) -> None:
    """However it ends, also where one of them is stopped; it says at most one sentence."""
    started, processes = working
    assert len(processes) == 2
    if way == signal.SIGKILL:
        os.kill(processes[0], signal.SIGSTOP)
    started.send_signal(way)
    printed, errors = started.communicate(timeout=60)
    assert started.returncode == code
    assert printed == ""
    said = "convdispatch: error: it was interrupted, so the run has ended.\n"
    assert errors == ("" if way == signal.SIGKILL else said)
    end = time.monotonic() + 10
    while any(map(is_alive, processes)) and time.monotonic() < end:
        time.sleep(0.05)
    assert not any(map(is_alive, processes))
