"""Convolutional LSTMs against loops over steps and taps, and against LSTMs."""

from __future__ import annotations

import itertools
import json
from typing import Any

import numpy as np
import pytest

import convdispatch
from convdispatch import Sequential, keras1, keras2, layers
from convdispatch.errors import InvalidArgument, InvalidShape
from convdispatch.ops import Backend

CHANNELS, FILTERS, STEPS, BATCH = 2, 3, 4, 3
SIZES, TAPS = (5, 6), (2, 3)
KERAS_1_ORDER = "icfo"
X = np.random.default_rng(0).normal(size=(BATCH, STEPS, *SIZES, CHANNELS)).astype("float32")
MASK = np.array([[1, 1, 1, 1], [0, 1, 0, 1], [1, 0, 0, 0]], bool)


def hard(x: Any) -> Any:
    """Return Keras 1's and 2's hard sigmoid."""
    return np.clip(0.2 * x + 0.5, 0, 1)


def soft(x: Any) -> Any:
    """Return the sigmoid."""
    return 1 / (1 + np.exp(-x))


def drawn() -> dict[str, Any]:
    """Return a kernel, a recurrent kernel and a bias for each gate, as Keras 2 lays them out."""
    random = np.random.default_rng(1)
    shapes = {"W": (*TAPS, CHANNELS, FILTERS), "U": (*TAPS, FILTERS, FILTERS), "b": (FILTERS,)}
    return {
        f"{kind}_{gate}": random.normal(size=shape).astype("float32") / 2
        for gate in "ifco"
        for kind, shape in shapes.items()
    }


def together(w: dict[str, Any]) -> list[Any]:
    """Return the weights side by side, as Keras 2 and 3 keep them."""
    return [np.concatenate([w[f"{kind}_{gate}"] for gate in "ifco"], -1) for kind in "WUb"]


def correlated(x: Any, kernel: Any, strides: Any, dilation: Any, pads: Any) -> Any:
    """Return a cross-correlation of images, tap by tap."""
    x = np.pad(x, ((0, 0), *pads, (0, 0)))
    reach = [(taps - 1) * d + 1 for taps, d in zip(kernel.shape, dilation, strict=False)]
    sizes = [
        (size - cells) // s + 1 for size, cells, s in zip(x.shape[1:], reach, strides, strict=False)
    ]
    result = np.zeros((len(x), *sizes, kernel.shape[-1]))
    for tap in itertools.product(*map(range, kernel.shape[:2])):
        places = zip(tap, sizes, strides, dilation, strict=True)
        cells = tuple(slice(t * d, t * d + (n - 1) * s + 1, s) for t, n, s, d in places)
        result += x[(slice(None), *cells)] @ kernel[tap]
    return result


def expected(
    w: dict[str, Any],
    gate: Any,
    *,
    strides: tuple[int, int] = (1, 1),
    dilation: tuple[int, int] = (1, 1),
    pads: Any = ((0, 0), (0, 0)),
    back: Any = ((0, 1), (1, 1)),  # 'same' of two and three taps: the odd cell comes last
    mask: Any = None,
) -> Any:
    """Return the output of every step, channels last, in float64."""
    ones = (1, 1)
    h = c = 0.0
    outputs = []

    def sums(of: str) -> Any:
        kernel = w[f"W_{of}"].astype(float)
        inputs = correlated(X[:, step].astype(float), kernel, strides, dilation, pads)
        if step == 0:
            return inputs + w[f"b_{of}"]
        fed = correlated(h, w[f"U_{of}"].astype(float), ones, ones, back)
        return inputs + fed + w[f"b_{of}"]

    for step in range(STEPS):
        z = {of: sums(of) for of in "ifco"}
        cell = gate(z["f"]) * c + gate(z["i"]) * np.tanh(z["c"])
        new = gate(z["o"]) * np.tanh(cell)
        counts = (
            np.ones((BATCH, 1, 1, 1), bool) if mask is None else mask[:, step, None, None, None]
        )
        h, c = np.where(counts, new, h), np.where(counts, cell, c)
        outputs.append(h)
    return np.stack(outputs, axis=1)


