"""The recurrent layers of Keras 1.2.2, under its module path: the rows of its table."""

from convdispatch.facades.classes import make_classes
from convdispatch.facades.modules import opener
from convdispatch.keras1.layers._exceptions import EXCEPTIONS
from convdispatch.keras1.layers._layer import Keras1Layer
from convdispatch.keras1.layers._recurrent_texts import TEXTS

_CLASSES = make_classes(Keras1Layer, __name__, EXCEPTIONS, TEXTS)
globals().update(_CLASSES)
__all__ = sorted(_CLASSES)
__getattr__ = opener(__name__)
