"""Recurrent layers and their wrappers against loops written from the equations."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import convdispatch
from convdispatch import Sequential, keras1, keras2, layers
from convdispatch.errors import InvalidArgument, InvalidShape, InvalidType
from convdispatch.ops import Backend

FEATURES, UNITS, STEPS = 3, 2, 5
X = np.random.default_rng(0).normal(size=(4, STEPS, FEATURES)).astype("float32")
MASK = np.array([[1, 1, 1, 1, 1], [0, 1, 1, 0, 1], [1, 1, 0, 0, 0], [0, 0, 0, 0, 0]], bool)
EACH = pytest.mark.parametrize("name", ["SimpleRNN", "LSTM", "GRU"])
GATES = {"SimpleRNN": "h", "LSTM": "ifco", "GRU": "zrh"}


def hard(x: Any) -> Any:
    """Return Keras 1's and 2's hard sigmoid."""
    return np.clip(0.2 * x + 0.5, 0, 1)


def soft(x: Any) -> Any:
    """Return the sigmoid."""
    return 1 / (1 + np.exp(-x))


def drawn(name: str) -> dict[str, Any]:
    """Return three weights for each gate."""
    random = np.random.default_rng(1)
    shapes = {"W": (FEATURES, UNITS), "U": (UNITS, UNITS), "b": (UNITS,), "v": (UNITS,)}
    return {
        f"{kind}_{gate}": random.normal(size=shape).astype("float32")
        for gate in GATES[name]
        for kind, shape in shapes.items()
    }


def expected(
    name: str, w: dict[str, Any], gate: Any, *, after: bool = False, mask: Any = None
) -> Any:
    """Return every output, step by step and gate by gate; `v` is the bias of the state."""
    batch = len(X)
    h, c = np.zeros((batch, UNITS)), np.zeros((batch, UNITS))
    outputs = []

    def product(of: str, state: Any) -> Any:
        return x @ w[f"W_{of}"] + state @ w[f"U_{of}"] + w[f"b_{of}"]

    for step in range(STEPS):
        x = X[:, step].astype(float)
        cell = c
        if name == "SimpleRNN":
            new = np.tanh(product("h", h))
        elif name == "LSTM":
            cell = gate(product("f", h)) * c + gate(product("i", h)) * np.tanh(product("c", h))
            new = gate(product("o", h)) * np.tanh(cell)
        else:
            extra = {one: w[f"v_{one}"] if after else 0 for one in "zrh"}
            z, r = gate(product("z", h) + extra["z"]), gate(product("r", h) + extra["r"])
            back = r * (h @ w["U_h"] + extra["h"]) if after else (r * h) @ w["U_h"]
            new = z * h + (1 - z) * np.tanh(x @ w["W_h"] + w["b_h"] + back)
        counts = np.ones((batch, 1), bool) if mask is None else mask[:, step, np.newaxis]
        h, c = np.where(counts, new, h), np.where(counts, cell, c)
        outputs.append(h)
    return np.stack(outputs, axis=1)


def together(name: str, w: dict[str, Any], *, after: bool = False) -> list[Any]:
    """Return the weights side by side, as Keras 2 and 3 keep them."""
    kernel, recurrent, bias, state_bias = (
        np.concatenate([w[f"{kind}_{gate}"] for gate in GATES[name]], -1) for kind in "WUbv"
    )
    return [kernel, recurrent, np.stack([bias, state_bias]) if after else bias]


def apart(name: str, w: dict[str, Any]) -> list[Any]:
    """Return the weights in the order of Keras 1, where an LSTM has c before f."""
    order = "icfo" if name == "LSTM" else GATES[name]
    return [w[f"{kind}_{gate}"] for gate in order for kind in "WUb"]


def close(got: Any, want: Any) -> None:
    """Assert that numbers in float32 are those in float64."""
    np.testing.assert_allclose(convdispatch.to_numpy(got), want, rtol=2e-5, atol=2e-6)


@EACH
@pytest.mark.parametrize("masked", [False, True])
def test_keras_3_s_steps(backend_name: str, name: str, masked: bool) -> None:
    """Every output and the last, with a mask and without."""
    w, mask = drawn(name), MASK if masked else None
    after = name == "GRU"
    want = expected(name, w, soft, after=after, mask=mask)
    for sequences in (True, False):
        layer = getattr(layers, name)(
            UNITS,
            return_sequences=sequences,
            weights=together(name, w, after=after),
            backend=backend_name,
        )
        got = layer(X, mask=mask) if masked else layer(X)
        close(got, want if sequences else want[:, -1])
        assert layer.output_shape == (None, *want.shape[1 if sequences else 2 :])


def test_steps_that_do_not_count_may_give_zeros(backend_name: str) -> None:
    """The state stays as it was all the same."""
    w = drawn("LSTM")
    layer = layers.LSTM(
        UNITS,
        return_sequences=True,
        zero_output_for_mask=True,
        weights=together("LSTM", w),
        backend=backend_name,
    )
    want = expected("LSTM", w, soft, mask=MASK)
    close(layer(X, mask=MASK), np.where(MASK[:, :, np.newaxis], want, 0))


@EACH
def test_keras_2_s_gates_are_hard(backend_name: str, name: str) -> None:
    """And the gate r of a GRU comes before the product."""
    w = drawn(name)
    layer = getattr(keras2.layers, name)(
        UNITS, weights=together(name, w), input_shape=(None, FEATURES), backend=backend_name
    )
    close(layer(X), expected(name, w, hard)[:, -1])


@EACH
@pytest.mark.parametrize("consume_less", ["cpu", "gpu"])
def test_keras_1_keeps_its_gates_apart(backend_name: str, name: str, consume_less: str) -> None:
    """In its own order; with consume_less='gpu' side by side."""
    w = drawn(name)
    layer = getattr(keras1.layers, name)(
        UNITS,
        weights=apart(name, w) if consume_less == "cpu" else together(name, w),
        consume_less=consume_less,
        return_sequences=True,
        input_dim=FEATURES,
        input_length=STEPS,
        backend=backend_name,
    )
    close(layer(X), expected(name, w, hard))


@EACH
def test_gradients_are_those_of_differences(backend_name: str, name: str) -> None:
    """Of the sum of all outputs, for each weight of Keras 1's layer."""
    w = drawn(name)
    gates = {} if name == "SimpleRNN" else {"inner_activation": "sigmoid"}
    layer = getattr(keras1.layers, name)(
        UNITS,
        weights=apart(name, w),
        return_sequences=True,
        input_dim=FEATURES,
        backend=backend_name,
        **gates,
    )
    found = convdispatch.gradients(layer, X)
    order = [f"{k}_{g}" for g in ("icfo" if name == "LSTM" else GATES[name]) for k in "WUb"]
    for key, got in zip(order, found.weights, strict=True):
        direction = np.random.default_rng(2).normal(size=w[key].shape)
        ends = [
            expected(name, w | {key: w[key] + sign * 1e-5 * direction}, soft).sum()
            for sign in (1, -1)
        ]
        slope = (ends[0] - ends[1]) / 2e-5
        assert np.sum(got * direction) == pytest.approx(slope, rel=1e-4, abs=1e-4)


