"""The view of a layer that an analysis of rounding errors needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from convdispatch.engine.in_training import InTraining
from convdispatch.engine.specs import listed
from convdispatch.formulas import activations


class Analysed(InTraining):
    """A layer as an affine map of its input, followed by an activation."""

    @property
    def reduction_length(self) -> int:
        """Return how many products are summed into one output, for rounding-error bounds."""
        return 0

    def preactivation(self, weights: Sequence[Any], inputs: Any, *mask: Any) -> Any:
        """Apply the layer up to its activation: affine in the inputs, for error analyses."""
        specs = self._specs_of(inputs)
        affine = self.resolved(specs).lower(listed(specs)[0].dtype, activations.get(None))
        return affine(weights, inputs, *mask)

    def spread(self, weights: Sequence[Any], x: Any, error: Any, *mask: Any) -> tuple[Any, Any]:
        """Return the magnitudes that are rounded, and by how much errors of the inputs spread.

        All are NumPy arrays, and lists of them where the layer takes a list. A layer that is not
        affine has a method of its own.
        """
        absolute, without_shift = self.magnitudes(weights)
        magnitudes = self.preactivation(absolute, np.abs(x) + error, *mask)
        return magnitudes, self.preactivation(without_shift, error, *mask)

    def magnitudes(self, weights: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        """Return weights for error analyses: with them a preactivation of |x| sums magnitudes.

        `weights` are NumPy arrays. The second list leaves out the constant terms.
        """
        absolute = [np.abs(weight) for weight in weights]
        return absolute, [one if one.ndim > 1 else np.zeros_like(one) for one in absolute]
