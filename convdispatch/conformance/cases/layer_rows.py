"""A layer on numbers small enough to check by hand: one row of a table, and its check.

A row is data whose `repr` is Python: nested tuples, and `Ramp` where there are many numbers. What
a user's configuration could change (element type, data format, convention) it states itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from convdispatch import layers
from convdispatch.conformance.case import Case, Measured
from convdispatch.conformance.cases import harness
from convdispatch.engine.layer import Layer
from convdispatch.engine.specs import Spec
from convdispatch.errors import InvalidArgument
from convdispatch.numerics.distance import require_kind, require_within
from convdispatch.numerics.problem import Array, Problem
from convdispatch.numerics.rounding import reference_with_bound
from convdispatch.ops import Backend, Op, Shape, Signature, Tensor, features, known_sizes
from convdispatch.runtime.registry import registry

# What every row's layer states; messages call it by this name.
SETTINGS = {"name": "layer", "convention": "tensorflow", "data_format": "channels_last"}


@dataclass(frozen=True, slots=True)
class Ramp:
    """An array of that shape filled row by row with `first`, `first + step` and so on."""

    shape: Shape
    first: float = 0
    step: float = 1


@dataclass(frozen=True, slots=True)
class Cells:
    """An array of that shape with some known cells, as pairs of index and number."""

    shape: Shape
    known: tuple[tuple[Shape, float], ...]


Numbers: TypeAlias = tuple[Any, ...] | Ramp  # tuples nested as an array's axes are


@dataclass(frozen=True, kw_only=True)
class LayerRow:
    """A layer of `convdispatch.layers`, its weights, an input and the expected result.

    `dtype` is the element type of the input and of the result, and that of the weights unless
    `arguments` state another.
    """

    layer: str
    arguments: dict[str, Any]
    x: Numbers
    expected: Numbers | Cells
    weights: tuple[Numbers, ...] = ()
    dtype: str = "float32"

    def make(self, backend: str, **options: Any) -> Layer:
        """Return the layer on that backend; `options` replace arguments of the row."""
        return self._made(getattr(layers, self.layer), backend, **options)

    def lowered(self) -> list[tuple[Op, Signature]]:
        """Return the ops that calling the layer lowers, without lowering any."""
        found: list[tuple[Op, Signature]] = []

        def record(
            _: Layer, op: Op, input_shape: Shape, weight_shapes: tuple[Shape, ...], dtype: str
        ) -> Callable[..., Tensor]:
            signature = Signature(input_shape=input_shape, weight_shapes=weight_shapes, dtype=dtype)
            found.append((op, signature))
            return _never_called

        recording = with_lowering(getattr(layers, self.layer), record)
        layer = self._made(recording, "numpy")
        spec = Spec(array(self.x).shape, self.dtype)
        layer.resolved(spec).lower(self.dtype, layer.activation)
        return found

    def _made(self, layer_class: Any, backend: str, **options: Any) -> Layer:
        stated = {**SETTINGS, "dtype": self.dtype, **self.arguments, **options}
        weights = [array(numbers) for numbers in self.weights] or None
        layer: Layer = layer_class(**stated, weights=weights, backend=backend)
        return layer


def row(
    layer: str,
    *weights: Numbers,
    x: Numbers,
    expected: Numbers | Cells,
    dtype: str = "float32",
    **arguments: Any,
) -> LayerRow:
    """Return a row whose arguments are written as the layer takes them."""
    return LayerRow(
        layer=layer, arguments=arguments, weights=weights, x=x, expected=expected, dtype=dtype
    )


def ones(*shape: int) -> Ramp:
    """Return ones of that shape."""
    return Ramp(shape, 1, 0)


def array(numbers: Numbers) -> Array:
    """Return the numbers as a float64 array.

    >>> array(Ramp((1, 2), first=5)).tolist()
    [[5.0, 6.0]]
    """
    if isinstance(numbers, Ramp):
        count = np.arange(np.prod(numbers.shape, dtype=int), dtype=np.float64)
        return (numbers.first + numbers.step * count).reshape(numbers.shape)
    return np.asarray(numbers, np.float64)


def nested(shape: Shape, numbers: Iterable[float]) -> tuple[Any, ...]:
    """Return the numbers as tuples nested like an array of that shape.

    >>> nested((1, 2, 1), [3, 4])
    (((3,), (4,)),)
    """
    axes: tuple[Any, ...] = _tuples(np.reshape(list(numbers), shape).tolist())
    return axes


def with_lowering(layer_class: type[Layer], lower_op: Callable[..., Any]) -> type[Layer]:
    """Return the class with another way to lower an op, under the same name."""
    return type(layer_class.__name__, (layer_class,), {"_lower_op": lower_op})


def computes(backend: Backend, row: LayerRow) -> Measured:
    """Compare the layer's result on this backend with the row's numbers."""
    require_registered(backend)
    x = array(row.x)
    outputs = row.make(backend.name)(backend.asarray(x, row.dtype))
    _, bound = reference_with_bound([row.make("numpy", dtype="float64")], x, row.dtype)
    allowed = declared_factor(backend, row) * bound
    got = np.asarray(backend.to_numpy(outputs))
    return require_numbers(got, row.expected, allowed, row.dtype)


def require_registered(backend: Backend) -> None:
    """Raise `InvalidArgument` unless layers that name the backend get this very object."""
    if registry.load(backend.name) is not backend:
        raise InvalidArgument(
            f"a layer finds its backend by name, and {backend.name!r} is registered for another "
            f"object; received {backend!r}. Register the one to be checked."
        )


def require_numbers(
    got: Array, expected: Numbers | Cells, allowed: Any, dtype: str, what: str = "the result"
) -> Measured:
    """Compare an array with numbers, or with those of its cells that are known."""
    if not isinstance(expected, Cells):
        return require_within(got, array(expected), allowed, dtype, what)
    require_kind(got, expected.shape, dtype, what)
    places = tuple(np.transpose([index for index, _ in expected.known]))
    want = [number for _, number in expected.known]
    limits = np.broadcast_to(np.asarray(allowed), expected.shape)[places]
    indices = ", ".join(str(index) for index, _ in expected.known)
    return require_within(got[places], want, limits, dtype, f"{what} at the cells {indices}")


def declared_factor(backend: Backend, row: LayerRow) -> float:
    """Return the factor by which the backend says that it exceeds the bound in the layer's ops."""
    problems = [
        Problem(
            op=op,
            input_shape=(1, *known_sizes(signature.input_shape)),
            weight_shapes=signature.weight_shapes,
            dtype=signature.dtype,
        )
        for op, signature in row.lowered()
    ]
    return max(harness.accuracy(backend, problem) for problem in problems)


def used_features(row: LayerRow) -> tuple[str, ...]:
    """Return the features of all ops that the layer lowers.

    A layer of several steps lowers them in float32 for half precision, which must be supported too.
    """
    used = [
        name
        for op, signature in row.lowered()
        for needed in (replace(signature, dtype=row.dtype), signature)
        for name in features(op, needed)
    ]
    return tuple(dict.fromkeys(used))


def row_case(slug: str, claim: str, row: LayerRow, *, level: str = "core") -> Case:
    """Return the case that the layer gives the row's numbers."""
    return Case(
        id=f"layers/{level}/{slug}",
        level=level,
        op="layers",
        claim=claim,
        check=computes,
        arguments=(row,),
        features=used_features(row),
    )


def _never_called(*tensors: Tensor) -> Tensor:
    raise NotImplementedError("the op was recorded, not lowered")


def _tuples(numbers: Any) -> Any:
    return tuple(map(_tuples, numbers)) if isinstance(numbers, list) else numbers
