"""The benchmarks of asv: what they cover, that they run, and what they are keyed by.

Their tables are imported under the folder's full name, which pins no threads of this process; what
asv itself would see is looked at in processes of its own.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from layer_classes import classes
from places import ROOT

from convdispatch.hookspecs import hookimpl
from convdispatch.ops import Backend, BackendInfo
from convdispatch.registry import registry

FOLDER = ROOT / "asv_benches"
SUITES = (
    "conformance",
    "dispatch",
    "growth",
    "layers",
    "memory",
    "models",
    "resnet50",
    "training",
)
BACKENDS = ["numpy", "torch", "tensorflow", "jax"]
OTHERS = ("imports.", "processes.")  # of the package, and of distribution engines


def suite(name: str) -> Any:
    """Return a module of the benchmarks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT)
        return importlib.import_module(f"asv_benches.benchmarks.{name}")


def benchmark_classes() -> list[Any]:
    """Return every class of benchmarks, which are those that are not abstract."""
    base = suite("_base").OfBackend
    return [
        pytest.param(value, id=f"{name}.{value.__name__}")
        for name in SUITES
        for value in vars(suite(name)).values()
        if inspect.isclass(value) and issubclass(value, base) and not inspect.isabstract(value)
    ]


EVERY_CLASS = pytest.mark.parametrize("benchmark_class", benchmark_classes())


# What asv sees.

DISCOVER = """
import json, sys
from asv_runner.discovery import disc_benchmarks
found = [
    {"name": found.name, "parameters": found.param_names, "first": found.params[:1]}
    for found in disc_benchmarks("benchmarks")
]
loaded = sorted({"torch", "tensorflow", "jax"} & set(sys.modules))
print(json.dumps({"found": found, "loaded": loaded}))
"""


@pytest.fixture(scope="module")
def discovered() -> dict[str, Any]:
    """Give what asv finds in the folder, in a process of its own."""
    if importlib.util.find_spec("asv_runner") is None:
        pytest.skip("asv_runner is not installed: the extra `bench` brings it")
    answer = subprocess.check_output([sys.executable, "-c", DISCOVER], cwd=FOLDER, text=True)
    value: dict[str, Any] = json.loads(answer)
    return value


def test_asv_finds_each_method_once(discovered: dict[str, Any]) -> None:
    """Every benchmark method of every class is discovered, and base classes are not."""
    names = [entry["name"] for entry in discovered["found"]]
    methods = re.compile("(time|peakmem|track)_")
    expected = [
        f"{parameter.id}.{method}"
        for parameter in benchmark_classes()
        for method in dir(parameter.values[0])
        if methods.match(method)
    ]
    assert sorted(name for name in names if not name.startswith(OTHERS)) == sorted(expected)


def test_the_backend_is_the_first_parameter(discovered: dict[str, Any]) -> None:
    """All four backends, in one order, wherever a benchmark has parameters."""
    found = [entry for entry in discovered["found"] if not entry["name"].startswith(OTHERS)]
    quoted = [[repr(name) for name in BACKENDS]]
    others = [
        entry["name"]
        for entry in found
        if entry["parameters"][:1] != ["backend"] or entry["first"] != quoted
    ]
    assert others == []


def test_discovery_imports_no_framework(discovered: dict[str, Any]) -> None:
    """Benchmarks can be listed where no framework is installed."""
    assert discovered["loaded"] == []


# Each benchmark.


@pytest.fixture
def absent() -> Iterator[str]:
    """Register a backend whose framework is not installed, and give its name."""

    class Plugin:
        @hookimpl
        def convdispatch_backends(self) -> list[BackendInfo]:
            info = BackendInfo(
                protocol=2,
                name="absent",
                framework="no_such_framework",
                load="no_such_module:backend",
                install="pip install no_such_framework",
            )
            return [info]

    plugin = Plugin()
    registry.register(plugin)
    yield "absent"
    registry.unregister(plugin)


def rest_of(benchmark_class: Any) -> list[Any]:
    """Return the first value of each parameter after the backend."""
    return [values[0] for values in benchmark_class.params[1:]]


@EVERY_CLASS
def test_a_missing_backend_is_not_applicable(benchmark_class: Any, absent: str) -> None:
    """`setup` raises what asv shows as n/a where the framework is not installed."""
    with pytest.raises(NotImplementedError, match="absent is not installed"):
        benchmark_class().setup(absent, *rest_of(benchmark_class))


@pytest.mark.filterwarnings("default")  # a framework's own are not the benchmark's
@EVERY_CLASS
def test_every_benchmark_runs(benchmark_class: Any) -> None:
    """Each method runs after `setup`, and a tracked one returns a number."""
    if "Gradients" in benchmark_class.__name__ or benchmark_class.__module__.endswith("training"):
        pytest.importorskip("autograd")
    benchmark = benchmark_class()
    parameters = ("numpy", *rest_of(benchmark_class))
    benchmark.setup(*parameters)
    methods = [name for name in dir(benchmark) if re.match("time_|peakmem_|track_", name)]
    assert methods
    results = [getattr(benchmark, name)(*parameters) for name in methods]
    is_tracked = [name.startswith("track_") for name in methods]
    assert [isinstance(result, float) for result in results] == is_tracked


