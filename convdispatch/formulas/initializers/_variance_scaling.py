"""The initializers that scale their variance by how many inputs or outputs a weight joins."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from convdispatch.errors import InvalidArgument, InvalidShape
from convdispatch.formulas import lookup, random
from convdispatch.formulas.initializers._by_shape import Initializer
from convdispatch.formulas.random import Float64Array
from convdispatch.ops import Shape

# The standard deviation of N(0, 1) cut at 2 standard deviations; Keras 2.2.4 and 3 divide by it.
TRUNCATED_DEVIATION = 0.87962566103423978

_MODES = ("fan_in", "fan_out", "fan_avg")
_DISTRIBUTIONS = ("uniform", "normal", "truncated_normal", "untruncated_normal")


def compute_fans(
    shape: Sequence[int],
    *,
    input_axes: Sequence[int] | None = None,
    output_axes: Sequence[int] | None = None,
) -> tuple[float, float]:
    """Return (fan-in, fan-out) as Keras 3 counts them.

    A kernel is taken as (*spatial, inputs, outputs), also where it is transposed or depthwise; a
    matrix as (inputs, outputs); a vector's size is both. With both `input_axes` and `output_axes`
    given, the products of their sizes.

    >>> compute_fans((3, 3, 16, 32))
    (144, 288)
    """
    if input_axes is not None and output_axes is not None:
        return _size(shape, input_axes), _size(shape, output_axes)
    if len(shape) < 2:
        return math.prod(shape), math.prod(shape)
    receptive_field = math.prod(shape[:-2])
    return shape[-2] * receptive_field, shape[-1] * receptive_field


class Scaled(Initializer):
    """Base of those with variance scale / n, n being the fan-in, the fan-out or their average.

    'truncated_normal', which 'normal' means too, is cut at 2 deviations and enlarged to that
    variance; 'untruncated_normal' is not cut; 'uniform' has the limits -+sqrt(3 scale / n).
    """

    scale: float
    mode: str
    distribution: str

    def fans(self, shape: Shape, dim_ordering: str | None) -> tuple[float, float]:
        """Return the fan-in and the fan-out of a weight of that shape."""
        return compute_fans(shape)

    def values(self, shape: Shape, *, dim_ordering: str | None = None) -> Float64Array:
        """Draw in float64."""
        fan_in, fan_out = self.fans(shape, dim_ordering)
        n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        deviation = math.sqrt(self.scale / max(1.0, n))
        if self.distribution == "uniform":
            limit = math.sqrt(3) * deviation
            return self.generator().uniform(-limit, limit, shape)
        if self.distribution == "untruncated_normal":
            return deviation * self.generator().standard_normal(shape)
        factor = deviation / TRUNCATED_DEVIATION
        return factor * random.truncated_normal(self.generator(), shape)

    def _settle_scaling(self) -> None:
        scale = lookup.number(self.scale, "scale")
        if scale <= 0:
            raise InvalidArgument(
                f"`scale` must be positive, received {self.scale!r}. Use Zeros for zero weights."
            )
        self._settle(
            scale=scale,
            mode=_choice(self.mode, "mode", _MODES),
            distribution=_choice(self.distribution, "distribution", _DISTRIBUTIONS),
            seed=random.checked_seed(self.seed),
        )


class _WithAxes(Scaled):
    """Keras 3's, which may be told which axes are inputs and which are outputs."""

    input_axes: Sequence[int] | None
    output_axes: Sequence[int] | None

    def fans(self, shape: Shape, dim_ordering: str | None) -> tuple[float, float]:
        """Return the fan-in and the fan-out of a weight of that shape."""
        return compute_fans(shape, input_axes=self.input_axes, output_axes=self.output_axes)

    def _settle_axes(self) -> None:
        self._settle(
            seed=random.checked_seed(self.seed),
            input_axes=_axes(self.input_axes, "input_axes"),
            output_axes=_axes(self.output_axes, "output_axes"),
        )


@dataclass(frozen=True)
class VarianceScaling(_WithAxes):
    """Keras 3: any scale, mode and distribution.

    >>> VarianceScaling(2.0, "fan_out", "uniform", seed=0)((3, 3, 4, 8)).shape
    (3, 3, 4, 8)
    """

    scale: float = 1.0
    mode: str = "fan_in"
    distribution: str = "truncated_normal"
    seed: int | None = None
    input_axes: Sequence[int] | None = None
    output_axes: Sequence[int] | None = None

    def __post_init__(self) -> None:
        self._settle_scaling()
        self._settle_axes()


@dataclass(frozen=True)
class _Fixed(_WithAxes):
    seed: int | None = None
    input_axes: Sequence[int] | None = None
    output_axes: Sequence[int] | None = None

    def __post_init__(self) -> None:
        self._settle_axes()


class GlorotUniform(_Fixed):
    """Glorot and Bengio, 2010: U(-+sqrt(6 / (fan_in + fan_out)))."""

    scale, mode, distribution = 1.0, "fan_avg", "uniform"


class GlorotNormal(_Fixed):
    """Glorot and Bengio, 2010: truncated, standard deviation sqrt(2 / (fan_in + fan_out))."""

    scale, mode, distribution = 1.0, "fan_avg", "truncated_normal"


class HeUniform(_Fixed):
    """He et al., 2015, arXiv:1502.01852: U(-+sqrt(6 / fan_in))."""

    scale, mode, distribution = 2.0, "fan_in", "uniform"


class HeNormal(_Fixed):
    """He et al., 2015, arXiv:1502.01852: truncated, standard deviation sqrt(2 / fan_in)."""

    scale, mode, distribution = 2.0, "fan_in", "truncated_normal"


class LecunUniform(_Fixed):
    """LeCun et al., 1998, Efficient BackProp: U(-+sqrt(3 / fan_in))."""

    scale, mode, distribution = 1.0, "fan_in", "uniform"


class LecunNormal(_Fixed):
    """LeCun et al., 1998, Efficient BackProp: truncated, standard deviation sqrt(1 / fan_in)."""

    scale, mode, distribution = 1.0, "fan_in", "truncated_normal"


def _size(shape: Sequence[int], axes: Sequence[int]) -> int:
    rank = len(shape)
    if any(not -rank <= axis < rank for axis in axes):
        raise InvalidShape(
            f"`input_axes` and `output_axes` must be axes of the shape {tuple(shape)}, received "
            f"{tuple(axes)}. Pass axes from {-rank} to {rank - 1}."
        )
    return math.prod(shape[axis] for axis in axes)


def _axes(axes: object, name: str) -> Shape | None:
    """Return the axes: of a sequence, of one number, or None."""
    if axes is None:
        return None
    given = axes if isinstance(axes, Sequence) and not isinstance(axes, str | bytes) else [axes]
    return tuple(lookup.integer(axis, name) for axis in given)


def _choice(value: object, name: str, allowed: tuple[str, ...]) -> str:
    if isinstance(value, str) and value.lower() in allowed:
        return value.lower()
    raise InvalidArgument(
        f"`{name}` must be one of {lookup.quoted(allowed)}, received {value!r}. "
        f"{lookup.hint(str(value), allowed)}"
    )
