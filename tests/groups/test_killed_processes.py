"""A process of a group that dies or hangs ends the run; the next run goes on from the last epoch.

`CONVDISPATCH_TEST_KILLS=20 pytest tests/groups/test_killed_processes.py` tries each way twenty
times on each engine, and prints how long the longest took with `-rP`.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from group_runs import SECONDS, environment, environments
from places import HELPERS
from small_disks import on_small_disk

from conftest import BACKEND_NAMES

# How often each way is tried on each engine; 0: some of them once, for each engine.
ROUNDS = int(os.environ.get("CONVDISPATCH_TEST_KILLS", "0"))
LIMIT = 60  # seconds after it, within which the others have to end
# Seconds of the engine in a run that ends early, so long do processes wait for a slow one, too, as
# where they first meet on a busy machine. JAX waits so long for the dead.
TIMEOUT = "20"

ENDED = "GroupFailed: another process of this training has ended, hangs, or cannot be reached"
FAILED = "GroupFailed: rank 0 of this training has failed"
FULL = "OSError: [Errno 28] No space left on device: '"
INTERRUPT = "\nKeyboardInterrupt"
# What JAX says when its own service finds a process gone, and ends the others.
JAX_ENDED = "Terminating process because the JAX distributed service detected fatal errors"
LEFT = {"torch": (ENDED,), "jax": (ENDED, JAX_ENDED), "tensorflow": (ENDED,)}

# Of which rank, and how: see `group_killed`.
WAYS = [
    ("1", "kill"),
    ("0", "kill"),
    ("0", "write"),
    ("1", "hang"),
    ("0", "hang"),
    ("0", "full"),
    ("1", "interrupt"),
]
ONCE = {
    "torch": [("0", "write"), ("1", "hang"), ("0", "full"), ("1", "interrupt")],
    "jax": [("1", "kill")],
    "tensorflow": [("1", "kill")],
}
CASES = [
    (engine, *way)
    for engine in ONCE
    if engine in BACKEND_NAMES
    for way in (WAYS * ROUNDS if ROUNDS else ONCE[engine])
]


class Runs:
    """Runs of two processes in one folder, behind the same words."""

    def __init__(self, engine: str, folder: Path, before: Sequence[str] = ()) -> None:
        self.engine, self.folder, self.before = engine, folder, before

    def run(self, rank: str, way: str) -> tuple[list[int | None], list[str], float]:
        """Return the exit codes, None of one that hangs, what was printed, and when they ended."""
        limit = {} if way == "none" else {"CONVDISPATCH_GROUP_TIMEOUT": TIMEOUT}
        started = [
            subprocess.Popen(
                [*self.before, *command(self.folder, rank, way)],
                env=environ | limit,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            for environ in environments(self.engine)
        ]
        printed, codes = ["", ""], list[int | None]([None, None])
        waited = [own for own in range(2) if (str(own), way) != (rank, "hang")]
        try:
            for own in waited:
                printed[own] = started[own].communicate(timeout=SECONDS)[0]
                codes[own] = started[own].returncode
        finally:
            for one in started:
                one.kill()
                one.communicate()
        return codes, printed, time.time()

    def has(self, name: str) -> bool:
        """Return whether a process has written that."""
        looking = [*self.before, "test", "-e", str(self.folder / name)]
        return subprocess.run(looking, check=False).returncode == 0

    def read(self, name: str) -> Any:
        """Return the numbers that a process has written."""
        found = subprocess.run(
            [*self.before, "cat", str(self.folder / name)], capture_output=True, check=True
        )
        return json.loads(found.stdout)


def command(folder: Path, rank: str, way: str) -> list[str]:
    """Return the command of one process."""
    return [sys.executable, str(HELPERS / "group_killed.py"), str(folder), rank, way]


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Any]:
    """Return what one process of an engine reports that nothing stops."""

    @functools.cache
    def history(engine: str) -> Any:
        folder, environ = tmp_path_factory.mktemp(engine), environment(engine)
        subprocess.run(command(folder, "0", "none"), env=environ, timeout=SECONDS, check=True)
        return json.loads((folder / "history-0.json").read_text())

    return history


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[list[str]]:
    """Yield what comes before commands that find a small disk in the folder."""
    waiting = subprocess.Popen(
        [*on_small_disk(folder, "96k"), "sh", "-c", "echo mounted && exec sleep 600"],
        stdout=subprocess.PIPE,
    )
    try:
        assert waiting.stdout is not None
        assert waiting.stdout.readline() == b"mounted\n"
        user = [] if os.geteuid() == 0 else ["-U", "--preserve-credentials"]
        yield ["nsenter", *user, "--mount", "--target", str(waiting.pid)]
    finally:
        waiting.kill()
        waiting.communicate()


@pytest.mark.parametrize(("engine", "rank", "way"), CASES)
def test_the_next_run_goes_on(
    tmp_path: Path, wanted: Callable[[str], Any], engine: str, rank: str, way: str
) -> None:
    """The one that is left says once why it ends; the losses are those without a stop."""
    folder = tmp_path / "run"
    folder.mkdir()
    with small_disk(folder) if way == "full" else contextlib.nullcontext([]) as before:
        runs = Runs(engine, folder, before)
        codes, printed, ended = runs.run(rank, way)
        assert 0 not in codes, printed
        assert runs.has("when"), printed
        seconds = ended - runs.read("when")
        assert seconds < LIMIT
        require_one_message(engine, rank, way, printed)
        print(f"{engine} {rank} {way}: {seconds:.1f} seconds")  # noqa: T201 - for `-rP`
        codes, printed, _ = runs.run(rank, "none")
        assert codes == [0, 0], printed
        for own in range(2):
            found = runs.read(f"history-{own}.json")
            for name, values in wanted(engine).items():
                assert found[name] == pytest.approx(values, abs=1e-9), name


def require_one_message(engine: str, rank: str, way: str, printed: Sequence[str]) -> None:
    """Require that each process that can says in one way, and once, why it ends."""
    said = {own: LEFT[engine] for own in range(2) if str(own) != rank}
    if way == "interrupt":
        said = dict.fromkeys(range(2), (*LEFT[engine], INTERRUPT))
    if way == "full":
        said = {0: (FULL,), 1: (FAILED,)}
    for own, allowed in said.items():
        text = re.sub(r"^\[rank\d\]: ", "", printed[own], flags=re.MULTILINE)  # torch's
        assert sum(text.count(one) for one in allowed) == 1, text