@EACH
def test_backwards_is_of_the_reversed_sequence(backend_name: str, name: str) -> None:
    """The outputs come in the order in which they are computed; unrolled, they are the same."""
    made = [
        getattr(layers, name)(
            UNITS,
            return_sequences=True,
            go_backwards=backwards,
            unroll=unroll,
            backend=backend_name,
        )
        for backwards, unroll in ((False, False), (True, False), (True, True))
    ]
    made[0].build(X.shape)
    for one in made[1:]:
        one.build(X.shape)
        one.set_weights(made[0].get_weights())
    forwards = convdispatch.to_numpy(made[0](X[:, ::-1].copy()))
    close(made[1](X), forwards)
    close(made[2](X), forwards)


def test_a_mask_reaches_the_layer_in_a_model(backend_name: str) -> None:
    """Steps of zeros are left out; the numbers are those of the shorter sequences."""
    x = X.copy()
    x[:, 3:] = 0
    lstm = layers.LSTM(UNITS)
    model = Sequential([layers.Masking(input_shape=(STEPS, FEATURES)), lstm], backend=backend_name)
    close(model(x), convdispatch.to_numpy(lstm(x[:, :3].copy())))
    assert lstm.makes_mask([True]) is False
    assert layers.LSTM(UNITS, return_sequences=True).makes_mask([True]) is True


