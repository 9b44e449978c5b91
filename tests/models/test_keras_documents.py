"""The documents of real Kerases are read: their layers, their models, and the numbers of these."""

from __future__ import annotations

import copy
import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from keras_documents import KERAS3, OLDER, VERSIONS, array, of_one
from legacy_models import STACKS
from places import DOCUMENTS, LEGACY

import convdispatch
from convdispatch import keras1, keras2, layers
from convdispatch.errors import InvalidDocument
from convdispatch.models import Model, Sequential, model_from_json
from convdispatch.numerics.rounding import reference_with_bound

MODELS = KERAS3["models"]
EACH_MODEL = pytest.mark.parametrize("name", MODELS)
# Stacks, in a folder for each Keras; the graphs are another test's.
SAVED = sorted(path for path in LEGACY.glob("*/*.json") if path.stem in STACKS)
EACH_OLDER = pytest.mark.parametrize(
    ("keras", "entry"),
    [(keras, entry) for keras, entries in OLDER.items() for entry in entries],
    ids=lambda value: value if isinstance(value, str) else value["class_name"],
)
EACH_LAYER = pytest.mark.parametrize("entry", KERAS3["layers"], ids=lambda e: e["class_name"])
DOORS = {"keras1_theano": keras1.layers, "keras2_theano": keras2.layers}
# What we call what a Keras calls otherwise, or does not say.
RENAMED = {"dtype", "input_dtype", "batch_input_shape", "rank"}


def common(ours: Any, theirs: Any) -> tuple[Any, Any]:
    """Return both without what only one of them says, at every depth."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        pairs = {key: common(ours[key], theirs[key]) for key in ours.keys() & theirs.keys()}
        return {k: left for k, (left, _) in pairs.items()}, {k: r for k, (_, r) in pairs.items()}
    return ours, theirs


def same(layer: Any, saved: dict[str, Any], without: set[str]) -> None:
    """Assert that the layer's configuration says what the saved one says."""
    config = json.loads(json.dumps(layer.get_config()))
    left, right = common(config, {key: saved[key] for key in saved.keys() - RENAMED - without})
    assert left == right
    assert len(left) >= len(saved) - 8  # the most that are renamed or say nothing here


def test_every_class_was_recorded() -> None:
    """The tests below have all of them to loop over."""
    offered = set(layers.__all__) - {"Layer", "Input", "InputLayer"}  # those are parts of models
    classes = [one for name in offered if isinstance(one := getattr(layers, name), type)]
    names = {one.__name__ for one in classes if not one.takes_list}  # those are parts of graphs
    # which Keras 3 does not have
    names -= {"ThresholdedReLU", "LocallyConnected1D", "LocallyConnected2D"}
    assert {entry["class_name"] for entry in KERAS3["layers"]} == names
    assert all(len(entries) > 40 for entries in OLDER.values())
    assert {path.parent.name for path in SAVED} >= {*OLDER, "keras3"}


@EACH_LAYER
def test_a_layer_comes_from_keras_3_s_configuration(entry: Any) -> None:
    """Every class, plain and with every argument; the configuration is left as it was."""
    before = copy.deepcopy(entry["config"])
    layer: Any = getattr(layers, entry["class_name"]).from_config(entry["config"])
    assert entry["config"] == before
    dtype = entry["config"]["dtype"]  # a policy, but for spatial dropout
    assert layer.dtype == (dtype if isinstance(dtype, str) else dtype["config"]["name"])
    seed = entry["config"].get("kernel_initializer", {}).get("config", {}).get("seed")
    if isinstance(seed, dict):  # Keras 3 wrapped it
        assert layer.kernel_initializer.seed == seed["config"]["seed"] == 7
    else:
        same(layer, entry["config"], {"layer", "backward_layer"})
        for name in {"layer", "backward_layer"} & set(entry["config"]):
            same(getattr(layer, name), entry["config"][name]["config"], set())


@EACH_LAYER
def test_a_model_comes_from_keras_3_s_entry(entry: Any) -> None:
    """With all of Keras's keys about the layer: module, registered_name, build_config."""
    model = model_from_json(of_one(entry))
    assert type(model.layers[0]) is getattr(layers, entry["class_name"])


