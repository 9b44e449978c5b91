"""`convdispatch inspect FILE`: what a model's file is and holds, and what is suspicious about it.

No array is read for that, however large the file. What a file of Keras 1 does not say can only be
seen by computing: `--run` does, and a small file is run without being asked.
"""

from __future__ import annotations

import argparse
import importlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

from convdispatch.cli._file_facts import Facts, facts_of
from convdispatch.cli._file_layers import LayerFacts
from convdispatch.cli._output import fitted, show, table
from convdispatch.saving.limits import DEFAULT_FILE_LIMITS
from convdispatch.saving.recognising import read_checkpoint
from convdispatch.support.text import one_line

_SMALL = 10**6  # numbers that a file may hold to be run without being asked
_WIDEST = 30  # characters of an array's name


def run(arguments: argparse.Namespace) -> int:
    """Print what the file is; return 0 whatever it is, as long as a Keras wrote it."""
    path = Path(arguments.file)
    limits = DEFAULT_FILE_LIMITS.of(arguments.untrusted)
    facts = facts_of(read_checkpoint(path, limits=limits), path)
    is_asked = arguments.run if arguments.run is not None else _is_unclear_and_small(facts)
    runs = []
    if is_asked and facts.has_architecture and facts.arrays:
        runs = importlib.import_module("convdispatch.cli._file_runs").runs_of(path, facts, limits)
    found = asdict(facts) | {"runs": runs}
    show(arguments, found, fitted(_as_text(facts, runs, is_asked=is_asked)))
    return 0


def _is_unclear_and_small(facts: Facts) -> bool:
    return bool(facts.unsaid) and facts.numbers <= _SMALL


def _as_text(facts: Facts, runs: list[dict[str, Any]], *, is_asked: bool) -> str:
    lines = [
        f"{facts.file}: {facts.format}, {size(facts.size)}",
        f"written by: {_writer(facts)}",
        f"convention: {facts.convention or 'not said'}",
        f"architecture: {facts.architecture or 'none: the file has weights alone'}",
        f"arrays: {facts.arrays:,} with {facts.numbers:,} numbers",
        f"training: {facts.training or 'not said'}",
    ]
    if facts.optimizer_arrays:
        lines.append(f"optimizer: {facts.optimizer_arrays} arrays of its state")
    lines += ["", table(("layer", "class", "array", "shape", "type"), _rows(facts.layers))]
    if facts.suspicious:
        lines += ["", "Suspicious:", *(f"  - {one_line(text)}" for text in facts.suspicious)]
    if facts.unsaid and not is_asked:
        lines += ["", "`--run` shows what a forward pass gives under each assumption."]
    return "\n".join([*lines, *_of_runs(runs)])


def _writer(facts: Facts) -> str:
    title = {"keras1": "Keras 1", "keras2": "Keras 2 or tf_keras", "keras3": "Keras 3"}
    if facts.keras_version is None:
        if facts.dialect == "keras1" and not facts.evidence:
            return "Keras 1 or 2: nothing in it tells which"
        shown = f": {one_line(facts.evidence)}" if facts.evidence else ""
        return f"{title[facts.dialect]}, by its form{shown}"
    return f"Keras {facts.keras_version}"


def _rows(layers: list[LayerFacts]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for layer in layers:
        if not layer.arrays:
            rows.append((layer.name, layer.kind or "-", "", "", ""))
        for place, array in enumerate(layer.arrays):
            start = (layer.name, layer.kind or "-") if not place else ("", "")
            rows.append((*start, array.name[-_WIDEST:], _shape(array.shape), array.dtype))
    return rows


def _of_runs(runs: list[dict[str, Any]]) -> list[str]:
    if not runs:
        return []
    headers = (
        "trained_on",
        "dim_ordering",
        "output",
        "first numbers",
        "deviation",
        "differs by",
        "",
    )
    rows = [
        (
            str(run["trained_on"] or "-"),
            str(run["dim_ordering"] or "-"),
            " ".join(_shape(shape) for shape in run["shapes"]),
            " ".join(map(_number, run["first"])) or "-",
            _number(run["deviation"]),
            _number(run["difference"]),
            one_line(str(run["reason"] or "")),
        )
        for run in runs
    ]
    inputs = " ".join(_shape(shape) for shape in runs[0]["inputs"])
    return [
        "",
        f"A forward pass on random input {inputs}:".replace("  ", " "),
        table(headers, rows),
    ]


def _shape(shape: Any) -> str:
    return "x".join(map(str, shape)) or "one number"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def size(count: float) -> str:
    """Return a number of bytes in words.

    >>> size(1536)
    '1.5 kB'
    """
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1024 or unit == "GB":
            break
        count /= 1024
    return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
