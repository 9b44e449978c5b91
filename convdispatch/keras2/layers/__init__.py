"""The layers of Keras 2.2.4."""

from convdispatch.keras2.layers.convolutional import *  # noqa: F403  # named in its __all__
from convdispatch.keras2.layers.convolutional import __all__ as _convolutional

__all__ = [*_convolutional]
