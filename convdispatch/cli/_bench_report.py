"""The report of `convdispatch bench diff`: a table, JSON, and the exit code."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from convdispatch.bench import gate
from convdispatch.bench.checkouts import Checkout
from convdispatch.cli._output import one_line, table

SLOWDOWN, UNMEASURED = 1, 3
_HEADERS = ("benchmark", "base", "head", "ratio", "interval", "rounds", "verdict")
_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"))


def exit_code(results: Sequence[gate.Result]) -> int:
    """Return the exit code; a missing result outweighs a slow one."""
    verdicts = [one.verdict for one in results]
    if gate.FAILED in verdicts or not any(one.is_compared for one in results):
        return UNMEASURED
    return SLOWDOWN if gate.SLOWER in verdicts else 0


def as_text(results: Sequence[gate.Result], rules: gate.Rules) -> str:
    """Return the table, the reasons, and a sentence that explains the exit code."""
    blocks = [table(_HEADERS, [_row(one) for one in results])]
    reasons = [f"{one.id}: {one.verdict}: {one_line(one.reason)}" for one in results if one.reason]
    if reasons:
        blocks.append("\n".join(reasons))
    return "\n\n".join([*blocks, _summary(results, rules)])


def _summary(results: Sequence[gate.Result], rules: gate.Rules) -> str:
    counts = Counter(one.verdict for one in results)
    compared = sum(one.is_compared for one in results)
    parts = [
        f"{counts[gate.SLOWER]} of {compared} compared benchmarks take more than "
        f"{rules.threshold:g} times as long in HEAD."
    ]
    if undecided := counts[gate.NOT_DECIDED]:
        parts.append(f"{undecided} not decided: take more rounds, or a quieter machine.")
    if failed := counts[gate.FAILED]:
        parts.append(f"{failed} could not be measured.")
    return " ".join(parts)


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


def as_json(
    results: Sequence[gate.Result], sides: tuple[Checkout, Checkout], rules: gate.Rules
) -> str:
    """Return the report for programs."""
    base, head = ({"given": side.given, "revision": side.revision} for side in sides)
    whole = {
        "schema_version": 1,
        "base": base,
        "head": head,
        "threshold": rules.threshold,
        "false_alarm": gate.FALSE_ALARM,
        "exit_status": exit_code(results),
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