def close(got: Any, want: Any) -> None:
    """Assert that numbers in float32 are those in float64."""
    np.testing.assert_allclose(convdispatch.to_numpy(got), want, rtol=2e-5, atol=5e-6)


def in_format(x: Any, data_format: str, axis: int) -> Any:
    """Return an array that has its channels last with them on an axis, in channels_first."""
    return np.moveaxis(x, -1, axis).copy() if data_format == "channels_first" else x


# The pads are those of TensorFlow's 'same', written down by hand.
GEOMETRIES = {
    "valid": ({}, {}),
    "strided": ({"strides": (2, 1)}, {"strides": (2, 1)}),
    "dilated": ({"dilation_rate": (1, 2)}, {"dilation": (1, 2)}),
    "same": ({"padding": "same"}, {"pads": ((0, 1), (1, 1))}),
    "same-strided": (  # 5 rows in twos: 3 windows of two cells; 6 columns in twos: 3 of three
        {"padding": "same", "strides": 2},
        {"strides": (2, 2), "pads": ((0, 1), (0, 1))},
    ),
}


@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_keras_3_s_steps(backend_name: str, geometry: str, data_format: str) -> None:
    """Every output and the last."""
    arguments, oracle_s = GEOMETRIES[geometry]
    w = drawn()
    want = expected(w, soft, **oracle_s)
    for sequences in (True, False):
        layer = layers.ConvLSTM2D(
            FILTERS,
            TAPS,
            **arguments,
            data_format=data_format,
            return_sequences=sequences,
            weights=together(w),
            backend=backend_name,
        )
        got = layer(in_format(X, data_format, 2))
        one = (
            in_format(want, data_format, 2) if sequences else in_format(want[:, -1], data_format, 1)
        )
        close(got, one)
        assert layer.output_shape == (None, *one.shape[1:])


def test_steps_that_do_not_count_leave_the_state(backend_name: str) -> None:
    """Or give zeros, which no state becomes."""
    w = drawn()
    want = expected(w, soft, mask=MASK)
    for is_zero in (False, True):
        layer = layers.ConvLSTM2D(
            FILTERS,
            TAPS,
            return_sequences=True,
            zero_output_for_mask=is_zero,
            weights=together(w),
            backend=backend_name,
        )
        shown = np.where(MASK[:, :, None, None, None], want, 0) if is_zero else want
        close(layer(X, mask=MASK), shown)


def test_keras_2_s_gates_are_hard(backend_name: str) -> None:
    """The arguments in Keras 2.2.4's order."""
    w = drawn()
    layer = keras2.layers.ConvLSTM2D(
        FILTERS, TAPS, 2, "same", "channels_last", 1, weights=together(w), backend=backend_name
    )
    same = {"strides": (2, 2), "pads": ((0, 1), (0, 1))}
    close(layer(X), expected(w, hard, **same)[:, -1])


