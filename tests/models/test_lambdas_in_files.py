"""A file's Lambda computes the function that the caller gives, and never one of the file."""

from __future__ import annotations

import json
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from places import LEGACY

import convdispatch
from convdispatch import keras1, keras2
from convdispatch.cli import main
from convdispatch.errors import InvalidArgument, InvalidDocument, InvalidType
from convdispatch.models import model_from_json

pytest.importorskip("h5py", reason="files in HDF5 need the package h5py")

FOLDER = LEGACY / "lambdas"
FILES = [
    FOLDER / f"{keras}{ending}" for keras in ("tf_keras", "keras3") for ending in (".h5", ".keras")
]
EACH = pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
CODE = ["4wEAAAABAAAAAQAAAAIAAABDAAAAcwgAAAB8AGQBFwBTAE4A\n", None, None]


def doubled(x: Any, by: float = 2.0) -> Any:
    """Multiply."""
    return x * by


FUNCTIONS: dict[str, Any] = {
    "plus": lambda x: x + 1,
    "twice": doubled,
    "diff": lambda pair: pair[0] - pair[1],
}


@EACH
def test_a_real_file_computes_the_functions_that_are_given(path: Path, backend_name: str) -> None:
    """By the names of the layers, with the arguments that the file has."""
    arrays = np.load(path.with_suffix(".npz"))
    model = convdispatch.load_model(path, custom_objects=FUNCTIONS, backend=backend_name)
    np.testing.assert_allclose(model.predict(arrays["x"]), arrays["y"], rtol=1e-5, atol=1e-6)


@EACH
def test_a_file_without_its_functions_says_which_to_give(path: Path) -> None:
    """All of them; Keras 3 has the name of a function that has one."""
    key = "doubled" if path.stem == "keras3" else "twice"
    words = f"never run.*`custom_objects={{'plus': ..., '{key}': ..., 'diff': ...}}`"
    with pytest.raises(InvalidDocument, match=words):
        convdispatch.load_model(path)
    with pytest.raises(InvalidDocument, match=re.escape("custom_objects={'diff': ...}")):
        convdispatch.load_model(path, {name: FUNCTIONS[name] for name in ("plus", "twice")})


@pytest.mark.parametrize("keras", ["tf_keras", "keras3"])
def test_a_document_computes_them_too(keras: str) -> None:
    """Of `to_json`."""
    text = (FOLDER / f"{keras}.json").read_text(encoding="utf-8")
    model = model_from_json(text, FUNCTIONS, backend="numpy")
    assert model.output_shape == (None, 2)
    with pytest.raises(InvalidDocument, match="Lambda 'plus' \\(the code of a function\\)"):
        model_from_json(text)


def test_a_name_in_a_file_of_keras_3_is_looked_up_by_itself() -> None:
    """Under the function's name, as Keras does."""
    functions = {**FUNCTIONS, "doubled": doubled}
    del functions["twice"]
    assert convdispatch.load_model(FOLDER / "keras3.keras", functions).output_shape == (None, 2)


def entry(kind: str, /, **config: Any) -> dict[str, Any]:
    """Return the entry of a layer."""
    return {"class_name": kind, "config": {"trainable": True, **config}}


def document(version: str, **config: Any) -> str:
    """Return a model of a Lambda as Keras 1 or 2 wrote it."""
    layer = entry("Lambda", name="l", batch_input_shape=[None, 3], **config)
    return json.dumps({"class_name": "Sequential", "config": [layer], "keras_version": version})


OLD = pytest.mark.parametrize("version", ["1.2.2", "2.2.4"])
X = np.arange(6.0).reshape(2, 3)


