"""The tables of Keras 1 and 2, which `summary` of their models prints."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from convdispatch.doors.summaries import Columns, Summary
from convdispatch.engine import layer_options
from convdispatch.engine.arguments import as_int
from convdispatch.engine.layer import Layer
from convdispatch.errors import InvalidArgument, InvalidType
from convdispatch.models._calls import Origin, calls_of
from convdispatch.models._summary_rows import Row, counts_of_lines, rows_of, weights_of


def keras_lines(model: Any, style: Summary, *, line_length: Any, positions: Any) -> Iterator[str]:
    """Yield the lines as a Keras prints them, each as wide as the table."""
    calls = calls_of(model)
    columns = style.of_chain if calls.is_chain else style.of_graph
    width = columns.width if line_length is None else as_int(line_length, "line_length")
    ends = _ends(columns, width, positions)
    rows = _listed(rows_of(model, calls), model, style)
    yield "_" * width
    yield _fitted(columns.headings, ends)
    for place, row in enumerate(rows):
        yield "_" * width if place else "=" * width
        sources = [_source(origin, row.layer, model) for one in row.reads for origin in one]
        first, *others = sources or [""]
        yield _fitted((row.title, _shape(row), str(row.layer.count_params()), first), ends)
        if len(ends) > 3:
            for source in others:
                yield _fitted(("", "", "", source), ends)
    yield "=" * width
    yield from counts_of_lines(*_weights(model, style))
    yield "_" * width


def _ends(columns: Columns, width: int, positions: Any) -> list[int]:
    """Return in characters where each column ends."""
    given = columns.ends if positions is None else positions
    if not isinstance(given, Sequence) or not all(isinstance(one, int | float) for one in given):
        raise InvalidType(
            f"`positions` must be a list of numbers, where each column ends; received {given!r}."
        )
    needed = len(columns.headings)
    are_finite = all(math.isfinite(one) for one in given)
    if not are_finite or len(given) < needed or list(given) != sorted(given) or given[0] <= 0:
        raise InvalidArgument(
            f"`positions` must be {needed} rising numbers, shares of the line or characters; "
            f"received {given!r}. The columns are: {', '.join(columns.headings)}."
        )
    is_share = given[-1] <= 1
    return [int(width * one) if is_share else int(one) for one in given[:needed]]


def _fitted(cells: Sequence[str], ends: Sequence[int]) -> str:
    """Return a line in which each cell ends before its column does, with a blank after it."""
    line = ""
    for place, (cell, end) in enumerate(zip(cells, ends, strict=False)):
        begun = f"{line[:-1]} " if place else ""
        line = f"{begun}{cell}"[:end].ljust(end)
    return line


def _shape(row: Row) -> str:
    shapes = {str(shape) for shape in row.shapes}
    if not isinstance(row.layer, Layer):  # which was called once when it was made
        shapes.add(str(row.layer.output_shape))
    return shapes.pop() if len(shapes) == 1 else "multiple"


def _listed(rows: list[Row], model: Any, style: Summary) -> list[Row]:
    """Return the rows that this Keras prints."""
    if hasattr(model, "add") and not style.has_inputs_of_stacks:
        return [row for row in rows if not getattr(row.layer, "is_input", False)]
    branches = getattr(model, "branches", ())
    if not branches:
        return rows
    # Keras 1 lists the layers of the branches in place of the layer that merges them.
    inside = {id(layer): layer for branch in branches for layer in _layers_of(branch)}
    before = [Row(layer=layer, shapes=(layer.output_shape,), reads=()) for layer in inside.values()]
    merging = next(place for place, row in enumerate(rows) if hasattr(row.layer, "branches"))
    return before + rows[merging + 1 :]


def _layers_of(branch: Any) -> list[Any]:
    inner = [one for first in getattr(branch, "branches", ()) for one in _layers_of(first)]
    is_model = hasattr(branch, "graph")
    return inner or (list(branch.layers) if is_model else [branch])


def _source(origin: Origin, reader: Any, model: Any) -> str:
    """Return what is read: a layer, which of its calls, and which output of that."""
    if origin.layer is None:
        return f"{input_of_stack(model, reader)}[0][0]"
    # A model's first call is the one that made it.
    call = origin.call + (not isinstance(origin.layer, Layer))
    return f"{origin.layer.name}[{call}][{origin.output}]"


def input_of_stack(model: Any, first: Any) -> str:
    """Return the name that Keras 1 would give the input layer of a stack, the same each time."""
    known = vars(model).get("_input_layer_name")
    if known is None:
        known = layer_options.numbered(f"{type(first).__name__.lower()}_input")
        vars(model)["_input_layer_name"] = known
    return str(known)


def _weights(model: Any, style: Summary) -> tuple[int, int]:
    if not style.trusts_layers:
        return weights_of(model)
    layers = {id(chain[-1]): chain[-1] for chain in model._chains()}.values()
    trained = sum(
        math.prod(weight.shape)
        for layer in layers
        for weight in layer.declared_weights
        if layer.trainable and weight.trainable
    )
    return trained, model.count_params() - trained
