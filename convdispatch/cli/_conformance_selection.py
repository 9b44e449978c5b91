"""Which cases `convdispatch conformance` runs: levels, a pattern, a shard, those that failed last.

With several processes all of the few cases for them are meant. A choice that leaves nothing is an
error that says so: a run of no case must not look like success.
"""

from __future__ import annotations

import argparse
import fnmatch
from collections.abc import Sequence

from convdispatch.cli._output import UsageError
from convdispatch.conformance.case import Case
from convdispatch.conformance.cases import select
from convdispatch.conformance.run import last_failed
from convdispatch.errors import InvalidArgument


def levels_of(arguments: argparse.Namespace) -> list[str]:
    """Return the levels; a case that is selected by its id, or that failed, may have any."""
    is_all = arguments.case or arguments.last_failed or arguments.nproc > 1
    given: str = arguments.level or ("full" if is_all else "core")
    return [level.strip() for level in given.split(",")]


def selected(
    every: Sequence[Case],
    levels: Sequence[str],
    arguments: argparse.Namespace,
    names: Sequence[str],
) -> list[Case]:
    """Return the cases to run on the backends of these names; raise `UsageError` if none is."""
    cases = _matching(every, levels, arguments.case)
    if arguments.last_failed:
        cases = _failed_last(cases, names)
    if arguments.shard is not None:
        cases = _in_shard(cases, arguments)
    return cases


def _matching(every: Sequence[Case], levels: Sequence[str], patterns: list[str]) -> list[Case]:
    """Return the cases of the levels; with patterns, those whose ids one of them matches."""
    try:
        cases = select(every, levels)
    except InvalidArgument as exc:
        raise UsageError(str(exc)) from exc
    chosen: set[str] = set()
    for pattern in patterns or ["*"]:
        like = [case.id for case in cases if fnmatch.fnmatchcase(case.id, pattern)]
        if not like:
            raise UsageError(
                f"no case of level {', '.join(levels)} has an id like {pattern!r}. "
                "Give an id from a report, or a pattern such as 'conv2d/*'."
            )
        chosen.update(like)
    return [case for case in cases if case.id in chosen]


def _failed_last(cases: Sequence[Case], names: Sequence[str]) -> list[Case]:
    recorded = last_failed.recorded()
    failed = {case for name in names for case in recorded.get(name, [])}
    found = [case for case in cases if case.id in failed]
    if not found:
        among = f"none of the {len(failed)} cases that failed" if failed else "no case that failed"
        raise UsageError(
            f"--last-failed: {among} on {', '.join(names)} is among the {len(cases)} selected "
            f"ones, by the list in {last_failed.path()}. Leave the option out to run them all."
        )
    return found


def _in_shard(cases: Sequence[Case], arguments: argparse.Namespace) -> list[Case]:
    found = [case for case in cases if arguments.shard.takes(case.id)]
    if not found:
        raise UsageError(
            f"--shard {arguments.shard}: none of the {len(cases)} selected cases is in this shard. "
            "Split them into fewer shards."
        )
    return found
