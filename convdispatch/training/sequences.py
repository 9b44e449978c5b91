"""Sequences of one length from those of several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from convdispatch.engine.arguments import as_choice
from convdispatch.errors import InvalidShape, InvalidType


def pad_sequences(
    sequences: Sequence[Any],
    maxlen: int | None = None,
    dtype: Any = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: Any = 0.0,
) -> npt.NDArray[Any]:
    """Return the sequences as the rows of one array of `maxlen` steps, by default the longest's.

    A shorter one gets `value` before ('pre') or after ('post') its steps; a longer one loses steps
    at its beginning ('pre') or its end ('post').

    >>> pad_sequences([[1, 2, 3], [4]])
    array([[1, 2, 3],
           [0, 0, 4]], dtype=int32)
    """
    padding = as_choice(padding, ("pre", "post"), "padding")
    truncating = as_choice(truncating, ("pre", "post"), "truncating")
    lengths = []
    for place, one in enumerate(sequences):
        if not hasattr(one, "__len__"):
            raise InvalidType(
                "`sequences` must have sequences, such as lists of numbers; received a "
                f"{type(one).__name__} at place {place}."
            )
        lengths.append(len(one))
    steps = max(lengths, default=0) if maxlen is None else maxlen
    shape = next((np.asarray(one).shape[1:] for one in sequences if len(one)), ())
    rows = np.full((len(lengths), steps, *shape), value, dtype)
    for place, one in enumerate(sequences):
        kept = one[max(len(one) - steps, 0) :] if truncating == "pre" else one[:steps]
        if not len(kept):
            continue
        found = np.asarray(kept, dtype)
        if found.shape[1:] != shape:
            raise InvalidShape(
                f"each step of `sequences` must have the shape {shape}, as the first one has; "
                f"received {found.shape[1:]} at place {place}."
            )
        span = slice(0, len(found)) if padding == "post" else slice(steps - len(found), None)
        rows[place, span] = found
    return rows