@EACH_OLDER
def test_a_layer_comes_from_an_older_keras_s_configuration(keras: str, entry: Any) -> None:
    """As that Keras's own layer: from its configuration, and from a document with its version."""
    door: Any = DOORS.get(keras, keras2.layers)
    expected = getattr(door, entry["class_name"])
    # Keras 1 saved the padding as it was given: a number, or two.
    rewritten = {"padding"} if keras == "keras1_theano" else set()
    same(expected.from_config(entry["config"]), entry["config"], rewritten)
    model = model_from_json(of_one(entry, keras_version=VERSIONS[keras]))
    assert type(model.layers[0]) is expected


@EACH_MODEL
def test_a_model_of_keras_3_gives_its_numbers(name: str, backend_name: str) -> None:
    """Keras's predictions in float32 are within the bound of ours, with its weights."""
    saved = MODELS[name]
    model = model_from_json(saved["json"], backend=backend_name)
    assert model.built
    model.set_weights([array(weight) for weight in saved["weights"]])
    x, y = array(saved["x"]), array(saved["y"])
    found = model.predict(x)
    assert found.shape == y.shape
    if name.startswith("recurrent"):  # no bound is known
        np.testing.assert_allclose(found, y, rtol=2e-5, atol=2e-6)
        return
    _, bound = reference_with_bound(model.layers, x, "float32")
    assert np.all(np.abs(found.astype("float64") - y) <= 2 * bound)


@pytest.mark.parametrize("name", [name for name in MODELS if MODELS[name]["config"]])
def test_a_configuration_of_keras_3_is_read_as_its_json(name: str) -> None:
    """`Sequential.from_config(model.get_config())`."""
    text = model_from_json(MODELS[name]["json"])
    made = Sequential.from_config(MODELS[name]["config"])
    assert made.get_config() == text.get_config()
    assert made.output_shape == text.output_shape


@pytest.mark.parametrize("path", SAVED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_saved_model_of_every_keras_gives_its_numbers(path: Path, backend_name: str) -> None:
    """One reader for all; a Theano-trained model is read under the convention."""
    is_theano = path.parent.name.endswith("theano")
    if path.stem.endswith("_th"):  # Keras 1 did not keep the order of all its layers
        convdispatch.set_image_data_format("channels_first")
    arrays = np.load(path.with_suffix(".npz"))
    with convdispatch.use_convention("theano" if is_theano else "tensorflow"):
        model = model_from_json(path.read_text(encoding="utf-8"), backend=backend_name)
    model.set_weights([arrays[name] for name in sorted(arrays.files) if name.startswith("w")])
    _, bound = reference_with_bound(model.layers, arrays["x0"], "float32")
    error = np.abs(model.predict(arrays["x0"]).astype("float64") - arrays["y0"])
    assert error.shape == arrays["y0"].shape
    assert np.all(error <= 2 * bound)


def test_the_batch_size_of_an_input_layer_is_kept() -> None:
    """`keras.Input((9, 2), batch_size=3)`."""
    assert model_from_json(MODELS["one_axis"]["json"]).input_shape == (3, 9, 2)


def test_one_chain_of_a_functional_model_is_a_sequential() -> None:
    """By its name, with its layers in the order of the calls."""
    model = model_from_json(MODELS["chain"]["json"])
    assert type(model) is Sequential
    assert model.name == "chain"
    assert [layer.name for layer in model.layers] == ["first", "second"]


def keras2_chain(**changes: Any) -> str:
    """Return a functional document as Keras 2 wrote it, the layers in another order."""
    conv = {"filters": 1, "kernel_size": [1, 1], "name": "conv"}
    entries = [
        {"name": "up", "class_name": "UpSampling2D", "config": {"name": "up", "size": [2, 2]},
         "inbound_nodes": [[["conv", 0, 0, {}]]]},
        {"name": "in", "class_name": "InputLayer", "inbound_nodes": [],
         "config": {"batch_input_shape": [None, 4, 4, 1], "name": "in", "sparse": False}},
        {"name": "conv", "class_name": "Conv2D", "config": conv,
         "inbound_nodes": [[["in", 0, 0, {}]]]},
    ]  # fmt: skip
    config = {"name": "f", "layers": entries, "input_layers": [["in", 0, 0]]}
    config |= {"output_layers": [["up", 0, 0]]} | changes
    return json.dumps({"class_name": "Model", "config": config, "keras_version": "2.2.4"})


def test_keras_2_s_functional_chain_too() -> None:
    """The calls order the layers, not the list."""
    model = model_from_json(keras2_chain())
    assert [type(layer) for layer in model.layers] == [
        keras2.layers.Conv2D,
        keras2.layers.UpSampling2D,
    ]
    assert model.output_shape == (None, 8, 8, 1)


@pytest.mark.parametrize(
    ("outputs", "shape"),
    [
        ([["conv", 0, 0]], (None, 4, 4, 1)),
        ([["up", 0, 0], ["conv", 0, 0]], [(None, 8, 8, 1), (None, 4, 4, 1)]),
    ],
    ids=["end-left-out", "two-outputs"],
)
def test_what_is_no_chain_is_a_model(outputs: Any, shape: Any) -> None:
    """With the outputs that the document names."""
    model = model_from_json(keras2_chain(output_layers=outputs))
    assert type(model) is Model
    assert model.output_shape == shape


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"output_layers": [["up", 1, 0]]}, "output 0 of call 1 of 'up', which it does not have"),
        ({"input_layers": []}, "received an empty list"),
        ({"input_layers": [["conv", 0, 0]]}, "must come from `Input`"),
    ],
    ids=["second-call", "no-input", "no-way-from-the-input"],
)
def test_a_document_of_no_graph_is_refused(changes: dict[str, Any], message: str) -> None:
    """With the error of documents, and what is wrong."""
    with pytest.raises(InvalidDocument, match=message):
        model_from_json(keras2_chain(**changes))


