"""Optimizers: names, what bad arguments get, and rules that no manifest shows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convdispatch import keras1, keras2, optimizers
from convdispatch.errors import ConvDispatchError, InvalidArgument, InvalidType
from convdispatch.formulas.dialects import KERAS1, KERAS2, KERAS3
from convdispatch.ops import Backend
from convdispatch.optimizers import schedules
from convdispatch.registry import registry
from convdispatch.training.optimizers import updates_of

DIALECTS = {dialect.name: dialect for dialect in (KERAS1, KERAS2, KERAS3)}
EVERY = [
    pytest.param(dialect, name, id=f"{dialect.name}-{name}")
    for dialect in DIALECTS.values()
    for name in dialect.optimizers
]
START, GRADIENT = np.array([1.0, -2.0]), np.array([0.5, 0.25])


def stepped(optimizer: Any, *gradients: Any, dtype: str = "float64") -> list[Any]:
    """Return the weights after an update on NumPy arrays, one weight for each gradient."""
    backend = registry.load("numpy")
    weights = [np.array(START, dtype) for _ in gradients]
    updates = updates_of(backend, optimizer, weights)
    of_step = updates.inputs(optimizer.rate_at(0), 0)
    native = [np.asarray(gradient, dtype) for gradient in gradients]
    return updates.updated(weights, native, updates.slots(weights), of_step, np.asarray(0))[0]


@pytest.mark.parametrize(("dialect", "name"), EVERY)
def test_name_is_found_in_any_case(dialect: Any, name: str) -> None:
    """'adam', 'Adam' and 'ADAM' are one optimizer, with one configuration."""
    found = [
        optimizers.get(word, dialect.optimizers) for word in (name, name.lower(), name.upper())
    ]
    assert {type(one) for one in found} == {dialect.optimizers[name]}
    assert found[0].get_config() == found[1].get_config()


@pytest.mark.parametrize(("dialect", "name"), EVERY)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_updated_in_float32(
    backend: Backend, dialect: Any, name: str, dtype: str
) -> None:
    """Weights of half precision get the float32 update, rounded once; slots are float32."""
    optimizer = optimizers.get(name, dialect.optimizers)
    step = backend.asarray(np.asarray(0), "int32")
    results = []
    for weights_type in (dtype, "float32"):
        weights = [backend.variable(START, weights_type)]
        gradients = [backend.asarray(GRADIENT, weights_type)]
        updates = updates_of(backend, optimizer, weights)
        slots = updates.slots(weights)
        (new,), new_slots = updates.updated(weights, gradients, slots, updates.inputs(0.5, 0), step)
        assert backend.describe(new) == ((2,), weights_type)
        types = {backend.describe(one)[1] for own in (*slots, *new_slots) for one in own.values()}
        assert types <= {"float32"}
        results.append(backend.cast(new, dtype))
    half, rounded = (backend.to_numpy(one) for one in results)
    np.testing.assert_array_equal(half.view("i2"), rounded.view("i2"))


@pytest.mark.parametrize("amsgrad", [False, True])
@pytest.mark.parametrize(("dialect", "name"), EVERY)
def test_new_slots_have_the_order_of_the_old(dialect: Any, name: str, amsgrad: bool) -> None:
    """Who keeps slots in a flat list may take them apart and put them together by the old ones."""
    more = {"momentum": 0.5, "centered": True, "amsgrad": amsgrad}
    known = dialect.optimizers[name]().get_config()
    chosen = {word: value for word, value in more.items() if word in known}
    optimizer = dialect.optimizers[name](**chosen)
    backend = registry.load("numpy")
    updates = updates_of(backend, optimizer, [START])
    slots, given = updates.slots([START]), (updates.inputs(0.5, 0), np.asarray(0))
    _, new = updates.updated([START], [GRADIENT], slots, *given)
    assert [list(own) for own in new] == [list(own) for own in slots]


@pytest.mark.parametrize(
    ("get", "name", "meant"),
    [
        (optimizers.get, "adm", "Adam"),
        (keras1.optimizers.get, "rmsprp", "RMSprop"),
        (keras2.optimizers.get, "Adagrd", "Adagrad"),
        (schedules.deserialize, "CosinDecay", "CosineDecay"),
    ],
)
def test_unknown_name_gets_the_nearest(get: Any, name: str, meant: str) -> None:
    """A name that does not exist is answered with those that do and the one that was meant."""
    with pytest.raises(InvalidArgument, match=f"unknown .* '{name}'; .* Did you mean '{meant}'"):
        get(name)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: optimizers.Adam(lr=0.1), "`lr`; allowed: .* Did you mean 'learning_rate'"),
        (lambda: keras2.optimizers.SGD(learning_rate=0.1), "Did you mean 'lr'"),
        (lambda: keras1.optimizers.Adam(amsgrad=True), "takes no argument `amsgrad`"),
        (lambda: optimizers.SGD(momentom=0.9), "Did you mean 'momentum'"),
        (lambda: optimizers.SGD("fast"), "`learning_rate` must be a number, a Learning"),
        (lambda: optimizers.SGD(-0.1), "`learning_rate` must be a finite number, at least 0"),
        (lambda: optimizers.SGD(float("nan")), "must be a finite number"),
        (lambda: optimizers.SGD(momentum=1.5), "`momentum` must be from 0 to 1, received 1.5"),
        (lambda: optimizers.Adam(beta_2=1.0), "`beta_2` must be from 0 to 1, below 1"),
        (lambda: optimizers.Adam(epsilon=-1e-7), "`epsilon` must be a finite number, at least 0"),
        (lambda: optimizers.SGD(clipnorm=1.0, clipvalue=1.0), "takes one of `clipnorm`"),
        (lambda: optimizers.SGD(use_ema=True), "`use_ema` of SGD is not offered"),
        (lambda: optimizers.SGD(gradient_accumulation_steps=2), "is not offered, received 2"),
        (lambda: keras2.optimizers.SGD(decay=-1.0), "`decay` must be a finite number, at least 0"),
        (lambda: keras1.optimizers.SGD(clipvalue=-1.0), "`clipvalue` must be a finite number"),
        (lambda: optimizers.get(None), "cannot interpret None"),
        (lambda: optimizers.get(len), "as an optimizer; allowed"),
        (lambda: optimizers.get(object()), "A framework.s own .* `model.functional"),
        (lambda: optimizers.get({"class_name": "SGD", "config": {"lr": 1}}), "unknown parameter"),
        (lambda: schedules.ExponentialDecay(0.1, 0, 0.5), "`decay_steps` must be greater than 0"),
        (lambda: schedules.PiecewiseConstantDecay([1], [1]), "one number more than `boundaries`"),
    ],
)
def test_bad_arguments(make: Any, message: str) -> None:
    """A wrong argument is one error that names it and says what is allowed."""
    with pytest.raises(ConvDispatchError, match=message):
        make()


def test_learning_rate_may_be_set_and_nothing_else() -> None:
    """Compiled steps hold the other numbers; the rate is checked, by each of its names."""
    for optimizer in (optimizers.Adam(0.5), keras2.optimizers.Adam(0.5)):
        optimizer.lr = 0.25
        assert (optimizer.learning_rate, optimizer.rate_at(7)) == (0.25, 0.25)
        optimizer.learning_rate = 0.125
        assert optimizer.lr == 0.125
        with pytest.raises(InvalidArgument, match="`beta_1` of Adam cannot be changed"):
            optimizer.beta_1 = 0.5
        with pytest.raises(InvalidArgument, match="at least 0"):
            optimizer.lr = -1.0


def test_rate_may_be_a_function() -> None:
    """A function without arguments is asked before every update."""
    rates = iter([0.5, 0.25])
    optimizer = optimizers.SGD(lambda: next(rates))
    assert [optimizer.rate_at(0), optimizer.rate_at(1)] == [0.5, 0.25]


def test_old_clipnorm_is_of_all_gradients_and_the_new_one_of_each() -> None:
    """Gradients of norms 3 and 4, together 5, with the limit 1."""
    gradients = ([3.0, 0.0], [0.0, 4.0])
    for old in (keras1, keras2):
        a, b = stepped(old.optimizers.SGD(1.0, clipnorm=1.0), *gradients)
        np.testing.assert_allclose(START - a, [0.6, 0.0])
        np.testing.assert_allclose(START - b, [0.0, 0.8])
    a, b = stepped(optimizers.SGD(1.0, clipnorm=1.0), *gradients)
    np.testing.assert_allclose([START - a, START - b], [[1.0, 0.0], [0.0, 1.0]])
    a, b = stepped(optimizers.SGD(1.0, global_clipnorm=1.0), *gradients)
    np.testing.assert_allclose([START - a, START - b], [[0.6, 0.0], [0.0, 0.8]])


def test_gradients_below_the_limit_stay() -> None:
    """Nor does a gradient of zeros become NaN."""
    for make in (keras2.optimizers.SGD, optimizers.SGD):
        a, b = stepped(make(1.0, clipnorm=10.0), [3.0, 0.0], [0.0, 0.0])
        assert (START - a).tolist() == [3.0, 0.0]
        assert b.tolist() == START.tolist()


def test_document_of_tf_keras_is_read() -> None:
    """Its class names carry a prefix, and its configurations two words about computing."""
    config = {"learning_rate": 0.5, "jit_compile": False, "is_legacy_optimizer": False}
    extra = {"use_ema": False, "ema_overwrite_frequency": 100, "rho": 0.5}
    found = optimizers.get({"class_name": "Custom>RMSprop", "config": {**config, **extra}})
    assert isinstance(found, optimizers.RMSprop)
    assert (found.learning_rate, found.rho) == (0.5, 0.5)


def test_schedule_comes_back_with_its_optimizer() -> None:
    """A configuration holds the schedule's, and leaves what it is given as it was."""
    optimizer = optimizers.SGD(schedules.CosineDecay(0.5, 10))
    config: Any = optimizers.serialize(optimizer)
    kept = repr(config)
    again = optimizers.deserialize(config)
    assert again.get_config() == optimizer.get_config()
    assert again.rate_at(3) == optimizer.rate_at(3)
    assert repr(config) == kept


