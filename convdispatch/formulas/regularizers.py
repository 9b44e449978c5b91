"""The regularizers of Keras 1, 2 and 3: a scalar loss of a weight or of a layer's output.

Each formula is written once, in terms of a backend's table (`Backend.functions`), and is
differentiable by every framework. Whether the loss of an output is divided by the batch size is
the layer's to know. `KERAS3` is what `convdispatch.layers` reads; `KERAS2` (2.2.4, with the class
names that 2.3 and later save) and `KERAS1` (1.2.2) are the façades'.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self, TypeAlias, cast

from convdispatch.errors import InvalidArgument, InvalidShape
from convdispatch.formulas import lookup
from convdispatch.formulas.element_types import rounded_once
from convdispatch.formulas.elementary import absolute
from convdispatch.ops import Backend, Tensor
from convdispatch.runtime import selection

Functions: TypeAlias = Mapping[str, Callable[..., Tensor]]
Function: TypeAlias = Callable[[Tensor], Tensor]


class Regularizer(lookup.Configured):
    """Base of all regularizers; a user's subclass defines `loss`, or `__call__` as in Keras."""

    def __call__(self, w: Tensor) -> Tensor:
        """Return the loss of a tensor of any backend, as a scalar of that backend."""
        return penalty(self, selection.backend_of(w), w)

    def loss(self, functions: Functions, w: Tensor) -> Tensor:
        """Return the loss by a backend's table; the base returns no loss."""
        if type(self).__call__ is not Regularizer.__call__:  # a subclass in Keras's manner
            return self(w)
        return _penalty(functions, w, 0.0, 0.0)


def penalty(regularizer: Regularizer | Function, backend: Backend, w: Tensor) -> Tensor:
    """Return the loss of a tensor whose backend is known, by a regularizer or a user's function."""
    if not isinstance(regularizer, Regularizer):
        return regularizer(w)
    return rounded_once(backend, lambda wide: regularizer.loss(backend.functions, wide), w)


@dataclass(frozen=True)
class L1L2(Regularizer):
    """Keras 2 and 3: l1 * sum |w| + l2 * sum w^2, without a factor 1/2.

    >>> import numpy
    >>> float(L1L2(l1=0.5, l2=0.25)(numpy.array([1.0, -2.0])))
    2.75
    """

    l1: float = 0.0
    l2: float = 0.0

    def __post_init__(self) -> None:
        self._settle(l1=_factor(self.l1, "l1"), l2=_factor(self.l2, "l2"))

    def loss(self, functions: Functions, w: Tensor) -> Tensor:
        """Return the loss by a backend's table."""
        return _penalty(functions, w, self.l1, self.l2)


@dataclass(frozen=True)
class L1(Regularizer):
    """Keras 3: l1 * sum |w|."""

    l1: float = 0.01

    def __post_init__(self) -> None:
        self._settle(l1=_factor(self.l1, "l1"))

    def loss(self, functions: Functions, w: Tensor) -> Tensor:
        """Return the loss by a backend's table."""
        return _penalty(functions, w, self.l1, 0.0)


@dataclass(frozen=True)
class L2(Regularizer):
    """Keras 3: l2 * sum w^2."""

    l2: float = 0.01

    def __post_init__(self) -> None:
        self._settle(l2=_factor(self.l2, "l2"))

    def loss(self, functions: Functions, w: Tensor) -> Tensor:
        """Return the loss by a backend's table."""
        return _penalty(functions, w, 0.0, self.l2)