@pytest.mark.parametrize("merge_mode", ["concat", "sum", "mul", "ave"])
def test_both_directions_are_merged_step_by_step(backend_name: str, merge_mode: str) -> None:
    """The outputs of the way back are put in the order of the steps."""
    w = drawn("LSTM")
    layer = layers.Bidirectional(
        layers.LSTM(UNITS, return_sequences=True),
        merge_mode,
        weights=[*together("LSTM", w), *together("LSTM", w)],
        backend=backend_name,
    )
    back = layers.LSTM(
        UNITS,
        return_sequences=True,
        go_backwards=True,
        weights=together("LSTM", w),
        backend=backend_name,
    )
    one = expected("LSTM", w, soft)
    other = convdispatch.to_numpy(back(X))[:, ::-1]
    merged = {
        "concat": np.concatenate([one, other], -1),
        "sum": one + other,
        "mul": one * other,
        "ave": (one + other) / 2,
    }
    close(layer(X), merged[merge_mode])
    assert [weight.name for weight in layer.declared_weights][2:4] == [
        "forward_bias",
        "backward_kernel",
    ]


def test_a_layer_at_each_step(backend_name: str) -> None:
    """Of images too, with the gradient of its one set of weights."""
    x = np.random.default_rng(3).normal(size=(2, 3, 5, 4, 2)).astype("float32")
    conv = layers.Conv2D(3, 3, backend=backend_name)
    layer = layers.TimeDistributed(layers.Conv2D(3, 3), backend=backend_name)
    layer.build(x.shape)
    conv.build((None, 5, 4, 2))
    conv.set_weights(layer.get_weights())
    steps = [convdispatch.to_numpy(conv(x[:, i].copy())) for i in range(3)]
    close(layer(x), np.stack(steps, axis=1))
    assert convdispatch.to_numpy(layer(x[:0])).shape == (0, 3, 3, 2, 3)
    found = convdispatch.gradients(layer, x).weights
    parts = [convdispatch.gradients(conv, x[:, i].copy()).weights for i in range(3)]
    for got, want in zip(found, zip(*parts, strict=True), strict=True):
        np.testing.assert_allclose(got, sum(want), rtol=1e-4, atol=1e-4)


def test_statistics_at_each_step_are_those_of_all(backend: Backend) -> None:
    """The moving mean of a wrapped BatchNormalization moves in training."""
    layer = layers.TimeDistributed(layers.BatchNormalization(momentum=0.5), backend=backend.name)
    layer.build(X.shape)
    key = backend.asarray(np.array([1, 2], np.int32), "int32")
    _, effects = layer.apply_training(layer.variables, X, key)
    moved = backend.to_numpy(effects.updates["moving_mean"])
    np.testing.assert_allclose(moved, 0.5 * X.mean(axis=(0, 1)), rtol=1e-5, atol=1e-6)


def trained(backend: Backend, layer: Any, x: Any) -> Any:
    """Return what the layer gives in training."""
    key = backend.asarray(np.array([1, 2], np.int32), "int32")
    layer.build(x.shape)
    return np.asarray(backend.to_numpy(layer.apply_training(layer.variables, x, key)[0]), float)


def test_dropout_is_the_same_at_every_step(backend: Backend) -> None:
    """Of the inputs: with the unit matrix as kernel and nothing fed back, 0 or 2."""
    layer = layers.SimpleRNN(
        50,
        "linear",
        dropout=0.5,
        return_sequences=True,
        weights=[np.eye(50), np.zeros((50, 50)), np.zeros(50)],
        backend=backend.name,
    )
    got = trained(backend, layer, np.ones((40, 3, 50), np.float32))
    assert (got == got[:, :1]).all()
    assert set(np.unique(got)) == {0.0, 2.0}
    assert abs((got[:, 0] == 0).mean() - 0.5) < 5 * np.sqrt(0.25 / 2000)


def test_recurrent_dropout_is_of_the_state(backend: Backend) -> None:
    """The first step has none; the second has lost a half of it, the third the same half."""
    layer = layers.SimpleRNN(
        50,
        "linear",
        recurrent_dropout=0.5,
        return_sequences=True,
        weights=[np.eye(50), np.eye(50), np.zeros(50)],
        backend=backend.name,
    )
    got = trained(backend, layer, np.ones((40, 3, 50), np.float32))
    assert (got[:, 0] == 1).all()
    assert set(np.unique(got[:, 1])) == {1.0, 3.0}
    np.testing.assert_array_equal(got[:, 2], np.where(got[:, 1] == 1, 1.0, 7.0))


def test_each_gate_has_a_mask_of_its_own(backend: Backend) -> None:
    """An LSTM whose gates i and c read the input alike loses them apart."""
    kernel = np.concatenate([np.eye(50), np.zeros((50, 50)), np.eye(50), np.zeros((50, 50))], 1)
    layer = layers.LSTM(
        50,
        "linear",
        "linear",
        dropout=0.5,
        weights=[kernel, np.zeros((50, 200)), np.repeat([0.0, 0, 0, 1], 50)],
        backend=backend.name,
    )
    got = trained(backend, layer, np.ones((40, 1, 50), np.float32))
    assert set(np.unique(got)) == {0.0, 4.0}
    assert abs((got > 0).mean() - 0.25) < 5 * np.sqrt(0.1875 / 2000)


