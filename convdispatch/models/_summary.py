"""Our own table of a model, which `summary` prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from convdispatch.models._calls import Calls, Origin, calls_of
from convdispatch.models._summary_rows import Row, counts_of_lines, rows_of, weights_of

_HEADINGS = ("Layer (type)", "Output shape", "Params", "Connected to")


def summary_lines(model: Any) -> Iterator[str]:
    """Yield the lines: a row for each layer, one more for each further call, then the counts.

    What a layer reads stands there only where the model is more than one chain of layers.
    """
    calls = calls_of(model)
    columns = 3 if calls.is_chain else 4
    rows = [_HEADINGS[:columns]]
    for row in rows_of(model, calls):
        rows += [cells[:columns] for cells in _cells(row, calls)]
    widths = [max(len(cells[column]) for cells in rows) for column in range(columns)]
    line = "-" * (sum(widths) + 2 * (columns - 1))
    yield f"Model: {model.name}"
    yield _aligned(rows[0], widths)
    yield line
    for cells in rows[1:]:
        yield _aligned(cells, widths)
    yield line
    yield from counts_of_lines(*weights_of(model))


def _cells(row: Row, calls: Calls) -> Iterator[tuple[str, ...]]:
    """Yield the cells of a layer's first call, and of each further one what differs."""
    reads = row.reads or ((),)
    before = None
    for place, (shape, read) in enumerate(zip(row.shapes, reads, strict=True)):
        title, count = (row.title, f"{row.layer.count_params():,}") if place == 0 else ("", "")
        sources = ", ".join(_source(origin, calls) for origin in read)
        yield title, str(shape) if shape != before else "", count, sources
        before = shape


def _source(origin: Origin, calls: Calls) -> str:
    """Return a tensor's name: its layer's, with the call and the output where it has several.

    A Sequential's first layer reads what the model is given, which has no name.
    """
    if origin.layer is None:
        return ""
    own = calls.of(origin.layer)
    call = f" (call {origin.call + 1})" if len(own) > 1 else ""
    outputs = len(own[0].outputs) if own else 1
    return f"{origin.layer.name}{call}" + (f"[{origin.output}]" if outputs > 1 else "")


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    """Return a line: text to the left, the number to the right."""
    aligns = "<<><"
    padded = [
        f"{cell:{align}{width}}" for cell, align, width in zip(cells, aligns, widths, strict=False)
    ]
    return "  ".join(padded).rstrip() if len(cells) > 3 else "  ".join(padded)