@pytest.mark.parametrize("ordering", ["tf", "th"])
@pytest.mark.parametrize("convention", ["tensorflow", "theano"])
def test_keras_1_keeps_its_gates_apart(backend_name: str, ordering: str, convention: str) -> None:
    """In its order and layout; under Theano's convention both kernels are flipped."""
    w = drawn()
    kept = {
        name: np.transpose(one, (3, 2, 0, 1)) if ordering == "th" and one.ndim == 4 else one
        for name, one in w.items()
    }
    layer = keras1.layers.ConvLSTM2D(
        FILTERS,
        *TAPS,
        weights=[kept[f"{kind}_{gate}"] for gate in KERAS_1_ORDER for kind in "WUb"],
        dim_ordering=ordering,
        subsample=(2, 1),
        return_sequences=True,
        convention=convention,
        backend=backend_name,
    )
    names = [f"{kind}_{gate}" for gate in KERAS_1_ORDER for kind in "WUb"]
    data_format = "channels_first" if ordering == "th" else "channels_last"
    got = layer(in_format(X, data_format, 2))
    assert [weight.name for weight in layer.declared_weights] == names
    back: Any = ((0, 1), (1, 1))
    if convention == "theano":  # Theano pads two taps by one cell before, and correlates flipped
        w = {name: one[::-1, ::-1] if one.ndim == 4 else one for name, one in w.items()}
        back = ((1, 0), (1, 1))
    close(got, in_format(expected(w, hard, strides=(2, 1), back=back), data_format, 2))


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("masked", [False, True])
def test_of_single_cells_it_is_an_lstm(backend_name: str, rank: int, masked: bool) -> None:
    """A kernel of one tap is a matrix."""
    x, ones = X[:, :, 0, 0], (1,) * rank
    lstm = layers.LSTM(FILTERS, return_sequences=True, go_backwards=True, backend=backend_name)
    lstm.build(x.shape)
    kernel, recurrent, bias = lstm.get_weights()
    layer = getattr(layers, f"ConvLSTM{rank}D")(
        FILTERS,
        1,
        return_sequences=True,
        go_backwards=True,
        weights=[kernel.reshape(*ones, *kernel.shape), recurrent.reshape(*ones, FILTERS, -1), bias],
        backend=backend_name,
    )
    mask = {"mask": MASK} if masked else {}
    got = convdispatch.to_numpy(layer(x.reshape(*x.shape[:2], *ones, -1), **mask))
    close(got.reshape(BATCH, STEPS, FILTERS), convdispatch.to_numpy(lstm(x, **mask)))


def test_gradients_are_those_of_differences(backend_name: str) -> None:
    """Of the sum of all outputs, for each weight of Keras 1's layer."""
    w = drawn()
    layer = keras1.layers.ConvLSTM2D(
        FILTERS,
        *TAPS,
        weights=[w[f"{kind}_{gate}"] for gate in KERAS_1_ORDER for kind in "WUb"],
        inner_activation="sigmoid",
        dim_ordering="tf",
        return_sequences=True,
        convention="tensorflow",
        backend=backend_name,
    )
    found = convdispatch.gradients(layer, X)
    order = [f"{kind}_{gate}" for gate in KERAS_1_ORDER for kind in "WUb"]
    for key, got in zip(order, found.weights, strict=True):
        direction = np.random.default_rng(2).normal(size=w[key].shape)
        ends = [
            expected(w | {key: w[key] + sign * 1e-5 * direction}, soft).sum() for sign in (1, -1)
        ]
        slope = (ends[0] - ends[1]) / 2e-5
        assert np.sum(got * direction) == pytest.approx(slope, rel=1e-4, abs=1e-3)


def of_gate_c(backend: Backend, recurrent: Any, data_format: str, **rates: float) -> Any:
    """Return in training, channels last, h = x + c + fed-back h from images of ones."""
    unit = np.zeros((1, 1, 5, 20))
    unit[..., 10:15] = np.eye(5)  # the gate c; the others give i = o = 1 and f = 0
    layer = layers.ConvLSTM2D(
        5,
        1,
        data_format=data_format,
        activation="linear",
        recurrent_activation="linear",
        return_sequences=True,
        weights=[unit, recurrent * unit, np.repeat([1.0, 0, 0, 1], 5)],
        backend=backend.name,
        **rates,
    )
    x = in_format(np.ones((10, 3, 4, 6, 5), np.float32), data_format, 2)
    layer.build(x.shape)
    key = backend.asarray(np.array([1, 2], np.int32), "int32")
    got, _ = layer.apply_training(layer.variables, x, key)
    numbers = np.asarray(backend.to_numpy(got), float)
    return np.moveaxis(numbers, 2, -1) if data_format == "channels_first" else numbers


def test_dropout_leaves_out_numbers_of_images(backend: Backend) -> None:
    """The same cells and channels at every step."""
    got = of_gate_c(backend, 0, "channels_last", dropout=0.5)
    assert (got == got[:, :1]).all()
    assert set(np.unique(got)) == {0.0, 2.0}
    assert abs((got[:, 0] == 0).mean() - 0.5) < 5 * np.sqrt(0.25 / got[:, 0].size)


