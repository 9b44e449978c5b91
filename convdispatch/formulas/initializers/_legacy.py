"""The initializers of Keras 1.2.2 and 2.2.4 that differ from those of Keras 3."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from convdispatch.errors import InvalidArgument, InvalidShape
from convdispatch.formulas import lookup
from convdispatch.formulas.initializers._by_shape import Identity, Initializer, require_rank_2
from convdispatch.formulas.initializers._variance_scaling import Scaled, compute_fans
from convdispatch.formulas.random import Float64Array
from convdispatch.ops import Shape


@dataclass(frozen=True)
class VarianceScalingKeras2(Scaled):
    """Keras 2.2.4's VarianceScaling: other fans than Keras 3's for ranks 0, 1 and above 5."""

    keras_name = "VarianceScaling"

    scale: float = 1.0
    mode: str = "fan_in"
    distribution: str = "normal"
    seed: int | None = None

    def __post_init__(self) -> None:
        self._settle_scaling()

    def fans(self, shape: Shape, dim_ordering: str | None) -> tuple[float, float]:
        """Return the fan-in and the fan-out of a weight of that shape."""
        return fans_keras2(shape)


def glorot_uniform(seed: int | None = None) -> Initializer:
    """Glorot and Bengio, 2010: U(-+sqrt(6 / (fan_in + fan_out)))."""
    return VarianceScalingKeras2(1.0, "fan_avg", "uniform", seed)


def glorot_normal(seed: int | None = None) -> Initializer:
    """Glorot and Bengio, 2010: truncated, standard deviation sqrt(2 / (fan_in + fan_out))."""
    return VarianceScalingKeras2(1.0, "fan_avg", "normal", seed)


def he_uniform(seed: int | None = None) -> Initializer:
    """He et al., 2015, arXiv:1502.01852: U(-+sqrt(6 / fan_in))."""
    return VarianceScalingKeras2(2.0, "fan_in", "uniform", seed)


def he_normal(seed: int | None = None) -> Initializer:
    """He et al., 2015, arXiv:1502.01852: truncated, standard deviation sqrt(2 / fan_in)."""
    return VarianceScalingKeras2(2.0, "fan_in", "normal", seed)


def lecun_uniform(seed: int | None = None) -> Initializer:
    """LeCun et al., 1998, Efficient BackProp: U(-+sqrt(3 / fan_in))."""
    return VarianceScalingKeras2(1.0, "fan_in", "uniform", seed)


def lecun_normal(seed: int | None = None) -> Initializer:
    """LeCun et al., 1998, Efficient BackProp: truncated, standard deviation sqrt(1 / fan_in)."""
    return VarianceScalingKeras2(1.0, "fan_in", "normal", seed)


@dataclass(frozen=True)
class IdentityKeras2(Identity):
    """Keras 2.2.4's Identity: repeated along the longer side, a multiple of the shorter."""

    keras_name = "Identity"

    def values(self, shape: Shape, *, dim_ordering: str | None = None) -> Float64Array:
        """Fill the shape, which must be of rank 2."""
        if len(shape) == 2 and min(shape) > 0 and max(shape) % min(shape) == 0:
            side = np.eye(min(shape))
            return self.gain * np.tile(side, (shape[0] // len(side), shape[1] // len(side)))
        raise InvalidShape(
            f"Identity of Keras 2 makes matrices of which one side is a multiple of the other, "
            f"received the shape {shape}. Use another initializer for this weight."
        )


class InitializerKeras1(Initializer):
    """Base of Keras 1.2.2's initializers, which were functions and are saved by name."""

    def serialized(self) -> str | dict[str, object]:
        """Return the name, or a dictionary if Keras 1 would have needed a lambda."""
        name, config = self.saved_name(), self.get_config()
        return name if self == type(self)() else {"class_name": name, "config": config}


@dataclass(frozen=True)
class UniformKeras1(InitializerKeras1):
    """Keras 1.2.2: U(-scale, scale)."""

    keras_name = "uniform"

    scale: float = 0.05

    def __post_init__(self) -> None:
        self._settle(scale=lookup.number(self.scale, "scale", at_least=0.0))

    def values(self, shape: Shape, *, dim_ordering: str | None = None) -> Float64Array:
        """Draw in float64."""
        return self.generator().uniform(-self.scale, self.scale, shape)


@dataclass(frozen=True)
class NormalKeras1(UniformKeras1):
    """Keras 1.2.2: N(0, scale^2)."""

    keras_name = "normal"

    def values(self, shape: Shape, *, dim_ordering: str | None = None) -> Float64Array:
        """Draw in float64."""
        return self.scale * self.generator().standard_normal(shape)


@dataclass(frozen=True)
class IdentityKeras1(InitializerKeras1):
    """Keras 1.2.2: `scale` on the diagonal of a square matrix."""

    keras_name = "identity"

    scale: float = 1.0

    def __post_init__(self) -> None:
        self._settle(scale=lookup.number(self.scale, "scale"))

    def values(self, shape: Shape, *, dim_ordering: str | None = None) -> Float64Array:
        """Fill the shape, which must be square."""
        if len(shape) != 2 or shape[0] != shape[1]:
            raise InvalidShape(
                f"identity of Keras 1 makes square matrices only, received the shape {shape}. "
                f"Use another initializer for this weight."
            )
        return self.scale * np.eye(*shape)


@dataclass(frozen=True)
class OrthogonalKeras1(InitializerKeras1):
    """Saxe et al., 2014, arXiv:1312.6120, as in Keras 1.2.2: the matrix is (first axis, rest)."""

    keras_name = "orthogonal"

    scale: float = 1.1

    def __post_init__(self) -> None:
        self._settle(scale=lookup.number(self.scale, "scale"))

    def values(self, shape: Shape, *, dim_ordering: str | None = None) -> Float64Array:
        """Draw in float64; the shape must be of rank 2 or more."""
        require_rank_2(shape, self.saved_name())
        flat = (shape[0], math.prod(shape[1:]))
        u, _, v = np.linalg.svd(self.generator().standard_normal(flat), full_matrices=False)
        return self.scale * (u if u.shape == flat else v).reshape(shape)


@dataclass(frozen=True)
class ZeroKeras1(InitializerKeras1):
    """Keras 1.2.2: all zeros."""

    keras_name = "zero"

    def values(self, shape: Shape, *, dim_ordering: str | None = None) -> Float64Array:
        """Fill the shape."""
        return np.zeros(shape)


@dataclass(frozen=True)
class OneKeras1(InitializerKeras1):
    """Keras 1.2.2: all ones."""

    keras_name = "one"

    def values(self, shape: Shape, *, dim_ordering: str | None = None) -> Float64Array:
        """Fill the shape."""
        return np.ones(shape)


@dataclass(frozen=True)
class ScaledKeras1(Scaled, InitializerKeras1):
    """Base of those that scale: fans from `dim_ordering`, and no normal is ever cut."""

    def fans(self, shape: Shape, dim_ordering: str | None) -> tuple[float, float]:
        """Return the fan-in and the fan-out of a weight of that shape."""
        return fans_keras1(shape, dim_ordering or "th")


class LecunUniformKeras1(ScaledKeras1):
    """Keras 1.2.2: U(-+sqrt(3 / fan_in))."""

    keras_name = "lecun_uniform"
    scale, mode, distribution = 1.0, "fan_in", "uniform"


class GlorotUniformKeras1(ScaledKeras1):
    """Keras 1.2.2: U(-+sqrt(6 / (fan_in + fan_out)))."""

    keras_name = "glorot_uniform"
    scale, mode, distribution = 1.0, "fan_avg", "uniform"


class GlorotNormalKeras1(ScaledKeras1):
    """Keras 1.2.2: N(0, 2 / (fan_in + fan_out)), not truncated."""

    keras_name = "glorot_normal"
    scale, mode, distribution = 1.0, "fan_avg", "untruncated_normal"


class HeUniformKeras1(ScaledKeras1):
    """Keras 1.2.2: U(-+sqrt(6 / fan_in))."""

    keras_name = "he_uniform"
    scale, mode, distribution = 2.0, "fan_in", "uniform"


class HeNormalKeras1(ScaledKeras1):
    """Keras 1.2.2: N(0, 2 / fan_in), not truncated."""

    keras_name = "he_normal"
    scale, mode, distribution = 2.0, "fan_in", "untruncated_normal"


def fans_keras2(shape: Shape, data_format: str = "channels_last") -> tuple[float, float]:
    """Return (fan-in, fan-out) as Keras 2.2.4 counted them.

    >>> fans_keras2((32, 16, 3, 3), "channels_first")
    (144, 288)
    """
    if not 2 <= len(shape) <= 5:
        return _fans_of_unknown(shape)
    if data_format == "channels_first" and len(shape) > 2:
        shape = (*shape[2:], shape[1], shape[0])
    return compute_fans(shape)


def fans_keras1(shape: Shape, dim_ordering: str = "th") -> tuple[float, float]:
    """Return (fan-in, fan-out) as Keras 1.2.2 counted them.

    'th' kernels are (outputs, inputs, *spatial), 'tf' kernels (*spatial, inputs, outputs). Of a
    'tf' kernel of rank 5 only the first two axes counted as the receptive field.

    >>> fans_keras1((3, 3, 3, 16, 32), "tf")
    (144, 288)
    """
    if dim_ordering not in ("th", "tf"):
        raise InvalidArgument(
            f"`dim_ordering` must be 'th' or 'tf', received {dim_ordering!r}. Pass one of the two."
        )
    if len(shape) == 2:
        return shape[0], shape[1]
    if len(shape) not in (4, 5):
        return _fans_of_unknown(shape)
    if dim_ordering == "th":
        receptive_field = math.prod(shape[2:])
        return shape[1] * receptive_field, shape[0] * receptive_field
    receptive_field = math.prod(shape[:2])
    return shape[-2] * receptive_field, shape[-1] * receptive_field


def _fans_of_unknown(shape: Shape) -> tuple[float, float]:
    fan = math.sqrt(math.prod(shape))
    return fan, fan


KERAS1: Mapping[str, Callable[..., Initializer]] = {
    made.saved_name(): made
    for made in (
        UniformKeras1, LecunUniformKeras1, NormalKeras1, IdentityKeras1, OrthogonalKeras1,
        ZeroKeras1, OneKeras1, GlorotNormalKeras1, GlorotUniformKeras1, HeNormalKeras1,
        HeUniformKeras1,
    )
}  # fmt: skip
