"""Turn users' arguments into plain tuples of ints, once, with one message per argument.

Every function takes the argument's name for its message and returns a checked value. NumPy integers
count as integers, booleans do not.
"""

from __future__ import annotations

import math
import numbers
import operator
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from convdispatch.errors import InvalidArgument, InvalidShape, InvalidType
from convdispatch.ops import PartialShape
from convdispatch.runtime import selection

IntOrTuple: TypeAlias = int | Sequence[int]
PairsLike: TypeAlias = int | Sequence[int] | Sequence[Sequence[int]]
Pairs: TypeAlias = tuple[tuple[int, int], ...]

DATA_FORMATS = ("channels_last", "channels_first")


def as_int(value: object, argument: str, *, minimum: int = 1) -> int:
    """Return `value` as an int of at least `minimum`."""
    number = _index(value)
    if number is None:
        raise InvalidType(f"`{argument}` must be an integer; received {value!r}.")
    _require_64_bits([number], argument)
    if number < minimum:
        raise InvalidArgument(f"`{argument}` must be at least {minimum}; received {value!r}.")
    return number


def as_float(
    value: object, argument: str, *, minimum: float = 0.0, maximum: float = math.inf
) -> float:
    """Return `value` as a finite float from `minimum` to `maximum`."""
    is_number = isinstance(value, numbers.Real | np.floating) and not isinstance(value, bool)
    if not is_number:
        raise InvalidType(f"`{argument}` must be a number; received {value!r}.")
    try:
        found = float(value)  # type: ignore[arg-type]  # it is a number
    except OverflowError:
        found = math.inf
    if not (math.isfinite(found) and minimum <= found <= maximum):
        upwards = f" and at least {minimum:g}" if math.isfinite(minimum) else ""
        is_bounded = math.isfinite(maximum)
        allowed = f"from {minimum:g} to {maximum:g}" if is_bounded else f"finite{upwards}"
        raise InvalidArgument(f"`{argument}` must be {allowed}; received {value!r}.")
    return found


def as_ints(value: object, rank: int, argument: str, *, minimum: int = 1) -> tuple[int, ...]:
    """Return `rank` ints: those given, or one int repeated."""
    single = _index(value)
    found = [single] * rank if single is not None else _indices(value)
    _require_64_bits(found or (), argument)
    if found is None or len(found) != rank:
        several = "one integer" if rank == 1 else f"{rank} integers"
        raise InvalidArgument(
            f"`{argument}` must be an integer or a tuple of {several}; received {value!r}."
        )
    if min(found) < minimum:
        raise InvalidArgument(f"every `{argument}` must be at least {minimum}; received {value!r}.")
    return tuple(found)


def as_pairs(value: object, rank: int, argument: str) -> Pairs:
    """Return one (low, high) pair per axis from an int, one int per axis, or the pairs themselves.

    With one axis, two ints are its pair.
    """
    single = _index(value)
    if single is not None:
        pairs: list[list[int] | None] = [[single, single]] * rank
    elif rank == 1 and (pair := _indices(value)) is not None and len(pair) == 2:
        pairs = [pair]
    else:
        pairs = [_pair(item) for item in _items(value) or ()]
    found = [tuple(pair) for pair in pairs if pair is not None]
    _require_64_bits([number for pair in found for number in pair], argument)
    if len(found) != rank or len(pairs) != rank:
        forms = (
            "an integer or a pair of integers (low, high)"
            if rank == 1
            else f"an integer, {rank} integers, or {rank} pairs of integers (low, high)"
        )
        raise InvalidArgument(f"`{argument}` must be {forms}; received {value!r}.")
    if min(min(pair) for pair in found) < 0:
        raise InvalidArgument(f"`{argument}` must not be negative; received {value!r}.")
    return tuple((low, high) for low, high in found)


def as_choice(value: object, choices: Sequence[str], argument: str) -> str:
    """Return one of `choices`, whatever the case it was written in."""
    if isinstance(value, str) and value.lower() in choices:
        return value.lower()
    allowed = ", ".join(map(repr, choices))
    kind = InvalidArgument if isinstance(value, str) else InvalidType
    raise kind(f"`{argument}` must be one of {allowed}; received {value!r}.")


def as_bool(value: object, argument: str) -> bool:
    """Return a boolean; 0 and 1 count, strings do not."""
    if isinstance(value, bool | np.bool_) or _index(value) in (0, 1):
        return bool(value)
    raise InvalidType(f"`{argument}` must be True or False; received {value!r}.")


def as_data_format(value: object) -> str:
    """Return the data format; None means the configured one."""
    chosen = selection.image_data_format() if value is None else value
    return as_choice(chosen, DATA_FORMATS, "data_format")


def as_partial_shape(value: object, argument: str) -> PartialShape:
    """Return a shape of ints and None."""
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        raise InvalidType(f"`{argument}` must be a tuple of integers or None; received {value!r}.")
    items = list(value)
    sizes = [None if item is None else _index(item) for item in items]
    if any(size is None and item is not None for size, item in zip(sizes, items, strict=True)):
        raise InvalidType(f"`{argument}` must be a tuple of integers or None; received {value!r}.")
    _require_64_bits([size for size in sizes if size is not None], argument)
    if any(size is not None and size < 0 for size in sizes):
        raise InvalidShape(f"`{argument}` must not have a negative size; received {value!r}.")
    return tuple(sizes)


def _require_64_bits(numbers: Iterable[int], argument: str) -> None:
    """Raise for an integer too large for a size; the others can be computed with and printed."""
    for number in numbers:
        if number.bit_length() > 63:
            raise InvalidArgument(
                f"`{argument}` must be below 2**63; received an integer of "
                f"{number.bit_length()} bits."
            )


def unnested(pairs: Pairs) -> tuple[Any, ...]:
    """Return the pair of a single axis, in Keras's form."""
    return pairs[0] if len(pairs) == 1 else pairs


def _index(value: object) -> int | None:
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        return None
    try:
        return operator.index(value)
    except TypeError:  # an array of several numbers
        return None


def _indices(value: object) -> list[int] | None:
    items = _items(value)
    if items is None:
        return None
    found = [number for item in items if (number := _index(item)) is not None]
    return found if len(found) == len(items) else None


def _items(value: object) -> list[object] | None:
    """Return the items of a list, a tuple or an array; a set has no order and a string no ints."""
    if isinstance(value, np.ndarray):
        return list(value) if value.ndim else None
    if isinstance(value, str | bytes) or not isinstance(value, Sequence):
        return None
    return list(value)


def _pair(item: object) -> list[int] | None:
    """Return [low, high] of one axis, written as one int or as two."""
    single = _index(item)
    if single is not None:
        return [single, single]
    pair = _indices(item)
    return pair if pair is not None and len(pair) == 2 else None
