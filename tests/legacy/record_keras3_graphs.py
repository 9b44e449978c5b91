"""Records graphs of Keras 3 for the tests: `python tests/legacy/record_keras3_graphs.py NAME...`.

Each is NAME.keras and NAME.npz, with the inputs and the outputs; those of `ALSO_BY_PATHS` are
NAME.weights.h5 too, and those of `ALSO_H5` NAME.h5. `refused.json` has the documents of graphs
that hold what is not offered. Needs Keras 3 and its JAX backend.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

os.environ["KERAS_BACKEND"] = "jax"

import keras
import numpy as np

HERE = Path(__file__).parent / "keras3_graphs"
L, Input, Model, Sequential = keras.layers, keras.Input, keras.Model, keras.Sequential
RNG = np.random.default_rng(0)
# The steps of four samples that count: the first, some in the middle, the last, and all.
MASK = np.array([[1, 1, 1, 0, 0], [1, 0, 1, 1, 0], [0, 0, 0, 1, 1], [1] * 5], "float32")
ALSO_BY_PATHS = ("masked_models", "cells", "models_over_time", "models_twice")
ALSO_H5 = ("masked_words",)


def masked_merges() -> Any:
    """Return a graph of every merge of two masked tensors, and of a masked one with another."""
    left, right = Input((5, 3), name="left"), Input((5, 3), name="right")
    x, y = L.Masking()(left), L.Masking(2.0)(right)
    plain = L.Conv1D(3, 1)(right)
    kinds = (L.Add, L.Subtract, L.Multiply, L.Average, L.Maximum, L.Minimum)
    merged = [kind()(pair) for kind in kinds for pair in ([x, y], [x, plain])]
    merged += [L.Multiply()([plain, x, y]), L.Maximum()([plain, x, y])]
    merged += [L.Concatenate(axis=axis)(pair) for axis in (1, 2) for pair in ([x, y], [plain, x])]
    first = L.GRU(2, return_sequences=True)
    recurrent = [first(one) for one in merged if one.shape[1:] == (5, 3)]
    ends = [L.GlobalAveragePooling1D()(one) for one in merged]
    ends += [L.LSTM(2)(one) for one in (L.Concatenate()(recurrent[:2]), merged[-3])]
    return Model([left, right], [*ends, *recurrent])


def masked_products() -> Any:
    """Return a small graph of those merges that leave out the steps that do not count."""
    left, right = Input((5, 3), name="left"), Input((5, 3), name="right")
    x, y = L.Masking()(left), L.Masking(2.0)(right)
    merged = [L.Multiply()([x, y]), L.Maximum()([x, right, y]), L.Minimum()([right, x])]
    return Model([left, right], [*merged, L.GlobalAveragePooling1D()(merged[0])])


def masked_words() -> Any:
    """Return a graph of masked words: what passes a mask on, and what ends it."""
    words = Input((5,), dtype="int32", name="words")
    x = L.Embedding(7, 3, mask_zero=True)(words)
    x = L.Dense(3)(L.Dropout(0.1)(L.SimpleRNN(3, return_sequences=True)(x)))
    x = L.TimeDistributed(L.Dense(3))(L.BatchNormalization()(x))
    both = L.Bidirectional(L.LSTM(2, return_sequences=True), merge_mode=None)(x)
    x = L.Activation("tanh")(L.Concatenate()(both))
    return Model(words, [L.GRU(2)(x), L.Flatten()(x), L.GRU(2)(L.Conv1D(2, 2)(x)), *both])


def masked_states() -> Any:
    """Return an encoder and a decoder of masked words; Keras 3 decodes without the mask."""
    source, target = Input((5,), name="source"), Input((5,), name="target")
    table = L.Embedding(7, 3, mask_zero=True)
    _, h, c = L.LSTM(3, return_state=True)(table(source))
    x = L.LSTM(3, return_sequences=True)(table(target), initial_state=[h, c])
    y = L.Bidirectional(L.GRU(3, return_sequences=True))(x)
    z = L.Bidirectional(L.LSTM(3))(y, initial_state=[h, c, c, h])
    return Model([source, target], [L.GRU(2)(x), z])


def masked_models() -> Any:
    """Return a graph of models that hand a mask on, or make one."""
    inputs = Input((5, 3), name="inputs")
    inner = Input((5, 3))
    handing = Model(inner, L.Add()([L.Dense(3)(inner), inner]), name="handing")
    making = Sequential([L.Masking(), L.Dense(3)], name="making")
    x = making(handing(L.Masking()(inputs)))
    return Model(inputs, [L.LSTM(2)(x), L.LSTM(2, return_sequences=True)(handing(inputs))])


def masked_sentences() -> Any:
    """Return a graph that reads masked words of each sentence, and then the sentences."""
    words = Input((4, 5), dtype="int32", name="words")
    x = L.TimeDistributed(L.Bidirectional(L.GRU(3)))(L.Embedding(7, 3, mask_zero=True)(words))
    return Model(words, L.TimeDistributed(L.Dense(2))(x))


def cells() -> Any:
    """Return a graph of recurrent layers around cells, masked, and with states."""
    inputs = Input((5, 3), name="inputs")
    first = L.RNN([L.LSTMCell(3), L.GRUCell(2)], return_sequences=True)(L.Masking()(inputs))
    stack = L.StackedRNNCells([L.SimpleRNNCell(2), L.GRUCell(3, reset_after=False)])
    both = L.Bidirectional(L.RNN(stack, return_sequences=True))(first)
    last, h, c = L.RNN(L.LSTMCell(2), return_state=True, go_backwards=True)(both)
    decoded = L.RNN(L.LSTMCell(2), return_sequences=True)(inputs, initial_state=[h, c])
    return Model(
        inputs, [L.Bidirectional(L.RNN(L.LSTMCell(2)), merge_mode="sum")(both), last, decoded]
    )


def models_over_time() -> Any:
    """Return a graph that calls models at each step, one of them at each step of a step."""
    inputs = Input((4, 5, 3), name="inputs")
    start = Input((3,))
    graph = Model(start, L.Add()([L.Dense(3)(start), start]))
    stack = Sequential([Input((5, 3)), L.Conv1D(2, 2), L.BatchNormalization(), L.Flatten()])
    x = L.TimeDistributed(L.TimeDistributed(graph))(inputs)
    return Model(inputs, L.LSTM(2)(L.TimeDistributed(stack)(x)))


def models_twice() -> Any:
    """Return a graph whose models are called several times, and whose outputs are theirs."""
    inputs, start, other = Input((3,), name="inputs"), Input((3,)), Input((3,))
    graph = Model([start, other], [L.Add()([start, other]), L.Dense(3)(start)], name="graph")
    stack = Sequential([L.Dense(3), graph_in_a_stack()], name="stack")
    a, b = graph([inputs, inputs])
    c, d = graph([a, inputs])
    return Model(inputs, [stack(stack(b)), d, b, stack(c), a])


def graph_in_a_stack() -> Any:
    """Return a graph that is a layer of a stack."""
    start = Input((3,))
    return Model(start, L.Multiply()([L.Dense(3)(start), start]))


def structures() -> Any:
    """Return a graph of a dictionary, which calls one; both have a list in them."""
    first, second = Input((3,), name="first"), Input((3,), name="second")
    own = {"z": L.Dense(2)(first), "y": [L.Dense(3)(second), L.Subtract()([second, first])]}
    inner = Model({"right": second, "left": first}, own, name="inner")
    left, right, over = Input((3,), name="left"), Input((3,), name="right"), Input((3,))
    found = inner({"left": left, "right": L.Dense(3)(right)})
    whole = {"sum": L.Add()([*found["y"], over]), "rest": [found["z"], left]}
    return Model({"pair": [right, left], "over": over}, whole)


GRAPHS: Mapping[str, Callable[[], Any]] = {
    one.__name__: one
    for one in (
        *(
            masked_merges,
            masked_products,
            masked_words,
            masked_states,
            masked_models,
            masked_sentences,
        ),
        *(cells, models_over_time, models_twice, structures),
    )
}


def own_mask() -> Any:
    """Return a graph whose layer is given another mask than its input has."""
    inputs = Input((5, 3))
    mask = keras.ops.not_equal(inputs[:, :, 0], 0)
    return Model(inputs, L.LSTM(2, name="given")(inputs, mask=mask))


def operations() -> Any:
    """Return a graph that computes with operations."""
    inputs = Input((3,))
    return Model(inputs, L.Dense(2, name="behind")(keras.ops.sin(inputs)))


def operation_at_the_end() -> Any:
    """Return a graph whose output is an operation's."""
    inputs = Input((3,))
    return Model(inputs, keras.ops.sin(L.Dense(2)(inputs)))


