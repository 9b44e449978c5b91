"""What a backend has to know of a model in order to make an object of its framework of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from convdispatch.ops._tensors import Tensor


class Model(Protocol):
    """What `Backend.wrap` takes.

    A weight's path is its name, and before it those of what it is in, joined by '/':
    'block/conv/kernel'. No path is the beginning of another one's.
    """

    def named_weights(self) -> Mapping[str, tuple[Tensor, bool]]:
        """Return by path each weight's native tensor and whether a trainer may change it."""

    def apply(self, weights: Mapping[str, Tensor], inputs: Any) -> Any:
        """Compute with these weights: a pure function, for inference."""

    def adopt(self, weights: Mapping[str, Tensor]) -> None:
        """Compute with these native tensors from now on: they are shared, not copied."""


class TrainableModel(Model, Protocol):
    """A model that computes otherwise while it is trained, by `training`.

    A model without that method is trained by `apply`.
    """

    def training(
        self, weights: Mapping[str, Tensor], inputs: Any, key: Tensor
    ) -> tuple[Any, Mapping[str, Tensor]]:
        """Return the outputs, and new values of weights by path; `key` is one of `random`."""
