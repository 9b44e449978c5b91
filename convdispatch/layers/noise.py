"""The layers of noise under Keras 2's module path, `layers.noise`."""

from typing import TYPE_CHECKING

from convdispatch.doors.elsewhere import finder
from convdispatch.layers._gaussian_noise import AlphaDropout, GaussianDropout, GaussianNoise

__all__ = ["AlphaDropout", "GaussianDropout", "GaussianNoise"]

if not TYPE_CHECKING:  # for type checkers there is nothing to find
    __getattr__ = finder(__name__)
