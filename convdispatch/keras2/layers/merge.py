"""The merging layers of Keras 2.2.4 and their functional forms: the rows of its table."""

from convdispatch.facades.classes import make_classes
from convdispatch.facades.modules import opener
from convdispatch.keras2.layers._exceptions import EXCEPTIONS
from convdispatch.keras2.layers._layer import Keras2Layer

_CLASSES = make_classes(Keras2Layer, __name__, EXCEPTIONS)
globals().update(_CLASSES)
__all__ = sorted(_CLASSES)
__getattr__ = opener(__name__)
