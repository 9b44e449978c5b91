"""An engine's environment: Python, convdispatch, the example backend, and what it needs."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from scoreboard.engines import Engine
from scoreboard.watching import Ended, Limits, run

_DISTRIBUTION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_ASK_VERSIONS = """
import importlib.metadata as metadata, json, sys
def version(name):
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
print(json.dumps({name: version(name) for name in sys.argv[1:]}))
"""


class NotInstalledError(Exception):
    """An engine cannot be installed here; the message is the installer's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """Where to run an engine."""

    python: Path
    versions: Mapping[str, str | None] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict)  # beside this process's own


def install(engine: Engine, *, root: Path, environments: Path, seconds: float) -> Installed:
    """Make the engine's environment anew from the checkout; raise `NotInstalledError`."""
    limits = Limits(seconds=seconds)
    folder = environments / engine.name
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    _require(run([sys.executable, "-m", "venv", folder], os.environ, limits, root), "venv", seconds)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    pip: list[str | Path] = [python, "-m", "pip", "--disable-pip-version-check", "install"]
    wanted: list[str | Path] = [
        *("--quiet", "-c", str(root / "constraints.txt")),
        f"{root}[bfloat16,conformance]",
        root / "examples" / engine.example,
        *engine.requirements,
    ]
    environ = clean_environ()
    _require(run([*pip, *wanted], environ, limits, root), "pip", seconds)
    return Installed(python=python, versions=_versions(python, engine, root))


def clean_environ() -> dict[str, str]:
    """Return this process's variables without those that would change what is installed or run."""
    left_out = ("CONVDISPATCH_", "KERAS_", "PYTHON")
    return {key: value for key, value in os.environ.items() if not key.startswith(left_out)}


def _require(ended: Ended, program: str, seconds: float) -> None:
    if ended.is_late:
        raise NotInstalledError(f"{program} did not end within {seconds:g} seconds")
    if ended.code:
        raise NotInstalledError(f"{program}: {_reason(ended)}")


def _reason(ended: Ended) -> str:
    """Return the errors among the last lines, or the last line: pip's advice comes after them."""
    lines = [line.strip() for line in ended.output.splitlines() if line.strip()]
    errors = [line for line in lines if line.upper().startswith("ERROR")]
    return " ".join(errors[-2:] or lines[-1:]) or f"exit status {ended.code}"


def _versions(python: Path, engine: Engine, root: Path) -> dict[str, str | None]:
    """Return the versions of what the engine requires."""
    found = (_DISTRIBUTION.match(one) for one in engine.requirements)
    names = [one[0] for one in found if one]
    ended = run([python, "-c", _ASK_VERSIONS, *names], clean_environ(), Limits(seconds=60), root)
    try:
        versions: dict[str, str | None] = json.loads(ended.output)
    except ValueError:
        return {}
    return versions
