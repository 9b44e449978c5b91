"""A model exported to torch, loaded where this package cannot be imported."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
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


def test_torchs_own_tools_take_the_module(examples: Any) -> None:
    """Its exporter with any batch size, its compiler without a break, and a deep copy."""
    example = examples["images"]
    module, (x,) = example.model.export("torch"), map(torch.from_numpy, example.inputs)
    batch = torch.export.Dim("batch")
    exported = torch.export.export(module, (x,), dynamic_shapes=({0: batch},)).module()
    compiled = torch.compile(module, backend="aot_eager", fullgraph=True)
    wanted = torch.from_numpy(example.outputs[0])
    for made in (exported, compiled, copy.deepcopy(module)):
        torch.testing.assert_close(made(x), wanted)
        torch.testing.assert_close(made(torch.cat([x, x]))[: len(x)], wanted)


def test_state_dict_is_that_of_torchs_own_layers(examples: Any) -> None:
    """A network written by hand, of layers under the same names, loads it and gives the same."""
    nn = torch.nn
    convolution = nn.Conv2d(2, 4, 3, stride=2, padding=1)
    own = (
        nn.ModuleDict(
            {
                "conv": convolution,
                "norm": nn.BatchNorm2d(4, eps=1e-3, track_running_stats=True),
                "classes": nn.Linear(8, 3),
            }
        )
        .double()
        .eval()
    )
    example = examples["images"]
    own.load_state_dict(example.model.export("torch").state_dict())
    (x,) = map(torch.from_numpy, example.inputs)
    # (9, 8) cells: 'same' pads rows on both sides and columns at the end, where stride 2 reads.
    grown = nn.functional.pad(x.permute(0, 3, 1, 2), (0, 1, 1, 1))
    features = nn.functional.conv2d(grown, own["conv"].weight, own["conv"].bias, stride=2)
    wanted = example.model.layers[0](example.inputs[0])
    torch.testing.assert_close(
        torch.relu(features).permute(0, 2, 3, 1), torch.from_numpy(np.asarray(wanted))
    )
