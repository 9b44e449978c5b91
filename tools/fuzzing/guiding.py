"""Mutations chosen by atheris: those that reach new lines of the loaders are mutated on.

atheris ends the process when it is done, so a child does it and hands back what came of it.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

from fuzzing.loaders import LIBRARY
from fuzzing.trying import RarelyApart, Trials


def guide(
    trials: Trials, apart: RarelyApart, files: list[bytes], numbers: tuple[int, float, int]
) -> None:
    """Run so many executions, for so many seconds at most, by a seed; count what the child did."""
    with tempfile.TemporaryDirectory() as folder:
        begin = Path(folder) / "files"
        begin.mkdir()
        for number, data in enumerate(files):
            (begin / str(number)).write_bytes(data)
        told = Path(folder) / "told"
        child = os.fork()
        if not child:
            _run(trials, apart, (begin, told), numbers)
        _, status = os.waitpid(child, 0)
        if not told.exists():
            trials.outcomes["find"] += 1
            sys.stderr.write(f"FIND the process ended with status {status}\n")
            return
        counts, ends, trials.slowest, trials.most_memory, apart.asked = json.loads(told.read_text())
        LIBRARY.ends.update(ends)
        trials.outcomes.update(counts)


def _run(
    trials: Trials, apart: RarelyApart, paths: tuple[Path, Path], numbers: tuple[int, float, int]
) -> None:
    """Fuzz, and write the counts as they grow; never return."""
    import atheris

    (begin, told), (executions, seconds, seed) = paths, numbers
    trials.outcomes = Counter()

    def try_one(data: bytes) -> None:
        trials(data)
        total = trials.outcomes.total()
        if not total % 100 or total >= executions:
            counts = [dict(trials.outcomes), dict(LIBRARY.ends)]
            numbers = [trials.slowest, trials.most_memory, apart.asked]
            told.with_suffix(".new").write_text(json.dumps([*counts, *numbers]))
            told.with_suffix(".new").replace(told)
        if total >= executions:
            os._exit(0)

    largest = max(path.stat().st_size for path in begin.iterdir())
    options = [f"-max_total_time={int(seconds)}", f"-seed={seed or 1}", f"-max_len={2 * largest}"]
    options += ["-rss_limit_mb=0", "-timeout=20", "-verbosity=0", "-print_final_stats=0"]
    options += [f"-artifact_prefix={begin.parent}/"]
    atheris.Setup(["fuzzing", *options, str(begin)], try_one)
    atheris.Fuzz()
    os._exit(0)