@OLD
@pytest.mark.parametrize("shape", [None, [3], "code", "name"], ids=str)
def test_code_of_an_old_keras_is_replaced_by_the_function(version: str, shape: Any) -> None:
    """Its output's shape may be code, too, which is not needed."""
    kinds = {"code": ("lambda", CODE), "name": ("function", "of_shape")}
    kind, stored = kinds.get(str(shape), ("raw", shape))
    text = document(
        version,
        function=CODE,
        function_type="lambda",
        output_shape=stored,
        output_shape_type=kind,
        arguments={"by": 3},
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = model_from_json(text, {"l": doubled}, backend="numpy")
        np.testing.assert_array_equal(model.predict(X), 3 * X)
        with pytest.raises(InvalidDocument, match=re.escape("`custom_objects={'l': ...}`")):
            model_from_json(text)


@OLD
def test_a_named_function_is_looked_up_by_its_name(version: str) -> None:
    """As `get_from_module` and `deserialize_keras_object` did."""
    text = document(version, function="doubled", function_type="function", arguments={})
    model = model_from_json(text, {"doubled": doubled}, backend="numpy")
    np.testing.assert_array_equal(model.predict(X), 2 * X)
    with pytest.raises(InvalidDocument, match=r"\(a function that is called 'doubled'\)"):
        model_from_json(text)


def test_an_array_among_the_arguments_is_one() -> None:
    """Keras 2 wrote it as a list."""
    by = {"type": "ndarray", "value": [1.0, 2.0, 3.0]}
    text = document("2.2.4", function=CODE, function_type="lambda", arguments={"by": by})
    model = model_from_json(text, {"l": doubled}, backend="numpy")
    np.testing.assert_array_equal(model.predict(X), X * np.array([1.0, 2.0, 3.0]))


def test_a_merge_by_a_function_of_keras_1() -> None:
    """By the name of the layer or of the function; also its mask's."""
    inputs = [
        {**entry("InputLayer", name=name, batch_input_shape=[None, 3], input_dtype="float32"),
         "name": name, "inbound_nodes": []}
        for name in ("a", "b")
    ]  # fmt: skip
    beside = {"concat_axis": -1, "dot_axes": -1, "output_mask": None, "output_mask_type": "raw"}
    config: dict[str, Any] = {"name": "m", "mode": CODE, "mode_type": "lambda", **beside}
    config |= {"output_shape": CODE, "output_shape_type": "lambda", "arguments": {}}
    inbound = {"name": "m", "inbound_nodes": [[["a", 0, 0], ["b", 0, 0]]]}
    merge = {"class_name": "Merge", "config": config, **inbound}
    ends = {"input_layers": [["a", 0, 0], ["b", 0, 0]], "output_layers": [["m", 0, 0]]}
    graph = {"name": "g", "layers": [*inputs, merge], **ends}
    text = json.dumps({"class_name": "Model", "config": graph, "keras_version": "1.2.2"})
    model = model_from_json(text, {"m": lambda pair: pair[0] - 2 * pair[1]}, backend="numpy")
    np.testing.assert_array_equal(model.predict([X, X + 1]), X - 2 * (X + 1))
    with pytest.raises(InvalidDocument, match=r"Merge 'm' \(the code of a function\)"):
        model_from_json(text)


@pytest.mark.parametrize("door", [keras1, keras2], ids=["keras1", "keras2"])
def test_other_doors_take_them(door: Any) -> None:
    """The façades' `model_from_json`, and functions in a scope."""
    version = "1.2.2" if door is keras1 else "2.2.4"
    text = document(version, function=CODE, function_type="lambda", arguments={})
    assert door.models.model_from_json(text, {"l": doubled}).output_shape == (None, 3)


def test_what_is_no_function_is_refused() -> None:
    """With its name."""
    text = document("2.2.4", function=CODE, function_type="lambda", arguments={})
    with pytest.raises(
        InvalidType, match="must have a function for 'l', of a Lambda; received int"
    ):
        model_from_json(text, {"l": 3})


@pytest.mark.parametrize("function", [3, None, {}, {"config": []}, [], {"class_name": 1}], ids=str)
@pytest.mark.parametrize("kind", [None, "lambda", "function", 3])
def test_nonsense_in_the_place_of_a_function_is_refused(function: Any, kind: Any) -> None:
    """By an error of ours, whatever it is."""
    text = document("2.2.4", function=function, function_type=kind, arguments={})
    with pytest.raises(InvalidDocument):
        model_from_json(text)


def test_inspect_says_that_functions_are_needed(capsys: pytest.CaptureFixture[str]) -> None:
    """And what to give."""
    assert main(["inspect", str(FOLDER / "tf_keras.h5"), "--no-run"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "it has code in 'plus', 'twice', 'diff', which is never run from a file" in printed
    assert "`load_model(..., custom_objects={'plus': function, ...})`" in printed


def test_convert_says_why_it_cannot(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A command line has no functions."""
    out = tmp_path / "out.h5"
    assert main(["convert", str(FOLDER / "tf_keras.h5"), str(out)]) == 2
    assert "Code in a file is never run" in capsys.readouterr().err
    assert not out.exists()


DOORS = {"keras1": keras1, "keras2": keras2, "ours": convdispatch}
KINDS = [
    *((dialect, ".h5") for dialect in ("keras1", "keras2", "tf_keras", "keras3")),
    *((dialect, ".keras") for dialect in ("tf_keras", "keras3")),
    ("keras2", ".safetensors"),
    ("ours", "json"),
]


def of_function(door: Any, function: Any, **options: Any) -> Any:
    """Return a model that computes a function of a dense layer's outputs."""
    made = door.layers.Lambda(function, name="l", **options)
    return door.models.Sequential([door.layers.Dense(3, input_shape=(3,)), made], backend="numpy")


def again(model: Any, dialect: str, ending: str, folder: Path, functions: Any) -> Any:
    """Return a model as it is written and read."""
    if ending == "json":
        read = model_from_json(model.to_json(), functions, backend="numpy")
        read.set_weights(model.get_weights())
        return read
    model.save(folder / f"m{ending}", dialect=dialect)
    said = {"trained_on": "tensorflow"} if dialect == "keras1" else {}
    return convdispatch.load_model(folder / f"m{ending}", functions, backend="numpy", **said)


@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
@pytest.mark.parametrize(("dialect", "ending"), KINDS)
def test_a_function_is_written_by_its_name(
    door: Any, dialect: str, ending: str, tmp_path: Path
) -> None:
    """In every Keras's words, with its arguments; no code."""
    model = of_function(door, doubled, arguments={"by": 3.0})
    read = again(model, dialect, ending, tmp_path, {"doubled": doubled})
    np.testing.assert_array_equal(read.predict(X), model.predict(X))
    with pytest.raises(InvalidDocument, match=re.escape("custom_objects={'doubled': ...}")):
        again(model, dialect, ending, tmp_path, {})


@pytest.mark.parametrize(("dialect", "ending"), KINDS)
def test_a_function_without_a_name_is_asked_for_by_the_layer_s(
    dialect: str, ending: str, tmp_path: Path
) -> None:
    """A warning says so when the model is written."""
    model = of_function(keras2, lambda x: x - 1)
    with pytest.warns(UserWarning, match=r"custom_objects=\{'l': \.\.\.\}` when you load"):
        read = again(model, dialect, ending, tmp_path, {"l": lambda x: x - 1})
    np.testing.assert_array_equal(read.predict(X), model.predict(X))


def test_a_mask_s_function_is_written_where_a_keras_has_a_place(tmp_path: Path) -> None:
    """Keras 1 and 2 have none."""

    def masked(x: Any, mask: Any) -> Any:
        return mask

    model = of_function(keras2, doubled, mask=masked)
    functions = {"doubled": doubled, "masked": masked}
    for dialect, ending in (("tf_keras", ".h5"), ("keras3", ".keras")):
        read = again(model, dialect, ending, tmp_path, functions)
        assert read.layers[-1].mask is masked
    with pytest.raises(InvalidArgument, match="'l', Lambda: it has no place for the function of a"):
        model.save(tmp_path / "m.h5", dialect="keras2")


def test_two_functions_of_one_name_are_refused(tmp_path: Path) -> None:
    """A reader could not tell them apart; one function in two layers is no matter."""

    def other() -> Any:
        def doubled(x: Any) -> Any:
            return x + x

        return doubled

    model = of_function(keras2, doubled)
    model.add(keras2.layers.Lambda(doubled, name="once more"))
    model.save(tmp_path / "one.h5")
    model.add(keras2.layers.Lambda(other(), name="other"))
    with pytest.raises(InvalidArgument, match="two functions that are both called 'doubled'"):
        model.save(tmp_path / "two.h5")
    assert not (tmp_path / "two.h5").exists()


@pytest.mark.parametrize(("door", "version"), [(keras1, "1.2.2"), (keras2, "2.2.4")])
def test_old_kerases_read_the_name_as_they_wrote_it(
    door: Any, version: str, tmp_path: Path
) -> None:
    """With `function_type` 'function', which their own readers look up in `custom_objects`."""
    h5py = pytest.importorskip("h5py")
    of_function(door, doubled, output_shape=(3,)).save(tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5") as file:
        document = json.loads(file.attrs["model_config"])
        stored = file.attrs["keras_version"]
    assert (stored.decode() if isinstance(stored, bytes) else stored) == version
    entries = document["config"]
    config = (entries["layers"] if isinstance(entries, dict) else entries)[-1]["config"]
    beside = ("name", "trainable", "dtype", "batch_input_shape", "input_dtype")
    assert {key: value for key, value in config.items() if key not in beside} == {
        "function": "doubled",
        "function_type": "function",
        "output_shape": [3],
        "output_shape_type": "raw",
        "arguments": {},
    }
