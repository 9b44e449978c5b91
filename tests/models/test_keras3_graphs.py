"""Graphs of Keras 3 as it saved them: masks, models in models, cells, structures of tensors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from legacy_models import listed, one_or_all
from places import LEGACY

import convdispatch
from convdispatch import layers
from convdispatch.errors import InvalidArgument, InvalidDocument
from convdispatch.models import Model

pytest.importorskip("h5py", reason="files in HDF5 need the package h5py")

FOLDER = LEGACY / "keras3_graphs"
NAMES = sorted(path.stem for path in FOLDER.glob("*.npz"))
MASKED = [name for name in NAMES if name.startswith("masked")]
EACH = pytest.mark.parametrize("name", NAMES)
pytestmark = pytest.mark.filterwarnings("ignore:.*does not support masking")


def arrays(name: str, stem: str) -> list[Any]:
    """Return the arrays of a stem, in order."""
    with np.load(FOLDER / f"{name}.npz") as found:
        return [found[one] for one in sorted(found.files) if one.startswith(stem)]


def require_recorded(model: Any, name: str) -> None:
    """Assert that the outputs are those that Keras 3 predicted."""
    inputs: Any = one_or_all(arrays(name, "x"))
    if name == "structures":  # in the order of the words: 'over' before 'pair', 'rest' before 'sum'
        inputs = {"over": inputs[0], "pair": inputs[1:]}
    outputs = model.predict(inputs)
    if name == "structures":
        assert list(outputs) == ["sum", "rest"]
        outputs = [*outputs["rest"], outputs["sum"]]
    outputs = listed(outputs)
    for got, want in zip(outputs, arrays(name, "y"), strict=True):
        np.testing.assert_allclose(got, want, rtol=2e-5, atol=2e-6)


@EACH
def test_a_graph_predicts_as_it_did(name: str) -> None:
    """From Keras 3's own file."""
    require_recorded(convdispatch.load_model(FOLDER / f"{name}.keras", backend="numpy"), name)


@pytest.mark.parametrize("name", ["masked_products", "masked_sentences"])
def test_masks_are_those_of_keras_3_on_every_backend(name: str, backend_name: str) -> None:
    """What counts is merged, and each step of a step has its own mask."""
    require_recorded(convdispatch.load_model(FOLDER / f"{name}.keras", backend=backend_name), name)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.h5")), ids=lambda path: path.name)
def test_weights_find_their_layers_in_other_files(path: Path) -> None:
    """In `.h5`, whose entries do not say what is an operation, and by paths, which skip those."""
    name = path.name.partition(".")[0]
    if not path.name.endswith(".weights.h5"):
        require_recorded(convdispatch.load_model(path, backend="numpy"), name)
        return
    model = convdispatch.load_model(FOLDER / f"{name}.keras", backend="numpy")
    model.set_weights([np.zeros_like(one) for one in model.get_weights()])
    model.load_weights(path)
    require_recorded(model, name)


@EACH
@pytest.mark.parametrize(
    ("ending", "dialect"), [("keras", "keras3"), ("h5", "keras3"), ("safetensors", None)]
)
def test_a_graph_is_the_same_after_our_own_files(
    name: str, ending: str, dialect: str | None, tmp_path: Path
) -> None:
    """And so is its document."""
    model = convdispatch.load_model(FOLDER / f"{name}.keras", backend="numpy")
    model.save(tmp_path / f"model.{ending}", dialect=dialect)
    require_recorded(convdispatch.load_model(tmp_path / f"model.{ending}"), name)
    again = convdispatch.model_from_json(model.to_json(), backend="numpy")
    again.set_weights(model.get_weights())
    require_recorded(again, name)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("own_mask", r"call 0 of 'given' is given a mask that is not that of its input, by 'not"),
        ("operations", r"an input of 'behind' is the result of the operation 'Sin', 'sin"),
        ("operation_at_the_end", r"an output is the result of the operation 'Sin', 'sin"),
    ],
)
def test_what_operations_compute_is_refused_by_name(name: str, said: str) -> None:
    """But for the masks of layers, nothing of an operation may be lost in silence."""
    document = json.loads((FOLDER / "refused.json").read_text(encoding="utf-8"))[name]
    with pytest.raises(InvalidDocument, match=said):
        convdispatch.model_from_json(json.dumps(document))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("masked_merges", r"Subtract: its input has a mask, and the masks of several|'add"),
        ("masked_states", r"its input has a mask, and beside a state to begin with"),
        ("masked_sentences", None),
        ("structures", None),
    ],
)
def test_masks_that_mean_something_else_elsewhere_are_refused_by_name(
    name: str, said: str | None, tmp_path: Path
) -> None:
    """tf_keras merges masks otherwise, and uses them beside a state."""
    model = convdispatch.load_model(FOLDER / f"{name}.keras", backend="numpy")
    path = tmp_path / "model.keras"
    if said is None:
        model.save(path, dialect="tf_keras")
        require_recorded(convdispatch.load_model(path), name)
        return
    with pytest.raises(InvalidArgument, match=said):
        model.save(path, dialect="tf_keras")
    assert not path.exists()


def test_a_circle_of_operations_is_refused() -> None:
    """Somebody changed the document."""
    document = json.loads((FOLDER / "refused.json").read_text(encoding="utf-8"))["own_mask"]
    entries = {entry["class_name"]: entry for entry in document["config"]["layers"]}
    circle = entries["GetItem"]["inbound_nodes"][0]["args"]
    circle[0]["config"]["keras_history"] = [entries["NotEqual"]["name"], 0, 0]
    with pytest.raises(InvalidDocument, match=r"the operation '.*' reads its own result"):
        convdispatch.model_from_json(json.dumps(document))


def test_structures_are_called_and_made_by_scripts_too() -> None:
    """A model takes what it was made of, and says what that is."""
    first, second = layers.Input((2,), name="first"), layers.Input((2,), name="second")
    model = Model({"b": second, "a": first}, {"d": [layers.Subtract()([first, second])]})
    x = np.array([[3.0, 4.0]], "float32")
    for found in (model({"a": x, "b": 2 * x}), model.predict({"a": x, "b": 2 * x})):
        np.testing.assert_array_equal(found["d"][0], -x)
    np.testing.assert_array_equal(model([x, 2 * x])["d"][0], -x)
    outer = Model([first, second], model({"a": second, "b": first})["d"][0])
    np.testing.assert_array_equal(outer([x, 2 * x]), x)
    with pytest.raises(
        InvalidArgument, match=r"structure \{'b': \.\.\., 'a': \.\.\.\}; received \{'a'"
    ):
        model({"a": x, "c": x})


def test_old_kerases_have_no_structures(tmp_path: Path) -> None:
    """The refusal names the model, and what to do."""
    model = convdispatch.load_model(FOLDER / "structures.keras", backend="numpy")
    with pytest.raises(InvalidArgument, match=r"whose inputs are a dictionary or a nested list"):
        model.save(tmp_path / "model.h5", dialect="keras2")
