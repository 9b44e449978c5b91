"""Functions that scripts give to `Lambda` and `merge`, which expect what every Keras did for them.

Keras called them with symbols and believed the shape that the script stated. Ours are called with a
backend's tensors; what only symbols answer, such as `x.get_shape()`, is then asked of symbols.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from convdispatch.engine import scopes
from convdispatch.engine.specs import Spec
from convdispatch.layers._user_function import FunctionLayer
from convdispatch.ops import PartialShape
from convdispatch.symbolic.computing import Computing, computing_with
from convdispatch.symbolic.filling import zeros_like
from convdispatch.symbolic.running import value_in
from convdispatch.symbolic.tracing import given_symbol


class ScriptFunction(FunctionLayer):
    """A layer of a function as scripts write it."""

    def _called_function(self, inputs: Any, **options: Any) -> Any:
        """Return what the function makes of native tensors, in the shape that was stated."""
        try:
            outputs = super()._called_function(inputs, **options)
        except AttributeError as exc:
            if not scopes.needs_symbols(exc):
                raise
            outputs = self._through_symbols(inputs, options)
        return outputs if self._stated_shape is None else self._as_stated(outputs, inputs)

    def _through_symbols(self, inputs: Any, options: Any) -> Any:
        backend = self._backend()
        tensors = inputs if isinstance(inputs, list) else [inputs]
        symbols = [given_symbol(Spec(*backend.describe(x)), f"{self.name}_input") for x in tensors]
        scope = scopes.current() or self._scope()
        scope.values |= dict(zip(symbols, tensors, strict=True))
        with scopes.entered(None):
            given = symbols if isinstance(inputs, list) else symbols[0]
            found = self._function_of_user(given, **options)
        if isinstance(found, list | tuple):
            return [value_in(one, scope) for one in found]
        return value_in(found, scope)

    def _as_stated(self, outputs: Any, inputs: Any) -> Any:
        """Return outputs with the axes of size 1 that the stated shape has, and no others.

        A scalar, such as the mean of a batch's losses, is that of each sample.
        """
        backend = self._backend()
        if not backend.owns(outputs):
            return outputs
        tensors = inputs if isinstance(inputs, list) else [inputs]
        specs = [Spec(*backend.describe(x)) for x in tensors]
        stated = self._stated(specs if isinstance(inputs, list) else specs[0])
        found = tuple(backend.describe(outputs)[0])
        if stated is None or len(stated) == len(found):
            return outputs
        functions = computing_with(backend)
        if found:
            return _with_ones(functions, outputs, found, stated)
        return _of_each(functions, outputs, tensors[0], stated)


def _with_ones(o: Computing, x: Any, found: PartialShape, stated: PartialShape) -> Any:
    sizes = o.sizes(x)
    rest = [size for size, known in zip(sizes[1:], found[1:], strict=True) if known != 1]
    if len(rest) != sum(size != 1 for size in stated[1:]):
        return x
    places = iter(rest)
    return o.f["reshape"](x, (sizes[0], *(1 if one == 1 else next(places) for one in stated[1:])))


def _of_each(o: Computing, x: Any, first: Any, stated: Sequence[int | None]) -> Any:
    if any(size != 1 for size in stated[1:]):
        return x
    zeros: Any = o.cast(zeros_like.computes(o, first), o.dtype(x))
    rank = o.rank(zeros)
    if rank > 1:
        zeros = o.f["max"](zeros, tuple(range(1, rank)))
    return o.f["reshape"](zeros, (o.sizes(zeros)[0], *stated[1:])) + x
