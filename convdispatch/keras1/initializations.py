"""Keras 1's initializations: `get` by name, and each name as Keras 1's function of the shape.

>>> from convdispatch.keras1 import initializations
>>> def small(shape, name=None, dim_ordering="th"):
...     return initializations.normal(shape, scale=0.01, name=name, dim_ordering=dim_ordering)
>>> small((8, 3, 3, 3)).shape
(8, 3, 3, 3)
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from convdispatch.doors.attributes import attributes_of
from convdispatch.formulas import custom_objects, initializers
from convdispatch.formulas.initializers import fans_keras1 as get_fans  # noqa: F401 - Keras 1's name
from convdispatch.ops import NumpyArray


def get(identifier: Any, **_: Any) -> Any:
    """Return the initialization that a name or a function stands for.

    As in Keras 1, further arguments, such as `dim_ordering`, are for the call and have no effect.

    >>> get("one", dim_ordering="th")((2,)).tolist()
    [1.0, 1.0]
    """
    return initializers.get(identifier, table=initializers.KERAS1)


deserialize = custom_objects.deserializer(get)
serialize = initializers.serialize


def _function(
    saved_name: str, factory: Callable[..., initializers.Initializer]
) -> Callable[..., NumpyArray]:
    """Return Keras 1's function of the shape, to which what the factory takes can be given."""

    def initialization(
        shape: Sequence[int],
        *arguments: float,
        name: str | None = None,
        dim_ordering: str = "th",
        **keywords: Any,
    ) -> NumpyArray:
        return factory(*arguments, **keywords)(shape, dim_ordering=dim_ordering)

    initialization.__name__ = saved_name  # what configurations store
    initialization.__doc__ = (
        "Return initial weights of a shape; what follows the shape is for the initializer.\n\n"
        f"{inspect.getdoc(factory) or ''}"
    )
    return initialization


__getattr__ = attributes_of(
    __name__, {name: _function(name, factory) for name, factory in initializers.KERAS1.items()}
)
