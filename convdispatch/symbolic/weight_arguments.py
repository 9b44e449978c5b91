"""The arguments of `add_weight`, which Keras 1 and Keras 2 have in other orders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from convdispatch.errors import InvalidType

_ORDER = ("name", "shape", "dtype", "initializer", "regularizer", "trainable", "constraint")
_OLD_ORDER = ("shape", "initializer", "name", "trainable", "regularizer", "constraint")


def by_name(given: Sequence[Any], named: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of `add_weight` by their names."""
    order = _OLD_ORDER if given and isinstance(given[0], list | tuple | int) else _ORDER
    if len(given) > len(order):
        raise InvalidType(
            f"`add_weight` takes at most {len(order)} arguments by place, "
            f"{', '.join(order)}; received {len(given)}."
        )
    for name in named:
        if name not in _ORDER or name in order[: len(given)]:
            fault = "multiple values for" if name in _ORDER else "an unknown argument,"
            raise InvalidType(f"`add_weight` got {fault} {name!r}; it takes {', '.join(order)}.")
    return dict(zip(order, given, strict=False)) | dict(named)
