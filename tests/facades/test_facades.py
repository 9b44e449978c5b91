"""A layer joins a façade by a row of its table: its names, orders, defaults, messages and help."""

from __future__ import annotations

import ast
import copy
import importlib
import importlib.util
import inspect
import pickle
import sys
import types
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Unpack

import numpy as np
import pytest
from places import ROOT

from convdispatch import keras1, keras2, layers
from convdispatch.doors.rows import KernelAxes, Row
from convdispatch.engine.arguments import as_float, as_ints
from convdispatch.engine.constructor_signature import LayerOptions
from convdispatch.engine.declarations import Weight
from convdispatch.engine.resolved import Resolved
from convdispatch.engine.specs import Spec
from convdispatch.engine.weight_options import WithWeightOptions
from convdispatch.errors import InvalidArgument, InvalidDocument, InvalidType
from convdispatch.facades import classes
from convdispatch.keras1.layers._layer import Keras1Layer
from convdispatch.keras2.layers._layer import Keras2Layer
from convdispatch.types import InitializerLike


class Shift(WithWeightOptions):
    """Add a bias to an enlarged input; `kernel_size` is of no use.

        input   (batch, features)
        output  the same
        bias    (features,)

    With `rate=2` numbers double. With `momentum=1` nothing changes.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. What
    `momentum` says is not looked at.

    Source: made up.

    >>> from convdispatch.layers import Shift
    """

    __module__ = "convdispatch.layers._made_up"
    rank = 2

    def __init__(
        self,
        rate: float,
        kernel_size: int | Sequence[int] = 3,
        momentum: float = 0.5,
        bias_initializer: InitializerLike = "ones",
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**options)
        self.rate = as_float(rate, self.spelled("rate"))
        self.kernel_size = as_ints(kernel_size, self.rank, self.spelled("kernel_size"))
        self.momentum = as_float(momentum, self.spelled("momentum"))
        self._keep_weight_options("bias", bias_initializer, None, None)

    __init__.__module__ = __module__

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        return super().get_config() | {
            "rate": self.rate,
            "kernel_size": self.kernel_size,
            "momentum": self.momentum,
            **self._initializer_config("bias"),
        }

    def resolve(self, spec: Spec) -> Resolved:
        """Return what the layer makes of inputs of that spec."""

        def declare() -> tuple[Weight, ...]:
            return (self._weight("bias", (int(spec.shape[-1] or 0),)),)

        def lower(dtype: str, activation: Any) -> Any:
            return lambda weights, inputs: inputs * self.rate + weights[0]

        return Resolved(output_shape=(None, *spec.shape[1:]), declare=declare, lower=lower)