def test_recurrent_dropout_leaves_out_numbers_of_the_state(backend: Backend) -> None:
    """It gives 1, then 1 + 2 h of what is kept, which is the same at every step."""
    got = of_gate_c(backend, 1, "channels_first", recurrent_dropout=0.5)
    assert (got[:, 0] == 1).all()
    assert set(np.unique(got[:, 1])) == {1.0, 3.0}
    np.testing.assert_array_equal(got[:, 2], np.where(got[:, 1] == 1, 1.0, 7.0))
    assert abs((got[:, 1] == 1).mean() - 0.5) < 5 * np.sqrt(0.25 / got[:, 1].size)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_it_keeps_returns_and_takes_a_state(backend_name: str, data_format: str) -> None:
    """Of images in the format of the steps: two halves of a sequence give what the whole does."""
    w = drawn()
    whole = in_format(X, data_format, 2)
    want = in_format(expected(w, soft)[:, -1], data_format, 1)
    given: Any = {"data_format": data_format, "weights": together(w), "backend": backend_name}
    keeping = layers.ConvLSTM2D(
        FILTERS, TAPS, stateful=True, batch_input_shape=whole[:, :2].shape, **given
    )
    keeping(whole[:, :2])
    close(keeping(whole[:, 2:]), want)
    keeping.reset_states()
    keeping(whole[:, :2])
    close(keeping(whole[:, 2:]), want)
    returning = layers.ConvLSTM2D(FILTERS, TAPS, return_state=True, **given)
    _, h, c = returning(whole[:, :2])
    last, *state = returning(whole[:, 2:], initial_state=[h, c])
    close(last, want)
    close(state[0], want)
    assert returning.compute_output_shape((None, *whole.shape[1:])) == [(None, *want.shape[1:])] * 3
    with pytest.raises(InvalidShape, match=r"`initial_state` of .* must have the shapes"):
        returning(whole, initial_state=[h, h[:, 1:]])


def test_a_stateful_layer_refuses_other_sizes(backend_name: str) -> None:
    """Its state has the old ones."""
    layer = layers.ConvLSTM2D(
        FILTERS, TAPS, stateful=True, batch_input_shape=X.shape, backend=backend_name
    )
    layer(X)
    with pytest.raises(InvalidShape, match=r"keeps a state for steps of \(5, 6\) cells"):
        layer(np.pad(X, ((0, 0), (0, 0), (0, 1), (0, 0), (0, 0))))


def test_half_precision_is_that_of_float32_rounded(backend_name: str) -> None:
    """Once, after the last step."""
    w = {name: one.astype("float16") for name, one in drawn().items()}
    made = [
        layers.ConvLSTM2D(FILTERS, TAPS, weights=together(w), dtype=dtype, backend=backend_name)
        for dtype in ("float16", "float32")
    ]
    x = X.astype("float16")
    half, wide = made[0](x), made[1](x.astype("float32"))
    want = convdispatch.to_numpy(wide).astype("float16")
    np.testing.assert_array_equal(convdispatch.to_numpy(half), want)


def test_it_is_wrapped_as_others_are(backend_name: str) -> None:
    """Both ways, and at each step of a sequence of sequences."""
    w = drawn()
    both = layers.Bidirectional(
        layers.ConvLSTM2D(FILTERS, TAPS, return_sequences=True),
        weights=[*together(w), *together(w)],
        backend=backend_name,
    )
    one, back = (
        layers.ConvLSTM2D(
            FILTERS,
            TAPS,
            return_sequences=True,
            go_backwards=way,
            weights=together(w),
            backend=backend_name,
        )
        for way in (False, True)
    )
    backwards = convdispatch.to_numpy(back(X))[:, ::-1]
    close(both(X), np.concatenate([convdispatch.to_numpy(one(X)), backwards], -1))
    each = layers.TimeDistributed(
        layers.ConvLSTM2D(FILTERS, TAPS, weights=together(w)), backend=backend_name
    )
    close(each(X[np.newaxis])[0], expected(w, soft)[:, -1])


