"""Which numbers an input or a target may have: rows of tables, and classes of an output."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

from convdispatch.engine.graph import Graph
from convdispatch.errors import InvalidArgument
from convdispatch.ops import NumpyArray

Check: TypeAlias = Callable[[NumpyArray], None]


def checks_of_input(graph: Graph, place: int) -> tuple[Check, ...]:
    """Return what the layers that read this input ask of an array, such as an embedding."""
    layers = [node.layer for node in graph.nodes if place in node.reads]
    return tuple(layer.check_array for layer in layers if layer.checks_arrays)


def checks_of_classes(loss: Any, count: int | None, output: str) -> tuple[Check, ...]:
    """Return what a loss of numbers of classes asks of the targets of such an output."""
    if count is None:
        return ()
    config = loss.get_config() if hasattr(loss, "get_config") else {}
    return (partial(_require_classes, count, config.get("ignore_class"), output),)


def _require_classes(count: int, ignored: int | None, output: str, given: NumpyArray) -> None:
    classes = given if ignored is None else given[given != ignored]
    if not classes.size or classes.dtype.kind not in "iuf":
        return
    low, high = classes.min(), classes.max()
    if not (low >= 0 and high < count):  # NaN fits neither
        raise InvalidArgument(
            f"`y` for the output {output!r} must have classes from 0 to {count - 1}; received "
            f"{low} to {high}. The output has {count} cells, one for each class."
        )
