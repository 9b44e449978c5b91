"""The table that `summary` prints."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from convdispatch.engine.layer import Layer
from convdispatch.ops import PartialShape


def summary_lines(
    name: str, layers: Sequence[Layer], shapes: Sequence[PartialShape], *, is_trainable: bool
) -> Iterator[str]:
    """Yield the lines of a model's summary: a row a layer, then the parameter counts."""
    header = ("Layer (type)", "Output shape", "Params")
    rows = [
        (
            f"{layer.name} ({type(layer).__name__})",
            str(shape),
            f"{layer.count_params():,}",
        )
        for layer, shape in zip(layers, shapes, strict=True)
    ]
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(3)]
    yield f"Model: {name}"
    yield _row(header, widths)
    yield "-" * (sum(widths) + 4)
    for row in rows:
        yield _row(row, widths)
    yield "-" * (sum(widths) + 4)
    trainable = sum(
        math.prod(weight.shape)
        for layer in layers
        for weight in layer.declared_weights
        if is_trainable and layer.trainable and weight.trainable
    )
    total = sum(layer.count_params() for layer in layers)
    yield f"Total params: {total:,}"
    yield f"Trainable params: {trainable:,}"
    yield f"Non-trainable params: {total - trainable:,}"


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    name, shape, count = cells
    return f"{name:<{widths[0]}}  {shape:<{widths[1]}}  {count:>{widths[2]}}"
