"""Functions of targets and predictions: what losses and metrics have in common.

A `Measure` checks and converts what it is given; its formula only computes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from convdispatch.errors import InvalidArgument, InvalidShape
from convdispatch.formulas import lookup
from convdispatch.formulas.element_types import require_float
from convdispatch.ops import HALF_DTYPES, Backend, Tensor
from convdispatch.runtime import selection

Functions: TypeAlias = Mapping[str, Callable[..., Tensor]]
Function: TypeAlias = Callable[[Tensor, Tensor], Tensor]
Parameter: TypeAlias = bool | int | float | None
Parameters: TypeAlias = tuple[tuple[str, Parameter], ...]
Shape: TypeAlias = tuple[int | None, ...]

# The least and the greatest value of parameters, by their names in every measure.
_RANGES: Mapping[str, tuple[float, float]] = {
    "beta": (0.0, math.inf),
    "delta": (0.0, math.inf),
    "k": (1, math.inf),
    "label_smoothing": (0.0, 1.0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A loss or a metric as a function, with its parameters settled.

    targets: 'values', of the predictions' shape; 'classes', the number of one for each of the
        predictions' rows; 'unfitted classes', of any shape.
    alternative: the measure for targets of the other kind, which a message names.
    """

    name: str
    function: Callable[..., Any]  # function(functions, targets, predictions, *parameters)
    targets: str = "values"
    alternative: str | None = None
    defaults: Parameters = ()
    parameters: Parameters = ()

    @property
    def of_classes(self) -> bool:
        """Whether the targets are numbers of classes."""
        return self.targets != "values"

    @property
    def __name__(self) -> str:
        """The name, as of any function."""
        return self.name

    def __call__(self, y_true: Any, y_pred: Any, *values: object, **parameters: object) -> Any:
        """Return the values of tensors of any backend; targets may also be a NumPy array."""
        names = [name for name, _ in self.defaults]
        if len(values) > len(names):
            raise InvalidArgument(
                f"{self.name!r} takes {len(names)} parameters after the predictions, received "
                f"{len(values)}. Leave out the last ones."
            )
        given = dict(zip(names, values, strict=False)) | parameters
        measure = self.with_parameters(**given) if given else self
        return measure.apply(selection.backend_of(y_pred), y_true, y_pred)

    def apply(self, backend: Backend, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the values by the backend's own tensors: float32 for half precision."""
        targets, predictions = self.fitted(backend, y_true, y_pred)
        return self.compute(backend.functions, targets, predictions)

    def counted(self, backend: Backend, y_true: Tensor, y_pred: Tensor) -> Tensor | None:
        """Return which of the values count in a mean, None for all: not those of `ignore_class`."""
        ignored = dict(self.parameters).get("ignore_class")
        if ignored is None:
            return None
        targets, _ = self.fitted(backend, y_true, y_pred)
        counted: Tensor = backend.functions["not_equal"](targets, ignored)
        return counted

    def fitted(self, backend: Backend, y_true: Tensor, y_pred: Tensor) -> tuple[Tensor, Tensor]:
        """Return native targets and predictions of the shape and the type that formulas need."""
        shape, dtype = backend.describe(y_pred)
        if dtype not in ("float32", "float64"):
            y_pred = wide(backend, y_pred)
            shape, dtype = backend.describe(y_pred)
        targets, wanted = y_true, "int32" if self.of_classes else dtype
        given, own = backend.describe(targets) if backend.owns(targets) else ((), "")
        if own != wanted:
            targets = as_native(backend, targets, wanted)
            given, _ = backend.describe(targets)
        if given == shape and not self.of_classes:
            return targets, y_pred
        fitted = self.fitted_shape(given, shape)
        return targets if fitted == given else _reshaped(backend, targets, given, fitted), y_pred

    def compute(self, functions: Functions, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the values by a backend's table, of tensors that fit."""
        values = (value for _, value in self.parameters)
        result: Tensor = self.function(functions, y_true, y_pred, *values)
        return result

    def fitted_shape(self, targets: Shape, predictions: Shape) -> Shape:
        """Return the targets' shape as the formula needs it; raise `InvalidShape` if none fits.

        An axis of one cell at the end may be missing, or too many.
        """
        if self.targets == "unfitted classes":
            return targets
        axis = dict(self.parameters).get("axis", -1)
        wanted = predictions
        if self.of_classes and predictions and isinstance(axis, int):
            axis %= len(predictions)
            wanted = (*predictions[:axis], *predictions[axis + 1 :])
        for shape in (targets, (*targets, 1), targets[:-1] if targets[-1:] == (1,) else targets):
            if _may_be_equal(shape, wanted):
                return shape
        raise InvalidShape(
            f"{self.name!r} of predictions of shape {predictions} needs targets of shape {wanted}, "
            f"received {targets}. {self._advice(targets, predictions)}"
        )

    def with_parameters(self, **parameters: object) -> Measure:
        """Return the measure with some parameters replaced, each checked."""
        known = dict(self.parameters)
        for name in parameters:
            if name not in known:
                raise InvalidArgument(
                    f"unknown parameter {name!r} of {self.name!r}; allowed: "
                    f"{lookup.quoted(known) or 'no parameters'}. {lookup.hint(name, known)}"
                )
        defaults = dict(self.defaults)
        checked = {n: self._checked(n, v, defaults[n]) for n, v in parameters.items()}
        return replace(self, parameters=tuple((known | checked).items()))

    def get_config(self) -> dict[str, Parameter]:
        """Return the parameters by name."""
        return dict(self.parameters)

    @staticmethod
    def _checked(name: str, value: object, default: Parameter) -> Parameter:
        if isinstance(default, bool):
            return bool(value)
        if value is None and default is None:
            return None
        least, greatest = _RANGES.get(name, (-math.inf, math.inf))
        if isinstance(default, int) or default is None:
            return lookup.integer(value, name, at_least=least)
        number = lookup.number(value, name, at_least=least)
        if number > greatest:
            raise InvalidArgument(
                f"`{name}` must be at most {greatest:g}, received {value!r}. Pass such a number."
            )
        return number

    def _advice(self, targets: Shape, predictions: Shape) -> str:
        if self.alternative is not None and self.of_classes == (len(targets) == len(predictions)):
            kind = (
                "rows with one number for each class" if self.of_classes else "numbers of classes"
            )
            return f"For targets that are {kind}, use {self.alternative!r}."
        return "Give targets of that shape, or a model with outputs of the targets' shape."


def define(
    function: Callable[..., Any],
    /,
    *,
    name: str = "",
    targets: str = "values",
    alternative: str | None = None,
    **defaults: Parameter,
) -> Measure:
    """Return the measure of a formula, named as the formula unless a name is given."""
    settled = tuple(defaults.items())
    return Measure(
        name=name or function.__name__,
        function=function,
        targets=targets,
        alternative=alternative,
        defaults=settled,
        parameters=settled,
    )


def by_name(*measures: Measure) -> dict[str, Measure]:
    """Return a table of measures by their names."""
    return {measure.name: measure for measure in measures}


def values(measure: Measure | Function, backend: Backend, y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Return what a measure, or a user's function of native tensors, makes of native tensors."""
    if hasattr(measure, "apply"):
        result: Tensor = measure.apply(backend, y_true, y_pred)
        return result
    predictions = wide(backend, y_pred)
    return measure(as_native(backend, y_true, backend.describe(predictions)[1]), predictions)


def wide(backend: Backend, tensor: Tensor) -> Tensor:
    """Return a tensor in the element type that formulas compute in: float32 for half precision."""
    dtype = backend.describe(tensor)[1]
    if dtype in HALF_DTYPES:
        return backend.cast(tensor, "float32")
    require_float(dtype, "predictions", backend)
    return tensor


def as_native(backend: Backend, value: Tensor, dtype: str) -> Tensor:
    """Return a native tensor of that element type; the value may be a NumPy array."""
    if not backend.owns(value):
        return backend.asarray(np.asarray(value), dtype)
    return value if backend.describe(value)[1] == dtype else backend.cast(value, dtype)


def _may_be_equal(shape: Shape, wanted: Shape) -> bool:
    """Return whether the shapes are equal as far as their sizes are known."""
    if len(shape) != len(wanted):
        return False
    return all(a == b or a is None or b is None for a, b in zip(shape, wanted, strict=True))


def _reshaped(backend: Backend, tensor: Tensor, given: Shape, fitted: Shape) -> Tensor:
    sizes: Any = backend.functions["shape"](tensor)
    shape = (*sizes, 1) if len(fitted) > len(given) else sizes[:-1]
    return backend.functions["reshape"](tensor, shape)
