"""Activations: their names and parameters, and what layers may know of them."""

from __future__ import annotations

import copy
import functools
import json
import math
import pickle
import re
from typing import Any

import numpy as np
import pytest

from convdispatch import activations
from convdispatch.activations import KERAS1, KERAS2, KERAS3, Activation
from convdispatch.errors import InvalidArgument, InvalidShape, InvalidType
from convdispatch.ops import FUSED_ACTIVATIONS

TABLES = {"keras1": KERAS1, "keras2": KERAS2, "keras3": KERAS3}
ENTRIES = [
    pytest.param(table, name, id=f"{keras}-{name}")
    for keras, table in TABLES.items()
    for name in table
]
ELEMENTWISE = [
    name for name in KERAS3 if name not in ("softmax", "log_softmax", "sparsemax", "glu")
]


@pytest.mark.parametrize(
    ("table", "expected"), [(KERAS1, 0.7), (KERAS2, 0.7), (KERAS3, 0.6666666666666666)]
)
def test_hard_sigmoid_of_one_depends_on_the_keras(table: Any, expected: float) -> None:
    """hard_sigmoid(1) is .7 in Keras 1 and 2, and 2/3 in Keras 3."""
    function = activations.get("hard_sigmoid", table)
    assert function(np.ones(1)) == pytest.approx(expected, abs=1e-15)


def test_softmax_normalizes_over_width_under_channels_first() -> None:
    """The default axis -1 is the width of a (batch, channels, height, width) tensor."""
    result = np.asarray(activations.softmax(np.ones((1, 2, 3, 5))))
    np.testing.assert_allclose(result, 1 / 5)


@pytest.mark.parametrize(("table", "name"), ENTRIES)
def test_serialized_activation_comes_back_equal(table: Any, name: str) -> None:
    """get(serialize(a)) is a, for every name of every table."""
    activation = activations.get(name, table)
    assert activations.get(activations.serialize(activation), table) == activation


@pytest.mark.parametrize(("table", "name"), ENTRIES)
def test_activations_can_be_copied_and_pickled(table: Any, name: str) -> None:
    """Copies and unpickled activations equal the original."""
    activation = table[name]
    assert copy.deepcopy(activation) == activation == pickle.loads(pickle.dumps(activation))


def test_parameters_are_serialized_and_come_back() -> None:
    """Parameters other than the defaults are stored in a dictionary that JSON can hold."""
    activation = activations.get({"class_name": "relu", "config": {"max_value": 6}})
    stored = activations.serialize(activation)
    assert stored == {
        "class_name": "relu",
        "config": {"negative_slope": 0.0, "max_value": 6.0, "threshold": 0.0},
    }
    assert activations.get(json.loads(json.dumps(stored))) == activation


def test_none_is_linear() -> None:
    """None means no activation."""
    assert activations.get(None) is activations.linear
    assert activations.serialize(None) == "linear"


def test_callables_pass_through() -> None:
    """A user's function is used as it is and stored by its name."""

    def mine(x: Any) -> Any:
        return x

    assert activations.get(mine) is mine
    assert activations.serialize(mine) == "mine"
    assert activations.serialize(lambda x: x) == "<lambda>"
    assert activations.serialize(functools.partial(mine)) == "partial"
    assert activations.get("mine", {**KERAS3, "mine": mine}) is mine


def test_a_foreign_function_is_not_saved_under_a_name_of_ours() -> None:
    """A user's own `relu` does not come back as ours."""

    def relu(x: Any) -> Any:
        return x

    stored = activations.serialize(relu)
    with pytest.raises(InvalidArgument, match=re.escape(f"unknown activation {stored!r}")):
        activations.get(stored)


def test_call_takes_parameters_by_position_and_by_name() -> None:
    """The functions have Keras's parameters, in Keras's order."""
    x = np.array([-1.0, 3.0, 9.0])
    np.testing.assert_array_equal(activations.relu(x, max_value=6), [0, 3, 6])
    np.testing.assert_array_equal(activations.relu(x, 0.5, 6), [-0.5, 3, 6])
    np.testing.assert_array_equal(KERAS2["relu"](x, alpha=0.5), [-0.5, 3, 9])


