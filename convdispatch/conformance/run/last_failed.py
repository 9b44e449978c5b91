"""Which cases failed when they were last run, kept between runs in the user's folder of caches.

A list that cannot be written or read is as good as none: no run fails for it.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from convdispatch.conformance.report.records import BackendRecord
from convdispatch.conformance.results import FAILED
from convdispatch.support.caches import cache_folder
from convdispatch.support.files import read_whole, write_atomically

_FILE_NAME = "conformance-failures-1.json"  # the number is that of the format
_MOST_BYTES = 2**24


def path() -> Path:
    """Return where the list is kept, whether or not it exists."""
    return cache_folder(os.environ) / _FILE_NAME


def recorded() -> dict[str, list[str]]:
    """Return the ids of the cases that failed when they were last run, by backend."""
    try:
        values = json.loads(read_whole(path(), _MOST_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(values, dict):
        return {}
    return {
        name: [case for case in cases if isinstance(case, str)]
        for name, cases in values.items()
        if isinstance(cases, list)
    }


def record(records: Iterable[BackendRecord]) -> None:
    """Keep which cases of a run failed; those that it did not run keep their state."""
    before = recorded()
    after = before | {one.name: _failed(one, before) for one in records if one.outcomes}
    after = {name: cases for name, cases in after.items() if cases}
    if after == before:
        return
    with contextlib.suppress(OSError):
        path().parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path(), json.dumps(after, indent=1) + "\n", sync=False)


def _failed(one: BackendRecord, before: Mapping[str, list[str]]) -> list[str]:
    run = {outcome.case: outcome.status for outcome in one.outcomes}
    others = [case for case in before.get(one.name, []) if case not in run]
    return others + [case for case, status in run.items() if status == FAILED]
