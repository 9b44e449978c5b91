"""The targets of the measurements, and whether they are met."""

import statistics
from dataclasses import dataclass
from functools import partial

from asv_benches.peers.timing import difference, geometric_mean, ratio

OVERHEAD = {"numpy": 6e-6, "torch": 4e-6, "jax": 8e-6, "tensorflow": 10e-6}  # seconds
ADVISED = ", as `doctor` advises"
LEAST_OVERHEAD = 1e-6  # seconds: no quotient by less, or by less than nothing, means anything
# What a step of training may take of the time of native code, and how many times Keras 3 takes it.
_STEP = {
    "numpy": (2.0, None),
    "torch": (1.03, 1.3),
    "tensorflow": (1.03, 1.3),
    "jax": (1.0, 1.5),
    "tiny": (1.25, 3),
}
LONG = 1e-3  # seconds: where a framework's own time hides the way there


@dataclass(frozen=True)
class Finding:
    """One line of the summary."""

    what: str
    target: str
    found: str
    is_met: bool


def findings(measure, backend, rows):
    """Return the results of a measure's targets; `rows` maps names to times."""
    return _FINDINGS[measure](backend, rows)


def _overhead(backend, rows):
    return [one for name, times in rows.items() for one in _overhead_of(backend, name, times)]


def _overhead_of(backend, name, times):
    ours, theirs = (difference(times[one], times["raw"]) for one in ("ours", "keras"))
    limit = OVERHEAD[backend]
    manner = ", in a row" if name.endswith("in a row") else ""
    times_as_much = f": {theirs / ours:.0f} times" if ours > LEAST_OVERHEAD else ""
    return [
        Finding(
            f"{backend}: a layer's call above the native calls by hand{manner}",
            f"<= {limit * 1e6:g} us",
            f"{ours * 1e6:.1f} us",
            ours <= limit,
        ),
        Finding(
            f"{backend}: Keras 3's call above them, by ours{manner}",
            ">= 15 times",
            f"{theirs * 1e6:.0f} us{times_as_much}",
            theirs >= 15 * max(ours, LEAST_OVERHEAD),
        ),
    ]


def _numpy_torch(backend, rows, manner=""):
    ratios = _ratios(rows, "ours", "raw")
    mean = geometric_mean(ratios.values())
    worst = max(ratios, key=ratios.get)
    return [
        Finding(
            f"NumPy's time by torch's, ResNet-50{manner}", "<= 1.25", f"{mean:.2f}", mean <= 1.25
        ),
        Finding(
            "the same, at worst",
            "<= 2.0",
            f"{ratios[worst]:.2f} ({worst})",
            ratios[worst] <= 2,
        ),
    ]


def _numpy_torch_gradients(backend, rows):
    mean = geometric_mean(_ratios(rows, "ours", "raw").values())
    title = "NumPy's time by torch's, forward and gradients, ResNet-50"
    return [Finding(title, "<= 1.5", f"{mean:.2f}", mean <= 1.5)]


def _numpy_keras(backend, rows, manner=""):
    found = []
    for title, ratios in _by_set(rows, "keras", "ours"):
        mean = geometric_mean(ratios.values())
        what = f"NumPy, times as fast as Keras 3 on 'numpy', {title}{manner}"
        found.append(Finding(what, ">= 3", f"{mean:.2f}", mean >= 3))
    return found


def _native(backend, rows):
    if backend == "jax":
        return _jax(rows)
    long = {name: times for name, times in rows.items() if statistics.median(times["raw"]) >= LONG}
    ratios = _ratios(long, "ours", "raw")
    middle, worst = statistics.median(ratios.values()), max(ratios, key=ratios.get)
    return [
        Finding(
            f"{backend} by the raw call, {len(long)} shapes of 1 ms and more, median",
            "<= 1.03",
            f"{middle:.3f}",
            middle <= 1.03,
        ),
        Finding(
            "the same, at worst", "<= 1.03", f"{ratios[worst]:.3f} ({worst})", ratios[worst] <= 1.03
        ),
    ]


def _jax(rows):
    found = []
    for title, ratios in _by_set(rows, "raw", "ours"):
        mean = geometric_mean(ratios.values())
        worst = min(ratios, key=ratios.get)
        what = f"JAX, times as fast as lax, {title}"
        found += [
            Finding(what, ">= 1.5", f"{mean:.2f}", mean >= 1.5),
            Finding(
                "the same, at worst",
                ">= 0.95",
                f"{ratios[worst]:.2f} ({worst})",
                ratios[worst] >= 0.95,
            ),
        ]
    return found


