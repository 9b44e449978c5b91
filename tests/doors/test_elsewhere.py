"""What another of our doors has, or none yet, is answered with a sentence and not with a guess."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from small_trainings import CODES, X, classifier

import convdispatch
from convdispatch import keras1, keras2, layers, models
from convdispatch.doors import elsewhere, not_offered
from convdispatch.doors.not_offered import OWN_LAYERS
from convdispatch.errors import InvalidArgument, InvalidType
from convdispatch.support.similar import similar

DOORS = ("convdispatch.layers", "convdispatch.keras1.layers", "convdispatch.keras2.layers")
MODULES = (
    *DOORS,
    *(f"{door}.convolutional" for door in DOORS),
    "convdispatch",
    "convdispatch.models",
    *(f"convdispatch.keras{k}{part}" for k in (1, 2) for part in ("", ".models", ".backend")),
)
NOT_HERE = {
    "convdispatch.layers": (
        "Attention",
        "is not offered yet; `convdispatch.layers.__all__` lists",
    ),
    "convdispatch.layers.convolutional": ("Attention", "`Attention` is not offered yet"),
    "convdispatch.keras1.layers": ("ConvRecurrent2D", "`ConvRecurrent2D` is not offered yet"),
    "convdispatch.keras2.layers": ("ConvRecurrent2D", "`ConvRecurrent2D` is not offered yet"),
    "convdispatch": ("preprocessing", "convdispatch.keras1 and convdispatch.keras2 have it"),
    "convdispatch.models": (
        "model_from_yaml",
        "it is in convdispatch.keras1.models and in convdispatch.keras2.models",
    ),
    "convdispatch.keras2.applications": ("NASNetLarge", "not offered yet; build the network"),
    "convdispatch.keras1.models": (
        "Graph",
        "not offered yet; make a graph with `convdispatch.Model`",
    ),
    "convdispatch.keras2": ("initializations", r"it is in convdispatch.keras1.initializations"),
    "convdispatch.keras2.models": ("Input", "it is in convdispatch.layers and in"),
    "convdispatch.keras2.backend": ("ctc_label_dense_to_sparse", "takes dense labels"),
    "convdispatch.keras1.backend": ("tf", "write it with the functions of this module"),
}
EACH = pytest.mark.parametrize(
    ("module", "name", "sentence"), [(m, *row) for m, row in NOT_HERE.items()], ids=list(NOT_HERE)
)


@EACH
def test_an_attribute_that_is_elsewhere_is_an_error_that_says_so(
    module: str, name: str, sentence: str
) -> None:
    """`hasattr` is False all the same."""
    found = importlib.import_module(module)
    assert not hasattr(found, name)
    with pytest.raises(AttributeError, match=f"^module '{module}' has no .*'{name}': .*{sentence}"):
        getattr(found, name)


@EACH
def test_an_import_of_it_says_so_too(module: str, name: str, sentence: str) -> None:
    """Python's own "cannot import name" would not."""
    with pytest.raises(ImportError, match=f"'{name}': .*{sentence}"):
        exec(f"from {module} import {name}", {})


def test_the_rate_is_a_number_that_can_be_read_and_set() -> None:
    """As the sentence on `set_value` says; the next step computes with it."""
    pytest.importorskip("autograd", reason="NumPy's gradients need the package autograd")
    model = classifier("keras1")
    before = model.get_weights()
    model.optimizer.lr = 0.0
    model.train_on_batch(X, CODES)
    assert model.optimizer.lr == 0.0
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))


def test_keras_2_s_model_takes_keras_1_s_words() -> None:
    """As Keras 2.2.4 did, with its warning."""
    x = keras2.layers.Input((3,))
    with pytest.warns(UserWarning, match=r"^Update your `Model` call to the Keras 2 API: `Model\("):
        model = keras2.models.Model(input=x, output=x)
    assert model.input_shape == (None, 3)


