"""Keras 1's façade as a module to name `keras`: `import convdispatch.compat.keras1 as keras`."""

import sys

from convdispatch import keras1
from convdispatch.compat._finder import know

know(__name__, "keras1")
sys.modules[__name__] = keras1
