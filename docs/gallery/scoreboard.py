"""The suite's scoreboard as a plot.

Engines that others wrote, judged by the whole conformance suite through a small backend for each:
the same outcomes as on :doc:`the scoreboard </scoreboard>`. *Declined* means that the engine says
it does not do it. The second figure has how close the right answers are, in units of the bound: a
box for the middle half of them, a line for their median, and lines to the first and the last
hundredth.
"""

import gzip
import json
from pathlib import Path

import numpy as np
from matplotlib import pyplot

ROOT = Path(__file__).resolve().parents[2]
COLOURS = {"passed": "#0072b2", "failed": "#c2500a", "declined": "#a9b4c1"}
HATCHES = {"passed": "", "failed": "xx", "declined": ".."}

engines, counts, errors = [], {name: [] for name in COLOURS}, []
for path in sorted((ROOT / "docs/scoreboard").glob("*.json.gz")):
    with gzip.open(path) as file:
        (backend,) = json.load(file)["backends"]
    found = backend["counts"]
    engines.append(path.name.removesuffix(".json.gz"))
    counts["passed"].append(found["passed"])
    counts["failed"].append(found["failed"] + found["known failure"])
    counts["declined"].append(found["unsupported"])
    measured = [one["bounds"] for one in backend["outcomes"] if one["status"] == "passed"]
    errors.append([one for one in measured if one])
    print(f"{engines[-1]:18}", *(f"{name} {kind[-1]:6}" for name, kind in counts.items()))

order = np.argsort(counts["failed"])[::-1]
figure, axes = pyplot.subplots(figsize=(9, 3.6))
start = np.zeros(len(engines))
for name, kind in counts.items():
    values = np.array(kind)[order]
    axes.barh(range(len(order)), values, left=start, label=name, color=COLOURS[name],
              hatch=HATCHES[name], edgecolor="white")  # fmt: skip
    start += values
axes.set(yticks=range(len(order)), yticklabels=[engines[one] for one in order], xlabel="cases")
axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.14), ncol=3, frameon=False)
figure.set_label(
    "Bars of passed, failed and declined cases for each engine, the fewest failures first."
)

figure, axes = pyplot.subplots(figsize=(9, 3.6))
axes.boxplot([errors[one] for one in order], orientation="horizontal", whis=(1, 99), sym="",
             tick_labels=[engines[one] for one in order])  # fmt: skip
axes.axvline(1, color="#c2500a", linestyle="--")
axes.set(xscale="log", xlabel="error of the right answers, in units of the bound")
figure.set_label(
    "Errors of right answers for each engine: half of them are below a fifth of the bound."
)
