"""Recurrent layers that return their state and that are given one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from recurrent_definitions import STATES, drawn_weights, steps_of

import convdispatch
from convdispatch import Model, Sequential, keras2, layers
from convdispatch.errors import InvalidArgument, InvalidShape, InvalidType
from convdispatch.layers import Input
from convdispatch.registry import registry

BATCH, STEPS, FEATURES, UNITS = 2, 3, 3, 4
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(BATCH, STEPS, FEATURES)).astype("float32")
BEGUN = list(RANDOM.normal(size=(4, BATCH, UNITS)).astype("float32"))
EACH = pytest.mark.parametrize("name", list(STATES))
# Keras 2's layers compute with a mask beside a state. These are the gates of `steps_of`.
GATES: dict[str, dict[str, Any]] = {
    "GRU": {"recurrent_activation": "sigmoid", "reset_after": True},
    "LSTM": {"recurrent_activation": "sigmoid"},
}


def layer_of(name: str, **options: Any) -> Any:
    """Return a layer with drawn weights that returns its state."""
    weights = drawn_weights(name, FEATURES, UNITS)
    return getattr(layers, name)(UNITS, **{"return_state": True, "weights": weights} | options)


def close(got: Any, want: Any) -> None:
    """Assert that these outputs in float32 are those in float64, one by one."""
    assert len(got) == len(want)
    for one, other in zip(got, want, strict=True):
        np.testing.assert_allclose(convdispatch.to_numpy(one), other, rtol=2e-5, atol=2e-6)


@EACH
@pytest.mark.parametrize("sequences", [False, True])
def test_the_state_is_returned(backend_name: str, name: str, sequences: bool) -> None:
    """The output, then h, of an LSTM then c."""
    layer = layer_of(name, return_sequences=sequences, backend=backend_name)
    outputs, state = steps_of(name, drawn_weights(name, FEATURES, UNITS), X)
    close(layer(X), [outputs if sequences else outputs[:, -1], *state])
    shape = (None, STEPS, UNITS) if sequences else (None, UNITS)
    assert layer.output_shape == [shape, *[(None, UNITS)] * STATES[name]]


FORMS: dict[str, Callable[[Any, Any, list[Any]], Any]] = {
    "keyword": lambda layer, x, begun: layer(x, initial_state=begun),
    "list": lambda layer, x, begun: layer([x, *begun]),
    "tuple": lambda layer, x, begun: layer(x, initial_state=tuple(begun)),
}


@EACH
@pytest.mark.parametrize("form", list(FORMS))
def test_a_call_is_given_a_state(backend_name: str, name: str, form: str) -> None:
    """As arrays or native tensors, behind the input or by the keyword."""
    begun = BEGUN[: STATES[name]]
    outputs, state = steps_of(name, drawn_weights(name, FEATURES, UNITS), X, begun)
    layer = layer_of(name, backend=backend_name)
    close(FORMS[form](layer, X, begun), [outputs[:, -1], *state])
    native = [registry.load(backend_name).asarray(one, "float32") for one in (X, *begun)]
    close(FORMS[form](layer, native[0], native[1:]), [outputs[:, -1], *state])
    plain = layer_of(name, return_state=False, backend=backend_name)
    close([FORMS[form](plain, X, begun)], [outputs[:, -1]])
    close([plain(X)], steps_of(name, drawn_weights(name, FEATURES, UNITS), X)[0][:, -1][None])


def test_a_stateful_layer_goes_on_from_the_state_it_is_given(backend_name: str) -> None:
    """The given state counts for that call, and the next one goes on from its end."""
    layer = layer_of("LSTM", stateful=True, return_state=False, backend=backend_name)
    weights = drawn_weights("LSTM", FEATURES, UNITS)
    state = steps_of("LSTM", weights, X, BEGUN[:2])[1]
    close([layer(X, initial_state=BEGUN[:2])], state[:1])
    close([layer(X)], steps_of("LSTM", weights, X, state)[1][:1])


def pairs() -> list[list[Any]]:
    """Return the weights of the two ways."""
    return [drawn_weights("LSTM", FEATURES, UNITS, seed) for seed in (1, 2)]


def both_ways(merge_mode: str | None, **options: Any) -> Any:
    """Return an LSTM both ways, with drawn weights."""
    lstm = layers.LSTM(UNITS, return_sequences=True, **options)
    weights = [weight for pair in pairs() for weight in pair]
    return layers.Bidirectional(lstm, merge_mode=merge_mode, weights=weights)


def test_both_outputs_of_both_ways(backend_name: str) -> None:
    """`merge_mode=None` returns both, in the order of the steps; in a model, too."""
    forward, back = pairs()
    want = [
        steps_of("LSTM", forward, X)[0],
        steps_of("LSTM", back, X[:, ::-1])[0][:, ::-1],
    ]
    with convdispatch.use_backend(backend_name):
        layer = both_ways(None)
        close(layer(X), want)
        x = Input((STEPS, FEATURES))
        close(Model(x, layer(x)).predict(X), want)
        assert layer.output_shape == [(None, STEPS, UNITS)] * 2


@pytest.mark.parametrize("merge_mode", ["concat", None])
def test_states_of_both_ways(backend_name: str, merge_mode: str | None) -> None:
    """Those of the way forwards, then those of the way back, given and returned."""
    forward, back = pairs()
    one, state = steps_of("LSTM", forward, X, BEGUN[:2])
    other, state_back = steps_of("LSTM", back, X[:, ::-1], BEGUN[2:])
    other = other[:, ::-1]
    merged = [one, other] if merge_mode is None else [np.concatenate([one, other], -1)]
    with convdispatch.use_backend(backend_name):
        layer = both_ways(merge_mode, return_state=True)
        close(layer(X, initial_state=BEGUN), [*merged, *state, *state_back])
        inputs = [Input((STEPS, FEATURES)), *(Input((UNITS,)) for _ in range(4))]
        model = Model(inputs, layer(inputs[0], initial_state=inputs[1:]))
        close(model.predict([X, *BEGUN]), [*merged, *state, *state_back])
    with pytest.raises(InvalidArgument, match=r"of the way back; received 3 tensors"):
        layer(X, initial_state=BEGUN[:3])


def test_a_mask_stays_with_the_steps(backend_name: str) -> None:
    """Steps that are left out do not change the state, which has no mask itself.

    Keras 3.15 gives a layer no mask beside a state, so `layers` do not, and Keras 2's layers do.
    """
    x = X.copy()
    x[0, 1:] = 0
    weights = drawn_weights("GRU", FEATURES, UNITS)
    short, whole, of_zeros = (
        steps_of("GRU", weights, one, [BEGUN[0]])[1][0] for one in (X[:, :1], X, x)
    )
    options = {"weights": weights, "return_sequences": True, "return_state": True}
    with convdispatch.use_backend(backend_name):
        for door, gates, first in ((keras2.layers, GATES["GRU"], short), (layers, {}, of_zeros)):
            given = [door.Input((STEPS, FEATURES)), door.Input((UNITS,))]
            layer = door.GRU(UNITS, **options, **gates)
            model = Model(given, layer(door.Masking()(given[0]), initial_state=given[1]))
            close(model.predict([x, BEGUN[0]])[1], [first[0], whole[1]])
            assert len(model._flat_graph().masked) == 2  # that of `Masking`, and of the outputs


def encoded_and_decoded(x: Any) -> Any:
    """Return the last outputs of a GRU that begins with the last state of another, in float64.

    The first sample has one step that counts.
    """
    first, second = (drawn_weights("GRU", FEATURES, UNITS, seed) for seed in (1, 2))
    found = []
    for part in (x[:1, :1], x[1:]):
        state = steps_of("GRU", first, part)[1]
        found.append(steps_of("GRU", second, part, state)[1][0])
    return np.concatenate(found)


@pytest.mark.parametrize("masking", ["Masking", "Embedding"])
def test_pure_functions_and_gradients_with_a_mask_beside_a_state(
    backend_name: str, masking: str
) -> None:
    """An encoder and a decoder of the same masked steps: as `predict`, and slopes by hand."""
    table = np.concatenate([np.zeros((1, FEATURES)), RANDOM.normal(size=(6, FEATURES))])
    given = np.array([[1, 0, 0], [4, 5, 6]])
    x = table[given].astype("float32")
    with convdispatch.use_backend(backend_name):
        if masking == "Masking":
            start = keras2.layers.Input((STEPS, FEATURES))
            masked, given = keras2.layers.Masking()(start), x
        else:
            start = keras2.layers.Input((STEPS,), dtype="int32")
            masked = keras2.layers.Embedding(7, FEATURES, mask_zero=True, weights=[table])(start)
        one, two = (
            keras2.layers.GRU(
                UNITS, weights=drawn_weights("GRU", FEATURES, UNITS, seed), **GATES["GRU"]
            )
            for seed in (1, 2)
        )
        model = Model(start, two(masked, initial_state=one(masked)))
        want = encoded_and_decoded(x)
        close([model.predict(given)], [want])
        native = registry.load(backend_name).asarray(given, str(given.dtype).replace("64", "32"))
        close([model.apply(model.variables, native)], [want])
        pure = model.functional()
        own = dict(zip(pure.weights, model.variables, strict=True))
        close([pure.forward(own, native)], [want])
        found = convdispatch.gradients(model, given)
    close([found.output], [want])
    if masking == "Masking":
        moved = np.array(x, "float64")
        for cell, by in (((0, 0, 1), 1e-5), ((1, 1, 0), 1e-5), ((1, 2, 2), 1e-5)):
            moved[cell] += by
            higher = encoded_and_decoded(moved).sum()
            moved[cell] -= 2 * by
            slope = (higher - encoded_and_decoded(moved).sum()) / (2 * by)
            moved[cell] += by
            assert found.inputs[cell] == pytest.approx(slope, rel=1e-3, abs=1e-5)
        assert not found.inputs[0, 1:].any()


def test_a_mask_beside_states_of_both_ways_is_read_by_pure_functions(backend_name: str) -> None:
    """`apply` and `gradients` give the output of a call, whose steps are left out both ways."""
    x = X.copy()
    x[0, 1:] = 0
    forward, back = pairs()
    one = steps_of("LSTM", forward, x[:1, :1], [part[:1] for part in BEGUN[:2]])[1][0]
    other = steps_of("LSTM", back, x[:1, :1], [part[:1] for part in BEGUN[2:]])[1][0]
    with convdispatch.use_backend(backend_name):
        way = keras2.layers.LSTM(UNITS, **GATES["LSTM"])
        lstm = keras2.layers.Bidirectional(way, weights=[w for p in pairs() for w in p])
        given = [keras2.layers.Input(shape) for shape in ((STEPS, FEATURES), *[(UNITS,)] * 4)]
        model = Model(given, lstm(keras2.layers.Masking()(given[0]), initial_state=given[1:]))
        native = [registry.load(backend_name).asarray(one, "float32") for one in (x, *BEGUN)]
        applied = convdispatch.to_numpy(model.apply(model.variables, native))
        close([applied[:1]], [np.concatenate([one, other], -1)])
        close([convdispatch.gradients(model, [x, *BEGUN]).output], [applied])


def test_training_with_dropout_returns_the_state(backend_name: str) -> None:
    """A layer with a rate of zero and one whose masks keep everything give the same state."""
    layer = layer_of("LSTM", dropout=0.5, backend=backend_name)
    layer.build((None, STEPS, FEATURES))
    backend = registry.load(backend_name)
    key = backend.asarray(np.array([1, 2]), "int32")
    native = [backend.asarray(one, "float32") for one in (X, *BEGUN[:2])]
    outputs, effects = layer.apply_training(layer.variables, native, key)
    close([outputs[0]], [convdispatch.to_numpy(outputs[1])])  # h is the last output
    assert effects.updates == {}
    assert not np.allclose(
        convdispatch.to_numpy(outputs[1]), convdispatch.to_numpy(layer(native)[1])
    )


def test_half_precision_is_rounded_once(backend_name: str) -> None:
    """Each output of a call with a state, too."""
    layer = layer_of("LSTM", backend=backend_name)
    halves = [one.astype("float16") for one in (X, *BEGUN[:2])]
    found = layer(halves[0], initial_state=halves[1:])
    assert {registry.load(backend_name).describe(one)[1] for one in found} == {"float16"}
    state = steps_of("LSTM", drawn_weights("LSTM", FEATURES, UNITS), *halves[:1], halves[1:])[1]
    for one, want in zip(found[1:], state, strict=True):
        np.testing.assert_allclose(convdispatch.to_numpy(one), want, rtol=2e-3, atol=2e-3)


def test_each_output_is_penalized() -> None:
    """Keras 2.2.4 and 3.15: an activity regularizer is asked of every output."""
    layer = layer_of("SimpleRNN", activity_regularizer="l1", backend="numpy")
    outputs = layer(X)
    assert sum(layer.losses) == pytest.approx(0.01 * sum(np.abs(one).sum() for one in outputs))


def test_what_does_not_fit_is_refused() -> None:
    """Too few tensors, other shapes, a state twice, symbols beside arrays, a Sequential."""
    layer, x = layer_of("LSTM", backend="numpy"), Input((STEPS, FEATURES))
    with pytest.raises(InvalidArgument, match=r"`initial_state` of LSTM .* must be 2 tensors"):
        layer(X, initial_state=BEGUN[:1])
    with pytest.raises(InvalidShape, match=r"must have the shapes .*\(None, 4\).*received"):
        layer(X, initial_state=[BEGUN[0], BEGUN[1][:, :2]])
    with pytest.raises(InvalidArgument, match="is given a state twice"):
        layer([X, *BEGUN[:2]], initial_state=BEGUN[:2])
    with pytest.raises(InvalidType, match="all symbolic tensors or none"):
        layer(x, initial_state=BEGUN[:2])
    with pytest.raises(InvalidArgument, match=r"which returns 3. Call it with a symbol"):
        Sequential([layer_of("LSTM", input_shape=(STEPS, FEATURES))])
    with pytest.raises(InvalidArgument, match="takes a layer with one output"):
        layers.TimeDistributed(layer_of("LSTM")).build((None, 2, STEPS, FEATURES))
