"""A model exported to TensorFlow, loaded where this package cannot be imported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exported_models import MODELS, Example, as_stored, example_of
from without_us import found_without_us, require_equal

from convdispatch.models._programs import program_of

pytest.importorskip("tensorflow")

TOLERANCE = 1e-10  # in float64, of numbers of about 1
# The backend's own functions make the graph, and the conformance suite asks those for every op.
LAYERS = ("Conv3DTranspose*", "DepthwiseConv2D*", "LocallyConnected2D", "GRU*", "MaxPooling2D*",
          "PReLU", "BatchNormalization*")  # fmt: skip
LITE = ("images", "texts")  # in float32, for the converter of TFLite
NAMES = [*MODELS, *LAYERS, *(f"{name} in float32" for name in LITE)]
SCRIPT = """
import warnings
import tensorflow as tf

def listed(values):
    return list(values) if isinstance(values, (list, tuple)) else [values]

def compute(folder, given):
    model = tf.saved_model.load(str(folder / "source"))
    names = sorted(name for name in given if name.startswith("input_"))
    if given["cotangent_0"].dtype == np.float32:
        return lite(folder, [given[name] for name in names])
    inputs = [tf.constant(given[name]) for name in names]
    twice = listed(model(*(tf.concat([x, x], 0) for x in inputs)))  # another batch size
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = listed(model(*inputs))
        seeds = [given[f"cotangent_{i}"] for i in range(len(outputs))]
        total = sum(tf.reduce_sum(y * seed) for y, seed in zip(outputs, seeds))
    weights = {v.name.removesuffix(":0"): v for v in model.__call__.concrete_functions[0].variables
               if v.trainable}
    zero = tf.UnconnectedGradients.ZERO
    slopes, of_inputs = tape.gradient(total, [weights, inputs], unconnected_gradients=zero)
    found = {f"output_{i}": y.numpy() for i, y in enumerate(outputs)}
    for i, y in enumerate(outputs):
        assert np.allclose(twice[i][: len(y)], y), "another batch size"
    for name, x, slope in zip(names, inputs, of_inputs):
        if x.dtype.is_floating:
            found[name.replace("input", "input_gradient")] = slope.numpy()
    return found | {name: tf.convert_to_tensor(slope).numpy() for name, slope in slopes.items()}

def lite(folder, inputs):
    converted = tf.lite.TFLiteConverter.from_saved_model(str(folder / "source")).convert()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that another package has the interpreter, too
        run = tf.lite.Interpreter(model_content=converted).get_signature_runner()
    return {"output_0": next(iter(run(**dict(zip(run.get_input_details(), inputs))).values()))}
"""


@pytest.fixture(scope="module")
def examples() -> dict[str, Example]:
    """Return the examples by name."""
    found = {name: example_of(name) for name in (*MODELS, *LAYERS)}
    return found | {f"{name} in float32": example_of(name, "float32") for name in LITE}


@pytest.fixture(scope="module")
def found(examples: dict[str, Example], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return what a process without this package finds."""

    def write(example: Example, folder: Path) -> None:
        example.model.export("tensorflow", folder / "source")

    root = tmp_path_factory.mktemp("tensorflow")
    quiet = {"KERAS_HOME": str(root), "TF_CPP_MIN_LOG_LEVEL": "3"}
    return found_without_us(root, examples, write, SCRIPT, **quiet)


@pytest.mark.parametrize("name", [*MODELS, *LAYERS])
def test_outputs_and_gradients_are_ours(name: str, examples: Any, found: Any) -> None:
    """Of the inputs and of every weight, without this package, for any batch size."""
    example = examples[name]
    wanted = {
        one.path: as_stored(example.weight_gradients[one.path], one, example)
        for one in program_of(example.model, lambda op, signature: True).weights
        if one.path in example.weight_gradients
    }
    require_equal(found[name], example, wanted, TOLERANCE)


@pytest.mark.parametrize("name", LITE)
def test_tflite_takes_it(name: str, examples: Any, found: Any) -> None:
    """Its converter accepts the SavedModel, with built-in ops alone, and it computes the same."""
    example = examples[f"{name} in float32"]
    assert "failure" not in found[f"{name} in float32"], found[f"{name} in float32"]["failure"]
    output = found[f"{name} in float32"]["output_0"]
    np.testing.assert_allclose(output, example.outputs[0], rtol=1e-5, atol=1e-5)
