"""The settings that Keras 1's scripts read and write through `keras.backend`."""

from typing import TYPE_CHECKING

from convdispatch.doors.elsewhere import finder
from convdispatch.doors.keras1 import DATA_FORMATS
from convdispatch.engine.arguments import as_choice
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
    configured = image_data_format()
    return next(word for word, ours in DATA_FORMATS.items() if ours == configured)


def set_image_dim_ordering(dim_ordering: str) -> None:
    """Make 'th' or 'tf' the dim_ordering of layers that do not state one."""
    chosen = DATA_FORMATS[as_choice(dim_ordering, tuple(DATA_FORMATS), "dim_ordering")]
    set_image_data_format(chosen or image_data_format())


if not TYPE_CHECKING:  # for type checkers there is nothing to find
    __getattr__ = finder(__name__)
