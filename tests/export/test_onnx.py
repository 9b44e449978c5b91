"""A model exported to ONNX, computed by two engines where this package cannot be imported."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exported_models import EXAMPLES, MODELS, Example, example_of
from without_us import found_without_us

from convdispatch.errors import InvalidType
from convdispatch.numerics.rounding import model_with_bounds
from convdispatch.registry import registry
from convdispatch.runtime.exporters import targets

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

# The reference evaluator of onnx 1.23 cuts the kernel of such a node by its output channels, where
# the specification says the input channels, and raises.
NOT_OF_THE_REFERENCE = ("Conv1DTranspose*", "Conv2DTranspose*", "Conv3DTranspose*")
SCRIPT = """
import onnx, onnxruntime
from onnx.reference import ReferenceEvaluator

def compute(folder, given):
    path = folder / "model.onnx"
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = sorted(name for name in given if name.startswith("input_"))
    own = [x.name for x in model.graph.input]
    feed = {name: given[key] for name, key in zip(own, names)}
    outputs = session.run(None, feed)
    twice = session.run(None, {name: np.concatenate([x, x]) for name, x in feed.items()})
    for once, both in zip(outputs, twice):
        assert np.allclose(both[: len(once)], once, rtol=1e-5, atol=1e-5), "another batch size"
    found = {f"runtime_{i}": y for i, y in enumerate(outputs)}
    if (folder / "no reference").exists():
        return found
    outputs = ReferenceEvaluator(model).run(None, feed)
    return found | {f"reference_{i}": y for i, y in enumerate(outputs)}
"""


@pytest.fixture(scope="module")
def plugin() -> Iterator[None]:
    """Register the plugin where the installed list of entry points is older than it."""
    import convdispatch_onnx

    if "onnx" in targets():
        yield
        return
    registry.register(convdispatch_onnx)
    yield
    registry.unregister(convdispatch_onnx)


@pytest.fixture(scope="module")
def examples() -> dict[str, Example]:
    """Return the examples by name."""
    return {name: example_of(name, "float32") for name in EXAMPLES}


@pytest.fixture(scope="module")
def found(
    plugin: None, examples: dict[str, Example], tmp_path_factory: pytest.TempPathFactory
) -> Any:
    """Return what a process without this package finds."""

    def write(example: Example, folder: Path) -> None:
        example.model.export("onnx", folder / "model.onnx")
        if example.name in NOT_OF_THE_REFERENCE:
            (folder / "no reference").touch()

    return found_without_us(tmp_path_factory.mktemp("onnx"), examples, write, SCRIPT)


@pytest.mark.parametrize("name", EXAMPLES)
def test_two_engines_agree_within_the_bound(name: str, examples: Any, found: Any) -> None:
    """ONNX Runtime and the reference evaluator, each with what rounding explains."""
    example, own = examples[name], found[name]
    assert "failure" not in own, own["failure"]
    engines = ["runtime"] if name in NOT_OF_THE_REFERENCE else ["runtime", "reference"]
    right = right_with_bounds(example)
    assert len(own) == len(engines) * len(right)
    for engine in engines:
        for place, (exact, bound) in enumerate(right):
            output = own[f"{engine}_{place}"].astype(np.float64)
            assert output.shape == exact.shape
            assert np.all(np.abs(output - exact) <= bound), f"{engine}, output {place}"


def right_with_bounds(example: Example) -> list[tuple[Any, Any]]:
    """Return the exact outputs with what rounding explains, or 1e-5 where no bound is derived."""
    try:
        return model_with_bounds(example.model, example.inputs, "float32")
    except InvalidType:  # of layers that are recurrent or compute each step
        return [(y, 1e-5 * np.maximum(1, np.abs(y))) for y in example.outputs]


def test_ops_poolings_and_normalizations_are_nodes_one_to_one(plugin: None) -> None:
    """Nothing is turned to and fro between them, and the version of the operators is stated."""
    model = example_of("images", "float32").model.export("onnx")
    kinds = [node.op_type for node in model.graph.node]
    assert kinds[:6] == [
        "Transpose",
        "Conv",
        "Relu",
        "BatchNormalization",
        "MaxPool",
        "AveragePool",
    ]
    assert kinds.count("Transpose") == 2  # of the input, and before the channels are laid flat
    assert [(one.domain, one.version) for one in model.opset_import] == [("", 18)]
    names = [one.name for one in model.graph.initializer]
    assert {"conv/kernel", "conv/bias", "norm/gamma", "classes/kernel"} <= set(names)


def test_a_model_is_one_file(plugin: None, tmp_path: Path) -> None:
    """Of the size that its weights have, without anything beside it."""
    model = example_of(next(iter(MODELS)), "float32").model
    folder = tmp_path / "models"
    folder.mkdir()
    model.export("onnx", folder / "model.onnx")
    assert [path.name for path in folder.iterdir()] == ["model.onnx"]
    onnx.checker.check_model(onnx.load(folder / "model.onnx"))
