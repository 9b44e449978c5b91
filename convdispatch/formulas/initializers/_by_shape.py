"""The initializers that depend only on the shape: Keras 3's, and Keras 2's if they are the same.

Those that scale by fan-in and fan-out are in `_variance_scaling`, older formulas in
`_legacy`; the names are in the package.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from convdispatch.errors import InvalidArgument, InvalidShape
from convdispatch.formulas import lookup, random
from convdispatch.formulas.random import Float64Array
from convdispatch.geometry import sizes
from convdispatch.ops import NumpyArray, Shape
from convdispatch.runtime import selection
from convdispatch.support.documents import shown

# One number, or those of an array, as tuples: so an initializer stays hashable.
Values: TypeAlias = "float | Sequence[Values]"


class Initializer(lookup.Configured):
    """Base of all initializers; subclasses draw in `values`.

    `dim_ordering` matters to those of Keras 1 alone. Without a `seed` of its own, an initializer
    draws from the stream of `set_random_seed`; with one, every call gives the same values.
    """

    seed: int | None = None

    def __call__(
        self,
        shape: Sequence[int],
        dtype: str = "float64",
        *,
        dim_ordering: str | None = None,
        name: str | None = None,
    ) -> NumpyArray:
        """Return an array of that shape; `name`, which Keras 1 gives, has no effect."""
        return self.values(checked_shape(shape), dim_ordering=dim_ordering).astype(dtype)

    def values(self, shape: Shape, *, dim_ordering: str | None = None) -> Float64Array:
        """Draw in float64."""
        raise NotImplementedError(f"{type(self).__name__} must define `values` or `__call__`")

    def generator(self) -> np.random.Generator:
        """Return the generator of one draw."""
        return random.generator(self.seed)


@dataclass(frozen=True)
class Constant(Initializer):
    """Keras 1 to 3: every element is `value`, or that of an array at its place.

    >>> Constant(0.5)((2,)).tolist()
    [0.5, 0.5]
    >>> Constant([1.0, 2.0])((3, 2)).tolist()
    [[1.0, 2.0], [1.0, 2.0], [1.0, 2.0]]
    """

    value: Values = 0.0

    def __post_init__(self) -> None:
        self._settle(value=_numbers(self.value))

    def values(self, shape: Shape, *, dim_ordering: str | None = None) -> Float64Array:
        """Fill the shape."""
        value = np.asarray(self.value, np.float64)
        try:
            return np.array(np.broadcast_to(value, shape))
        except ValueError as exc:
            raise InvalidShape(
                f"Constant has an array of shape {value.shape} for a weight of shape {shape}. "
                f"Give one number, or an array that can be repeated to that shape."
            ) from exc


@dataclass(frozen=True)
class Zeros(Initializer):
    """Keras 1 to 3: all zeros."""

    def values(self, shape: Shape, *, dim_ordering: str | None = None) -> Float64Array:
        """Fill the shape."""
        return np.zeros(shape)


@dataclass(frozen=True)
class Ones(Initializer):
    """Keras 1 to 3: all ones."""

    def values(self, shape: Shape, *, dim_ordering: str | None = None) -> Float64Array:
        """Fill the shape."""
        return np.ones(shape)


@dataclass(frozen=True)
class Identity(Initializer):
    """Keras 3: `gain` on the main diagonal of a matrix, which need not be square."""

    gain: float = 1.0

    def __post_init__(self) -> None:
        self._settle(gain=lookup.number(self.gain, "gain"))

    def values(self, shape: Shape, *, dim_ordering: str | None = None) -> Float64Array:
        """Fill the shape, which must be of rank 2."""
        if len(shape) != 2:
            raise InvalidShape(
                f"{self.saved_name()} makes matrices, rank 2, only; received the shape {shape}. "
                f"Use another initializer for this weight."
            )
        return self.gain * np.eye(*shape)


@dataclass(frozen=True)
class RandomNormal(Initializer):
    """Keras 2 and 3: N(mean, stddev^2)."""

    mean: float = 0.0
    stddev: float = 0.05
    seed: int | None = None

    def __post_init__(self) -> None:
        self._settle(
            mean=lookup.number(self.mean, "mean"),
            stddev=lookup.number(self.stddev, "stddev", at_least=0.0),
            seed=random.checked_seed(self.seed),
        )

    def values(self, shape: Shape, *, dim_ordering: str | None = None) -> Float64Array:
        """Draw in float64."""
        return self.mean + self.stddev * self.generator().standard_normal(shape)


@dataclass(frozen=True)
class TruncatedNormal(RandomNormal):
    """Keras 2 and 3: N(mean, stddev^2), drawn again beyond 2 stddev from the mean."""

    def values(self, shape: Shape, *, dim_ordering: str | None = None) -> Float64Array:
        """Draw in float64."""
        return self.mean + self.stddev * random.truncated_normal(self.generator(), shape)


@dataclass(frozen=True)
class RandomUniform(Initializer):
    """Keras 2 and 3: U(minval, maxval)."""

    minval: float = -0.05
    maxval: float = 0.05
    seed: int | None = None

    def __post_init__(self) -> None:
        low = lookup.number(self.minval, "minval")
        high = lookup.number(self.maxval, "maxval")
        if low > high:
            raise InvalidArgument(
                f"`minval` must not exceed `maxval`, received {low} and {high}. Exchange the two."
            )
        self._settle(minval=low, maxval=high, seed=random.checked_seed(self.seed))

    def values(self, shape: Shape, *, dim_ordering: str | None = None) -> Float64Array:
        """Draw in float64."""
        return self.generator().uniform(self.minval, self.maxval, shape)


@dataclass(frozen=True)
class Orthogonal(Initializer):
    """Saxe et al., 2014, arXiv:1312.6120: `gain` times an orthogonal matrix.

    The weight is the matrix (all axes but the last, last axis): the shorter of its rows and
    columns are orthonormal. Q of a Gaussian matrix's QR, its signs fixed so that it is uniform.
    """

    gain: float = 1.0
    seed: int | None = None

    def __post_init__(self) -> None:
        gain = lookup.number(self.gain, "gain")
        self._settle(gain=gain, seed=random.checked_seed(self.seed))

    def values(self, shape: Shape, *, dim_ordering: str | None = None) -> Float64Array:
        """Draw in float64; the shape must be of rank 2 or more."""
        require_rank_2(shape, self.saved_name())
        rows, columns = math.prod(shape[:-1]), shape[-1]
        tall = (max(rows, columns), min(rows, columns))
        q, r = np.linalg.qr(self.generator().standard_normal(tall))
        q = q * np.where(np.diag(r) < 0, -1.0, 1.0)
        return self.gain * (q if rows >= columns else q.T).reshape(shape)


def checked_shape(shape: Sequence[int]) -> Shape:
    """Return the shape as a tuple of ints, none negative; raise unless an array may have it."""
    checked = tuple(lookup.integer(size, "shape", at_least=0) for size in shape)
    if not sizes.is_possible(checked):
        raise InvalidShape(
            f"`shape` {shown(checked)} is too large: an array may have at most "
            f"{sizes.MOST_CELLS} cells on an axis and {sizes.MOST_NUMBERS} numbers. Pass a "
            "smaller one."
        )
    return checked


def require_rank_2(shape: Shape, name: str) -> None:
    """Raise `InvalidShape` unless the shape has two axes or more."""
    if len(shape) < 2:
        raise InvalidShape(
            f"{name} needs a shape of rank 2 or more, received {shape}. "
            f"Use another initializer for this weight."
        )


def _numbers(value: object) -> Values:
    if isinstance(value, numbers.Number | str) or value is None:
        return lookup.number(value, "value")
    array = selection.as_array(value)
    if array.dtype.kind not in "fiu" or not np.isfinite(array).all():
        raise InvalidArgument(
            f"`value` must be a finite number or an array of them, received {shown(value)}. Pass "
            "one of the two."
        )
    found: Values = _tuples(array.tolist())
    return found


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