def test_it_trains(backend_name: str) -> None:
    """By the same compiled step as any layer."""
    convdispatch.set_random_seed(0)
    model = Sequential([layers.ConvLSTM2D(1, TAPS, input_shape=X.shape[1:])], backend=backend_name)
    model.compile("sgd", "mse")
    y = np.ones((BATCH, *model.output_shape[1:]), "float32")
    losses = [float(np.ravel(model.train_on_batch(X, y))[0]) for _ in range(3)]
    assert losses[2] < losses[1] < losses[0]


@pytest.mark.parametrize("door", [layers, keras1.layers, keras2.layers])
def test_it_comes_back_from_its_json(door: Any) -> None:
    """Of each façade."""
    taps = TAPS if door is keras1.layers else (TAPS,)
    model = Sequential(
        [
            door.ConvLSTM2D(2, *taps, input_shape=X.shape[1:], return_sequences=True),
            door.ConvLSTM2D(1, *taps),
        ],
        backend="numpy",
    )
    config = json.loads(json.dumps(model.get_config()))
    again = Sequential.from_config(config, backend="numpy")
    again.set_weights(model.get_weights())
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert type(again.layers[0]) is door.ConvLSTM2D


def test_the_bias_of_the_gate_f_starts_from_one() -> None:
    """And Keras 1 draws its kernels as if they were in Theano's order."""
    layer = layers.ConvLSTM2D(2, 3)
    layer.build((None, 2, 5, 5, 1))
    np.testing.assert_array_equal(layer.get_weights()[2], [0, 0, 1, 1, 0, 0, 0, 0])
    old = keras1.layers.ConvLSTM2D(40, 3, 3, dim_ordering="tf")
    old.build((None, 2, 5, 5, 30))
    found = dict(zip((w.name for w in old.declared_weights), old.get_weights(), strict=True))
    np.testing.assert_array_equal([found["b_f"], found["b_i"]], [[1] * 40, [0] * 40])
    limit = np.sqrt(6 / (3 * 30 * 40 + 3 * 30 * 40))  # fans of (3, 3, 30, 40) in the order 'th'
    assert 0.99 * limit < np.abs(found["W_i"]).max() <= limit


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        pytest.param(
            lambda: layers.ConvLSTM2D(0, 3), InvalidArgument, "`filters` must be", id="no-filters"
        ),
        pytest.param(
            lambda: keras1.layers.ConvLSTM2D(2, 3, 3, border_mode="causal"),
            InvalidArgument,
            "`border_mode` must be",
            id="a-word-of-sequences",
        ),
        pytest.param(
            lambda: layers.ConvLSTM2D(2, 3).build((None, 5, 5, 1)),
            InvalidShape,
            r"takes inputs with 5 axes \(batch, steps, channels and 2 spatial\)",
            id="no-steps",
        ),
        pytest.param(
            lambda: layers.ConvLSTM2D(2, 3).build((None, 2, 2, 5, 1)),
            InvalidShape,
            "the output would have 0 cells",
            id="too-few-rows",
        ),
        pytest.param(
            lambda: layers.ConvLSTM2D(2, 3).build((None, 2, 5, 5, None)),
            InvalidShape,
            r"a known number of channels on axis 4",
            id="unknown-channels",
        ),
        pytest.param(
            lambda: layers.ConvLSTM2D(2, 3, data_format="channels_first").build(
                (None, 2, None, 5, 5)
            ),
            InvalidShape,
            r"a known number of channels on axis 2",
            id="unknown-channels-first",
        ),
    ],
)
def test_bad_input_is_refused(make: Any, error: type[Exception], message: str) -> None:
    """With the axis as the input has it."""
    with pytest.raises(error, match=message):
        make()


def test_other_channels_are_refused_once_built() -> None:
    """On the axis where a step has them."""
    layer = layers.ConvLSTM2D(2, 3, data_format="channels_first")
    layer.build((None, 2, 1, 5, 5))
    with pytest.raises(InvalidShape, match="was built for 1 channels on axis 2"):
        layer(np.ones((1, 2, 3, 5, 5), "float32"))
