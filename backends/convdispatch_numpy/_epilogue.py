"""What follows a convolution in each cell, while its block is in the cache: bias, activation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from convdispatch_numpy._functions import FUNCTIONS

Array = npt.NDArray[Any]
# Changes (cells, output channels) in place; the memory is contiguous.
Finish = Callable[[Array], None]

# Of the numbers that are finished at a time: an activation makes copies of them.
CHUNK_BYTES = 2**16


def nothing(rows: Array) -> None:
    """Leave the result as it is."""


def finish_of(activation: str, bias: Array | None) -> Finish:
    """Return what adds the bias and applies the activation, one of the ops' own."""
    if activation == "linear" and bias is None:
        return nothing
    activate = _IN_PLACE[activation]

    def finish(rows: Array) -> None:
        for part in _chunks(rows):
            if bias is not None:
                np.add(part, bias, out=part)
            activate(part)

    return finish


def _chunks(rows: Array) -> list[Array]:
    if rows.nbytes <= CHUNK_BYTES:
        return [rows]
    step = max(CHUNK_BYTES * len(rows) // rows.nbytes, 1)
    return [rows[start : start + step] for start in range(0, len(rows), step)]


_IN_PLACE: dict[str, Callable[[Array], object]] = {
    "linear": nothing,
    "relu": lambda rows: np.maximum(rows, 0, out=rows),
    "sigmoid": lambda rows: np.copyto(rows, FUNCTIONS["sigmoid"](rows)),
    "tanh": lambda rows: np.tanh(rows, out=rows),
}
