"""A model exported to JAX, computed where this package cannot be imported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exported_models import ONE_OF_EACH, Example, as_stored, example_of
from without_us import found_without_us, require_equal

from convdispatch.models._programs import program_of

jax = pytest.importorskip("jax")

# Whole models have the loops that take XLA long to compile.
IN_MODELS = ("ConvLSTM", "Bidirectional", "TimeDistributed", "GRU", "LSTM")
NAMES = [name for name in ONE_OF_EACH if not name.startswith(IN_MODELS)]
TOLERANCE = 1e-10  # in float64, of numbers of about 1
SCRIPT = """
import importlib.util
import jax
import jax.numpy as jnp

def listed(values):
    return list(values) if isinstance(values, (list, tuple)) else [values]

def compute(folder, given):
    spec = importlib.util.spec_from_file_location("model", folder / "source" / "model.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    apply, weights = module.load()
    names = sorted(name for name in given if name.startswith("input_"))
    inputs = [jnp.asarray(given[name]) for name in names]

    def total(trained, floats):
        filled = [floats.get(name, x) for name, x in zip(names, inputs)]
        outputs = listed(apply({**weights, **trained}, *filled))
        pairs = [(y, given[f"cotangent_{i}"]) for i, y in enumerate(outputs)]
        return sum((y * seed).sum() for y, seed in pairs), outputs

    trained = {name: weights[name] for name in apply.trainable}
    floats = {n: x for n, x in zip(names, inputs) if jnp.issubdtype(x.dtype, jnp.floating)}
    compute = jax.jit(jax.value_and_grad(total, argnums=(0, 1), has_aux=True))
    (_, outputs), (slopes, of_inputs) = compute(trained, floats)
    found = {f"output_{i}": np.asarray(y) for i, y in enumerate(outputs)}
    for name, slope in of_inputs.items():
        found[name.replace("input", "input_gradient")] = np.asarray(slope)
    return found | {name.replace("/", "."): np.asarray(slope) for name, slope in slopes.items()}
"""


@pytest.fixture(scope="module")
def examples() -> dict[str, Example]:
    """Return the examples by name."""
    return {name: example_of(name) for name in NAMES}


@pytest.fixture(scope="module")
def found(examples: dict[str, Example], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return what a process without this package finds, in 64 bits and without optimizations."""

    def write(example: Example, folder: Path) -> None:
        example.model.export("jax", folder / "source")

    return found_without_us(
        tmp_path_factory.mktemp("jax"),
        examples,
        write,
        SCRIPT,
        JAX_ENABLE_X64="1",
        JAX_DISABLE_MOST_OPTIMIZATIONS="1",
    )


@pytest.mark.parametrize("name", NAMES)
def test_outputs_and_gradients_are_ours(name: str, examples: Any, found: Any) -> None:
    """Each layer and each model, of the inputs and of every weight, without this package."""
    from convdispatch_jax._export import exporter

    example = examples[name]
    wanted = {
        one.path.replace("/", "."): as_stored(example.weight_gradients[one.path], one, example)
        for one in program_of(example.model, exporter.supports).weights
        if one.path in example.weight_gradients
    }
    require_equal(found[name], example, wanted, TOLERANCE)


def test_jaxs_own_tools_take_the_function(examples: Any) -> None:
    """Its exporter with any batch size, and `vmap` over samples."""
    example = examples["branches"]
    with jax.enable_x64(True) if hasattr(jax, "enable_x64") else jax.experimental.enable_x64():
        apply, weights = example.model.export("jax")
        shape = jax.export.symbolic_shape("batch, 6, 4")
        shapes = [jax.ShapeDtypeStruct(shape, x.dtype) for x in example.inputs]
        exported = jax.export.export(jax.jit(apply))(weights, *shapes)
        loaded = jax.export.deserialize(exported.serialize())
        for made in (loaded.call(weights, *example.inputs), apply(weights, *example.inputs)):
            for output, wanted in zip(made, example.outputs, strict=True):
                np.testing.assert_allclose(output, wanted, rtol=TOLERANCE, atol=TOLERANCE)
        alone = jax.vmap(lambda *x: apply(weights, *(one[None] for one in x))[0][0])
        np.testing.assert_allclose(alone(*example.inputs), example.outputs[0], rtol=TOLERANCE)