def test_every_missing_class_is_named() -> None:
    """Not the first alone."""
    names = ["Attention", "RandomFlip", "Conv2D", "Attention", "Mine"]
    entries = [{"class_name": name, "config": {"filters": 1, "kernel_size": 1}} for name in names]
    text = json.dumps({"class_name": "Sequential", "config": {"layers": entries}})
    with pytest.raises(
        InvalidDocument,
        match=r"no layer named 'Attention', 'RandomFlip', 'Mine'\. `Attention`, `RandomFlip` are "
        r"not offered yet; .*`custom_objects`",
    ):
        model_from_json(text)


@pytest.mark.parametrize("name", ["Sequential", "Functional", "Model", "Graph"])
def test_a_model_within_a_configuration_needs_the_reader_of_documents(name: str) -> None:
    """`from_config` says so, whatever the class is; a document needs a whole model."""
    entry = {"class_name": name, "config": {"name": "inner", "layers": []}}
    with pytest.raises(
        InvalidDocument,
        match=rf"no layer named '{name}'\. `model_from_json` reads a Sequential with a model in "
        r"it\. Pass",
    ):
        Sequential.from_config({"layers": [entry]})
    with pytest.raises(InvalidDocument, match=r"'inner'|`output_layers`|named 'Graph'"):
        model_from_json(of_one(entry, keras_version="3.15.1"))


@pytest.mark.parametrize("name", ["Layer", "_Separable", "Keras2Layer", "annotations", "__doc__"])
@pytest.mark.parametrize("version", ["1.2.2", "2.2.4", "3.15.1"])
def test_what_no_document_means_by_a_layer_is_no_layer(name: str, version: str) -> None:
    """The base of all, helpers and other names of the modules."""
    with pytest.raises(InvalidDocument, match=f"has no layer named '{name}'"):
        model_from_json(of_one({"class_name": name, "config": {}}, keras_version=version))


ONE: dict[str, Any] = {"filters": 1, "kernel_size": 1, "activation": "hard_sigmoid"}
CONV: dict[str, Any] = {"class_name": "Conv1D", "config": ONE}
INPUT = {"class_name": "InputLayer", "config": {"batch_shape": [None, 4, 1]}}