def test_what_is_measured_is_prepared_once() -> None:
    """`setup`, which asv_runner repeats before every timed call, gives the same layer again."""
    benchmark = suite("layers").Layers()
    case = suite("layers").LAYERS[0]
    benchmark.setup("numpy", case)
    before = benchmark.prepared
    benchmark.setup("numpy", case)
    assert benchmark.prepared is before


# What is covered.


def test_every_layer_has_a_benchmark() -> None:
    """A public layer class without a benchmark fails here: give it a row in `LAYERS`."""
    measured = {part.name for case in suite("layers").LAYERS for part in case.parts}
    assert measured == {entry.name for entry in classes("layers")}


# Stage, side and channels of the input, filters, kernel, stride, how often: read off Table 1 of the
# paper by hand, the stride on the 3x3 convolution.
RESNET50 = """
conv1   224    3   64 7 2 1
conv2_x  56   64   64 1 1 1
conv2_x  56  256   64 1 1 2
conv2_x  56   64   64 3 1 3
conv2_x  56   64  256 1 1 4
conv3_x  56  256  128 1 1 1
conv3_x  28  512  128 1 1 3
conv3_x  56  128  128 3 2 1
conv3_x  28  128  128 3 1 3
conv3_x  28  128  512 1 1 4
conv3_x  56  256  512 1 2 1
conv4_x  28  512  256 1 1 1
conv4_x  14 1024  256 1 1 5
conv4_x  28  256  256 3 2 1
conv4_x  14  256  256 3 1 5
conv4_x  14  256 1024 1 1 6
conv4_x  28  512 1024 1 2 1
conv5_x  14 1024  512 1 1 1
conv5_x   7 2048  512 1 1 2
conv5_x  14  512  512 3 2 1
conv5_x   7  512  512 3 1 2
conv5_x   7  512 2048 1 1 3
conv5_x  14 1024 2048 1 2 1
"""


def test_resnet50_has_the_convolutions_of_its_paper() -> None:
    """The derived table is the one made by hand: 23 shapes, 53 convolutions."""
    found = {
        (c.stage, c.size, c.channels, c.filters, c.kernel_size, c.strides): times
        for c, times in suite("shapes").resnet50().items()
    }
    rows = [line.split() for line in RESNET50.split("\n") if line]
    expected = {(stage, *map(int, sizes)): int(times) for stage, *sizes, times in rows}
    assert found == expected
    assert (len(found), sum(found.values())) == (23, 53)


def test_resnet50_has_the_published_number_of_weights() -> None:
    """25,557,032 parameters, less the last layer's and two a channel in 53 normalisations."""
    table = suite("shapes").resnet50()
    weights = sum(c.kernel_size**2 * c.channels * c.filters * n for c, n in table.items())
    normalised = sum(c.filters * n for c, n in table.items())
    assert weights == 25_557_032 - (2048 * 1000 + 1000) - 2 * normalised


# What a result is keyed by.


def test_a_changed_case_is_another_parameter() -> None:
    """Another argument, size or layer deep in a stack gives another `repr`."""
    parts = suite("_parts")

    def stack(**arguments: object) -> object:
        return parts.Workload("stack", (parts.part("Conv2D", **arguments),), (1, 8, 8, 3))

    shown = [
        parts.layer((1, 8, 8, 3), "Conv2D", filters=4, kernel_size=3),
        parts.layer((1, 8, 8, 3), "Conv2D", filters=4, kernel_size=5),
        parts.layer((1, 8, 9, 3), "Conv2D", filters=4, kernel_size=3),
        stack(filters=4, kernel_size=3),
        stack(filters=4, kernel_size=3, padding="same"),
    ]
    assert len(set(map(repr, shown))) == len(shown)


def test_a_layer_that_a_commit_lacks_is_not_applicable() -> None:
    """An older commit shows n/a for a layer that came later, and does not fail."""
    lacking = suite("_parts").layer((1, 8, 8, 3), "Conv9D", filters=4)
    with pytest.raises(NotImplementedError, match=r"convdispatch\.layers has no Conv9D"):
        lacking.make("numpy")


# What is measured.


def test_the_call_by_hand_is_the_same_convolution(backend: Backend) -> None:
    """The yardstick of the overhead computes what the layer computes: small integers, exactly."""
    by_hand = suite("_by_hand").BY_HAND[backend.name]
    rng = np.random.default_rng(0)
    kernel = rng.integers(-4, 5, (3, 3, 4, 8)).astype(np.float32)
    bias = rng.integers(-4, 5, 8).astype(np.float32)
    x = backend.asarray(rng.integers(-4, 5, (1, 8, 8, 4)).astype(np.float32), "float32")
    (part,) = suite("dispatch").TINY.parts
    layer = part.make(backend.name)
    layer.build(tuple(x.shape))
    layer.set_weights([kernel, bias])
    expected = backend.to_numpy(layer(x))
    result = backend.to_numpy(by_hand(*layer.variables, x)())
    assert np.abs(expected).max() > 0
    np.testing.assert_array_equal(result, expected)


def test_lowerings_are_counted() -> None:
    """The counter sees the lowerings of a first call, and none in a second."""
    dispatch, parts = suite("dispatch"), suite("_parts")
    case = parts.layer((2, 8, 8, 4), "SeparableConv2D", filters=8, kernel_size=3)
    layer, x = case.make("numpy"), np.ones(case.shape, np.float32)
    assert dispatch.counted_lowerings(lambda: layer(x)) >= 2
    assert dispatch.counted_lowerings(lambda: layer(x)) == 0
