"""Documents of the odd layers of Keras 1 and 2, changed by somebody, give one error of ours."""

from __future__ import annotations

import contextlib
import copy
import json
import random
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from convdispatch import keras1, keras2
from convdispatch.errors import InvalidDocument
from convdispatch.models import model_from_json

K1: Any = keras1.layers
K2: Any = keras2.layers
_SECONDS = 2.0  # that a small document may take on a busy machine


def stack(door: Any, layer: Any) -> Any:
    """Return a model of one layer."""
    return door.models.Sequential([layer])


def merged(door: Any, layer: Any) -> Any:
    """Return a model that makes one tensor of two."""
    inputs = [door.layers.Input((3,)) for _ in range(2)]
    return door.models.Model(inputs, layer([door.layers.Dense(2)(one) for one in inputs]))


def nested() -> Any:
    """Return a model with a stack and a graph in it."""
    x, y = K2.Input((3,)), K2.Input((3,))
    graph = keras2.models.Model(x, K2.Dense(2)(x))
    return keras2.models.Model(y, graph(stack(keras2, K2.Dense(3, input_shape=(3,)))(y)))


ROWS = {"input_shape": (4, 2)}
IMAGES = {"input_shape": (2, 4, 4, 1)}
MODELS: dict[str, tuple[str, Callable[[], Any]]] = {
    "cell": ("2.2.4", lambda: stack(keras2, K2.RNN(K2.GRUCell(3), **ROWS))),
    "cells": (
        "2.2.4",
        lambda: stack(keras2, K2.RNN([K2.LSTMCell(3), K2.SimpleRNNCell(2)], **ROWS)),
    ),
    "cudnn lstm": ("2.2.4", lambda: stack(keras2, K2.CuDNNLSTM(3, **ROWS))),
    "cudnn gru": ("2.2.4", lambda: stack(keras2, K2.Bidirectional(K2.CuDNNGRU(3), **ROWS))),
    "conv lstm 2": ("2.2.4", lambda: stack(keras2, K2.ConvLSTM2D(3, 2, **IMAGES))),
    "conv lstm 1": (
        "1.2.2",
        lambda: stack(keras1, K1.ConvLSTM2D(3, 2, 2, dim_ordering="tf", **IMAGES)),
    ),
    "maxout 1": ("1.2.2", lambda: stack(keras1, K1.MaxoutDense(3, input_dim=4))),
    "maxout 2": ("2.2.4", lambda: stack(keras2, K2.MaxoutDense(3, input_shape=(4,)))),
    "highway": ("1.2.2", lambda: stack(keras1, K1.Highway(input_dim=4))),
    "srelu": ("1.2.2", lambda: stack(keras1, K1.SReLU(input_shape=(4,)))),
    "softplus": ("1.2.2", lambda: stack(keras1, K1.ParametricSoftplus(input_shape=(4,)))),
    "dense over time": ("1.2.2", lambda: stack(keras1, K1.TimeDistributedDense(3, **ROWS))),
    "over time": (
        "2.2.4",
        lambda: stack(keras2, K2.TimeDistributed(K2.Conv2D(2, 2), input_shape=(3, 4, 4, 1))),
    ),
    "merge 1": ("1.2.2", lambda: merged(keras1, K1.Merge(mode="concat"))),
    "merge 2": ("2.2.4", lambda: merged(keras2, K2.Concatenate())),
    "nested": ("2.2.4", nested),
}
_CELL_IN_CELL = {"class_name": "RNN", "config": {"cell": {"class_name": "RNN", "config": {}}}}
VALUES: list[Any] = [
    *(None, True, -1, 0, 3, 2**40, 2**70, 1.5, float("inf"), "", "x", "relu", "a" * 3000),
    *([], [1], [[]], [None] * 3, {}, {"class_name": {}, "config": {}}, _CELL_IN_CELL),
    {"class_name": "Dense"},
    {"class_name": "Dense", "config": {}},
    {"class_name": 3, "config": 4},
    {"class_name": "Model", "config": {"layers": []}},
    {"class_name": "Sequential", "config": []},
    {"class_name": "Lambda", "config": {"function": {}, "function_type": []}},
]


