"""What symbolic tensors stand for while a function computes with native ones.

A function of the user's, such as that of a Lambda or of a loss, may name symbolic tensors and
variables beside the native tensors that it is given. While it runs, a scope says what they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from convdispatch.errors import InvalidType
from convdispatch.ops import Backend


class NeedsSymbols(InvalidType):
    """A function differentiates what it was given as numbers: it has to be given symbols."""


# What scripts ask of TensorFlow's tensors, or of Keras's, and what symbols alone answer.
_ASKED_OF_SYMBOLS = ("_keras_shape", "as_list", "get_shape", "set_shape")


def needs_symbols(exc: Exception) -> bool:
    """Return whether a function failed because it was given tensors that are no symbols."""
    if not isinstance(exc, AttributeError):
        return isinstance(exc, NeedsSymbols)
    return exc.name in _ASKED_OF_SYMBOLS or (exc.name == "value" and isinstance(exc.obj, int))


class Scope:
    """The values of symbols and weights, the phase and the random key of one computation."""

    def __init__(
        self,
        backend: Backend,
        *,
        is_training: bool = False,
        key: Any = None,
        owner: Any = None,
        values: Mapping[Any, Any] | None = None,
        weights: Mapping[Any, Any] | None = None,
    ) -> None:
        self.backend = backend
        self.is_training = is_training
        self.key = key  # None: nothing random can be drawn
        self.owner = owner  # the layer whose compiled functions depend on what is read here
        self.values = dict(values or {})  # by symbol
        self.weights = dict(weights or {})  # by layer
        self.updates: dict[Any, Any] = {}  # new values, by variable
        self.uses: set[str] = set()  # 'phase' and 'random', if they were asked for
        self.count = 0  # of draws so far

    def within(self, outer: Scope | None) -> Scope:
        """Return the scope, which also knows what the one around it knows."""
        if outer is not None and outer.backend is self.backend:
            self.values = {**outer.values, **self.values}
            self.weights = {**outer.weights, **self.weights}
        return self


_scope: ContextVar[Scope | None] = ContextVar("_scope", default=None)


def current() -> Scope | None:
    """Return the scope of the computation that is running, None outside of any."""
    return _scope.get()


class entered:  # noqa: N801 - it is used as a function, and costs a third of a generator
    """Compute within a scope; None for a part of a computation that makes symbols."""

    __slots__ = ("_scope", "_token")

    def __init__(self, scope: Scope | None) -> None:
        self._scope = scope

    def __enter__(self) -> Any:
        self._token = _scope.set(self._scope)
        return self._scope

    def __exit__(self, *exc: object) -> None:
        _scope.reset(self._token)
