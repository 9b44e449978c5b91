"""Helpers under Keras 1's module path."""

from typing import TYPE_CHECKING

from convdispatch.facades.modules import opener
from convdispatch.keras1.utils import np_utils as np_utils
from convdispatch.keras1.utils import visualize_util as visualize_util

if not TYPE_CHECKING:  # for type checkers there is nothing to find
    __getattr__ = opener(__name__)
