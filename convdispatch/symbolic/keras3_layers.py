"""Layers around cells and around models as Keras 3's documents have them.

`convdispatch.layers` has none of them, so a script cannot make them: the reader of documents does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from convdispatch.engine.layer_options import require_mapping
from convdispatch.formulas.dialects import KERAS3, Dialect
from convdispatch.symbolic import own_cells
from convdispatch.symbolic.cells import CustomCell, StackedCells
from convdispatch.symbolic.distributed import CustomBidirectional, CustomTimeDistributed
from convdispatch.symbolic.recurrent import CustomRNN

__all__ = [
    "RNN",
    "Bidirectional",
    "GRUCell",
    "LSTMCell",
    "SimpleRNNCell",
    "StackedRNNCells",
    "TimeDistributed",
]

_MODELS = ("Functional", "Model", "Sequential")


class _OfDocuments:
    """A layer or a cell by Keras 3's rules."""

    dialect: ClassVar[Dialect] = KERAS3
    door: ClassVar[str] = "convdispatch.layers"


class _Cell(_OfDocuments, CustomCell):
    """A cell of a document, which states a seed for what it drops in training."""

    @classmethod
    def from_config(cls, config: Any, *, backend: str | None = None) -> Any:
        """Make a cell from what Keras's `get_config` returned."""
        require_mapping(cls, config)
        rest = {key: value for key, value in config.items() if key != "seed"}
        return super().from_config(rest, backend=backend)


class SimpleRNNCell(_Cell, own_cells.SimpleRNNCell):
    """The step of a `SimpleRNN`."""


class GRUCell(_Cell, own_cells.GRUCell):
    """The step of a `GRU`."""


class LSTMCell(_Cell, own_cells.LSTMCell):
    """The step of an `LSTM`."""


class StackedRNNCells(_OfDocuments, StackedCells):
    """Several cells as one."""


class RNN(_OfDocuments, CustomRNN):
    """A recurrent layer of a cell, or of a list of cells."""

    stacked: Any = StackedRNNCells


class TimeDistributed(_OfDocuments, CustomTimeDistributed):
    """A model at each step of a sequence."""


class Bidirectional(_OfDocuments, CustomBidirectional):
    """A recurrent layer around cells, forwards and backwards."""


def meant(name: str, config: Any) -> Any:
    """Return the class here that an entry of a document means, None for one elsewhere.

    >>> meant("RNN", {}).__name__
    'RNN'
    >>> meant("TimeDistributed", {"layer": {"class_name": "Dense", "config": {}}})
    """
    if name not in ("Bidirectional", "TimeDistributed"):
        return globals()[name] if name in __all__ else None
    inner: Any = config.get("layer") if isinstance(config, Mapping) else None
    while isinstance(inner, Mapping):
        kind: Any = inner.get("class_name")
        own: Any = inner.get("config")
        if kind in _MODELS or kind == "RNN":
            return globals()[name]
        wraps = kind in ("Bidirectional", "TimeDistributed") and isinstance(own, Mapping)
        inner = own.get("layer") if wraps else None
    return None