@pytest.mark.parametrize(
    ("version", "expected"), [("1.2.2", 0.7), ("2.2.4-tf", 0.7), ("2.21.0", 0.7), ("3.0.0", 2 / 3)]
)
def test_a_version_decides_the_formula(version: str, expected: float) -> None:
    """hard_sigmoid(1) is 0.7 in Keras 1 and 2, and 2/3 in Keras 3, whichever door is asked."""
    entry = CONV
    if version == "1.2.2":
        config = {"nb_filter": 1, "filter_length": 1, "activation": "hard_sigmoid"}
        entry = {"class_name": "Convolution1D", "config": config}
    for read in (model_from_json, keras2.models.model_from_json):
        model = read(of_one(entry, keras_version=version, backend="theano"), backend="numpy")
        model.build((None, 1, 1))
        model.set_weights([np.ones_like(model.get_weights()[0]), np.zeros(1)])
        assert model.predict(np.ones((1, 1, 1), "float32")).item() == pytest.approx(expected)


def test_the_words_of_keras_1_tell_it_without_a_version() -> None:
    """A list of entries, as Keras 1 wrote it."""
    entry = {"class_name": "Convolution1D", "config": {"nb_filter": 1, "filter_length": 1}}
    model = model_from_json(json.dumps({"class_name": "Sequential", "config": [entry]}))
    assert type(model.layers[0]) is keras1.layers.Convolution1D


def conv(**config: Any) -> Any:
    """Return a Conv1D from a configuration with these keys."""
    return layers.Conv1D.from_config({"filters": 1, "kernel_size": 1, **config})


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        ({"class_name": "DTypePolicy", "config": {"name": "float16"}}, "float16"),
        ({"class_name": "Policy", "config": {"name": "bfloat16"}}, "bfloat16"),
        ({"class_name": "Policy", "config": {"name": "infer"}}, "float32"),
        ("_infer", "float32"),
        ("infer_with_float32_vars", "float32"),
        (None, "float32"),
    ],
    ids=str,
)
def test_a_policy_of_one_type_is_that_type(dtype: Any, expected: str) -> None:
    """TensorFlow 1's words for the input's own type are the configured one."""
    assert conv(dtype=dtype).dtype == expected


@pytest.mark.parametrize("name", ["mixed_float16", "mixed_bfloat16"])
def test_a_mixed_policy_keeps_its_weights_and_warns(name: str) -> None:
    """Weights in float32; a layer computes in its input's type, which the caller chooses."""
    policy = {"module": "keras", "class_name": "DTypePolicy", "config": {"name": name}}
    with pytest.warns(UserWarning, match=f"policy '{name}'.* give it {name[6:]}"):
        assert conv(dtype=policy).dtype == "float32"


@pytest.mark.parametrize(
    "dtype",
    [
        {
            "class_name": "QuantizedDTypePolicy",
            "config": {"mode": "int8", "source_name": "float32"},
        },
        {"class_name": "DTypePolicyMap", "config": {"default_policy": None}},
        {"class_name": "DTypePolicy", "config": {}},
        {"class_name": "DTypePolicy", "config": 3},
        {"class_name": "DTypePolicy", "config": {"name": "int8"}},
        {},
        3,
        "int8",
    ],
    ids=str,
)
def test_another_policy_is_refused(dtype: Any) -> None:
    """Quantized layers are not offered."""
    with pytest.raises(InvalidDocument, match="`dtype`"):
        conv(dtype=dtype)


SILENT = {
    "lora_rank": 4,
    "lora_alpha": 2.0,
    "quantization_config": {"a": 1},
    "quantization_mode": "int8",
    "synchronized": True,
    "ragged": True,
    "sparse": True,
    "optional": True,
}


@pytest.mark.parametrize("key", SILENT)
def test_a_key_of_keras_s_that_asks_for_something_is_refused(key: str) -> None:
    """With None it asks for nothing; with a value it is not dropped in silence."""
    assert key not in conv(**{key: None}).get_config()
    with pytest.raises(InvalidDocument, match=f"`{key}` .* not offered here"):
        conv(**{key: SILENT[key]})


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"batch_shape": [None, 4, 1], "sparse": True}, "InputLayer has `sparse` True"),
        ({"batch_shape": [None, 4, 1], "shape": 1}, "InputLayer has the unknown key 'shape'"),
        ({"batch_shape": None}, "InputLayer must state the input's shape"),
        ({"batch_shape": {"a": [1]}}, "InputLayer must state the input's shape"),
        ({}, "InputLayer must state the input's shape"),
        ([], "`config` of InputLayer must be a mapping"),
        ({"batch_shape": [None, "4", 1]}, "`batch_input_shape` must be a tuple of integers"),
    ],
    ids=str,
)
def test_a_bad_input_layer_is_refused(config: Any, message: str) -> None:
    """Its shape is what it is for."""
    listed = [{"class_name": "InputLayer", "config": config}, CONV]
    with pytest.raises(InvalidDocument, match=message):
        Sequential.from_config({"name": "m", "layers": listed})