def _gradients(backend, rows):
    mean = geometric_mean(_ratios(rows, "keras", "ours").values())
    title = "JAX, forward and gradients: times as fast as Keras 3"
    return [Finding(title, ">= 2", f"{mean:.2f}", mean >= 2)]


def _cnn(backend, rows):
    found = []
    for name, times in rows.items():
        if "raw" in times:
            value = ratio(times["ours"], times["raw"])
            title = f"{backend}: small CNN by native code, {name}"
            found.append(Finding(title, "<= 1.03", f"{value:.3f}", value <= 1.03))
        else:
            value = ratio(times["keras"], times["ours"])
            title = f"{backend}: small CNN, times as fast as Keras 3, {name}"
            found.append(Finding(title, ">= 1.5", f"{value:.2f}", value >= 1.5))
    return found


def _step(backend, rows):
    found = []
    for name, times in rows.items():
        is_tiny = name.startswith("tiny")
        if is_tiny and backend == "numpy":
            continue  # it is only tracked: there is no target beside another framework's
        limit, least = _STEP["tiny" if is_tiny else backend]
        value = ratio(times["ours"], times["raw"])
        beside = "torch's by hand" if backend == "numpy" else "native code"
        title = f"{backend}: a step of training, {name}, by {beside}"
        found.append(Finding(title, f"<= {limit}", f"{value:.3f}", value <= limit))
        if "keras" in times:
            value = ratio(times["keras"], times["ours"])
            title = f"{backend}: a step of training, {name}, times as fast as Keras 3"
            found.append(Finding(title, f">= {least}", f"{value:.2f}", value >= least))
    return found


def _import(backend, rows):
    ((_, times),) = rows.items()
    value = difference(times["ours"], times["raw"])
    title = "`import convdispatch` above `import numpy`"
    return [Finding(title, "<= 40 ms", f"{value * 1e3:.0f} ms", value <= 0.04)]


def _memory(backend, rows):
    ((name, found),) = rows.items()
    mebibytes = max(found["bytes"]) / 2**20
    title = f"NumPy's scratch memory, {name}"
    return [Finding(title, "<= 32 MiB", f"{mebibytes:.1f} MiB", mebibytes <= 32)]


def _growth(backend, rows):
    found = []
    for name, times in rows.items():
        if name.endswith(", raw"):
            continue
        medians = _medians(times)
        spread = _spread(medians)
        listed = ", ".join(f"{count}: {value * 1e6:.0f}" for count, value in medians.items())
        raw = rows.get(f"{name}, raw")
        beside = f"; the raw call {_spread(_medians(raw)):.2f}" if raw else ""
        title = f"{backend}: {name}, most by least"
        found.append(Finding(title, "<= 1.2", f"{spread:.2f} ({listed} us){beside}", spread <= 1.2))
    return found


def _medians(times):
    return {count: statistics.median(values) for count, values in times.items()}


def _spread(medians):
    return max(medians.values()) / min(medians.values())


def _by_set(rows, above, below):
    """Yield the names of the two sets of shapes, and the ratios of their rows."""
    for title, padding in (("the six shapes", " valid"), ("ResNet-50", " same")):
        chosen = {name: times for name, times in rows.items() if name.endswith(padding)}
        yield title, _ratios(chosen, above, below)


def _ratios(rows, above, below):
    return {name: ratio(times[above], times[below]) for name, times in rows.items()}


def _grouped(backend, rows):
    if backend == "numpy":
        return []  # its rows are only tracked; there is no target for them
    mean = geometric_mean(_ratios(rows, "ours", "raw").values())
    return [
        Finding(f"{backend}: in groups, by the raw call", "<= 1.25", f"{mean:.2f}", mean <= 1.25)
    ]


_FINDINGS = {
    "overhead": _overhead,
    "numpy-torch": _numpy_torch,
    "numpy-torch-gradients": _numpy_torch_gradients,
    "numpy-torch-advised": partial(_numpy_torch, manner=ADVISED),
    "numpy-keras": _numpy_keras,
    "numpy-keras-advised": partial(_numpy_keras, manner=ADVISED),
    "native": _native,
    "grouped": _grouped,
    "gradients": _gradients,
    "cnn": _cnn,
    "step": _step,
    "import": _import,
    "memory": _memory,
    "growth": _growth,
}
