"""Keras 2's façade as a module to name `keras`: `import convdispatch.compat.keras2 as keras`."""

import sys

from convdispatch import keras2
from convdispatch.compat._finder import know

know(__name__, "keras2")
sys.modules[__name__] = keras2