ROWS = {
    "keras1": Row("Shifted", "Shift", "p, nb_row, nb_col=4, weights: Sequence[Any] | None = None"),
    "keras2": Row("Shift", defaults={"rate": 2.0}),
}
BASES: dict[str, type[classes.FacadeLayer]] = {"keras1": Keras1Layer, "keras2": Keras2Layer}


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return the class that each row makes, in modules that exist while the test runs."""
    monkeypatch.setattr(layers, "Shift", Shift, raising=False)
    found = {}
    for door, row in ROWS.items():
        module = types.ModuleType(f"convdispatch.{door}.layers.made_up")
        monkeypatch.setitem(sys.modules, module.__name__, module)
        base = BASES[door]
        dialect = replace(base.dialect, layers={"made_up": (row,)})
        own_base = type(base.__name__, (base,), {"dialect": dialect})
        vars(module).update(classes.make_classes(own_base, module.__name__, {}))
        found[door] = getattr(module, row.name)
    return found


def test_keras_2_s_row_changes_a_default(made_up: dict[str, Any]) -> None:
    """The other arguments, their order and their types are those of the class itself."""
    ours = inspect.signature(Shift.__init__).parameters
    theirs = inspect.signature(made_up["keras2"]).parameters
    assert list(theirs)[:4] == list(ours)[1:5]
    assert theirs["rate"] == ours["rate"].replace(default=2.0)
    assert theirs["kernel_size"] == ours["kernel_size"]
    layer = made_up["keras2"](name="a")
    assert layer.rate == 2.0
    assert layer.get_config() == Shift(2.0, name="a").get_config()
    np.testing.assert_array_equal(layer(np.array([[1.0, 3.0]])), [[3.0, 7.0]])


def test_keras_1_s_row_is_its_constructor(made_up: dict[str, Any]) -> None:
    """Names, order, defaults and types; each old name by the rules of Keras 1."""
    parameters = list(inspect.signature(made_up["keras1"]).parameters.values())[:4]
    assert [str(one) for one in parameters] == [
        "p: 'float'",
        "nb_row: 'int'",
        "nb_col: 'int' = 4",
        "weights: 'Sequence[Any] | None' = None",
    ]
    layer = made_up["keras1"](3.0, 2)
    assert (layer.rate, layer.kernel_size) == (3.0, (2, 4))
    assert (layer.p, layer.nb_row, layer.nb_col) == (3.0, 2, 4)
    assert layer.name.startswith("shifted_")
    np.testing.assert_array_equal(layer(np.array([[1.0, 3.0]])), [[3.0, 9.0]])  # a 'zero' bias
    layer.p = 5.0
    assert layer.rate == 5.0


def test_keras_1_s_row_is_its_configuration(made_up: dict[str, Any]) -> None:
    """What Keras 1 did not have is not in it; what is read back makes the same layer."""
    layer = made_up["keras1"](3.0, 2, name="a", convention="theano")
    assert layer.get_config() == {
        "name": "a",
        "trainable": True,
        "dtype": "float32",
        "convention": "theano",
        "p": 3.0,
        "nb_row": 2,
        "nb_col": 4,
    }
    assert made_up["keras1"].from_config(layer.get_config()).get_config() == layer.get_config()
    with pytest.raises(InvalidDocument, match="must have `p`, `nb_row`; received none for `p`"):
        made_up["keras1"].from_config({"nb_row": 2})


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"rate": 3.0, "nb_row": 1}, r"argument `rate`. Did you mean `p`\? Allowed: p, "),
        ({"p": 1.0, "kernel_size": 1}, r"`kernel_size`. Did you mean `nb_row`, `nb_col`\?"),
        ({"p": 1.0, "momentum": 1.0}, "Keras 1 had no `momentum`; convdispatch"),
        ({"p": 1.0, "nb_rows": 1}, r"`nb_rows`. Did you mean `nb_row`\?"),
        ({"p": "x", "nb_row": 1}, "^`p` must be"),
        ({"p": 1.0, "nb_row": 1.5}, "^`nb_row` must be"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_messages_have_the_row_s_words(
    made_up: dict[str, Any], keywords: dict[str, Any], message: str
) -> None:
    """A user of Keras 1 is not told of arguments of ours."""
    with pytest.raises(InvalidType, match=message):
        made_up["keras1"](**keywords)


def test_a_word_of_another_layer_is_translated_too() -> None:
    """A separable layer draws its kernels by `init`, as a plain one does."""
    with pytest.raises(InvalidType, match=r"`kernel_initializer`. Did you mean `init`\?"):
        keras1.layers.SeparableConvolution2D(1, 2, 2, kernel_initializer="one")  # type: ignore[call-arg]  # what is refused


def test_a_missing_argument_is_python_s_own_error(made_up: dict[str, Any]) -> None:
    """It is named, and so is the class."""
    with pytest.raises(TypeError, match=r"^Shifted.__init__\(\): missing .*argument: 'nb_row'$"):
        made_up["keras1"](1.0)
    with pytest.raises(TypeError, match=r"^Shifted.__init__\(\): too many positional arguments$"):
        made_up["keras1"](1.0, 2, 3, None, 5)


def test_the_help_is_the_class_s_own_in_other_words(made_up: dict[str, Any]) -> None:
    """Sentences on what Keras 1 did not have are left out."""
    assert inspect.getdoc(made_up["keras1"]) == (
        "Add a bias to an enlarged input; `nb_row, nb_col` is of no use.\n"
        "\n"
        "    input   (batch, features)\n"
        "    output  the same\n"
        "    bias    (features,)\n"
        "\n"
        "With `p=2` numbers double.\n"
        "\n"
        "Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or "
        "type.\n"
        "\n"
        "Source: Keras 1.2.2 `Shifted`.\n"
        "\n"
        ">>> from convdispatch.keras1.layers import Shifted"
    )
    text = inspect.getdoc(made_up["keras2"]) or ""
    assert text.startswith("`convdispatch.layers.Shift` in the words of Keras 2.2.4.\n\nAdd a bias")
    assert text.endswith(">>> from convdispatch.keras2.layers import Shift")


@pytest.mark.parametrize("door", ROWS)
def test_such_a_layer_is_copied_and_pickled(made_up: dict[str, Any], door: str) -> None:
    """Its class is found by its module and name."""
    layer = made_up[door](3.0, 2, input_shape=(2,))
    for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert type(other) is made_up[door]
        assert other.get_config() == layer.get_config()


def test_a_users_class_extends_such_a_class(made_up: dict[str, Any]) -> None:
    """By a constructor of its own, in the façade's words."""

    class Mine(made_up["keras1"]):  # type: ignore[misc]  # made while the test runs
        def __init__(self, width: int, **options: Any) -> None:
            super().__init__(2.0, nb_row=width, **options)

    layer = Mine(7, name="mine")
    assert (layer.kernel_size, layer.name) == ((7, 4), "mine")
    with pytest.raises(InvalidType, match="takes no keyword argument `momentum`"):
        Mine(7, momentum=1.0)


