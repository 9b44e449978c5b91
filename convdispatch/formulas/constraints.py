"""The constraints of Keras 1, 2 and 3: projections of a weight after each step of training.

Each formula is written once, in terms of a backend's table (`Backend.functions`). Norms are
sqrt(sum(w^2)) along `axis`, and every division is by norm + `convdispatch.epsilon()`. The default
axis 0 suits matrices; a kernel (*spatial, inputs, outputs) wants all axes but the last. `KERAS3`
is what `convdispatch.layers` reads; `KERAS2` (2.2.4) and `KERAS1` (1.2.2) are the façades'.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeAlias, cast

from convdispatch.errors import InvalidArgument, InvalidShape
from convdispatch.formulas import lookup
from convdispatch.formulas.element_types import rounded_once
from convdispatch.ops import Backend, Tensor
from convdispatch.runtime import selection
from convdispatch.types import SomeTensor

Functions: TypeAlias = Mapping[str, Callable[..., Tensor]]
Function: TypeAlias = Callable[[Tensor], Tensor]


class Constraint(lookup.Configured):
    """Base of all constraints; a user's subclass defines `apply`, or `__call__` as in Keras."""

    def __call__(self, w: SomeTensor) -> SomeTensor:
        """Return the constrained value of a tensor of any backend."""
        return cast("SomeTensor", projected(self, selection.backend_of(w), w))

    def apply(self, functions: Functions, w: Tensor) -> Tensor:
        """Return the constrained value by a backend's table; the base changes nothing."""
        is_overridden = type(self).__call__ is not Constraint.__call__  # in Keras's manner
        return self(w) if is_overridden else functions["linear"](w)


def projected(constraint: Constraint | Function, backend: Backend, w: Tensor) -> Tensor:
    """Return the constrained value of a backend's tensor, also by a user's function."""
    if not isinstance(constraint, Constraint):
        return constraint(w)
    return rounded_once(backend, lambda wide: constraint.apply(backend.functions, wide), w)


class _ConstraintKeras1(Constraint):
    """Base of Keras 1.2.2's, whose configurations are flat: `{'name': ..., 'axis': ...}`."""

    def get_config(self) -> dict[str, object]:
        return {"name": self.saved_name(), **super().get_config()}

    @classmethod
    def from_config(cls, config: Mapping[str, object]) -> Self:
        return super().from_config(lookup.without_name(config))

    def serialized(self) -> str | dict[str, object]:
        return self.get_config()


class _NonNeg(Constraint):
    def apply(self, functions: Functions, w: Tensor) -> Tensor:
        """Return the constrained value by a backend's table."""
        return functions["maximum"](w, 0)


class _UnitNorm(Constraint):
    axis: int | Sequence[int]

    def __post_init__(self) -> None:
        self._settle(axis=_axis(self.axis))

    def apply(self, functions: Functions, w: Tensor) -> Tensor:
        """Return the constrained value by a backend's table."""
        x: Any = w
        return x / (selection.epsilon() + _norms(functions, x, self.axis))


@dataclass(frozen=True)
class NonNeg(_NonNeg):
    """Keras 2 and 3: max(w, 0)."""


@dataclass(frozen=True)
class UnitNorm(_UnitNorm):
    """Keras 2 and 3: w / (epsilon + norm)."""

    axis: int | Sequence[int] = 0


@dataclass(frozen=True)
class MaxNorm(Constraint):
    """Keras 2 and 3: w * min(norm, max_value) / (epsilon + norm).

    >>> import numpy
    >>> MaxNorm(1.0)(numpy.array([3.0, 4.0])).round(5).tolist()
    [0.6, 0.8]
    """

    max_value: float = 2.0
    axis: int | Sequence[int] = 0

    def __post_init__(self) -> None:
        value = lookup.number(self.max_value, "max_value", at_least=0.0)
        self._settle(max_value=value, axis=_axis(self.axis))

    def apply(self, functions: Functions, w: Tensor) -> Tensor:
        """Return the constrained value by a backend's table."""
        return _bound(functions, w, self.axis, low=0.0, high=self.max_value, rate=1.0)


@dataclass(frozen=True)
class MinMaxNorm(Constraint):
    """Keras 2 and 3: w * (rate * clip(norm, min, max) + (1 - rate) * norm) / (epsilon + norm)."""

    min_value: float = 0.0
    max_value: float = 1.0
    rate: float = 1.0
    axis: int | Sequence[int] = 0

    def __post_init__(self) -> None:
        low, high = _interval(self.min_value, self.max_value, ("min_value", "max_value"))
        self._settle(min_value=low, max_value=high, rate=_rate(self.rate), axis=_axis(self.axis))

    def apply(self, functions: Functions, w: Tensor) -> Tensor:
        """Return the constrained value by a backend's table."""
        low, high = self.min_value, self.max_value
        return _bound(functions, w, self.axis, low=low, high=high, rate=self.rate)


@dataclass(frozen=True)
class NonNegKeras1(_NonNeg, _ConstraintKeras1):
    """Keras 1.2.2: max(w, 0)."""

    keras_name = "NonNeg"


@dataclass(frozen=True)
class UnitNormKeras1(_UnitNorm, _ConstraintKeras1):
    """Keras 1.2.2: w / (epsilon + norm)."""

    keras_name = "UnitNorm"

    axis: int | Sequence[int] = 0


