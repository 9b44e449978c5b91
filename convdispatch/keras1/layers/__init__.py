"""The convolutional layers of Keras 1.2.2."""

from convdispatch.keras1.layers.convolutional import *  # noqa: F403  # named in its __all__
from convdispatch.keras1.layers.convolutional import __all__ as _convolutional

__all__ = [*_convolutional]