def test_a_row_states_how_kernels_are_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another order of axes, and an axis that Keras 2 does not have."""
    stored = {"tf": {"kernel": KernelAxes((2, 0, 1, 3), dropped_axis=0)}}
    row = Row("Odd", "Conv1D", "nb_filter, filter_length", layouts=stored)
    made: Any = classes.make_class(row, Keras1Layer, __name__)
    layer = made(5, 3, input_shape=(8, 2))
    layer.build((None, 8, 2))
    # Axis 2 of what is stored comes first, then axis 0 of size one, which is dropped, 1 and 3.
    assert layer.get_weights()[0].shape == (1, 2, 3, 5)


@pytest.mark.parametrize(
    "layer_class",
    [keras2.layers.Conv1D, keras1.layers.Convolution1D, keras1.layers.AtrousConvolution1D],
    ids=["keras2.Conv1D", "keras1.Convolution1D", "keras1.AtrousConvolution1D"],
)
def test_a_length_without_channels_is_refused(layer_class: Any) -> None:
    """It would announce nothing; every façade that has the two says so."""
    with pytest.raises(InvalidArgument, match="`input_length` needs `input_dim` beside it"):
        layer_class(4, 3, input_length=10)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Update your `Conv1D` call")  # of Keras 2
        assert layer_class(4, 3, input_length=10, input_dim=2).batch_input_shape == (None, 10, 2)
        assert layer_class(4, 3, input_dim=2).batch_input_shape == (None, None, 2)


def test_the_stubs_are_those_of_the_tables() -> None:
    """Type checkers and editors read them; `python tools/write_stubs.py` writes them."""
    spec = importlib.util.spec_from_file_location("stubs", ROOT / "tools/write_stubs.py")
    assert spec is not None
    assert spec.loader is not None
    writer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(writer)
    expected = writer.stubs()
    assert set(expected) == set((ROOT / "convdispatch").rglob("*.pyi"))
    stale = [path.name for path, text in expected.items() if path.read_text("utf-8") != text]
    assert stale == []


@pytest.mark.parametrize("keras", ["keras1", "keras2"])
def test_pooling_is_found_beside_convolutions(keras: str) -> None:
    """Both Kerases have these names in `layers.convolutional`, and scripts import them there."""
    convolutional = importlib.import_module(f"convdispatch.{keras}.layers.convolutional")
    pooling = importlib.import_module(f"convdispatch.{keras}.layers.pooling")
    for name in ("MaxPooling1D", "MaxPooling2D", "AveragePooling2D", "MaxPooling3D"):
        assert getattr(convolutional, name) is getattr(pooling, name)


STUBS = sorted((ROOT / "convdispatch").rglob("*.pyi"))


@pytest.mark.parametrize("path", STUBS, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_a_stub_has_every_layer_that_can_be_imported(path: Path) -> None:
    """Those of other modules as well, which editors would not offer without it; and no others."""
    stated: set[str] = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            stated.add(node.name)
        elif isinstance(node, ast.Assign):
            stated |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.ImportFrom):  # a type checker hands on what is said twice
            stated |= {one.name for one in node.names if one.asname == one.name}
    relative = path.relative_to(ROOT).with_suffix("")
    module = importlib.import_module(".".join(relative.parts))
    found = {
        name
        for name, one in vars(module).items()
        if isinstance(one, type) and issubclass(one, layers.Layer)
    }
    assert found
    wanted = {*found, *module.__all__} - {"Keras1Layer", "Keras2Layer"}  # our own bases
    assert stated - {"__all__"} == wanted
