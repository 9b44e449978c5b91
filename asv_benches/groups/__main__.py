"""The time of an image by processes, and our part of it above a loop by hand on the same engine.

    python -m asv_benches.groups [--engine NAME] [--processes N] [--rounds N] [--json FILE]

The two take turns within each process, on the same model and the same rows, so that what else the
machine does slows both: the quotient is the median of the rounds' quotients, with its quartiles.
Each process has a processor of its own, as long as there are enough of them. Exit status: 0
measured, whatever came out; 3 a measurement failed.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

# By the name of an engine: what it is called by those who know it.
ENGINES = {
    "torch": "DistributedDataParallel",
    "jax": "jax.distributed",
    "jax-mesh": "jax.sharding, a mesh",
    "tensorflow": "MultiWorkerMirroredStrategy",
    "tensorflow-mirrored": "MirroredStrategy",
}
TARGET = 1.03
SECONDS = 900


def main(arguments=None):
    """Measure what is asked for and print a table; return the status."""
    chosen = _parser().parse_args(arguments)
    counts, results, failures = chosen.processes or [1, 2, 4], [], 0
    print("| engine | processes | image | ours / by hand | quartiles |\n|---|---|---|---|---|")
    for engine in chosen.engine or ENGINES:
        for count in counts:
            try:
                found = measured(engine, count, chosen.rounds, chosen.steps, chosen.batch)
            except RuntimeError as exc:
                failures += 1
                print(f"| {ENGINES[engine]} | {count} | failed: {exc} | | |", flush=True)
                continue
            results.append(found)
            print(row(found), flush=True)
    print(f"\nThe target for the quotient at two processes: at most {TARGET}.")
    if chosen.json is not None:
        chosen.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return 3 if failures else 0


def measured(engine, count, rounds, steps, batch):
    """Return the figures of so many processes, or devices; raise `RuntimeError` where one fails."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "times.json"
        given = [engine, *map(str, (count, rounds, steps, batch)), str(file)]
        _run([sys.executable, "-m", "asv_benches.groups._worker", *given], engine, count)
        times = json.loads(file.read_text(encoding="utf-8"))
    quotients = [one / other for one, other in zip(*times.values(), strict=True)]
    low, middle, high = statistics.quantiles(quotients, n=4, method="inclusive")
    return {
        "engine": engine,
        "processes": count,
        "image": statistics.median(times["ours"]) / batch,
        "overhead": middle,
        "quartiles": [low, high],
    }


def row(found):
    """Return the line of a measurement."""
    low, high = found["quartiles"]
    return (
        f"| {ENGINES[found['engine']]} | {found['processes']} | {found['image'] * 1e6:.0f} us | "
        f"{found['overhead']:.3f} | {low:.3f} to {high:.3f} |"
    )


def _run(command, engine, count):
    """Run the processes to their end."""
    from convdispatch.runtime.launching import launched

    environ = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    environ.setdefault("OMP_NUM_THREADS", "1")
    if count == 1 or engine in ("jax-mesh", "tensorflow-mirrored"):
        started = [(command, environ)]
    else:
        processes = launched(engine, command, count)
        started = [(one.command, environ | one.environ) for one in processes]
    running = [
        subprocess.Popen(one, env=own, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for one, own in started
    ]
    try:
        said = [one.communicate(timeout=SECONDS)[1] for one in running]
    finally:
        for one in running:
            one.kill()
    for one, text in zip(running, said, strict=True):
        if one.returncode:
            lines = [line for line in text.splitlines() if "Error" in line] or text.splitlines()
            raise RuntimeError((lines or [f"status {one.returncode}"])[-1].strip())


def _parser():
    parser = argparse.ArgumentParser(prog="python -m asv_benches.groups", description=__doc__)
    parser.add_argument("--engine", action="append", choices=list(ENGINES))
    parser.add_argument("--processes", action="append", type=int)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--json", type=Path)
    return parser


if __name__ == "__main__":
    sys.exit(main())
