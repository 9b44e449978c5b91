"""Fuzz the loaders: `python -m fuzzing --executions 100000 keras-h5 keras`.

Every execution counts once. Exit codes: 0 no find, 1 finds, which are kept in a folder.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from fuzzing import instrumenting
from fuzzing.mutations import mutated

with instrumenting.if_guided(sys.argv):
    from fuzzing.loaders import LIBRARY, LOADERS, corpus
    from fuzzing.trying import RarelyApart, Trials

ROOT = Path(__file__).parents[2]
_KEPT = 200  # mutated files that were read, and are mutated again


def main(argv: Sequence[str] | None = None) -> int:
    """Fuzz each loader that is named, or all."""
    arguments = _parser().parse_args(argv)
    apart = RarelyApart.install()
    has_finds = False
    for name in arguments.loader or LOADERS:
        found = _fuzz(name, apart, arguments)
        has_finds |= bool(found["find"])
        sys.stdout.write(json.dumps(found) + "\n")
        sys.stdout.flush()
    return int(has_finds)


def _fuzz(name: str, apart: RarelyApart, arguments: argparse.Namespace) -> dict[str, object]:
    files = corpus(LOADERS[name], arguments.corpus)
    trials = Trials(LOADERS[name].run, arguments.finds / name, files[0])
    started, apart.asked = time.monotonic(), 0
    LIBRARY.ends.clear()
    if arguments.engine == "atheris":
        _guided(trials, apart, files, arguments)
    else:
        _drawn(trials, files, arguments)
    return {
        "loader": name,
        "engine": arguments.engine,
        "files": len(files),
        "executions": trials.outcomes.total(),
        **{kind: trials.outcomes[kind] for kind in ("read", "refused", "find")},
        "seconds": round(time.monotonic() - started, 1),
        "slowest": round(trials.slowest, 3),
        "memory": trials.most_memory,
        "left to the library": apart.asked,
        "ends of the library": dict(LIBRARY.ends),
    }


def _drawn(trials: Trials, files: list[bytes], arguments: argparse.Namespace) -> None:
    """Mutate files at random; those that are still read are mutated again."""
    chance = random.Random(arguments.seed)
    for data in files:
        trials(data)
    grown = list(files)
    ends = time.monotonic() + arguments.seconds
    while trials.outcomes.total() < arguments.executions and time.monotonic() < ends:
        data = mutated(chance.choice(grown), files, chance)
        before = trials.outcomes["read"]
        trials(data)
        if trials.outcomes["read"] > before and len(data) < 2 * len(files[-1]):
            if len(grown) < len(files) + _KEPT:
                grown.append(data)
            else:
                grown[chance.randrange(len(files), len(grown))] = data


def _guided(
    trials: Trials, apart: RarelyApart, files: list[bytes], arguments: argparse.Namespace
) -> None:
    """Let atheris choose mutations by the lines of convdispatch that they reach."""
    from fuzzing.guiding import guide

    guide(trials, apart, files, (arguments.executions, arguments.seconds, arguments.seed))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m fuzzing", description=__doc__)
    parser.add_argument("loader", nargs="*", choices=[*LOADERS, []], help="which, instead of all")
    parser.add_argument("--engine", choices=["drawn", "atheris"], default="drawn")
    parser.add_argument("--executions", type=int, default=10_000, help="of each loader")
    parser.add_argument("--seconds", type=float, default=3600, help="at most, for each loader")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--corpus", type=Path, default=ROOT / "tests/legacy")
    parser.add_argument("--finds", type=Path, default=Path("fuzzing-finds"))
    return parser


if __name__ == "__main__":
    sys.exit(main())