@pytest.mark.parametrize("module", MODULES)
def test_an_unknown_name_is_python_s_own_error(
    module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No sentence is made up about a word that no Keras has, nor about private names."""
    monkeypatch.setattr(not_offered, "MORE", [])  # what is said where `keras` means a façade
    with pytest.raises(AttributeError, match=rf"^module '{module}' has no attribute '_danse'$"):
        importlib.import_module(module)._danse  # noqa: B018 - the look is what raises
    if not module.endswith("backend"):
        with pytest.raises(ImportError, match="cannot import name 'Danse'"):
            exec(f"from {module} import Danse", {})


@pytest.mark.parametrize("module", MODULES)
def test_every_name_of_a_module_is_there(module: str) -> None:
    """The sentences shadow nothing."""
    found = importlib.import_module(module)
    assert [name for name in getattr(found, "__all__", ()) if not hasattr(found, name)] == []


BASES = set(OWN_LAYERS)


def test_the_table_of_doors_is_what_the_doors_have() -> None:
    """Each layer's row names the doors that have it, and no other."""
    names = {door: set(importlib.import_module(door).__all__) - BASES for door in DOORS}
    assert set(elsewhere.DOORS_OF_LAYERS) == set.union(*names.values())
    for name, doors in elsewhere.DOORS_OF_LAYERS.items():
        assert set(doors) == {door for door in DOORS if name in names[door]}


def test_the_table_of_keywords_is_what_keras_1_s_layers_translate() -> None:
    """Each word of Keras 1 stands for what its own layers make of it."""
    told: dict[str, set[str]] = {}
    for name in set(keras1.layers.__all__) - {"Input", "InputLayer", "merge", *BASES}:
        for ours, old in getattr(keras1.layers, name).spelling.items():
            for word in (old,) if isinstance(old, str) else old or ():
                told.setdefault(word, set()).add(ours)
    known = elsewhere.KERAS1_KEYWORDS
    assert set(told) == set(known)
    assert {word: meant for word, meant in told.items() if not meant & set(known[word])} == {}


def test_nothing_that_is_offered_is_said_not_to_be() -> None:
    """What comes one day has to leave its table."""
    model = models.Sequential()
    assert [n for n in elsewhere.MODEL_ATTRIBUTES_NOT_OFFERED if hasattr(model, n)] == []
    assert [n for n in elsewhere.LAYERS_NOT_OFFERED if n in elsewhere.DOORS_OF_LAYERS] == []
    assert [n for n in elsewhere.LAYERS_NOT_OFFERED if hasattr(layers, n)] == []


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("total_loss", "`train_on_batch`"),
        ("train_step", "`train_on_batch`"),
        ("save_own_variables", "`save` and `load_model` keep a whole model in a file"),
        ("predict_classes", r"`predict\(x\).argmax\(axis=-1\)`"),
        ("inbound_nodes", "`apply`"),
    ],
)
def test_a_method_that_models_have_not_says_what_to_do(name: str, instead: str) -> None:
    """And `hasattr` stays False."""
    model: Any = models.Sequential()
    assert not hasattr(model, name)
    with pytest.raises(AttributeError, match=f"no attribute '{name}': it is not offered yet; "):
        getattr(model, name)
    with pytest.raises(AttributeError, match=instead):
        getattr(model, name)


def test_another_attribute_is_python_s_own_error() -> None:
    """Also of a model that has not been made yet, as copying makes them."""
    for model in (models.Sequential(), models.Sequential.__new__(models.Sequential)):
        with pytest.raises(AttributeError, match=r"^'Sequential' object has no attribute 'fitt'$"):
            model.fitt  # type: ignore[attr-defined]  # noqa: B018 - what is refused


