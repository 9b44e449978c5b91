"""`convdispatch bench diff BASE HEAD`: says whether one checkout is slower than another.

Exit codes: 0 no slow-down is proved; 1 one is; 2 wrong usage; 3 a side cannot be measured, or
nothing could be compared.
"""

from __future__ import annotations

import argparse
import fnmatch
import random
import sys
from collections.abc import Mapping, Sequence

from convdispatch.bench import gate, pair
from convdispatch.bench.benchmarks import BENCHMARKS
from convdispatch.bench.checkouts import Checkout, checked_out
from convdispatch.bench.ending import terminable
from convdispatch.cli._bench_report import UNMEASURED, as_json, as_text, exit_code
from convdispatch.cli._output import UsageError, complain, fitted, say
from convdispatch.cli._streams import output_path
from convdispatch.conformance.report.report_files import reserved
from convdispatch.conformance.run import choosing
from convdispatch.errors import BackendBroken, BackendUnavailable
from convdispatch.runtime import selection
from convdispatch.support.terminal import ProgressLine


def run(arguments: argparse.Namespace) -> int:
    """Compare, print the table, and return the exit code.

    1 means a slow-down and nothing else, so a gate may rely on it.
    """
    try:
        ids = _selected(arguments.backend, arguments.select)
    except (BackendUnavailable, BackendBroken) as exc:
        complain(f"error: {exc}")
        return UNMEASURED
    rules = gate.Rules(threshold=arguments.threshold, rounds=arguments.rounds)
    with (
        terminable(),
        reserved(output_path(arguments.json), "--json") as file,
        checked_out(arguments.base, arguments.head) as sides,
    ):
        results = _compare(ids, sides, rules)
        if file is not None:
            file.write(as_json(results, sides, rules))
    say(fitted(as_text(results, rules)))
    return exit_code(results)


def _selected(backends: Sequence[str], pattern: str) -> dict[str, tuple[str, str]]:
    """Return the backend and the benchmark of each id that is asked for."""
    infos = choosing.choose(backends or [selection.backend()])
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

    def measure(wanted: Sequence[str]) -> dict[str, pair.RoundResult]:
        by_backend: dict[str, dict[str, str]] = {}
        for id_ in wanted:
            backend, name = ids[id_]
            by_backend.setdefault(backend, {})[name] = id_
        return {
            by_name[name]: measured
            for backend, by_name in by_backend.items()
            for name, measured in pair.measure(sides, backend, list(by_name), lot).items()
        }

    line = ProgressLine(sys.stderr)
    try:
        return gate.compare(
            list(ids),
            measure,
            rules=rules,
            watch=lambda done, total: line.show(f"round {done + 1} of {total}"),
        )
    finally:
        line.clear()
