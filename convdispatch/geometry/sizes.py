"""Refuse sizes that no array can have, before anything is allocated.

No arrays, no backends: every function looks at integers alone. An unknown size is None.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from convdispatch.errors import InvalidShape

# Cells on one axis: the kernels of the frameworks count them with 32-bit integers.
MOST_CELLS = 2**31 - 1
# Numbers in one sample or one weight: 4 TiB in float32. No product of it with the bytes of a
# number, the batches that fit beside it or the taps of a kernel comes near 2**63.
MOST_NUMBERS = 2**40


def is_possible(shape: Sequence[int | None]) -> bool:
    """Return whether an array may have this shape, given without the batch axis.

    >>> is_possible((2**31 - 1, 1)), is_possible((2**31, 1)), is_possible((2**21, 2**20))
    (True, False, False)
    """
    known = [size for size in shape if size is not None]
    return max(known, default=0) <= MOST_CELLS and math.prod(known) <= MOST_NUMBERS


def require_possible(shape: Sequence[int | None], *, what: str, received: str) -> None:
    """Raise `InvalidShape` for a shape that is too large for any array.

    `what` names the array and `received` the arguments that make it so large.
    """
    if not is_possible(shape):
        raise InvalidShape(
            f"{what} would have the shape {tuple(shape)}, which is too large: received {received}. "
            f"An axis may have at most {MOST_CELLS} cells, and a sample or a weight at most "
            f"{MOST_NUMBERS} numbers. Use smaller arguments or a smaller input."
        )
