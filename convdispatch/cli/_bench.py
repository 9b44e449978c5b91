"""`convdispatch bench diff BASE HEAD`: says whether one checkout is slower than another.

Exit codes: 0 no slow-down is proved; 1 one is; 2 wrong usage; 3 a side cannot be measured, or
nothing could be compared.
"""

from __future__ import annotations

import argparse
import contextlib
import fnmatch
import json
import math
import random
import signal
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from convdispatch import selection
from convdispatch.bench import gate, pair
from convdispatch.bench.benchmarks import BENCHMARKS
from convdispatch.bench.checkouts import Checkout, CheckoutError, checked_out
from convdispatch.cli._output import UsageError, one_line, table
from convdispatch.conformance import choosing
from convdispatch.conformance.report import ReportError
from convdispatch.conformance.report_files import reserved
from convdispatch.errors import BackendBroken, BackendNotFound, BackendUnavailable, InvalidArgument

_SLOWDOWN, _UNMEASURED = 1, 3
_HEADERS = ("benchmark", "base", "head", "ratio", "interval", "rounds", "verdict")
_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"))


def run(arguments: argparse.Namespace) -> int:
    """Compare, print the table, and return the exit code."""
    try:
        ids = _selected(arguments.backend, arguments.select)
    except (BackendUnavailable, BackendBroken) as exc:
        print(f"convdispatch: error: {one_line(str(exc))}", file=sys.stderr)
        return _UNMEASURED
    rules = gate.Rules(threshold=arguments.threshold, rounds=arguments.rounds)
    try:
        with (
            _terminable(),
            reserved(arguments.json, "--json") as file,
            checked_out(arguments.base, arguments.head) as sides,
        ):
            results = _compare(ids, sides, rules)
            if file is not None:
                file.write(_as_json(results, sides, rules))
    except (CheckoutError, InvalidArgument, ReportError) as exc:
        raise UsageError(str(exc)) from exc
    print(_as_text(results, rules))
    return _code(results)


def _selected(backends: Sequence[str], pattern: str) -> dict[str, tuple[str, str]]:
    """Return the backend and the benchmark of each id that is asked for."""
    try:
        infos = choosing.choose(backends or [selection.backend()])
    except BackendNotFound as exc:
        raise UsageError(str(exc)) from exc
    every = {f"{info.name}/{name}": (info.name, name) for info in infos for name in BENCHMARKS}
    chosen = {
        id_: (backend, name)
        for id_, (backend, name) in every.items()
        if fnmatch.fnmatchcase(name, pattern)
    }
    if not chosen:
        raise UsageError(
            f"--select {pattern!r} selects no benchmark. Give one of {', '.join(BENCHMARKS)}, "
            "or a pattern such as 'conv2d*'."
        )
    return chosen


def _compare(
    ids: Mapping[str, tuple[str, str]], sides: tuple[Checkout, Checkout], rules: gate.Rules
) -> list[gate.Result]:
    lot = random.Random()

    def measure(wanted: Sequence[str]) -> dict[str, pair.Measured]:
        by_backend: dict[str, dict[str, str]] = {}
        for id_ in wanted:
            backend, name = ids[id_]
            by_backend.setdefault(backend, {})[name] = id_
        return {
            by_name[name]: measured
            for backend, by_name in by_backend.items()
            for name, measured in pair.measure(sides, backend, list(by_name), lot).items()
        }

    try:
        return gate.compare(list(ids), measure, rules=rules, watch=_tell)
    finally:
        if sys.stderr.isatty():
            sys.stderr.write("\r\033[K")


def _tell(done: int, total: int) -> None:
    """Say on a terminal how far it is; who reads a file wants no moving line in it."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\rround {done + 1} of {total}")
        sys.stderr.flush()


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """Let a request to end, which CI sends, clean up as Ctrl-C does."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _code(results: Sequence[gate.Result]) -> int:
    verdicts = [one.verdict for one in results]
    if gate.FAILED in verdicts or not any(one.is_compared for one in results):
        return _UNMEASURED
    return _SLOWDOWN if gate.SLOWER in verdicts else 0


def _as_text(results: Sequence[gate.Result], rules: gate.Rules) -> str:
    """Return the table, and a sentence that says what the exit code does."""
    blocks = [table(_HEADERS, [_row(one) for one in results])]
    reasons = [f"{one.id}: {one.verdict}: {one_line(one.reason)}" for one in results if one.reason]
    if reasons:
        blocks.append("\n".join(reasons))
    counts = Counter(one.verdict for one in results)
    compared = sum(one.is_compared for one in results)
    summary = (
        f"{counts[gate.SLOWER]} of {compared} benchmarks compared are slower by more than "
        f"{rules.threshold - 1:.3g} of the time."
    )
    if counts[gate.NOT_DECIDED]:
        summary += (
            f" {counts[gate.NOT_DECIDED]} could not be decided: take more rounds, or a quieter "
            "machine."
        )
    if counts[gate.FAILED]:
        summary += f" {counts[gate.FAILED]} could not be measured."
    return "\n\n".join([*blocks, summary])


def _row(result: gate.Result) -> tuple[str, ...]:
    if not result.is_compared:
        return (result.id, "-", "-", "-", "-", str(len(result.log_ratios)), result.verdict)
    base, head = result.seconds()
    assert result.interval is not None
    ratio, low, high = map(math.exp, _ends(result))
    return (
        result.id,
        _duration(base),
        _duration(head),
        f"{ratio:.3f}",
        f"{low:.3f} to {high:.3f}",
        str(len(result.log_ratios)),
        result.verdict,
    )


def _ends(result: gate.Result) -> tuple[float, float, float]:
    assert result.interval is not None
    return result.interval.estimate, result.interval.low, result.interval.high


def _duration(seconds: float) -> str:
    size, unit = next((one for one in _UNITS if seconds >= one[0]), _UNITS[-1])
    return f"{seconds / size:.3g} {unit}"


def _as_json(
    results: Sequence[gate.Result], sides: tuple[Checkout, Checkout], rules: gate.Rules
) -> str:
    base, head = ({"given": side.given, "revision": side.revision} for side in sides)
    whole = {
        "schema_version": 1,
        "base": base,
        "head": head,
        "threshold": rules.threshold,
        "false_alarm": gate.FALSE_ALARM,
        "exit_status": _code(results),
        "benchmarks": [_record(one) for one in results],
    }
    return json.dumps(whole, indent=2, allow_nan=False) + "\n"


def _record(result: gate.Result) -> dict[str, Any]:
    base = head = None
    ends: Sequence[float | None] = (None, None, None)
    if result.is_compared:
        base, head = result.seconds()
        ends = [math.exp(end) if math.isfinite(end) else None for end in _ends(result)]
    return {
        "id": result.id,
        "verdict": result.verdict,
        "reason": result.reason,
        "base_seconds": base,
        "head_seconds": head,
        "ratio": ends[0],
        "low": ends[1],
        "high": ends[2],
        "log_ratios": result.log_ratios,
    }
