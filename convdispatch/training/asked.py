"""The numbers and words that `fit` and `evaluate` are asked with, checked."""

from __future__ import annotations

from typing import Any

from convdispatch.engine.arguments import as_int
from convdispatch.errors import InvalidArgument


def span(epochs: Any, initial_epoch: Any) -> range:
    """Return the numbers of the epochs."""
    first = as_int(initial_epoch, "initial_epoch", minimum=0)
    return range(first, as_int(epochs, "epochs", minimum=0))


def require_counts(**given: Any) -> None:
    """Raise for a number of steps that is given and none, by the argument's own name."""
    for name, value in given.items():
        if value is not None:
            as_int(value, name)


def require_absent(**given: Any) -> None:
    """Raise for an argument beside batches that have their own."""
    for name, value in given.items():
        if value is not None and not (name == "validation_split" and not value):
            raise InvalidArgument(
                f"`{name}` must be left out where `x` yields batches: each of them has its own."
            )


def verbosity(verbose: object) -> int:
    """Return 0, 1 or 2; 'auto', as in Keras 3, is 1."""
    found = 1 if verbose == "auto" else verbose
    if not isinstance(found, int) or found not in (0, 1, 2):
        raise InvalidArgument(
            "`verbose` must be 0 for silence, 1 or 'auto' for a bar, or 2 for a line an epoch; "
            f"received {verbose!r}."
        )
    return int(found)
