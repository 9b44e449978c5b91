"""The functions that Keras 1 and Keras 2 name and spell alike, and settings."""

from __future__ import annotations

from typing import Any

import numpy as np

from convdispatch.errors import InvalidArgument
from convdispatch.runtime import selection
from convdispatch.runtime.selection import (  # noqa: F401 - for the doors
    epsilon,
    floatx,
    image_data_format,
    set_epsilon,
    set_floatx,
    set_image_data_format,
)
from convdispatch.symbolic import (
    activating,
    arrays,
    connectionist,
    control,
    convolutions,
    drawing,
    elementwise,
    filling,
    products,
    reducing,
    state,
)
from convdispatch.symbolic.activating import *  # noqa: F403 - each module names them in __all__
from convdispatch.symbolic.arrays import *  # noqa: F403
from convdispatch.symbolic.connectionist import *  # noqa: F403
from convdispatch.symbolic.control import *  # noqa: F403
from convdispatch.symbolic.convolutions import *  # noqa: F403
from convdispatch.symbolic.drawing import *  # noqa: F403
from convdispatch.symbolic.elementwise import *  # noqa: F403
from convdispatch.symbolic.filling import *  # noqa: F403
from convdispatch.symbolic.gradients import gradients  # noqa: F401
from convdispatch.symbolic.products import *  # noqa: F403
from convdispatch.symbolic.reducing import *  # noqa: F403
from convdispatch.symbolic.state import *  # noqa: F403

_MODULES: Any = (activating, arrays, control, convolutions, drawing, elementwise, filling)
_MORE: Any = (connectionist, products, reducing, state)
_SETTINGS = ("backend", "epsilon", "floatx", "image_data_format", "image_dim_ordering")
_SETTING = ("set_epsilon", "set_floatx", "set_image_data_format", "set_image_dim_ordering")
_OTHERS = ("cast_to_floatx", "get_variable_shape", "gradients")
_WORDS = {"tf": "channels_last", "th": "channels_first"}


def backend() -> str:
    """Return 'theano' or 'tensorflow': whose numbers the layers that are made now give."""
    return selection.convention()


def cast_to_floatx(x: Any) -> Any:
    """Return an array, or a tensor, in the configured element type."""
    if isinstance(x, np.ndarray | np.generic | list | tuple | int | float):
        return np.asarray(x).astype(floatx())
    return elementwise.cast(x, floatx())


def get_variable_shape(x: Any) -> Any:
    """Return the shape of a variable."""
    return arrays.int_shape(x)


def data_format_of(value: str | None) -> str:
    """Return our word for a data format in the words of any Keras, None for the current one."""
    if value in (None, "default"):
        return image_data_format()
    found = _WORDS.get(str(value).lower(), str(value).lower())
    if found not in _WORDS.values():
        raise InvalidArgument(
            "`data_format` must be 'channels_last' or 'channels_first', in Keras 1 'tf' or 'th'; "
            f"received {value!r}."
        )
    return found


def image_dim_ordering() -> str:
    """Return 'th' or 'tf', Keras 1's word for where images have their channels."""
    return next(word for word, ours in _WORDS.items() if ours == image_data_format())


def set_image_dim_ordering(dim_ordering: str) -> None:
    """Set by Keras 1's word, 'th' or 'tf', where images have their channels."""
    if dim_ordering not in ("default", *_WORDS):
        raise InvalidArgument(f"`dim_ordering` must be 'tf' or 'th'; received {dim_ordering!r}.")
    set_image_data_format(data_format_of(dim_ordering))


__all__: list[str] = [*_SETTINGS, *_SETTING, *_OTHERS]
for _module in (*_MODULES, *_MORE):
    __all__ += _module.__all__
