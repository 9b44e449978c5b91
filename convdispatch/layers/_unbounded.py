"""Layers of which no bound of the rounding errors is derived."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

from convdispatch.engine.layer import Layer
from convdispatch.errors import InvalidType


class Unbounded(Layer):
    """A layer that is no affine map with an activation after it."""

    def preactivation(self, weights: Sequence[Any], inputs: Any, *mask: Any) -> NoReturn:
        """Raise `InvalidType`: what this is asked for is a bound."""
        raise InvalidType(
            f"no rounding bound is known for {self._title}, which is neither an affine map nor a "
            "function of single numbers. Compare the layers before it and those after it."
        )