@pytest.mark.parametrize("name", KERAS3)
def test_fused_names_are_the_plain_functions(name: str) -> None:
    """Of the names only those that every backend can fuse are fused."""
    expected = name if name in FUSED_ACTIVATIONS else None
    assert KERAS3[name].fused == expected


def test_parameters_prevent_fusing() -> None:
    """A relu with a parameter is not the fused one, and with its defaults it is."""
    assert activations.relu.with_parameters(max_value=6).fused is None
    assert activations.relu.with_parameters(threshold=0).fused == "relu"
    assert KERAS1["relu"].fused == KERAS2["relu"].fused == "relu"
    assert KERAS1["hard_sigmoid"].fused is None


GRID = np.linspace(-30, 30, 600_001)
PARAMETERIZED = [
    *(KERAS3[name] for name in ELEMENTWISE),
    *KERAS2.values(),
    KERAS3["elu"].with_parameters(alpha=2.5),
    KERAS3["elu"].with_parameters(alpha=-0.5),
    KERAS3["gelu"].with_parameters(approximate=True),
    KERAS3["relu"].with_parameters(negative_slope=3),
    KERAS3["relu"].with_parameters(negative_slope=0.1, max_value=2),
    KERAS3["threshold"].with_parameters(threshold=1, default_value=5),
    KERAS3["threshold"].with_parameters(threshold=1, default_value=-5),
]


@pytest.mark.parametrize(
    "activation",
    [a for a in PARAMETERIZED if math.isfinite(a.lipschitz) and a.name != "softmax"],
    ids=lambda a: f"{a.name}-{a.get_config()}",
)
def test_lipschitz_constant_is_the_steepest_slope(activation: Activation) -> None:
    """No slope exceeds the constant, and some slope comes within a hundredth of it."""
    slopes = np.abs(np.diff(np.asarray(activation(GRID))) / np.diff(GRID))
    assert 0.99 * activation.lipschitz <= slopes.max() <= activation.lipschitz * (1 + 1e-9)