@dataclass(frozen=True)
class OrthogonalRegularizer(Regularizer):
    """Keras 3: factor * mean |cosine| over the pairs of rows (or columns) of a matrix."""

    factor: float = 0.01
    mode: str = "rows"

    def __post_init__(self) -> None:
        self._settle(factor=_factor(self.factor, "factor"))
        if self.mode not in ("rows", "columns"):
            raise InvalidArgument(
                f"`mode` must be 'rows' or 'columns', received {self.mode!r}. "
                f"{lookup.hint(str(self.mode), ('rows', 'columns'))}"
            )

    def loss(self, functions: Functions, w: Tensor) -> Tensor:
        """Return the loss by a backend's table; the tensor must be of rank 2."""
        f: Any = functions
        matrix: Any = w
        _require_matrix(matrix, "OrthogonalRegularizer")
        vectors = matrix if self.mode == "rows" else f["transpose"](matrix, (1, 0))
        squares = f["sum"](vectors * vectors, axis=(1,), keepdims=True)
        # Keras divides by max(norm, epsilon); the square root of 0 would have no gradient.
        unit = vectors / f["sqrt"](f["maximum"](squares, selection.epsilon() ** 2))
        cosines = absolute(f, f["matmul"](unit, f["transpose"](unit, (1, 0))))
        count = vectors.shape[0]
        pairs = max(count * (count - 1) / 2, 1.0)
        return self.factor * 0.5 * (f["sum"](cosines) - f["sum"](unit * unit)) / pairs


class _RegularizerKeras1(Regularizer):
    """Base of Keras 1.2.2's, whose configurations are flat: `{'name': ..., 'l1': ...}`."""

    def get_config(self) -> dict[str, object]:
        return {"name": self.saved_name(), **super().get_config()}

    @classmethod
    def from_config(cls, config: Mapping[str, object]) -> Self:
        return super().from_config(lookup.without_name(config))

    def serialized(self) -> str | dict[str, object]:
        return self.get_config()


@dataclass(frozen=True)
class L1L2Regularizer(_RegularizerKeras1):
    """Keras 1.2.2: l1 * sum |w| + l2 * sum w^2, for weights and for activities."""

    l1: float = 0.0
    l2: float = 0.0

    def __post_init__(self) -> None:
        self._settle(l1=_factor(self.l1, "l1"), l2=_factor(self.l2, "l2"))

    def loss(self, functions: Functions, w: Tensor) -> Tensor:
        """Return the loss by a backend's table."""
        return _penalty(functions, w, self.l1, self.l2)


@dataclass(frozen=True)
class EigenvalueRegularizer(_RegularizerKeras1):
    """Keras 1.2.2: k * sqrt(the greatest eigenvalue of w'w), by nine steps of the power method.

    The steps start from a vector of ones. A matrix of zeros has no such direction: NaN.
    """

    k: float

    def __post_init__(self) -> None:
        self._settle(k=_factor(self.k, "k"))

    def loss(self, functions: Functions, w: Tensor) -> Tensor:
        """Return the loss by a backend's table; the tensor must be of rank 2."""
        f: Any = functions
        matrix: Any = w
        _require_matrix(matrix, "EigenvalueRegularizer")
        covariance = f["matmul"](f["transpose"](matrix, (1, 0)), matrix)
        vector = f["sum"](covariance, axis=(1,), keepdims=True)  # its product with ones
        for _ in range(8):
            # Keras 1 leaves the vector's length alone, which overflows; the quotient ignores it.
            vector = vector / f["sqrt"](f["sum"](vector * vector))
            vector = f["matmul"](covariance, vector)
        image = f["matmul"](covariance, vector)
        return self.k * f["sqrt"](f["sum"](image * vector) / f["sum"](vector * vector))


# Keras 1.2.2 has these two as other names of one class, and saves all as the first.
WeightRegularizer = ActivityRegularizer = L1L2Regularizer


def l1(l: float = 0.01) -> L1L2:  # noqa: E741 - Keras 2's own parameter name
    """Keras 2.2.4's shorthand for `L1L2(l1=l)`."""
    return L1L2(l1=l)


def l2(l: float = 0.01) -> L1L2:  # noqa: E741 - Keras 2's own parameter name
    """Keras 2.2.4's shorthand for `L1L2(l2=l)`."""
    return L1L2(l2=l)


