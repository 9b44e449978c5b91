"""A model's architecture as a configuration and as JSON, and back."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from layer_classes import EVERY_CLASS, LayerClass
from small_models import Doubled, outputs, two_layers

from convdispatch import layers, model_from_json
from convdispatch.errors import InvalidArgument, InvalidType
from convdispatch.models import Sequential


def test_from_config_makes_the_same_model(backend_name: str) -> None:
    """The same layers by name and shape, and with equal weights the same numbers."""
    model = two_layers(backend=backend_name)
    again = Sequential.from_config(model.get_config(), backend=backend_name)
    assert again.get_config() == model.get_config()
    assert again.backend == backend_name
    assert again.output_shape == model.output_shape
    assert not np.allclose(outputs(again), outputs(model))
    again.set_weights(model.get_weights())
    np.testing.assert_array_equal(outputs(again), outputs(model))


@pytest.mark.parametrize("indent", [None, 2], ids=["one-line", "indented"])
def test_model_from_json_makes_the_same_model(backend_name: str, indent: int | None) -> None:
    """`to_json` passes its options on to json.dumps."""
    model = two_layers(backend=backend_name)
    text = model.to_json(indent=indent)
    assert ("\n" in text) == (indent is not None)
    again = model_from_json(text, backend=backend_name)
    assert type(again) is Sequential
    assert again.backend == backend_name
    again.set_weights(model.get_weights())
    np.testing.assert_array_equal(outputs(again), outputs(model))


def test_the_json_says_what_it_is() -> None:
    """The document has Keras's keys and our version."""
    document = json.loads(two_layers().to_json())
    assert sorted(document) == ["class_name", "config", "convdispatch_version"]
    assert document["class_name"] == "Sequential"
    assert [layer["class_name"] for layer in document["config"]["layers"]] == ["Conv2D", "Conv2D"]


@pytest.mark.parametrize("entry", EVERY_CLASS, ids=str)
def test_every_class_comes_back_as_itself(entry: LayerClass) -> None:
    """Two façades have layers of one name; each is restored as its own."""
    layer = entry.type(**{name: entry.value(name) for name in entry.required})
    again = model_from_json(Sequential([layer]).to_json())
    assert [type(layer) for layer in again.layers] == [entry.type]


def test_a_user_s_layer_comes_back_from_custom_objects() -> None:
    """The class is handed over by name."""
    model = Sequential([Doubled(3, 2, input_shape=(8, 8, 2))])
    again = model_from_json(model.to_json(), {"Doubled": Doubled})
    assert type(again.layers[0]) is Doubled
    assert again.output_shape == (None, 7, 7, 6)


def test_a_user_s_layer_is_not_looked_up() -> None:
    """Without being handed over it is refused, whichever module it says it is from."""
    text = Sequential([Doubled(3, 2)]).to_json()
    with pytest.raises(InvalidArgument, match="Pass a layer class of your own in"):
        model_from_json(text)


def test_a_user_s_layer_is_not_taken_for_ours_of_the_same_name() -> None:
    """A subclass called Conv2D is not restored as the Conv2D that it extends."""
    namesake = type("Conv2D", (layers.Conv2D,), {"__module__": "elsewhere"})
    text = Sequential([namesake(3, 2)]).to_json()
    with pytest.raises(InvalidArgument, match="received 'elsewhere'"):
        model_from_json(text)
    assert type(model_from_json(text, {"Conv2D": namesake}).layers[0]) is namesake


def document(layer: Any) -> str:
    """Return the JSON of a model with that entry for its only layer."""
    return json.dumps({"class_name": "Sequential", "config": {"layers": [layer]}})


REFUSED: dict[str, tuple[Any, type[Exception], str]] = {
    "malformed": (
        '{"class_name":\n }',
        InvalidArgument,
        r"`json_string` is not JSON: Expecting value in line 2, column 2\.",
    ),
    "empty": ("", InvalidArgument, "is not JSON: Expecting value in line 1, column 1"),
    "bottomless": ("[" * 100_000, InvalidArgument, "`json_string` is nested too deeply"),
    "not-text": (3, InvalidType, "`json_string` must be a string; received int"),
    "bytes": (b"{}", InvalidType, "`json_string` must be a string; received bytes"),
    "list": ("[]", InvalidArgument, "must hold an object .* received a list"),
    "other-model": ('{"class_name": "Model"}', InvalidArgument, "received `class_name` 'Model'"),
    "no-class": ("{}", InvalidArgument, "received an object without `class_name`"),
    "config-a-number": (
        '{"class_name": "Sequential", "config": 3}',
        InvalidType,
        "`config` of a model must be a mapping with a list of `layers`; received int",
    ),
    "layers-a-number": (
        '{"class_name": "Sequential", "config": {"layers": 3}}',
        InvalidType,
        "must be a mapping with a list of `layers`",
    ),
    "layer-a-number": (document(3), InvalidArgument, "must have a `class_name`, .* received 3"),
    "layer-without-config": (document({"class_name": "Conv2D"}), InvalidArgument, "a `config`"),
    "class-a-list": (
        document({"class_name": ["Conv2D"], "config": {}}),
        InvalidArgument,
        "must have a `class_name`, a string",
    ),
    "layer-config-a-number": (
        document({"class_name": "Conv2D", "config": 3}),
        InvalidType,
        "the configuration of Conv2D must be a mapping, .* received 3",
    ),
    "argument-missing": (
        document({"class_name": "Conv2D", "config": {"filters": 2}}),
        InvalidArgument,
        "the configuration of Conv2D must have `filters`, `kernel_size`; received none for "
        "`kernel_size`",
    ),
    "argument-unknown": (
        document({"class_name": "UpSampling2D", "config": {"sizes": 2}}),
        InvalidType,
        "takes no keyword argument `sizes`. Did you mean `size`?",
    ),
    "argument-illegal": (
        document({"class_name": "UpSampling2D", "config": {"size": 0}}),
        InvalidArgument,
        "every `size` must be at least 1; received 0",
    ),
    "unknown-class": (
        document({"class_name": "Conv4D", "config": {}}),
        InvalidArgument,
        "convdispatch.layers has no layer named 'Conv4D'",
    ),
    "no-layer": (
        document({"class_name": "annotations", "config": {}}),
        InvalidArgument,
        "convdispatch.layers has no layer named 'annotations'",
    ),
    "foreign-module": (
        document({"class_name": "system", "module": "os", "config": {"command": "true"}}),
        InvalidArgument,
        "`module` of a layer must be one of convdispatch.layers, .* received 'os'",
    ),
    "module-a-list": (
        document({"class_name": "Conv2D", "module": ["os"], "config": {}}),
        InvalidArgument,
        r"`module` of a layer must be one of .* received \['os'\]",
    ),
}


@pytest.mark.parametrize(("text", "error", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_model_s_json_is_refused(
    text: Any, error: type[Exception], message: str
) -> None:
    """The message says where it is malformed, or what was received and what is allowed."""
    with pytest.raises(error, match=message):
        model_from_json(text)


def test_custom_objects_must_be_layers() -> None:
    """A function is not a class of a layer."""
    with pytest.raises(InvalidType, match="`custom_objects` must map names to classes of layers"):
        model_from_json(
            document({"class_name": "X", "config": {}}),
            {"X": len},  # type: ignore[dict-item]  # what is refused
        )