@settings(derandomize=True, max_examples=60, deadline=None)
@given(
    st.sampled_from([(d, n) for d in DIALECTS for n in sorted(DIALECTS[d].optimizers)]),
    st.floats(0, 10),
    st.floats(0, 0.99),
    st.sampled_from((None, 0.5)),
)
def test_configurations_come_back(
    which: tuple[str, str], rate: float, part: float, limit: float | None
) -> None:
    """`deserialize` undoes `serialize`, whatever the arguments are."""
    table = DIALECTS[which[0]].optimizers
    given = {"lr": rate, "learning_rate": rate, "momentum": part, "rho": part, "beta_1": part}
    plain = table[which[1]]().get_config()
    chosen = {name: value for name, value in given.items() if name in plain}
    optimizer = optimizers.get(
        {"class_name": which[1], "config": {**chosen, "clipvalue": limit}}, table
    )
    config: Any = optimizers.serialize(optimizer)
    assert optimizers.deserialize(config, table).get_config() == optimizer.get_config()
    assert {name: config["config"][name] for name in chosen} == chosen


def test_user_optimizer_is_one() -> None:
    """A subclass defines what it remembers and its rule; its own weights come by weight."""

    class Signs(optimizers.Optimizer):
        def __init__(self, learning_rate: float = 0.5) -> None:
            self.learning_rate = learning_rate

        def initial(self) -> Any:
            return {"count": 0.0}

        def rule(self, f: Any, weight: Any, gradient: Any, slots: Any, numbers: Any) -> Any:
            return weight - numbers * f["sign"](gradient), {"count": slots["count"] + 1}

    assert isinstance(optimizers.get(Signs), Signs)
    (found,) = stepped(Signs(), [3.0, -4.0])
    assert found.tolist() == [0.5, -1.5]
    with pytest.raises(InvalidType, match="takes no argument `learning_rat`"):
        Signs(learning_rat=1.0)