def l1_l2(l1: float = 0.01, l2: float = 0.01) -> L1L2:
    """Keras 2.2.4's shorthand for `L1L2(l1, l2)`, with other defaults."""
    return L1L2(l1, l2)


def _l1_keras1(l: float = 0.01) -> L1L2Regularizer:  # noqa: E741 - Keras 1's own parameter name
    """Keras 1.2.2's shorthand for `L1L2Regularizer(l1=l)`."""
    return L1L2Regularizer(l1=l)


def _l2_keras1(l: float = 0.01) -> L1L2Regularizer:  # noqa: E741 - Keras 1's own parameter name
    """Keras 1.2.2's shorthand for `L1L2Regularizer(l2=l)`."""
    return L1L2Regularizer(l2=l)


def _l1l2_keras1(l1: float = 0.01, l2: float = 0.01) -> L1L2Regularizer:
    """Keras 1.2.2's shorthand for `L1L2Regularizer(l1, l2)`, with other defaults."""
    return L1L2Regularizer(l1, l2)


Factory: TypeAlias = Callable[..., Regularizer]

_CLASSES: Mapping[str, Factory] = {
    "Regularizer": Regularizer,
    "L1": L1,
    "L2": L2,
    "L1L2": L1L2,
    "OrthogonalRegularizer": OrthogonalRegularizer,
    "orthogonal_regularizer": OrthogonalRegularizer,
    "l1_l2": l1_l2,
}

KERAS3: Mapping[str, Factory] = {**_CLASSES, "l1": L1, "l2": L2, "l1l2": L1L2}

KERAS2: Mapping[str, Factory] = {**_CLASSES, "l1": l1, "l2": l2}

KERAS1: Mapping[str, Factory] = {
    "Regularizer": Regularizer,
    "L1L2Regularizer": L1L2Regularizer,
    "WeightRegularizer": WeightRegularizer,
    "ActivityRegularizer": ActivityRegularizer,
    "EigenvalueRegularizer": EigenvalueRegularizer,
    "l1": _l1_keras1,
    "l2": _l2_keras1,
    "l1l2": _l1l2_keras1,
    "activity_l1": _l1_keras1,
    "activity_l2": _l2_keras1,
    "activity_l1l2": _l1l2_keras1,
}


def get(identifier: object, table: Mapping[str, Factory] = KERAS3) -> Regularizer | Function | None:
    """Return the regularizer that `identifier` stands for in `table`; None stays None.

    A name, a dictionary with 'class_name' and 'config' (Keras 1: flat, with 'name'), a
    `Regularizer` or its class, or a callable, which will be given native tensors.

    >>> get("l2")
    L2(l2=0.01)
    """
    if identifier is None:
        return None
    found = lookup.resolve(identifier, table, kind="regularizer", base=Regularizer)
    return cast("Regularizer | Function", found)


def serialize(regularizer: Regularizer | Function | None) -> object:
    """Return the configuration; for a foreign callable it is its name.

    >>> serialize(L2(0.1))
    {'class_name': 'L2', 'config': {'l2': 0.1}}
    """
    return lookup.serialize(regularizer)


def _penalty(functions: Functions, w: Tensor, l1: float, l2: float) -> Tensor:
    f: Any = functions
    x: Any = w
    if l1 and l2:
        return l1 * f["sum"](absolute(f, x)) + l2 * f["sum"](x * x)
    if l2:
        return l2 * f["sum"](x * x)
    return l1 * f["sum"](absolute(f, x))


def _factor(value: object, name: str) -> float:
    """Return a factor checked; None is 0, as in Keras 3."""
    return 0.0 if value is None else lookup.number(value, name, at_least=0.0)


def _require_matrix(w: Any, name: str) -> None:
    if len(w.shape) != 2:
        raise InvalidShape(
            f"{name} works on matrices, tensors of rank 2, only; received the shape "
            f"{tuple(w.shape)}. Use L1L2 for a kernel of a convolution."
        )
