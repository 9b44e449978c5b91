"""The embedding under Keras 2's module path, `layers.embeddings`."""

from typing import TYPE_CHECKING

from convdispatch.doors.elsewhere import finder
from convdispatch.layers._embedding import Embedding

__all__ = ["Embedding"]

if not TYPE_CHECKING:  # for type checkers there is nothing to find
    __getattr__ = finder(__name__)
