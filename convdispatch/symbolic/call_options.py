"""What a script gives a layer of its own beside the inputs: `layer(x, training=True)`.

`call` is recorded once for each shape of the inputs, so a layer keeps what its first call states.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from convdispatch.engine.symbols import symbols_in
from convdispatch.errors import InvalidArgument


class CallOptions:
    """A layer whose `call` may take more than inputs and a mask."""

    _title: str
    _calls: list[Any]
    _plans: Any
    _programs: dict[Any, Any]
    _call_options: Mapping[str, Any] = MappingProxyType({})

    @functools.cached_property
    def call_parameters(self) -> tuple[str, ...]:
        """The names of what `call` takes."""
        return tuple(inspect.signature(type(self).call).parameters)[1:]  # type: ignore[attr-defined] # a layer's own

    @property
    def stated_phase(self) -> bool | None:
        """The phase that the first call stated, None for what the model does."""
        phase = self._call_options.get("training")
        return bool(phase) if isinstance(phase, bool | int) else None

    def take_phase(self, phase: bool) -> None:
        """Have that phase from now on."""
        self._state({**self._call_options, "training": phase})

    def _take_options(self, options: Mapping[str, Any]) -> None:
        """Keep what a call states, but None; raise `InvalidArgument` for what it does not take."""
        given = {name: value for name, value in options.items() if value is not None}
        self._require_taken(options, given)
        if all(_is_same(self._call_options.get(name), one) for name, one in given.items()):
            return
        if self._calls:
            raise InvalidArgument(
                f"{self._title} takes {', '.join(f'`{name}`' for name in given)} in its first call "
                "and keeps it; received another value after other calls. Make another layer for it."
            )
        self._state(given)

    def _require_taken(self, options: Mapping[str, Any], given: Mapping[str, Any]) -> None:
        unknown = [name for name in options if name not in self.call_parameters]
        if unknown and not self._takes_any:
            raise InvalidArgument(
                f"`call` of {self._title} takes {', '.join(self.call_parameters)}; received "
                f"{', '.join(f'`{name}`' for name in unknown)}. Give it to the constructor."
            )
        tensors = [name for name, value in given.items() if symbols_in(value) is not None]
        if tensors:
            raise InvalidArgument(
                f"{self._title} takes tensors in one list, as its inputs; received "
                f"{', '.join(f'`{name}`' for name in tensors)} beside it."
            )

    @property
    def _takes_any(self) -> bool:
        parameters = inspect.signature(type(self).call).parameters.values()  # type: ignore[attr-defined] # a layer's own
        return any(one.kind is one.VAR_KEYWORD for one in parameters)

    def _state(self, options: Mapping[str, Any]) -> None:
        self._call_options = dict(options)
        self._programs.clear()  # which `build` may have recorded
        self._plans = type(self._plans)(self._plans)


def _is_same(kept: Any, given: Any) -> bool:
    if isinstance(given, bool | int | float | str):
        return bool(type(kept) is type(given) and kept == given)
    return kept is given