def test_the_bias_of_the_gate_f_starts_from_one() -> None:
    """In each Keras's place."""
    for door in (layers, keras2.layers):
        layer = door.LSTM(UNITS)
        layer.build(X.shape)
        np.testing.assert_array_equal(layer.get_weights()[2], [0, 0, 1, 1, 0, 0, 0, 0])
    old = keras1.layers.LSTM(UNITS, input_dim=FEATURES)
    old.build(X.shape)
    found = dict(zip((w.name for w in old.declared_weights), old.get_weights(), strict=True))
    np.testing.assert_array_equal([found["b_i"], found["b_f"]], [[0, 0], [1, 1]])


@EACH
def test_it_trains(backend_name: str, name: str) -> None:
    """The same losses on every backend, by the same compiled step as any layer."""
    convdispatch.set_random_seed(0)
    model = Sequential(
        [getattr(layers, name)(UNITS, input_shape=(STEPS, FEATURES)), layers.Dense(1)],
        backend=backend_name,
    )
    model.compile("sgd", "mse")
    y = X.sum(axis=(1, 2))[:, np.newaxis]
    losses = [float(np.ravel(model.train_on_batch(X, y))[0]) for _ in range(3)]
    convdispatch.set_random_seed(0)
    other = Sequential(
        [getattr(layers, name)(UNITS, input_shape=(STEPS, FEATURES)), layers.Dense(1)],
        backend="numpy",
    )
    assert losses[0] == pytest.approx(np.mean((other.predict(X) - y) ** 2), rel=1e-5)
    assert losses[2] < losses[1] < losses[0]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: layers.GRU(0), InvalidArgument, "`units` must be at least 1"),
        (lambda: keras1.layers.GRU(2, dropout_W=2.0), InvalidArgument, "`dropout_W` must be from"),
        (lambda: layers.SimpleRNN(2).build((None, 3)), InvalidShape, "steps, features"),
        (lambda: layers.SimpleRNN(2).build((None, 3, None)), InvalidShape, "a known number of"),
        (lambda: layers.Bidirectional(layers.Dense(2)), InvalidType, "a recurrent layer"),
        (
            lambda: layers.Bidirectional(layers.GRU(2), "plus"),
            InvalidArgument,
            "`merge_mode` must be one of 'concat', 'sum', 'mul', 'ave'",
        ),
        (lambda: layers.TimeDistributed(3), InvalidType, "must be a layer; received int"),
        (lambda: layers.TimeDistributed(Sequential()), InvalidType, "A model cannot be wrapped"),
        (
            lambda: layers.TimeDistributed({"class_name": "Input", "config": {}}),
            InvalidArgument,
            "'class_name' of a layer",
        ),
        (
            lambda: layers.TimeDistributed(layers.Dense(2)).build((None, 3)),
            InvalidShape,
            "three axes or more",
        ),
    ],
)
def test_bad_input_is_refused(make: Any, error: type[Exception], message: str) -> None:
    """With what is allowed."""
    with pytest.raises(error, match=message):
        make()


def test_other_features_are_refused_once_built() -> None:
    """By the wrappers, too."""
    for layer in (
        layers.LSTM(2),
        layers.Bidirectional(layers.LSTM(2)),
        layers.TimeDistributed(layers.Dense(2)),
    ):
        layer.build((None, 4, 3))
        with pytest.raises(InvalidShape, match="was built for"):
            layer(np.ones((1, 4, 5), np.float32))


def test_a_model_of_wrapped_layers_comes_back_from_its_json() -> None:
    """Of each façade, with the layers inside."""
    for door in (convdispatch, keras1, keras2):
        own = door.layers
        model = convdispatch.Sequential(
            [
                own.Bidirectional(own.GRU(2, return_sequences=True), input_shape=(5, 3)),
                own.TimeDistributed(own.Dense(2)),
            ]
        )
        config = json.loads(json.dumps(model.get_config()))
        again = convdispatch.Sequential.from_config(config)
        again.set_weights(model.get_weights())
        np.testing.assert_array_equal(again.predict(X), model.predict(X))
        assert type(again.layers[0].layer) is own.GRU