@pytest.mark.parametrize("listed", [[CONV, INPUT], [INPUT, INPUT, CONV], [INPUT]], ids=len)
def test_an_input_layer_comes_first_and_once(listed: list[Any]) -> None:
    """Elsewhere it would be left out in silence."""
    with pytest.raises(InvalidDocument, match="an `InputLayer` must come once, first, and before"):
        Sequential.from_config({"name": "m", "layers": listed})


def test_two_shapes_that_differ_are_refused() -> None:
    """TensorFlow's Keras states the input's shape twice."""
    first = {**CONV, "config": {**CONV["config"], "batch_input_shape": [None, 5, 1]}}
    with pytest.raises(
        InvalidDocument, match=r"\[None, 4, 1\] and the first layer .*\[None, 5, 1\]"
    ):
        Sequential.from_config({"name": "m", "layers": [INPUT, first]})


def test_what_separable_layers_inherit_is_not_used() -> None:
    """TensorFlow's write `kernel_initializer` and `groups`, and use neither; without a warning."""
    config = {"filters": 1, "kernel_size": 1, "groups": 1, "kernel_initializer": "ones"}
    config |= {"kernel_regularizer": None, "kernel_constraint": None}
    for door in (layers, keras2.layers):
        assert "kernel_initializer" not in door.SeparableConv1D.from_config(config).get_config()
    with pytest.raises(InvalidDocument, match="`groups` 2"):
        layers.SeparableConv1D.from_config(config | {"groups": 2})


def test_initializers_of_tensorflow_1_are_read() -> None:
    """They state the element type in which they drew."""
    config = {
        "scale": 1.0,
        "mode": "fan_avg",
        "distribution": "uniform",
        "seed": 3,
        "dtype": "float32",
    }
    made = conv(kernel_initializer={"class_name": "VarianceScaling", "config": config})
    assert made.kernel_initializer.seed == 3


def test_a_user_s_layer_comes_by_its_registered_name() -> None:
    """Keras 3 saves `package>Name` beside the name."""

    class Mine(layers.Conv1D):
        """A user's layer."""

    entry: Any = {"class_name": "Mine", "module": "my.code", "registered_name": "my>Mine"}
    entry |= {"config": ONE}
    for known in ("Mine", "my>Mine"):
        assert type(model_from_json(of_one(entry), {known: Mine}).layers[0]) is Mine


INSTALLED = """
import json, sys
import keras
sys.path.insert(0, sys.argv[1])
import record
from convdispatch import layers
from convdispatch.models import Sequential
made = [*record.every_layer(), *record.words()]
for layer in made:  # tuples, not lists, as no JSON has them
    getattr(layers, type(layer).__name__).from_config(layer.get_config(), backend="numpy")
for model, _ in record.every_model().values():
    if isinstance(model, keras.Sequential):
        again = Sequential.from_config(model.get_config(), backend="numpy")
        assert again.output_shape == model.output_shape
print(json.dumps([keras.saving.serialize_keras_object(layer) for layer in made]))
"""


@pytest.mark.skipif(importlib.util.find_spec("keras") is None, reason="Keras is not installed")
def test_the_installed_keras_writes_what_is_read() -> None:
    """The same layers as recorded, written by the Keras of this environment."""
    folder = DOCUMENTS
    done = subprocess.run(
        [sys.executable, "-c", INSTALLED, str(folder)], capture_output=True, text=True, check=True
    )
    entries = json.loads(done.stdout.splitlines()[-1])
    assert len(entries) == len(KERAS3["layers"])
    for entry in entries:
        assert convdispatch.model_from_json(of_one(entry)).layers
