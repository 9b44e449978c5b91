"""A model exported to torch, loaded where this package cannot be imported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from exported_models import EXAMPLES, MODELS, Example, as_stored, example_of
from without_us import found_without_us, require_equal

from convdispatch.models._programs import program_of

torch = pytest.importorskip("torch")
TOLERANCE = 1e-10  # in float64, of numbers of about 1
SCRIPT = """
import importlib.util
import torch

def loaded(folder):
    if (folder / "module.pt").exists():
        return torch.load(folder / "module.pt", weights_only=False)
    spec = importlib.util.spec_from_file_location("model", folder / "source" / "model.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.load()

def listed(values):
    return list(values) if isinstance(values, (list, tuple)) else [values]

def compute(folder, given):
    model = loaded(folder)
    names = sorted(name for name in given if name.startswith("input_"))
    inputs = [torch.from_numpy(given[name]) for name in names]
    for x in inputs:
        x.requires_grad_(x.is_floating_point())
    outputs = listed(model(*inputs))
    seeds = [torch.from_numpy(given[f"cotangent_{i}"]) for i in range(len(outputs))]
    sum((y * seed).sum() for y, seed in zip(outputs, seeds)).backward()
    found = {f"output_{i}": y.detach().numpy() for i, y in enumerate(outputs)}
    for i, x in enumerate(inputs):
        if x.is_floating_point():
            found[f"input_gradient_{i}"] = np.zeros(x.shape) if x.grad is None else x.grad.numpy()
    for name, weight in model.named_parameters():
        if weight.requires_grad:
            found[name] = weight.grad.numpy()
    return found
"""


def gradients_by_name(example: Example) -> dict[str, Any]:
    """Return the gradients by the names and in the layouts of torch's own."""
    from convdispatch_torch._export import exporter, written

    made = written(program_of(example.model, exporter.supports))
    return {
        made.names[one.path]: as_stored(example.weight_gradients[one.path], one, example)
        for one in made.program.weights
        if one.path in example.weight_gradients
    }


@pytest.fixture(scope="module")
def examples() -> dict[str, Example]:
    """Return the examples by name."""
    return {name: example_of(name) for name in EXAMPLES}


@pytest.fixture(scope="module")
def found(examples: dict[str, Example], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return what a process without this package finds: pickled modules, and some as source."""

    def write(example: Example, folder: Path) -> None:
        if example.name in MODELS or example.name.endswith("*"):
            example.model.export("torch", folder / "source")
        else:
            torch.save(example.model.export("torch"), folder / "module.pt")

    return found_without_us(tmp_path_factory.mktemp("torch"), examples, write, SCRIPT)


@pytest.mark.parametrize("name", EXAMPLES)
def test_outputs_and_gradients_are_ours(name: str, examples: Any, found: Any) -> None:
    """Each layer and each model, of the inputs and of every weight, without this package."""
    example = examples[name]
    require_equal(found[name], example, gradients_by_name(example), TOLERANCE)
