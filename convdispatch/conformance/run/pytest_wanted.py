"""What a run under pytest is asked for: backends and cases, from the options."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from convdispatch.conformance.case import Case
from convdispatch.conformance.cases import collect, select
from convdispatch.conformance.run import choosing, sharding
from convdispatch.conformance.run.limits import LONGEST_LIMIT, SHORTEST_LIMIT
from convdispatch.errors import ConvDispatchError, InvalidArgument
from convdispatch.ops import BackendInfo
from convdispatch.runtime.registry import UNUSABLE, registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The checked options."""

    infos: tuple[BackendInfo, ...]
    cases: tuple[Case, ...]
    every_id: tuple[str, ...]
    levels: tuple[str, ...]
    shard: str
    seed: int
    problems: tuple[str, ...]  # of the whole run, before it begins


def choose(options: argparse.Namespace) -> Wanted:
    """Choose backends and cases, and set the backends' variables; imports no framework.

    Raises `pytest.UsageError` where something asked for does not exist or cannot be used.
    """
    levels = tuple(level.strip() for level in options.convdispatch_level.split(","))
    seed: int = options.convdispatch_seed
    if seed < 0:
        raise pytest.UsageError(f"--convdispatch-seed must be 0 or more; received {seed}.")
    limit: float | None = options.convdispatch_time_limit
    if limit is not None and not SHORTEST_LIMIT <= limit <= LONGEST_LIMIT:
        raise pytest.UsageError(
            f"--convdispatch-time-limit must be more than 0, from {SHORTEST_LIMIT:g} to "
            f"{LONGEST_LIMIT:g} seconds; received {limit}."
        )
    try:
        infos = choosing.choose(options.convdispatch_backend)
        every, problems = collect(seed)
        if choosing.is_every(options.convdispatch_backend):
            problems += _broken()
        cases = _of_shard(select(every, levels), options.convdispatch_shard)
    except ConvDispatchError as exc:
        raise pytest.UsageError(str(exc)) from exc
    for info in infos:
        for variable, value in info.test_environment.items():
            os.environ.setdefault(variable, value)
    return Wanted(
        infos=infos,
        cases=tuple(cases),
        every_id=tuple(case.id for case in every),
        levels=levels,
        shard=options.convdispatch_shard or "",
        seed=seed,
        problems=tuple(problems),
    )


def _of_shard(cases: Sequence[Case], shard: str | None) -> list[Case]:
    """Return the cases of a shard, or all of them; raise `InvalidArgument` for what is none."""
    if shard is None:
        return list(cases)
    try:
        part = sharding.parse(shard)
    except InvalidArgument as exc:
        raise InvalidArgument(f"--convdispatch-shard: {exc}") from exc
    found = [case for case in cases if part.takes(case.id)]
    if not found:
        raise InvalidArgument(
            f"--convdispatch-shard {shard}: none of the {len(cases)} selected cases is in this "
            "shard. Split them into fewer shards."
        )
    return found


def _broken() -> list[str]:
    """Return a complaint for each backend that 'all' passes over though it is installed."""
    return [
        f"the backend {name!r} cannot be tested: {reason}"
        for name, reason in choosing.unusable().items()
        if registry.status(name) in UNUSABLE
    ]