def document_of(name: str) -> dict[str, Any]:
    """Return a model's document as its Keras writes it, without our words."""
    version, make = MODELS[name]

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(one) for key, one in value.items() if key != "module"}
        return [plain(one) for one in value] if isinstance(value, list) else value

    found: dict[str, Any] = plain(json.loads(make().to_json()))
    del found["convdispatch_version"]
    return {**found, "keras_version": version}


def paths_in(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path to every value in a document."""
    if not isinstance(value, dict | list):
        return
    for key, one in value.items() if isinstance(value, dict) else enumerate(value):
        yield (*path, key)
        yield from paths_in(one, (*path, key))


def at(value: Any, path: tuple[Any, ...]) -> Any:
    """Return the value of a path."""
    for key in path:
        value = value[key]
    return value


def changed(document: Any, rng: random.Random) -> Any:
    """Return the document with one value replaced, dropped, renamed or nested in others."""
    made = copy.deepcopy(document)
    paths = list(paths_in(made))
    path = rng.choice(paths)
    parent, key = at(made, path[:-1]), path[-1]
    kind = rng.choice(["value", "value", "value", "drop", "other", "name", "deep"])
    if kind == "value":
        parent[key] = copy.deepcopy(rng.choice(VALUES))
    elif kind == "drop":
        del parent[key]
    elif kind == "other":
        parent[key] = copy.deepcopy(at(document, rng.choice(paths)))
    elif kind == "name" and isinstance(parent, dict):
        parent["unknown"] = parent.pop(key)
    else:
        for _ in range(rng.choice([2, 70])):
            inner = parent[key]
            config = {"layer": inner, "cell": inner}
            parent[key] = {"class_name": rng.choice(["RNN", "Bidirectional"]), "config": config}
            if _ > 2:
                parent[key] = [inner]
    return made


@pytest.mark.parametrize("name", MODELS)
def test_a_document_makes_its_model(name: str) -> None:
    """Unchanged, so that the changes below meet something."""
    assert model_from_json(json.dumps(document_of(name)), backend="numpy").count_params() >= 8


@pytest.mark.parametrize("name", MODELS)
def test_a_changed_document_gives_a_model_or_the_one_error(name: str) -> None:
    """Quickly, whatever was changed."""
    document, rng = document_of(name), random.Random(name)
    refused = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(150):
            text = json.dumps(changed(document, rng))
            started = time.process_time()
            with contextlib.suppress(InvalidDocument):
                refused += 1
                model_from_json(text, backend="numpy")
                refused -= 1
            assert time.process_time() - started < _SECONDS, text[:2000]
    assert refused > 20


def with_config(name: str, **config: Any) -> str:
    """Return a document with other arguments of its first layer."""
    document = document_of(name)
    entries = document["config"]
    entries = entries["layers"] if isinstance(entries, dict) else entries
    entries[0]["config"] = {**entries[0]["config"], **config}
    return json.dumps(document)


@pytest.mark.parametrize(
    ("name", "config", "words"),
    [
        ("srelu", {"shared_axes": {}}, "`shared_axes` must be an integer"),
        ("srelu", {"shared_axes": 4}, "`shared_axes` of 's_re_lu.*must be axes of inputs"),
        ("srelu", {"batch_input_shape": []}, "needs a known shape"),
        ("softplus", {"batch_input_shape": [None, None, 2]}, "needs a known shape or `sha"),
        ("maxout 2", {"batch_input_shape": [None]}, "takes rows of a known width"),
        ("highway", {"batch_input_shape": [None]}, "takes rows of a known width"),
        ("cell", {"batch_input_shape": [None, 2]}, "known size on every axis|shape|axes"),
        ("conv lstm 1", {"dim_ordering": {}}, "dim_ordering"),
        ("conv lstm 1", {"forget_bias_init": None}, "must be an initializer; received N"),
        ("cudnn lstm", {"units": 2**40}, "limit|parameters|numbers"),
    ],
)
def test_what_is_wrong_is_named(name: str, config: dict[str, Any], words: str) -> None:
    """Of values that were errors of Python's once."""
    with pytest.raises(InvalidDocument, match=words):
        model_from_json(with_config(name, **config), backend="numpy")