@pytest.mark.parametrize(
    "activation",
    [a for a in PARAMETERIZED if a.name != "softmax"],
    ids=lambda a: f"{a.name}-{a.get_config()}",
)
def test_monotone_functions_are_those_that_never_decrease(activation: Activation) -> None:
    """The claim agrees with the values on a fine grid, up to rounding."""
    x = np.linspace(-6, 6, 100_001)
    assert activation.is_monotone == bool((np.diff(np.asarray(activation(x))) >= -1e-12).all())


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "sparsemax"])
def test_lipschitz_constant_of_functions_of_an_axis(name: str) -> None:
    """In the maximum norm no difference grows by more than the constant, which is approached."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(20_000, 6)) * 10 ** rng.uniform(-2, 1, size=(20_000, 1))
    moved = x + 1e-3 * rng.choice([-1.0, 1.0], size=x.shape)
    function = KERAS3[name]
    growth = np.abs(np.asarray(function(moved)) - np.asarray(function(x))).max(axis=1) / 1e-3
    assert not function.is_monotone
    assert 0.7 * function.lipschitz < growth.max() <= function.lipschitz * (1 + 1e-9)


@pytest.mark.parametrize("name", ["exponential", "hard_shrink", "glu"])
def test_steps_and_exponentials_have_no_lipschitz_constant(name: str) -> None:
    """A function that jumps, or whose slope grows without end, says so."""
    assert KERAS3[name].lipschitz == math.inf


def test_relu_with_a_threshold_has_no_lipschitz_constant() -> None:
    """A relu with a threshold jumps from 0 to the threshold."""
    assert activations.relu.with_parameters(threshold=1).lipschitz == math.inf


def test_only_glu_changes_the_shape() -> None:
    """Half of the axis is left by glu, which says so."""
    assert [name for name in KERAS3 if not KERAS3[name].keeps_shape] == ["glu"]
    assert np.shape(activations.glu(np.ones((2, 6)))) == (2, 3)


@pytest.mark.parametrize(
    ("name", "table", "hint"),
    [
        ("Relu", KERAS3, "'relu'"),
        ("softmax ", KERAS3, "'softmax'"),
        ("hardsigmoid", KERAS2, "'hard_sigmoid'"),
        ("tahn", KERAS1, "'tanh'"),
    ],
    ids=["case", "space", "underscore", "typing error"],
)
def test_unknown_name_is_refused_with_a_close_match(name: str, table: Any, hint: str) -> None:
    """The message has the name, the allowed names and the closest of them."""
    message = rf"unknown activation {name!r}; allowed: .*'sigmoid'.* Did you mean {hint}\?"
    with pytest.raises(InvalidArgument, match=message):
        activations.get(name, table)


def test_unknown_name_without_a_close_match_asks_for_one() -> None:
    """A name like nothing known is refused without a guess."""
    with pytest.raises(InvalidArgument, match=r"unknown activation 'qqq'; .*Use one of the"):
        activations.get("qqq")


@pytest.mark.parametrize("identifier", [3, 1.5, ["relu"], True, b"relu", np.zeros(2)], ids=repr)
def test_other_types_are_refused(identifier: object) -> None:
    """Anything but a name, a dictionary, an activation or a callable is a TypeError."""
    with pytest.raises(InvalidType, match="as an activation; allowed: a name, a dictionary"):
        activations.get(identifier)


@pytest.mark.parametrize(
    "config", [{}, {"class_name": 3}, {"class_name": "relu", "config": 3}], ids=repr
)
def test_unreadable_dictionary_is_refused(config: dict[str, object]) -> None:
    """A dictionary that names nothing is a ValueError that shows the form."""
    with pytest.raises(InvalidArgument, match="as the configuration of an activation; allowed"):
        activations.get(config)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"maxvalue": 6}, "unknown parameter 'maxvalue' .*Did you mean 'max_value'"),
        ({"max_value": -1}, "`max_value` must be a finite number, at least 0, received -1"),
        ({"max_value": math.nan}, "`max_value` must be a finite number"),
        ({"threshold": None}, "`threshold` must be a number, received None"),
        ({"threshold": "1"}, "`threshold` must be a number, received '1'"),
        ({"negative_slope": True}, "`negative_slope` must be a number, received True"),
    ],
    ids=["unknown", "negative", "nan", "none", "text", "bool"],
)
def test_illegal_parameters_are_refused(parameters: dict[str, object], message: str) -> None:
    """A parameter that is unknown or out of range is named, with what is allowed."""
    with pytest.raises((InvalidArgument, InvalidType), match=message):
        activations.get({"class_name": "relu", "config": parameters})


def test_parameters_of_other_kinds_are_checked() -> None:
    """An axis is an integer and a switch is a bool."""
    with pytest.raises(InvalidType, match=r"`axis` must be an integer, received 1\.5"):
        activations.softmax.with_parameters(axis=1.5)
    with pytest.raises(InvalidArgument, match="`approximate` must be True or False, received 1"):
        activations.gelu.with_parameters(approximate=1)
    with pytest.raises(InvalidArgument, match="'tanh' takes 0 parameters after the tensor"):
        activations.tanh(np.ones(2), 3)


def test_numpy_numbers_are_numbers() -> None:
    """NumPy's scalars are accepted and stored as Python's."""
    activation = activations.softmax.with_parameters(axis=np.int64(1))
    assert activation.get_config() == {"axis": 1}
    assert activations.elu.with_parameters(alpha=np.float32(0.5)).get_config() == {"alpha": 0.5}


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "sparsemax", "glu"])
def test_axis_beyond_the_tensor_is_refused(name: str) -> None:
    """An axis that the tensor has not is a ValueError that names its range."""
    with pytest.raises(InvalidShape, match=r"`axis` must be one of the 2 axes .* received 2"):
        KERAS3[name](np.ones((2, 2)), axis=2)


def test_odd_axis_cannot_be_halved() -> None:
    """An odd number of channels under glu is a ValueError."""
    with pytest.raises(InvalidShape, match=r"even size; received the shape \(2, 3\)"):
        activations.glu(np.ones((2, 3)))
