"""Records models of tf_keras 2.21 for the tests: `python tests/legacy/record_tf_keras.py NAME...`.

Models in models, recurrent and other layers, and optimizers, those of before TensorFlow 2.11 too.
Each is NAME.h5, NAME_weights.h5, NAME.json and NAME.npz, with the input, the output of `predict`,
every weight and, of compiled ones, the targets, and the loss and the weights of one step more after
loading.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tf_keras as keras

HERE = Path(__file__).parent / "tf_keras_more"
L, Model, Sequential = keras.layers, keras.Model, keras.Sequential
RNG = np.random.default_rng(0)


def normal(*shape: int) -> Any:
    """Return random numbers in float32."""
    return RNG.normal(size=shape).astype("float32")


def block() -> Any:
    """Return a model of a convolution and a normalization."""
    layers = [L.Conv1D(3, 3, input_shape=(6, 2), name="ic"), L.BatchNormalization(name="ib")]
    return Sequential([*layers, L.Activation("relu", name="ia")], name="inner")


def shared() -> Any:
    """Return a graph that calls one model for two inputs."""
    inner, inputs = block(), [L.Input((6, 2), name="left"), L.Input((6, 2), name="right")]
    both = L.concatenate([inner(one) for one in inputs])
    merged = L.BatchNormalization(name="ob")(L.Conv1D(2, 2, name="oc")(both))
    return Model(inputs, L.Dense(3, name="od")(L.Flatten()(merged)))


def frozen() -> Any:
    """Return a stack of a model, whose first layer is frozen, and a dense layer."""
    inner = block()
    inner.layers[0].trainable = False
    return Sequential([inner, L.Flatten(), L.Dense(3, name="top")])


def deep() -> Any:
    """Return a graph of two outputs with a model in a model in it."""
    first, outer = L.Input((6, 2)), L.Input((6, 2))
    middle = Model(first, L.GlobalAveragePooling1D()(block()(first)), name="middle")
    found = middle(outer)
    return Model(outer, [found, L.Dense(2, name="top")(found)])


def graph_over_time() -> Any:
    """Return a graph that calls another graph at each step of each step."""
    start, outer = L.Input((2,)), L.Input((6, 2))
    inner = Model(start, L.add([L.Dense(2)(start), start]), name="inner")
    over = L.TimeDistributed(L.TimeDistributed(inner))(L.Reshape((3, 2, 2))(outer))
    return Model(outer, [L.LSTM(2)(L.Reshape((6, 2))(over)), L.TimeDistributed(L.Flatten())(over)])


# The steps of four samples that count: the first, some in the middle, the last, and none.
MASK = np.array([[1, 1, 1, 0, 0, 0], [1, 0, 1, 1, 0, 1], [0, 0, 0, 1, 1, 1], [0] * 6], "float32")
STACKS: Mapping[str, Callable[[], list[Any]]] = {
    "recurrent": lambda: [
        L.LSTM(4, return_sequences=True, input_shape=(6, 2)),
        L.GRU(3, return_sequences=True),
        L.GRU(3, reset_after=False, return_sequences=True),
        L.SimpleRNN(2),
    ],
    "both_ways": lambda: [
        L.Bidirectional(L.LSTM(3, return_sequences=True), input_shape=(6, 2)),
        L.Bidirectional(L.GRU(2), merge_mode="sum"),
    ],
    "masked_both_ways": lambda: [
        L.Embedding(11, 2, mask_zero=True, input_length=6),
        L.Bidirectional(L.LSTM(3, return_sequences=True)),
        L.Bidirectional(L.GRU(2, return_sequences=True), merge_mode="ave"),
        L.Bidirectional(L.SimpleRNN(2, return_sequences=True), merge_mode="sum"),
        L.Bidirectional(
            L.LSTM(2, return_sequences=True),
            merge_mode="mul",
            backward_layer=L.LSTM(2, activation="relu", return_sequences=True, go_backwards=True),
        ),
    ],
    "masked_last_of_both_ways": lambda: [
        L.Masking(input_shape=(6, 2)),
        L.LSTM(3, return_sequences=True, zero_output_for_mask=True),
        L.Bidirectional(L.GRU(2, return_sequences=True, go_backwards=True)),
        L.Bidirectional(L.LSTM(2), merge_mode="sum"),
    ],
    "masked_unrolled": lambda: [
        L.Embedding(11, 2, mask_zero=True, input_length=6),
        L.Bidirectional(L.LSTM(3, return_sequences=True, unroll=True)),
        L.Bidirectional(L.GRU(2, return_sequences=True, unroll=True), merge_mode="sum"),
        L.LSTM(2, return_sequences=True, go_backwards=True, unroll=True, zero_output_for_mask=True),
        L.Bidirectional(L.SimpleRNN(2, unroll=True)),
    ],
    "cells": lambda: [
        L.RNN([L.LSTMCell(3), L.GRUCell(2)], return_sequences=True, input_shape=(6, 2)),
        L.Bidirectional(
            L.RNN(L.StackedRNNCells([L.SimpleRNNCell(2), L.LSTMCell(3)]), return_sequences=True)
        ),
        L.RNN(L.GRUCell(2, reset_after=False), go_backwards=True),
    ],
    "models_over_time": lambda: [
        L.TimeDistributed(
            Sequential([L.Dense(3, input_shape=(2,)), L.BatchNormalization(), L.Dense(2)]),
            input_shape=(6, 2),
        ),
        L.LSTM(2),
    ],
    "ended_mask": lambda: [
        L.Embedding(11, 2, mask_zero=True, input_length=6),
        L.Flatten(),
        L.Dense(2),
    ],
    "over_time": lambda: [
        L.TimeDistributed(L.Dense(4, activation="tanh"), input_shape=(6, 2)),
        L.TimeDistributed(L.BatchNormalization()),
        L.Flatten(),
        L.Dense(2),
    ],
    "local": lambda: [
        L.LocallyConnected1D(3, 2, input_shape=(6, 2)),
        L.PReLU(),
        L.LocallyConnected1D(2, 3, strides=2),
        L.LeakyReLU(0.2),
    ],
    "looked_up": lambda: [
        L.Embedding(11, 4, input_length=6, mask_zero=True),
        L.LSTM(3),
        L.Dense(2),
    ],
}
# Those whose weights are recorded by paths of attributes, too.
ALSO_BY_PATHS = ("cells", "models_over_time", "ended_mask", "graph_over_time")
OLD = keras.optimizers.legacy
OPTIMIZERS: Mapping[str, Callable[[], Any]] = {
    "old_adam": lambda: OLD.Adam(0.01),
    "old_rmsprop": lambda: OLD.RMSprop(0.01),
    "old_sgd": lambda: OLD.SGD(0.01, momentum=0.5, decay=0.1),
    "sgd": lambda: keras.optimizers.SGD(0.01),
    "adamw": lambda: keras.optimizers.AdamW(0.01, amsgrad=True),
    "rmsprop": lambda: keras.optimizers.RMSprop(0.01, momentum=0.3, centered=True),
    "scheduled": lambda: keras.optimizers.Adam(
        keras.optimizers.schedules.ExponentialDecay(0.01, 10, 0.9)
    ),
}


def record(name: str, model: Any, inputs: list[Any], targets: Any = None) -> None:
    """Write the files of one model, where the command line names it or none."""
    if sys.argv[1:] and name not in sys.argv[1:]:
        return
    for weight in model.weights:
        value = normal(*weight.shape) * 0.4
        weight.assign(np.abs(value) + 0.5 if "variance" in weight.name else value)
    x = inputs if len(inputs) > 1 else inputs[0]
    if targets is not None:
        model.train_on_batch(x, targets)
        model.train_on_batch(x, targets)
    outputs = model.predict(x, verbose=0)
    outputs = outputs if isinstance(outputs, list) else [outputs]
    arrays = {f"x{n}": one for n, one in enumerate(inputs)}
    arrays |= {f"y{n}": one for n, one in enumerate(outputs)}
    arrays |= {f"w{n:03d}": one for n, one in enumerate(model.get_weights())}
    model.save(HERE / f"{name}.h5")
    model.save_weights(HERE / f"{name}_weights.h5")
    if name in ALSO_BY_PATHS:
        model.save(HERE / f"{name}.keras")
        model.save_weights(HERE / f"{name}.weights.h5")
    (HERE / f"{name}.json").write_text(model.to_json(), encoding="utf-8")
    if targets is not None:
        again = keras.models.load_model(HERE / f"{name}.h5")
        arrays |= {"t0": targets, "loss": np.atleast_1d(again.train_on_batch(x, targets))}
        arrays |= {f"resume_w{n:03d}": one for n, one in enumerate(again.get_weights())}
    np.savez(HERE / f"{name}.npz", **arrays)


def main() -> None:
    """Write them all."""
    HERE.mkdir(exist_ok=True)
    sequences = normal(4, 6, 2)
    record("shared", shared(), [sequences, normal(4, 6, 2)])
    record("frozen", frozen(), [sequences])
    record("deep", deep(), [sequences])
    record("graph_over_time", graph_over_time(), [sequences])
    for name, stack in STACKS.items():
        given = sequences
        if name in ("looked_up", "masked_both_ways", "masked_unrolled", "ended_mask"):
            given = RNG.integers(0, 11, size=(4, 6)).astype("float32")
        if name.startswith("masked"):
            given = given * MASK.reshape(MASK.shape + (1,) * (given.ndim - 2))
        record(name, Sequential(stack()), [given])
    targets = np.eye(3)[[0, 1, 2, 0]].astype("float32")
    for name, optimizer in OPTIMIZERS.items():
        first = L.Dense(4, activation="tanh", input_shape=(5,), name="a")
        model = Sequential([first, L.Dense(3, activation="softmax", name="b")])
        model.compile(optimizer(), "categorical_crossentropy", metrics=["accuracy"])
        record(name, model, [normal(4, 5)], targets)


if __name__ == "__main__":
    main()
