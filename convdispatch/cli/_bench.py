"""`convdispatch bench diff BASE HEAD`: says whether one checkout is slower than another.

Exit codes: 0 no slow-down is proved; 1 one is; 2 wrong usage; 3 a side cannot be measured, or
nothing could be compared.
"""

from __future__ import annotations

import argparse
import contextlib
import fnmatch
import random
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence

from convdispatch import selection
from convdispatch.bench import gate, pair
from convdispatch.bench.benchmarks import BENCHMARKS
from convdispatch.bench.checkouts import Checkout, CheckoutError, checked_out
from convdispatch.cli._bench_report import UNMEASURED, as_json, as_text, exit_code
from convdispatch.cli._output import UsageError, one_line
from convdispatch.conformance import choosing
from convdispatch.conformance.report import ReportError
from convdispatch.conformance.report_files import reserved
from convdispatch.errors import BackendBroken, BackendNotFound, BackendUnavailable, InvalidArgument


def run(arguments: argparse.Namespace) -> int:
    """Compare, print the table, and return the exit code."""
    try:
        ids = _selected(arguments.backend, arguments.select)
    except (BackendUnavailable, BackendBroken) as exc:
        print(f"convdispatch: error: {one_line(str(exc))}", file=sys.stderr)
        return UNMEASURED
    rules = gate.Rules(threshold=arguments.threshold, rounds=arguments.rounds)
    try:
        with (
            _terminable(),
            reserved(arguments.json, "--json") as file,
            checked_out(arguments.base, arguments.head) as sides,
        ):
            results = _compare(ids, sides, rules)
            if file is not None:
                file.write(as_json(results, sides, rules))
    except (CheckoutError, InvalidArgument, ReportError) as exc:
        raise UsageError(str(exc)) from exc
    print(as_text(results, rules))
    return exit_code(results)


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
    """Let a request to end, which a CI sends, clean up as Ctrl-C does."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