REFUSED = (own_mask, operations, operation_at_the_end)


def given(tensor: Any) -> Any:
    """Return numbers for an input: words, or steps of which some are zeros."""
    shape = (4, *tensor.shape[1:])
    if tensor.dtype == "int32" or len(shape) == 2:
        return RNG.integers(0, 7, shape).astype(tensor.dtype)
    return (RNG.normal(size=shape) * MASK[:, :, None]).astype("float32")


def record(name: str, model: Any) -> None:
    """Write the files of one model."""
    for weight in model.weights:
        value = RNG.normal(size=weight.shape) * 0.4
        weight.assign(np.abs(value) + 0.5 if "variance" in weight.path else value)
    inputs = [given(one) for one in model.inputs]
    row = inputs if isinstance(model.input, dict) or len(inputs) > 1 else inputs[0]
    whole = keras.tree.pack_sequence_as(model.input, row) if isinstance(row, list) else row
    outputs = keras.tree.flatten(model.predict(whole, verbose=0))
    arrays = {f"x{n:02d}": one for n, one in enumerate(inputs)}
    arrays |= {f"y{n:02d}": one for n, one in enumerate(outputs)}
    model.save(HERE / f"{name}.keras")
    if name in ALSO_BY_PATHS:
        model.save_weights(HERE / f"{name}.weights.h5")
    if name in ALSO_H5:
        model.save(HERE / f"{name}.h5")
    np.savez_compressed(HERE / f"{name}.npz", **arrays)


def main() -> None:
    """Write them all, or those that the command line names."""
    HERE.mkdir(exist_ok=True)
    for name, graph in GRAPHS.items():
        keras.backend.clear_session()
        if not sys.argv[1:] or name in sys.argv[1:]:
            record(name, graph())
    documents = {one.__name__: json.loads(one().to_json()) for one in REFUSED}
    (HERE / "refused.json").write_text(json.dumps(documents) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