@dataclass(frozen=True)
class MaxNormKeras1(_ConstraintKeras1):
    """Keras 1.2.2: w * min(norm, m) / (epsilon + norm)."""

    keras_name = "MaxNorm"

    m: float = 2.0
    axis: int | Sequence[int] = 0

    def __post_init__(self) -> None:
        self._settle(m=lookup.number(self.m, "m", at_least=0.0), axis=_axis(self.axis))

    def apply(self, functions: Functions, w: Tensor) -> Tensor:
        """Return the constrained value by a backend's table."""
        return _bound(functions, w, self.axis, low=0.0, high=self.m, rate=1.0)


@dataclass(frozen=True)
class MinMaxNormKeras1(_ConstraintKeras1):
    """Keras 1.2.2: w * (rate * clip(norm, low, high) + (1 - rate) * norm) / (epsilon + norm)."""

    keras_name = "MinMaxNorm"

    low: float = 0.0
    high: float = 1.0
    rate: float = 1.0
    axis: int | Sequence[int] = 0

    def __post_init__(self) -> None:
        low, high = _interval(self.low, self.high, ("low", "high"))
        self._settle(low=low, high=high, rate=_rate(self.rate), axis=_axis(self.axis))

    def apply(self, functions: Functions, w: Tensor) -> Tensor:
        """Return the constrained value by a backend's table."""
        return _bound(functions, w, self.axis, low=self.low, high=self.high, rate=self.rate)


Factory: TypeAlias = Callable[..., Constraint]

max_norm = maxnorm = MaxNorm
non_neg = nonneg = NonNeg
unit_norm = unitnorm = UnitNorm
min_max_norm = MinMaxNorm

KERAS2: Mapping[str, Factory] = {
    "Constraint": Constraint,
    "MaxNorm": MaxNorm,
    "max_norm": MaxNorm,
    "maxnorm": MaxNorm,
    "NonNeg": NonNeg,
    "non_neg": NonNeg,
    "nonneg": NonNeg,
    "UnitNorm": UnitNorm,
    "unit_norm": UnitNorm,
    "unitnorm": UnitNorm,
    "MinMaxNorm": MinMaxNorm,
    "min_max_norm": MinMaxNorm,
}

# Keras 3 lost 'maxnorm', 'nonneg' and 'unitnorm'; nothing is gained by losing them here.
KERAS3: Mapping[str, Factory] = KERAS2

KERAS1: Mapping[str, Factory] = {
    "Constraint": Constraint,
    "MaxNorm": MaxNormKeras1,
    "maxnorm": MaxNormKeras1,
    "NonNeg": NonNegKeras1,
    "nonneg": NonNegKeras1,
    "UnitNorm": UnitNormKeras1,
    "unitnorm": UnitNormKeras1,
    "MinMaxNorm": MinMaxNormKeras1,
}


def get(identifier: object, table: Mapping[str, Factory] = KERAS3) -> Constraint | Function | None:
    """Return the constraint that `identifier` stands for in `table`; None stays None.

    A name, a dictionary with 'class_name' and 'config' (Keras 1: flat, with 'name'), a
    `Constraint` or its class, or a callable, which will be given native tensors.

    >>> get("unit_norm")
    UnitNorm(axis=0)
    """
    if identifier is None:
        return None
    found = lookup.resolve(identifier, table, kind="constraint", base=Constraint)
    return cast("Constraint | Function", found)


def serialize(constraint: Constraint | Function | None) -> object:
    """Return the configuration; for a foreign callable it is its name.

    >>> serialize(MaxNorm(3, axis=[0, 1, 2]))
    {'class_name': 'MaxNorm', 'config': {'max_value': 3.0, 'axis': [0, 1, 2]}}
    """
    return lookup.serialize(constraint)


def _bound(
    functions: Functions,
    w: Tensor,
    axis: int | Sequence[int],
    *,
    low: float,
    high: float,
    rate: float,
) -> Tensor:
    f: Any = functions
    x: Any = w
    norms = _norms(functions, x, axis)
    wanted = f["minimum"](f["maximum"](norms, low), high)
    if rate != 1:
        wanted = rate * wanted + (1 - rate) * norms
    return x * (wanted / (selection.epsilon() + norms))


def _norms(functions: Functions, w: Any, axis: int | Sequence[int]) -> Any:
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    rank = len(w.shape)
    if any(not -rank <= each < rank for each in axes):
        raise InvalidShape(
            f"`axis` of a constraint must lie within the weight, received {axis!r} for the shape "
            f"{tuple(w.shape)}. Pass axes from {-rank} to {rank - 1}."
        )
    return functions["sqrt"](functions["sum"](w * w, axis=axes, keepdims=True))


def _axis(axis: object) -> int | tuple[int, ...]:
    if isinstance(axis, Sequence) and not isinstance(axis, str):
        return tuple(lookup.integer(each, "axis") for each in axis)
    return lookup.integer(axis, "axis")


def _interval(low: object, high: object, names: tuple[str, str]) -> tuple[float, float]:
    least, greatest = (
        lookup.number(value, name, at_least=0.0)
        for value, name in zip((low, high), names, strict=True)
    )
    if least > greatest:
        raise InvalidArgument(
            f"`{names[0]}` must not exceed `{names[1]}`, received {least} and {greatest}. "
            f"Exchange the two."
        )
    return least, greatest


def _rate(value: object) -> float:
    rate = lookup.number(value, "rate", at_least=0.0)
    if rate > 1:
        raise InvalidArgument(
            f"`rate` must be between 0 and 1, received {value!r}. Pass 1 for strict enforcement."
        )
    return rate
