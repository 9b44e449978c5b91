"""The two layers of a `Bidirectional`, as scripts ask for them: each has its part of the weights.

They are views: the wrapper holds the weights, so reading or setting those of a way is the same as
reading or setting them in the wrapper.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from types import new_class
from typing import Any

from convdispatch.engine.declarations import Weight
from convdispatch.engine.layer import Layer
from convdispatch.engine.whole import written
from convdispatch.layers._bidirectional import WAYS

_KEPT = "_way_layers"


class Way(Layer):
    """A layer whose weights are a part of those of a wrapper."""

    _whole: Any
    _place: int

    @property
    def _span(self) -> slice:
        half = len(self._whole._declarations) // 2
        return slice(self._place * half, (self._place + 1) * half)

    @property
    def _variables(self) -> list[Any]:
        return list(self._whole._variables[self._span])

    @_variables.setter
    def _variables(self, variables: Any) -> None:
        pass

    @property
    def _declarations(self) -> tuple[Weight, ...]:
        whole, kept = self._whole._declarations, vars(self).get("_declared")
        if kept is None or kept[0] is not whole:
            own = (replace(one, name=one.name.partition("_")[2]) for one in whole[self._span])
            kept = vars(self)["_declared"] = whole, tuple(own)
        found: tuple[Weight, ...] = kept[1]
        return found

    @_declarations.setter
    def _declarations(self, declarations: Any) -> None:
        pass

    @property
    def _is_made(self) -> bool:
        return bool(self._whole._is_made)

    @_is_made.setter
    def _is_made(self, is_made: bool) -> None:
        pass

    @property
    def _is_settled(self) -> bool:
        return bool(self._whole._is_settled)

    @_is_settled.setter
    def _is_settled(self, is_settled: bool) -> None:
        pass

    def build(self, input_shape: Any) -> None:
        """Make the weights of the wrapper."""
        self._whole.build(input_shape)

    def _assign(self, indices: Iterable[int], values: Iterable[Any]) -> None:
        start = self._span.start
        with written([self._whole]):
            self._whole._assign([start + index for index in indices], values)


def ways_of(whole: Any) -> list[Any]:
    """Return the layer forwards and that backwards of a wrapper, the same ones each time."""
    if _KEPT not in vars(whole):
        planned = whole._ways()
        vars(whole)[_KEPT] = [_view(whole, one, place) for place, one in enumerate(planned)]
    found: list[Any] = vars(whole)[_KEPT]
    return found


def _view(whole: Any, layer: Any, place: int) -> Any:
    cls = type(layer)

    def fill(body: dict[str, Any]) -> None:
        body.update(__module__=__name__, __doc__=cls.__doc__)

    made: Any = object.__new__(new_class(cls.__name__, (Way, cls), {}, fill))
    vars(made).update(vars(layer), _whole=whole, _place=place)
    made._be_alone()
    vars(made)["name"] = f"{WAYS[place]}_{whole.layer.name}"
    return made
