"""Our own summary of graphs: what each layer reads, shared layers and nested models once."""

from __future__ import annotations

from typing import Any

from convdispatch import Model, Sequential, layers


def printed(model: Any) -> list[str]:
    """Return the lines of a summary."""
    lines: list[str] = []
    model.summary(print_fn=lines.append)
    return lines


def test_a_graph_says_what_each_layer_reads() -> None:
    """By names; which call of a shared layer, and which output of a model with several."""
    h = layers.Input((8, 4))
    two = Model(h, [layers.Conv1D(3, 1)(h), layers.Conv1D(2, 1)(h)], name="two")
    x, y = layers.Input((8, 4), name="x"), layers.Input((6, 4), name="y")
    shared = layers.Conv1D(2, 1, name="shared")
    joined = layers.Concatenate(1, name="joined")([shared(x), shared(y), two(x)[1]])
    wide = "[(None, 8, 3), (None, 8, 2)]"
    rows = [
        ("Layer (type)", "Output shape", "Params", "Connected to"),
        ("x (InputLayer)", "(None, 8, 4)", "0", ""),
        ("y (InputLayer)", "(None, 6, 4)", "0", ""),
        ("shared (Conv1D)", "(None, 8, 2)", "10", "x"),
        ("", "(None, 6, 2)", "", "y"),
        ("two (Model)", wide, "25", "x"),
        ("joined (Concatenate)", "(None, 22, 2)", "0", "shared (call 1), shared (call 2), two[1]"),
    ]
    table = [f"{a:20}  {b:{len(wide)}}  {c:>6}  {d}".rstrip() for a, b, c, d in rows]
    line = "-" * (20 + 28 + 6 + 40 + 3 * 2)
    counts = ["Total params: 35", "Trainable params: 35", "Non-trainable params: 0"]
    assert printed(Model([x, y], joined, name="m")) == [
        "Model: m",
        table[0],
        line,
        *table[1:],
        line,
        *counts,
    ]


def test_a_graph_that_is_a_chain_needs_no_such_column() -> None:
    """Each layer reads the one above."""
    x = layers.Input((4,), name="x")
    lines = printed(Model(x, layers.Dense(2, name="d")(x), name="m"))
    assert lines[:5] == [
        "Model: m",
        "Layer (type)    Output shape  Params",
        "------------------------------------",
        "x (InputLayer)  (None, 4)          0",
        "d (Dense)       (None, 2)         10",
    ]


def test_a_nested_stack_is_one_row() -> None:
    """With the weights of its layers."""
    x = layers.Input((4,), name="x")
    inner = Sequential([layers.Dense(3, input_shape=(4,)), layers.Dense(2)], name="inner")
    assert "inner (Sequential)  (None, 2)         23" in printed(Model(x, inner(x)))


def test_a_model_may_return_what_it_is_given() -> None:
    """Such a model has a row for its input alone."""
    x = layers.Input((4,), name="x")
    assert "x (InputLayer)  (None, 4)          0" in printed(Model(x, x))
