"""The settings that Keras 1's scripts read and write through `keras.backend`."""

from typing import TYPE_CHECKING

from convdispatch.doors.elsewhere import finder
from convdispatch.keras1.layers._translation import DIM_ORDERINGS, data_format
from convdispatch.runtime.selection import (
    backend,
    epsilon,
    floatx,
    image_data_format,
    set_epsilon,
    set_floatx,
    set_image_data_format,
)

__all__ = [
    "backend",
    "epsilon",
    "floatx",
    "image_dim_ordering",
    "set_epsilon",
    "set_floatx",
    "set_image_dim_ordering",
]


def image_dim_ordering() -> str:
    """Return 'th' or 'tf', the dim_ordering of layers that do not state one."""
    return DIM_ORDERINGS[image_data_format()]


def set_image_dim_ordering(dim_ordering: str) -> None:
    """Make 'th' or 'tf' the dim_ordering of layers that do not state one."""
    set_image_data_format(data_format(dim_ordering) or image_data_format())


if not TYPE_CHECKING:  # for type checkers there is nothing to find
    __getattr__ = finder(__name__)
