"""What an editor, `help` and a type checker know of the layers, against what is looked up."""

from __future__ import annotations

import inspect
from typing import Any, get_args

import pytest

from convdispatch import keras1, keras2, layers, types
from convdispatch.doors.not_offered import OWN_LAYERS
from convdispatch.engine import arguments, constructor_signature, layer_options
from convdispatch.formulas import dialects
from convdispatch.ops import FLOAT_DTYPES
from convdispatch.runtime.config import check_value

DOORS = {"layers": layers, "keras2": keras2.layers, "keras1": keras1.layers}
CLASSES = [
    pytest.param(getattr(door, name), id=f"{where}.{name}")
    for where, door in DOORS.items()
    for name in door.__all__
    # Some are for layers of a script's own; functions make layers of these classes.
    if name not in OWN_LAYERS and isinstance(getattr(door, name), type)
]
EVERY_CLASS = pytest.mark.parametrize("layer_class", CLASSES)
DIALECTS = (dialects.KERAS3, dialects.KERAS2, dialects.KERAS1)


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (types.ActivationWord, "activations"),
        (types.InitializerWord, "initializers"),
        (types.RegularizerWord, "regularizers"),
        (types.ConstraintWord, "constraints"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_checker_knows_every_word_of_a_table_and_no_other(words: Any, kind: str) -> None:
    """A word that is missing here would be refused though it works, a surplus one passed."""
    known = {name for tables in DIALECTS for name in getattr(tables, kind)}
    assert sorted(get_args(words)) == sorted(known)


@pytest.mark.parametrize(
    ("words", "allowed"),
    [
        (types.ElementType, FLOAT_DTYPES),
        (types.DataFormat, arguments.DATA_FORMATS),
        (types.CausalPadding, layers.Conv1D.paddings),
        (types.Padding, layers.Conv2D.paddings),
        (types.Padding, layers.Conv2DTranspose.paddings),
        (types.DimOrdering, dialects.KERAS1.data_formats),
    ],
    ids=["dtype", "data_format", "Conv1D", "Conv2D", "Conv2DTranspose", "dim_ordering"],
)
def test_a_checker_knows_the_words_that_a_layer_takes(words: Any, allowed: Any) -> None:
    """The types and the constructors' own tables hold the same words."""
    assert sorted(get_args(words)) == sorted(allowed)


@pytest.mark.parametrize("word", get_args(types.Convention))
def test_a_checker_knows_the_conventions(word: str) -> None:
    """Each is one that the configuration takes."""
    assert check_value("convention", word) == word


def test_a_checker_knows_the_options_of_every_layer() -> None:
    """The types of the keyword arguments and the names that are accepted are the same."""
    assert set(constructor_signature.LayerOptions.__annotations__) <= set(
        layer_options.LAYER_OPTIONS
    )
    assert sorted(constructor_signature.option_types()) == sorted(layer_options.LAYER_OPTIONS)


@EVERY_CLASS
def test_the_signature_names_every_argument(layer_class: type) -> None:
    """`help` and completion show each, those of every layer included, and no `**options`."""
    parameters = inspect.signature(layer_class).parameters
    kinds = {parameter.kind for parameter in parameters.values()}
    assert set(layer_options.LAYER_OPTIONS) <= set(parameters)
    assert kinds <= {inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY}
    assert [name for name in parameters if name in ("self", "options")] == []


@EVERY_CLASS
def test_the_documentation_gives_shapes_errors_and_an_example(layer_class: type) -> None:
    """What `help` prints of a class answers what it takes, gives and refuses, and shows it."""
    text = inspect.getdoc(layer_class) or ""
    lines = text.splitlines()
    shapes = [line for line in lines if line.startswith(("    input ", "    output "))]
    assert [line.split()[0] for line in shapes] == ["input", "output"]
    assert "Raises `InvalidArgument`" in text
    assert "Source: Keras " in text
    door = layer_class.__module__.partition(".layers")[0] + ".layers"
    assert f"from {door} import {layer_class.__name__}" in text


def test_a_users_layer_shows_the_signature_that_its_author_wrote() -> None:
    """The options are written out for our own constructors alone."""

    class Mine(layers.Conv1D):
        def __init__(self, width: int, **options: Any) -> None:
            super().__init__(width, 3, **options)

    assert list(inspect.signature(Mine).parameters) == ["width", "options"]


def test_a_layer_has_the_signature_of_its_call() -> None:
    """`inspect.signature` of an instance speaks of what it is called with."""
    assert list(inspect.signature(layers.Conv1D(1, 1)).parameters) == ["inputs"]
