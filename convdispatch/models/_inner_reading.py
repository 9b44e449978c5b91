"""A model within a layer of a document: at each step of a sequence."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from convdispatch.formulas.custom_objects import get_custom_objects
from convdispatch.models._graph_reading import FUNCTIONAL, GraphReader
from convdispatch.models._reading import model_of
from convdispatch.support.documents import DEFAULT_LIMITS


def model_within(entry: Mapping[str, Any], door: str) -> Any:
    """Return the model of an entry, of layers of that module; raise `InvalidDocument`."""
    home: Any = importlib.import_module(door.replace("layers", "models"))
    own = dict(get_custom_objects())
    if entry["class_name"] in FUNCTIONAL:
        reader = GraphReader(own, None, door, DEFAULT_LIMITS, home.Model)
        return reader.model(entry["config"])
    return model_of(
        entry,
        (home.Sequential, home.Model),
        custom_objects=own,
        backend=None,
        door=door,
        limits=DEFAULT_LIMITS,
    )
