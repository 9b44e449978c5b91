"""What a backend needs to know about a model to make its framework's own object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from convdispatch.ops._tensors import Tensor


class Model(Protocol):
    """The model that `Backend.wrap` takes.

    A weight's path consists of the names of the models and the layer that hold it, and its own
    name, joined by '/': 'block/conv/kernel'. No path is the beginning of another path.
    """

    def named_weights(self) -> Mapping[str, tuple[Tensor, bool]]:
        """Return by path each weight's native tensor and whether a trainer may change it."""

    def apply(self, weights: Mapping[str, Tensor], inputs: Any) -> Any:
        """Compute with these weights: a pure function, for inference."""

    def adopt(self, weights: Mapping[str, Tensor]) -> None:
        """Compute with these native tensors from now on; share them without a copy."""


class TrainableModel(Model, Protocol):
    """A model that computes differently in training, by `training`.

    A model without that method is trained by `apply`.
    """

    def training(
        self, weights: Mapping[str, Tensor], inputs: Any, key: Tensor
    ) -> tuple[Any, Mapping[str, Tensor]]:
        """Return the outputs, and new values of weights by path; `key` is one of `random`."""
