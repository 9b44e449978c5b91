"""`convdispatch autotune`: shows and removes the measurements; measures nothing itself."""

from __future__ import annotations

import argparse
import os
import warnings
from dataclasses import asdict

from convdispatch.cli._output import fitted, show, table, warn
from convdispatch.errors import ConfigError
from convdispatch.runtime.tuning import Winner, cache


def run(arguments: argparse.Namespace) -> int:
    """Run one action of `convdispatch autotune`."""
    {"show": _show, "clear": _clear, "path": _path}[arguments.action](arguments)
    return 0


def _path(arguments: argparse.Namespace) -> None:
    path = cache().path
    show(arguments, {"path": str(path), "exists": os.path.isfile(path)}, str(path))


def _clear(arguments: argparse.Namespace) -> None:
    file = cache()
    try:
        removed = file.clear()
    except OSError as exc:
        advice = (
            "It is a folder, so convdispatch did not make it: rename or remove it yourself"
            if os.path.isdir(file.path)
            else "Make its folder writable"
        )
        raise ConfigError(f"{file.path}: cannot be removed: {exc.strerror}. {advice}.") from exc
    text = f"removed {file.path}" if removed else f"There is no {file.path}."
    show(arguments, {"path": str(file.path), "removed": removed}, text)


def _show(arguments: argparse.Namespace) -> None:
    file = cache()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        entries = file.entries()
    for problem in caught:
        warn(str(problem.message))
    listed = [
        {
            "environment": environment,
            "ops": [{"op": key, **asdict(winner)} for key, winner in winners.items()],
        }
        for environment, winners in entries.items()
    ]
    parts = [_section(environment, winners) for environment, winners in entries.items()]
    text = "\n\n".join(parts) or f"Nothing was measured: there is no winner in {file.path}."
    show(arguments, {"path": str(file.path), "environments": listed}, fitted(text))


def _section(environment: str, winners: dict[str, Winner]) -> str:
    # If a row is wrapped, a tuple of numbers stays together.
    compact = {key: key.replace(", ", ",") for key in winners}
    rows = [
        (compact[key], winner.name, _gain(winner), str(winner.batch))
        for key, winner in winners.items()
    ]
    return f"{environment}\n{table(('op', 'chosen', 'gain', 'batch'), rows)}"


def _gain(winner: Winner) -> str:
    before, now = winner.medians.get(winner.usual), winner.medians.get(winner.name)
    return f"{before / now:.2f}" if before and now else "-"
