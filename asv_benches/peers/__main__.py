"""Ours, the framework's own call and Keras 3, in one table.

    python -m asv_benches.peers [--measure NAME] [--backend NAME] [--rounds N] [--json FILE]

docs/how-to/compare-with-peers.md says what is compared. Exit status: 0 measured, whatever came
out; 2 wrong usage; 3 a measure failed.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from asv_benches.arguments import Parser, rounds_like
from asv_benches.peers.measures import MEASURES
from asv_benches.peers.targets import findings
from asv_benches.peers.timing import ratio

BACKENDS = ("numpy", "torch", "jax", "tensorflow")


def main(arguments=None):
    """Run the requested measures, each in its own process; print and return the status."""
    chosen = _parser().parse_args(arguments)
    jobs = [
        (measure, backend)
        for measure, (_, backends) in MEASURES.items()
        for backend in backends
        if measure in (chosen.measure or MEASURES) and backend in (chosen.backend or BACKENDS)
    ]
    if not jobs:
        print("error: none of these measures has one of these backends.", file=sys.stderr)
        return 2
    results, problems, has_failed = {}, [], False
    for number, (measure, backend) in enumerate(jobs, 1):
        print(f"[{number}/{len(jobs)}] {measure} on {backend}", file=sys.stderr, flush=True)
        rows, missing, failure = run(measure, backend, chosen.rounds)
        results[measure, backend] = rows
        has_failed = has_failed or bool(failure)
        problems += [f"{measure} on {backend}: {text}" for text in (missing, failure) if text]
    print("\n".join(report(results)))
    for problem in problems:
        print(problem)
    if chosen.json is not None:
        chosen.json.write_text(json.dumps(_as_json(results), indent=1) + "\n", encoding="utf-8")
    return 3 if has_failed else 0


def run(measure, backend, rounds):
    """Return the rows of a measure by name, what is missing for more of them, and how it failed."""
    with tempfile.TemporaryDirectory() as home:
        environ = {
            **os.environ,
            "KERAS_BACKEND": backend,
            "KERAS_HOME": home,
            "TF_CPP_MIN_LOG_LEVEL": "2",
        }
        process = subprocess.run(
            [sys.executable, "-m", "asv_benches.peers._worker", measure, backend, str(rounds)],
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
    lines = [json.loads(line) for line in process.stdout.splitlines()]
    rows = {line["row"]: line["times"] for line in lines if "row" in line}
    missing = next((f"n/a: {line['missing']}" for line in lines if "missing" in line), "")
    failure = ""
    if process.returncode:
        last = (process.stderr.strip().splitlines() or ["it said nothing"])[-1]
        failure = f"failed with status {process.returncode}: {last}"
    return rows, missing, failure


def report(results):
    """Return the lines of the tables: every row, then every target."""
    lines = ["| measure | backend | row | ours | raw | Keras 3 | ours / raw | Keras 3 / ours |"]
    lines.append("|---|---|---|---|---|---|---|---|")
    for (measure, backend), rows in results.items():
        lines += [_row(measure, backend, *row) for row in rows.items() if "ours" in row[1]]
    lines += ["", "| target | wanted | measured | |", "|---|---|---|---|"]
    for (measure, backend), rows in results.items():
        if rows:
            lines += [
                f"| {one.what} | {one.target} | {one.found} | {'met' if one.is_met else 'MISSED'} |"
                for one in findings(measure, backend, rows)
            ]
    return lines


def _row(measure, backend, name, times):
    cells = [_duration(times.get(who)) for who in ("ours", "raw", "keras")]
    above = f"{ratio(times['ours'], times['raw']):.3f}" if "raw" in times else ""
    below = f"{ratio(times['keras'], times['ours']):.2f}" if "keras" in times else ""
    return f"| {measure} | {backend} | {name} | {' | '.join(cells)} | {above} | {below} |"


def _duration(times):
    if times is None:
        return ""
    ordered = sorted(times)
    low, middle, high = (ordered[round(share * (len(ordered) - 1))] for share in (0.25, 0.5, 0.75))
    return f"{middle * 1e6:.4g} us ({low * 1e6:.4g} to {high * 1e6:.4g})"


def _as_json(results):
    return [
        {"measure": measure, "backend": backend, "rows": rows}
        for (measure, backend), rows in results.items()
    ]


def _parser():
    parser = Parser(prog="python -m asv_benches.peers")
    parser.add_argument("--measure", action="append", choices=MEASURES, help="may be repeated")
    parser.add_argument("--backend", action="append", choices=BACKENDS, help="may be repeated")
    parser.add_argument(
        "--rounds", type=rounds_like(11), default=11, help="of samples (default: 11)"
    )
    parser.add_argument("--json", type=_writable, help="also write every time here")
    return parser


def _writable(text):
    path = Path(text)
    if path.is_dir() or not os.access(path.parent, os.W_OK):
        raise argparse.ArgumentTypeError(f"{text!r} cannot be written")
    return path


if __name__ == "__main__":
    sys.exit(main())
