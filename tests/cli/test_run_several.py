"""`convdispatch run --nproc`: the processes that an engine asks for, and how a run of them ends."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from convdispatch.cli import _launching, main
from convdispatch.cli._output import UsageError
from convdispatch.ops import Launched

FAILING = "import sys, time; time.sleep(0.2); sys.exit(3)"
KILLED = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
WAITING = "import time; time.sleep(100)"
WELL = "pass"


def python(code: str, **environ: str) -> Launched:
    """Return a process that runs this code."""
    return Launched([sys.executable, "-c", code], environ)


def test_torch_has_torchrun() -> None:
    """One process, which starts the others."""
    (one,) = _launching.launched("torch", ["python", "a.py"], 3)
    assert one.command[:3] == [sys.executable, "-m", "torch.distributed.run"]
    assert one.command[-3:] == ["--nproc-per-node=3", "python", "a.py"]


def test_jax_has_variables() -> None:
    """The same address for all, and each its number."""
    found = _launching.launched("jax", ["python", "a.py"], 2)
    assert [one.environ["JAX_PROCESS_ID"] for one in found] == ["0", "1"]
    assert len({one.environ["JAX_COORDINATOR_ADDRESS"] for one in found}) == 1


def test_tensorflow_has_workers() -> None:
    """All addresses for each, and its own place among them."""
    configs = [
        json.loads(one.environ["TF_CONFIG"])
        for one in _launching.launched("tensorflow", ["python"], 2)
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
    with pytest.raises(UsageError, match="has no engine"):
        _launching.launched("nothing", [], 2)


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
