"""Old scripts as they are: `keras` means one of our façades, in this process.

>>> from convdispatch import compat
>>> compat.install("keras2")
>>> import keras
>>> keras.__version__
'2.2.4'
>>> compat.uninstall()

`import convdispatch.compat.keras1 as keras` names a façade without that.
"""

from convdispatch.compat._finder import install, uninstall

__all__ = ["install", "uninstall"]
