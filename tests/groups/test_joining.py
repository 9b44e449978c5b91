"""What the environment says wrongly is told by every process, and none waits without an end."""

from __future__ import annotations

import importlib
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from group_runs import environment, free_ports

from conftest import BACKEND_NAMES
from convdispatch.errors import ConfigError, GroupFailed

LOADING = """
import sys
from convdispatch import Sequential, layers
from convdispatch.errors import ConvDispatchError
try:
    model = Sequential([layers.Dense(1, input_shape=(2,))])
    model.compile("sgd", "mse")
    model.train_on_batch([[1.0, 2.0]], [[1.0]])
except ConvDispatchError as exc:
    sys.exit(f"{type(exc).__name__}: {exc}")
"""
TORCH = {"WORLD_SIZE": "2", "RANK": "1", "MASTER_ADDR": "localhost", "MASTER_PORT": "{port}"}
JAX = {
    "JAX_COORDINATOR_ADDRESS": "localhost:{port}",
    "JAX_NUM_PROCESSES": "2",
    "JAX_PROCESS_ID": "1",
}
# Of a backend: what else is set, and what is said.
WRONG = {
    "no port": ("torch", {"MASTER_PORT": ""}, "MASTER_PORT is not set. Start the script with"),
    "no rank": ("torch", {"RANK": "", "MASTER_ADDR": ""}, "but RANK, MASTER_ADDR is not set"),
    "odd rank": ("torch", {"RANK": "two"}, "RANK must be a whole number, from 0 to 1; received"),
    "large rank": (
        "torch",
        {"RANK": "2"},
        "RANK must be a whole number, from 0 to 1; received '2'",
    ),
    "odd size": ("torch", {"WORLD_SIZE": "2.5"}, "WORLD_SIZE must be a whole number, at least 1"),
    "odd port": ("torch", {"MASTER_PORT": "70000"}, "from 1 to 65535; received '70000'"),
    "odd limit": (
        "torch",
        {"CONVDISPATCH_GROUP_TIMEOUT": "1s"},
        "of seconds, at least 1; received",
    ),
    "none there": ("torch", {}, "another process of this training has ended"),
    "port in use": (
        "torch",
        {"RANK": "0", "MASTER_PORT": "{used}"},
        "rank 0 cannot listen at port",
    ),
    "stranger": ("torch", {"MASTER_PORT": "{used}"}, "another program may listen there"),
    "no address": ("jax", {"JAX_COORDINATOR_ADDRESS": ""}, "JAX_COORDINATOR_ADDRESS is not set"),
    "odd number": ("jax", {"JAX_PROCESS_ID": "x"}, "JAX_PROCESS_ID must be a whole number, from 0"),
    "odd count": ("jax", {"JAX_NUM_PROCESSES": "two"}, "JAX_NUM_PROCESSES must be a whole number"),
    "large number": ("jax", {"JAX_PROCESS_ID": "2"}, "from 0 to 1; received '2'"),
    "odd address": ("jax", {"JAX_COORDINATOR_ADDRESS": "localhost"}, "such as 'localhost:1234'"),
    "nobody there": ("jax", {}, "nobody answers at localhost:"),
    "port taken": (
        "jax",
        {"JAX_PROCESS_ID": "0", "JAX_COORDINATOR_ADDRESS": "localhost:{used}"},
        "process 0 cannot listen at port",
    ),
}
MET = ("none there", "port in use", "stranger")  # by torch itself
LIMIT = 60  # seconds, most of which importing takes on a machine at work


@pytest.fixture(scope="module")
def used() -> Iterator[int]:
    """Yield a port at which somebody listens, who never answers."""
    with socket.socket() as listening:
        listening.bind(("", 0))
        listening.listen()
        yield listening.getsockname()[1]


def environ_of(fault: str, used: int) -> tuple[str, dict[str, str], str]:
    """Return the backend, what is set, and what is said."""
    backend, given, said = WRONG[fault]
    if backend not in BACKEND_NAMES:
        pytest.skip("its engine is not installed")
    ports = {"port": free_ports(1)[0], "used": used}
    texts = (TORCH if backend == "torch" else JAX) | given
    found = {name: text.format(**ports) for name, text in texts.items()}
    return backend, {"CONVDISPATCH_GROUP_TIMEOUT": "3"} | found, said


@pytest.mark.parametrize("fault", [one for one in WRONG if one not in MET])
def test_what_makes_no_sense_is_told(
    monkeypatch: pytest.MonkeyPatch, used: int, fault: str
) -> None:
    """Before the engine sees it."""
    backend, environ, said = environ_of(fault, used)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    join = importlib.import_module(
        "convdispatch_jax._joining" if backend == "jax" else "convdispatch_torch._group"
    )
    with pytest.raises((ConfigError, GroupFailed), match=re.escape(said)):
        join.initialize() if backend == "jax" else join.joined(None)


@pytest.mark.parametrize("fault", MET)
def test_one_sentence_says_what_the_engine_meets(used: int, fault: str) -> None:
    """Where the other processes are not there, within the time-out that the user sets."""
    backend, own, said = environ_of(fault, used)
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", LOADING],
        env=environment(backend) | own,
        capture_output=True,
        text=True,
        timeout=2 * LIMIT,
        check=False,
    )
    assert time.monotonic() - begun < LIMIT
    assert done.returncode == 1, done.stderr
    (line,) = [one for one in done.stderr.splitlines() if one.startswith(("Group", "Config"))]
    assert said in line
    assert "Traceback" not in done.stderr


@pytest.mark.skipif("torch" not in BACKEND_NAMES, reason="the engine is torch's")
def test_one_process_needs_no_others() -> None:
    """A size of one, or an empty one, asks for no group."""
    for size in ("", "1"):
        environ = environment("torch", WORLD_SIZE=size)
        subprocess.run([sys.executable, "-c", LOADING], env=environ, timeout=LIMIT, check=True)