# Keywords. The class, its arguments, the keyword, what the message says of it.
WORDS: dict[str, tuple[Any, tuple[int, ...], str, str]] = {
    "padding": (layers.Conv2D, (1, 1), "border_mode", r"Keras 1's name for `padding`: write"),
    "filters": (layers.Conv2D, (1, 1), "nb_filter", r"`filters=`, or import Convolution2D from "),
    "dilated": (layers.Conv1D, (1, 1), "atrous_rate", "import AtrousConvolution1D from convdisp"),
    "transposed": (layers.Conv2DTranspose, (1, 1), "output_shape", "`output_size=`, or import Dec"),
    "no-old-class": (layers.DepthwiseConv2D, (1,), "init", "write `depthwise_initializer=`. Allow"),
    "length": (layers.UpSampling1D, (), "length", "write `size=`, or import UpSampling1D from"),
    "input": (layers.Conv1D, (1, 1), "input_dim", r"write `input_shape=\(input_length, input_dim"),
    "input-2d": (
        keras2.layers.Conv2D,
        (1, 1),
        "input_dim",
        "Write `input_shape=`, which includes the channels",
    ),
    "adapter": (layers.Conv2D, (1, 1), "lora_rank", "adapters of low rank are not offered"),
    "to-keras1": (
        keras1.layers.Convolution2D,
        (1, 1, 1),
        "padding",
        "is the name in convdispatch",
    ),
    "after-keras1": (keras1.layers.Convolution2D, (1, 1, 1), "groups", "Keras 1 had no `groups`"),
    "atrous": (keras1.layers.Convolution2D, (1, 1, 1), "atrous_rate", "AtrousConvolution2D takes"),
}


@pytest.mark.parametrize(("layer", "arguments", "keyword", "said"), WORDS.values(), ids=WORDS)
def test_another_keras_s_keyword_is_named_as_such(
    layer: Any, arguments: tuple[int, ...], keyword: str, said: str
) -> None:
    """With what to write instead, or with the door that takes it."""
    with pytest.raises(InvalidType, match=f"takes no keyword argument `{keyword}`.*{said}"):
        layer(*arguments, **{keyword: 3})


def test_keras_2_takes_its_input_dim() -> None:
    """As Keras 2.2.4 did, by its interface for Keras 1's words."""
    with pytest.warns(UserWarning, match=r"`Conv1D\(1, 1, input_shape=\(None, 3\)\)`"):
        conv = keras2.layers.Conv1D(1, 1, input_dim=3)
    assert conv.batch_input_shape == (None, None, 3)
    with pytest.warns(UserWarning, match=r"`Conv1D\(1, 1, input_shape=\(10, 3\)\)`"):
        conv = keras2.layers.Convolution1D(1, 1, input_dim=3, input_length=10)
    assert conv.batch_input_shape == (None, 10, 3)
    assert keras2.layers.Conv1D.from_config(conv.get_config()).batch_input_shape == (None, 10, 3)
    with pytest.raises(InvalidArgument, match="`input_length` needs `input_dim` beside it"):
        keras2.layers.Conv1D(1, 1, input_length=10)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("stride", ["strides"]),
        ("dilation", ["dilation_rate"]),
        ("dialtion_rate", ["dilation_rate"]),
        ("num_filters", ["filters"]),
        ("activation_fn", ["activation"]),
        ("kernel_initialiser", ["kernel_initializer"]),
        ("weights_initializer", []),
        ("input_dim", []),
        ("input_size", []),
        ("kernel", []),
        ("order_mode", []),
        ("x", []),
    ],
)
def test_only_a_slip_of_the_pen_is_guessed(word: str, expected: list[str]) -> None:
    """By a letter or two, or by a part that only one name has."""
    known = [
        *("filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate"),
        *("activation", "use_bias", "kernel_initializer", "bias_initializer", "input_dtype"),
        *("input_shape", "batch_input_shape", "weights", "groups", "name", "dtype"),
    ]
    assert similar(word, known) == expected


def test_type_checkers_find_no_more_than_there_is() -> None:
    """The look-ups that only raise are hidden from them."""
    for path in Path(convdispatch.__file__).parent.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if "finder(__name__)" in text and not path.with_suffix(".pyi").exists():
            assert "if not TYPE_CHECKING:" in text


def test_asking_imports_nothing() -> None:
    """The sentences are data."""
    code = (
        "import convdispatch.layers as l, sys\n"
        "before = set(sys.modules)\n"
        "for name in ('Attention', 'Convolution2D', 'nothing'): assert not hasattr(l, name)\n"
        "print(sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.replace("'", '"')) == []
