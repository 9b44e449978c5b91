"""A model's program computes what the model does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from exported_models import MODELS, Example, of_class, of_model
from layer_classes import EVERY_CLASS

from convdispatch.models._programs import program_of
from convdispatch.programs import evaluator
from convdispatch.registry import registry

# The size that a `Deconvolution2D` has to state does not fit its other arguments' defaults.
CASES = [
    (entry, is_default)
    for entry in EVERY_CLASS
    for is_default in (True, False)
    if not (is_default and "output_shape" in entry.required)
]


def computed(example: Example, supports: Any) -> list[Any]:
    """Return the outputs of an example's program on the NumPy backend."""
    backend: Any = registry.load("numpy")
    program = program_of(example.model, supports)
    weights = {one.path: backend.asarray(one.array, one.value.dtype) for one in program.weights}
    inputs = [
        backend.asarray(x, value.dtype)
        for x, value in zip(example.inputs, program.inputs.values(), strict=True)
    ]
    return evaluator(program, backend)(weights, inputs)


def require_same(outputs: list[Any], example: Example) -> None:
    """Require the outputs, to the last bits of float64."""
    for output, wanted in zip(outputs, example.outputs, strict=True):
        np.testing.assert_allclose(output, wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("entry", "is_default"), CASES, ids=str)
def test_every_layer_has_a_program(entry: Any, is_default: bool) -> None:
    """Each class of each façade, with its defaults and with another value for each argument."""
    example = of_class(entry, is_default=is_default, dtype="float64")
    require_same(computed(example, lambda op, signature: True), example)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("has_ops", [True, False], ids=["ops", "derived"])
def test_every_model_has_a_program(name: str, has_ops: bool) -> None:
    """Also for a target that has one convolution and no other op: the others are derived."""
    example = of_model(name, "float64")

    def supports(op: Any, signature: Any) -> bool:
        return has_ops or (type(op).__name__ == "Conv" and op.groups == 1)

    require_same(computed(example, supports), example)
