"""Keras 2.2.4's example `lstm_seq2seq`: a decoder that begins with the state of an encoder."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from recurrent_definitions import hard_sigmoid, steps_of

import convdispatch
from convdispatch import keras2
from convdispatch.keras2.layers import LSTM, Dense, Input
from convdispatch.keras2.models import Model

SAMPLES, IN, OUT, UNITS = 4, 3, 5, 2
RANDOM = np.random.default_rng(0)
ENCODED = RANDOM.normal(size=(SAMPLES, 6, IN)).astype("float32")
DECODED = RANDOM.normal(size=(SAMPLES, 4, OUT)).astype("float32")
WANTED = np.eye(OUT, dtype="float32")[RANDOM.integers(OUT, size=(SAMPLES, 4))]
RATE = 0.1


@dataclass
class Script:
    """What the script makes: three models that share their layers."""

    model: Any
    encoder: Any
    decoder: Any


def script(backend: str) -> Script:
    """Build as the script does, with the numbers of steps unknown."""
    with convdispatch.use_backend(backend):
        convdispatch.set_random_seed(0)
        encoder_inputs = Input(shape=(None, IN))
        encoder = LSTM(UNITS, return_state=True)
        _, state_h, state_c = encoder(encoder_inputs)
        encoder_states = [state_h, state_c]
        decoder_inputs = Input(shape=(None, OUT))
        decoder_lstm = LSTM(UNITS, return_sequences=True, return_state=True)
        decoder_outputs, _, _ = decoder_lstm(decoder_inputs, initial_state=encoder_states)
        decoder_dense = Dense(OUT, activation="softmax")
        decoder_outputs = decoder_dense(decoder_outputs)
        model = Model([encoder_inputs, decoder_inputs], decoder_outputs)
        encoder_model = Model(encoder_inputs, encoder_states)
        states_inputs = [Input(shape=(UNITS,)), Input(shape=(UNITS,))]
        decoder_outputs, state_h, state_c = decoder_lstm(
            decoder_inputs, initial_state=states_inputs
        )
        decoder_outputs = decoder_dense(decoder_outputs)
        decoder_model = Model([decoder_inputs, *states_inputs], [decoder_outputs, state_h, state_c])
    return Script(model, encoder_model, decoder_model)


def expected(weights: list[Any], encoded: Any, decoded: Any) -> Any:
    """Return the softmax of every decoded step, in float64, from the equations."""
    state = steps_of("LSTM", weights[:3], encoded, gate=hard_sigmoid)[1]
    return decoded_from(weights, decoded, state)[0]


def decoded_from(weights: list[Any], decoded: Any, state: list[Any]) -> tuple[Any, list[Any]]:
    """Return the decoder's outputs from a state on, and its last state."""
    outputs, state = steps_of("LSTM", weights[3:6], decoded, state, gate=hard_sigmoid)
    scores = np.exp(outputs @ np.asarray(weights[6], "float64") + weights[7])
    return scores / scores.sum(-1, keepdims=True), state


def loss_of(weights: list[Any]) -> float:
    """Return the mean cross-entropy."""
    return float(-np.log((expected(weights, ENCODED, DECODED) * WANTED).sum(-1)).mean())


def test_the_script_builds_trains_and_predicts(backend_name: str) -> None:
    """Outputs, the loss and a step's gradients are those of the equations; loops decode."""
    made = script(backend_name)
    before = made.model.get_weights()
    close(made.model.predict([ENCODED, DECODED]), expected(before, ENCODED, DECODED))
    made.model.compile(keras2.optimizers.SGD(RATE), "categorical_crossentropy")
    history = made.model.fit([ENCODED, DECODED], WANTED, epochs=1, verbose=0)
    assert history.history["loss"][0] == pytest.approx(loss_of(before), rel=1e-5)
    after = made.model.get_weights()
    for place, cell in ((0, (1, 3)), (1, (0, 5)), (2, (2,)), (3, (4, 1)), (6, (1, 2))):
        moved = (before[place] - after[place])[cell] / RATE
        assert moved == pytest.approx(slope(before, place, cell), rel=1e-3, abs=1e-5)
    made.model.fit([ENCODED, DECODED], WANTED, epochs=2, batch_size=2, verbose=0)
    weights = made.model.get_weights()
    assert loss_of(weights) < loss_of(before)

    state = made.encoder.predict(ENCODED[:1])
    want = steps_of("LSTM", weights[:3], ENCODED[:1], gate=hard_sigmoid)[1]
    close(state[0], want[0])
    close(state[1], want[1])
    for step in range(3):
        token = DECODED[:1, step : step + 1]
        outputs, *state = made.decoder.predict([token, *state])
        wanted, want = decoded_from(weights, token, want)
        close(outputs, wanted)
    close(state[1], want[1])


def test_its_documents_are_keras_2_s() -> None:
    """A call with a state reads three tensors; what was written is read back."""
    model = script("numpy").model
    document = json.loads(model.to_json())
    entries = {entry["name"]: entry for entry in document["config"]["layers"]}
    first, second = (name for name in entries if name.startswith("lstm"))
    inputs = [name for name, entry in entries.items() if entry["class_name"] == "InputLayer"]
    (reads,) = entries[second]["inbound_nodes"]
    decoder_input = next(name for name in inputs if name == reads[0][0])
    assert reads == [[decoder_input, 0, 0, {}], [first, 0, 1, {}], [first, 0, 2, {}]]
    assert entries[first]["config"]["return_state"] is True
    read = keras2.models.model_from_json(json.dumps(document), backend="numpy")
    read.set_weights(model.get_weights())
    arrays = [ENCODED, DECODED] if read.input_names == model.input_names else [DECODED, ENCODED]
    close(read.predict(arrays), model.predict([ENCODED, DECODED]))


def test_keras_3_writes_the_state_as_a_keyword() -> None:
    """Keras 3.15: `kwargs` of the node have `initial_state`, a list of tensors."""
    model = script("numpy").model
    document = json.loads(model.to_json())
    for entry in document["config"]["layers"]:
        for place, node in enumerate(entry["inbound_nodes"]):
            tensors = [
                {"class_name": "__keras_tensor__", "config": {"keras_history": one[:3]}}
                for one in node
            ]
            entry["inbound_nodes"][place] = {
                "args": tensors[:1],
                "kwargs": {"initial_state": tensors[1:]} if len(tensors) > 1 else {},
            }
    read = keras2.models.model_from_json(json.dumps(document), backend="numpy")
    read.set_weights(model.get_weights())
    close(read.predict([ENCODED, DECODED]), model.predict([ENCODED, DECODED]))


def slope(weights: list[Any], place: int, cell: tuple[int, ...]) -> float:
    """Return the derivative of the loss by one number of a weight, by central differences."""
    found = []
    for step in (1e-5, -1e-5):
        moved = [np.array(one, "float64") for one in weights]
        moved[place][cell] += step
        found.append(loss_of(moved))
    return (found[0] - found[1]) / 2e-5


def close(got: Any, want: Any) -> None:
    """Assert that numbers in float32 are those in float64."""
    np.testing.assert_allclose(got, want, rtol=2e-5, atol=2e-6)
