"""Keras 1's documents of a `Sequential` that begins with a `Merge` of models."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from convdispatch import keras1, models
from convdispatch.errors import InvalidDocument
from convdispatch.support.documents import DocumentLimits

RNG = np.random.default_rng(5)
X, Y = (RNG.normal(size=(6, 4)).astype("float32") for _ in range(2))


def dense(units: int, inputs: int | None = None) -> dict[str, Any]:
    """Return the entry of a dense layer as Keras 1.2.2 writes it."""
    config: dict[str, Any] = {
        "name": f"dense_{units}_{inputs}", "trainable": True, "output_dim": units,
        "init": "glorot_uniform", "activation": "linear", "bias": True, "input_dim": inputs,
        "W_regularizer": None, "b_regularizer": None, "activity_regularizer": None,
        "W_constraint": None, "b_constraint": None,
    }  # fmt: skip
    if inputs is not None:
        config |= {"batch_input_shape": [None, inputs], "input_dtype": "float32"}
    return {"class_name": "Dense", "config": config}


def merge(*branches: Any, mode: str = "concat", **changed: Any) -> dict[str, Any]:
    """Return the entry of a `Merge` with its branches in it."""
    config = {
        "name": "merge_1", "mode": mode, "mode_type": "raw", "concat_axis": -1, "dot_axes": -1,
        "output_shape": None, "output_shape_type": "raw", "output_mask": None,
        "output_mask_type": "raw", "arguments": {}, "layers": list(branches),
    }  # fmt: skip
    return {"class_name": "Merge", "config": config | changed}


def stack(*entries: Any) -> dict[str, Any]:
    """Return the entry of a `Sequential`, whose configuration is a list."""
    return {"class_name": "Sequential", "config": list(entries)}


def functional() -> dict[str, Any]:
    """Return the entry of a `Model` of one dense layer."""
    return {
        "class_name": "Model",
        "config": {
            "name": "model_1",
            "layers": [
                {
                    "class_name": "InputLayer", "name": "input_1", "inbound_nodes": [],
                    "config": {
                        "batch_input_shape": [None, 4], "input_dtype": "float32",
                        "sparse": False, "name": "input_1",
                    },
                },
                {**dense(3), "name": "only", "inbound_nodes": [[["input_1", 0, 0]]]},
            ],
            "input_layers": [["input_1", 0, 0]],
            "output_layers": [["only", 0, 0]],
        },
    }  # fmt: skip


TWO = stack(merge(stack(dense(3, 4)), stack(dense(3, 4))), dense(2))


def read(document: dict[str, Any], **options: Any) -> Any:
    """Return the model of a document."""
    return keras1.models.model_from_json(
        json.dumps({**document, "keras_version": "1.2.2"}), **options
    )


def test_a_document_of_branches_is_read(backend_name: str) -> None:
    """The weights are those of the branches and then of the others; the numbers are by hand."""
    model = read(TWO, backend=backend_name)
    left, right, last = (RNG.normal(size=shape) for shape in ((4, 3), (4, 3), (6, 2)))
    model.set_weights([left, np.ones(3), right, np.zeros(3), last, np.zeros(2)])
    wanted = np.concatenate([X @ left + 1, Y @ right], axis=1) @ last
    assert model.backend == backend_name
    np.testing.assert_allclose(model.predict([X, Y]), wanted, rtol=1e-4, atol=1e-5)
    assert isinstance(model, models.Model)
    model.add(keras1.layers.Dense(1))  # it is the model that `add` makes
    again = keras1.models.model_from_json(model.to_json())
    assert again.output_shape == (None, 1)


BRANCHES: dict[str, tuple[list[Any], int]] = {
    "a model": ([functional(), stack(dense(3, 4))], 2),
    "a layer": ([dense(3, 4), stack(dense(3, 4))], 2),
    "branches in a branch": (
        [stack(merge(stack(dense(3, 4)), stack(dense(3, 4)), mode="sum")), stack(dense(3, 4))], 3),
}  # fmt: skip


@pytest.mark.parametrize("case", BRANCHES)
@pytest.mark.parametrize("inside", [False, True], ids=["alone", "within a model"])
def test_branches_may_be_whatever_keras_1_merges(case: str, inside: bool) -> None:
    """Also where such a Sequential is a layer of a functional model."""
    branches, inputs = BRANCHES[case]
    document = stack(merge(*branches, mode="sum"), dense(2))
    if inside:
        names = [f"input_{number}" for number in range(inputs)]
        entries = [
            {
                "class_name": "InputLayer", "name": name, "inbound_nodes": [],
                "config": {"batch_input_shape": [None, 4], "name": name},
            }
            for name in names
        ]  # fmt: skip
        calls = [[[name, 0, 0] for name in names]]
        document = {
            "class_name": "Model",
            "config": {
                "name": "outer",
                "layers": [*entries, {**document, "name": "inner", "inbound_nodes": calls}],
                "input_layers": [[name, 0, 0] for name in names],
                "output_layers": [["inner", 0, 0]],
            },
        }
    model = read(document, backend="numpy")
    weights = [RNG.normal(size=weight.shape) for weight in model.get_weights()]
    model.set_weights(weights)
    assert [weight.shape for weight in weights] == [(4, 3), (3,)] * inputs + [(3, 2), (2,)]
    data = [RNG.normal(size=(5, 4)).astype("float32") for _ in range(inputs)]
    merged = sum(x @ weights[2 * i] + weights[2 * i + 1] for i, x in enumerate(data))
    wanted = merged @ weights[-2] + weights[-1]
    np.testing.assert_allclose(model.predict(data), wanted, rtol=1e-4, atol=1e-5)


def test_a_stack_within_a_model_may_be_a_list() -> None:
    """As Keras wrote it up to 2.2.2, branches or not."""
    whole = functional()
    whole["config"]["layers"][1] = {
        **stack(dense(3, 4)), "name": "only", "inbound_nodes": [[["input_1", 0, 0]]],
    }  # fmt: skip
    model = read(whole, backend="numpy")
    kernel = RNG.normal(size=(4, 3))
    model.set_weights([kernel, np.ones(3)])
    np.testing.assert_allclose(model.predict(X), X @ kernel + 1, rtol=1e-4, atol=1e-5)


def test_its_words_tell_that_it_is_of_keras_1() -> None:
    """Without a version, in every door."""
    assert models.model_from_json(json.dumps(TWO)).output_shape == (None, 2)


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "one branch": (stack(merge(stack(dense(3, 4)))), "at least two"),
    "no branch": (stack(merge()), "a Merge that begins a Sequential must have `layers`"),
    "a branch without a shape": (stack(merge(stack(dense(3)), stack(dense(3, 4)))), "input shape"),
    "no entry": (stack(merge(3, stack(dense(3, 4)))), "each of `layers` must have a `class_name`"),
    "an unknown layer": (
        stack(merge(stack({**dense(3, 4), "class_name": "ConvRecurrent2D"}), stack(dense(3, 4)))),
        "`ConvRecurrent2D` is not offered yet",
    ),
    "code": (
        stack(merge(stack(dense(3, 4)), stack(dense(3, 4)), mode_type="lambda")),
        r"no functions that can be used for Merge 'merge_1' \(the code of a function\)\. .*"
        r"Give the functions: `custom_objects=\{'merge_1': \.\.\.\}`",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_fault_is_an_invalid_document(case: str) -> None:
    """With what is wrong with it."""
    document, words = WRONG[case]
    with pytest.raises(InvalidDocument, match=words):
        read(document)


def test_the_limits_hold_for_all_branches_together() -> None:
    """Of layers and of weights."""
    with pytest.raises(InvalidDocument, match="layers"):
        read(TWO, limits=DocumentLimits(layers=3))
    with pytest.raises(InvalidDocument, match="parameters"):
        read(TWO, limits=DocumentLimits(parameters=29))
    assert read(TWO, limits=DocumentLimits(parameters=44)).count_params() == 44
