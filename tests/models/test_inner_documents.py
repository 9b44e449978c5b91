"""Documents that have something else where a wrapper's layer, or a cell, belongs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from convdispatch import model_from_json
from convdispatch.errors import ConvDispatchError

ENTRIES: list[Any] = [
    None,
    {},
    [],
    "x",
    3,
    {"class_name": ["a"], "config": {}},
    {"class_name": {"a": 1}, "config": {}},
    {"class_name": "Dense"},
    {"class_name": "Dense", "config": 3},
    {"class_name": "Dense", "config": {"units": 2}},
    {"class_name": "Sequential", "config": {"layers": 3}},
    {"class_name": "RNN", "config": {}},
    {"class_name": "RNN", "config": {"cell": {"class_name": "Dense", "config": {"units": 2}}}},
    {"class_name": "StackedRNNCells", "config": {}},
    {"class_name": "Input", "config": {}},
    {"class_name": "add", "config": {}},
    {"class_name": "TimeDistributed", "config": {}},
]


@pytest.mark.parametrize("version", ["1.2.2", "2.2.4"])
@pytest.mark.parametrize(
    "name", ["TimeDistributed", "Bidirectional", "RNN", "StackedRNNCells", "Wrapper"]
)
def test_a_document_of_something_else_within_is_one_error(name: str, version: str) -> None:
    """Whatever it is, it is read or refused, and most of it is refused."""
    refused = 0
    for entry in ENTRIES:
        for key, value in (("layer", entry), ("cell", entry), ("cells", entry), ("cells", [entry])):
            own = {"name": "a", key: value, "batch_input_shape": [None, 3, 4]}
            layers = [{"class_name": name, "config": own}]
            document = {"class_name": "Sequential", "keras_version": version, "config": layers}
            try:
                model_from_json(json.dumps(document))
            except ConvDispatchError:
                refused += 1
    assert refused > 0.75 * 4 * len(ENTRIES)
