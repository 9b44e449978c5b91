"""The table that `summary` prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from convdispatch.layers import Layer


def summary_lines(name: str, layers: Sequence[Layer]) -> Iterator[str]:
    """Yield the lines of a model's summary: a row a layer, then the parameter counts."""
    header = ("Layer (type)", "Output shape", "Params")
    rows = [
        (
            f"{layer.name} ({type(layer).__name__})",
            str(layer.output_shape),
            f"{layer.count_params():,}",
        )
        for layer in layers
    ]
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(3)]
    yield f"Model: {name}"
    yield _row(header, widths)
    yield "-" * (sum(widths) + 4)
    for row in rows:
        yield _row(row, widths)
    yield "-" * (sum(widths) + 4)
    trainable = sum(layer.count_params() for layer in layers if layer.trainable)
    total = sum(layer.count_params() for layer in layers)
    yield f"Total params: {total:,}"
    yield f"Trainable params: {trainable:,}"
    yield f"Non-trainable params: {total - trainable:,}"


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    name, shape, count = cells
    return f"{name:<{widths[0]}}  {shape:<{widths[1]}}  {count:>{widths[2]}}"
