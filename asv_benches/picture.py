"""Draw what asv has measured: a curve for each backend over the commits, as an SVG image.

    python -m asv_benches.picture --steps 5      # first measures five commits
    python -m asv_benches.picture                # draws what has been measured before

asv's own pages need a browser and load libraries from the internet; this needs matplotlib alone.
The picture of docs/how-to/track-performance.md is made by the first command.
"""

from __future__ import annotations

import argparse
import math
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
BENCHMARK = "dispatch.Overhead.track_ratio"
TARGET = HERE.parent / "docs/images/asv.svg"
# Colours that the colour-blind tell apart, each with a line of its own.
STYLES = (("#0072b2", "o-"), ("#c2500a", "s--"), ("#00795a", "^-."), ("#111111", "d:"))

# By backend: (date in milliseconds, commit, value).
Curves = dict[str, list[tuple[int, str, float]]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure if that is asked for, and draw; return the exit status."""
    given = parser().parse_args(arguments)
    if given.steps and measure(given.benchmark, given.steps):
        return 1
    found = curves(given.results, given.benchmark)
    if not found:
        print(
            f"{given.results} has no results of {given.benchmark!r}. Measure some commits: add "
            "`--steps 5`, or run `asv run` in the folder asv_benches.",
            file=sys.stderr,
        )
        return 1
    draw(found, given.benchmark, given.output)
    print(f"{given.output}: {description(found, given.benchmark)}")
    return 0


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    made = argparse.ArgumentParser(prog="python -m asv_benches.picture", description=__doc__)
    made.add_argument("--benchmark", default=BENCHMARK, help="a benchmark of each backend")
    made.add_argument("--steps", type=int, default=0, help="how many commits to measure first")
    made.add_argument("--results", type=Path, default=HERE / ".asv/results", help="asv's folder")
    made.add_argument("-o", "--output", type=Path, default=TARGET, help="the SVG file")
    return made


def measure(benchmark: str, steps: int) -> int:
    """Let asv measure commits that it has not measured yet; return its exit status."""
    environ = {"CONVDISPATCH_BENCH_PYTHON": sys.executable, **os.environ}
    wanted = ["--skip-existing-commits", "--steps", str(steps), "--bench", f"^{benchmark}$", "HEAD"]
    for command in (["machine", "--yes"], ["run", *wanted]):
        done = subprocess.run(
            [sys.executable, "-m", "asv", *command], cwd=HERE, env=environ, check=False
        )
        if done.returncode:
            return done.returncode
    return 0


def curves(results: Path, benchmark: str) -> Curves:
    """Return what asv has measured of a benchmark whose first parameter is the backend."""
    from asv.results import iter_results

    found: Curves = {}
    for one in iter_results(str(results)) if results.is_dir() else ():
        if benchmark not in one.get_all_result_keys():
            continue
        params = one.get_result_params(benchmark)
        values = one.get_result_value(benchmark, params)
        for backend, value in zip(params[0], values, strict=True):
            if value is not None and not math.isnan(value):
                curve = found.setdefault(backend.strip("'"), [])
                curve.append((one.date, one.commit_hash[:8], value))
    return {backend: sorted(curve) for backend, curve in found.items()}


def description(found: Curves, benchmark: str) -> str:
    """Return the curves in words: the alternative text."""
    ends = "; ".join(
        f"{backend} {curve[0][2]:.3g} to {curve[-1][2]:.3g}" for backend, curve in found.items()
    )
    commits = sorted({one[:2] for curve in found.values() for one in curve})
    return (
        f"{benchmark} over {len(commits)} commits, {commits[0][1]} to {commits[-1][1]}, from the "
        f"first to the last: {ends}"
    )


def draw(found: Curves, benchmark: str, target: Path) -> None:
    """Write the picture: the commits from the oldest on, evenly spaced."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = benchmark  # the same curves give the same file
    from matplotlib import pyplot

    commits = sorted({one[:2] for curve in found.values() for one in curve})
    places = {commit: place for place, (_, commit) in enumerate(commits)}
    figure, axes = pyplot.subplots(figsize=(8, 3.6))
    for (backend, curve), (colour, line) in zip(found.items(), STYLES, strict=False):
        across = [places[commit] for _, commit, _ in curve]
        axes.plot(across, [value for *_, value in curve], line, color=colour, label=backend)
    axes.set(title=benchmark, xlabel="commit", ylabel="times", ylim=(0, None))
    axes.set_xticks(range(len(commits)), [commit for _, commit in commits])
    axes.legend(loc="lower right", ncols=4)
    axes.grid(axis="y", alpha=0.3)
    metadata = {"Date": None, "Title": description(found, benchmark)}
    figure.savefig(target, bbox_inches="tight", metadata=metadata)
    pyplot.close(figure)


if __name__ == "__main__":
    sys.exit(main())
