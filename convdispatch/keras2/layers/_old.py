"""What Keras 2 kept of Keras 1's layers: functions that make its own, with a warning."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

from convdispatch.engine.arguments import as_choice
from convdispatch.keras2.layers import merge as new
from convdispatch.keras2.layers.convolutional import Conv1D, Conv2D
from convdispatch.keras2.layers.core import Lambda
from convdispatch.support.warnings import warn

__all__ = [
    "AtrousConvolution1D",
    "AtrousConvolution2D",
    "Merge",
    "merge",
]

_MODES = ("sum", "mul", "concat", "ave", "cos", "dot", "max")


def AtrousConvolution1D(*args: Any, atrous_rate: Any = 1, **kwargs: Any) -> Any:  # noqa: N802
    """Return a `Conv1D` with that dilation rate."""
    return _dilated("AtrousConvolution1D", Conv1D, args, kwargs, atrous_rate)


def AtrousConvolution2D(*args: Any, atrous_rate: Any = (1, 1), **kwargs: Any) -> Any:  # noqa: N802
    """Return a `Conv2D` with that dilation rate."""
    return _dilated("AtrousConvolution2D", Conv2D, args, kwargs, atrous_rate)


def _dilated(name: str, layer: Any, args: Any, kwargs: dict[str, Any], rate: Any) -> Any:
    warn(
        f"The `{name}` layer has been deprecated. Use instead the `{layer.__name__}` layer with "
        "the `dilation_rate` argument."
    )
    return layer(*args, dilation_rate=rate, **kwargs)


def Merge(  # noqa: N802 - Keras's name
    layers: Sequence[Any] | None = None,
    mode: str | Callable[..., Any] = "sum",
    concat_axis: int = -1,
    dot_axes: int | Sequence[int] = -1,
    output_shape: Any = None,
    output_mask: Any = None,
    arguments: Mapping[str, Any] | None = None,
    name: str | None = None,
    **options: Any,
) -> Any:
    """Return Keras 2's layer for a mode of Keras 1's `Merge`, or a `Lambda` for a function."""
    warn(
        "The `Merge` layer is deprecated and will be removed after 08/2017. Use instead layers "
        "from `keras.layers.merge`, e.g. `add`, `concatenate`, etc."
    )
    made = _layer(mode, concat_axis, dot_axes, output_shape, arguments, name, options)
    if layers is not None:
        made.branches = list(layers)
    return made


def merge(
    inputs: Sequence[Any],
    mode: str | Callable[..., Any] = "sum",
    concat_axis: int = -1,
    dot_axes: int | Sequence[int] = -1,
    output_shape: Any = None,
    output_mask: Any = None,
    arguments: Mapping[str, Any] | None = None,
    name: str | None = None,
) -> Any:
    """Return one tensor for several, as Keras 1's function did."""
    warn(
        "The `merge` function is deprecated and will be removed after 08/2017. Use instead layers "
        "from `keras.layers.merge`, e.g. `add`, `concatenate`, etc."
    )
    layer = _layer(mode, concat_axis, dot_axes, output_shape, arguments, name, {})
    return layer(list(inputs))


def _layer(
    mode: Any,
    concat_axis: int,
    dot_axes: Any,
    output_shape: Any,
    arguments: Any,
    name: str | None,
    options: dict[str, Any],
) -> Any:
    if callable(mode):
        return Lambda(mode, output_shape, arguments=arguments, name=name, **options)
    kinds: dict[str, Callable[[], Any]] = {
        "sum": lambda: new.Add(name=name, **options),
        "mul": lambda: new.Multiply(name=name, **options),
        "ave": lambda: new.Average(name=name, **options),
        "max": lambda: new.Maximum(name=name, **options),
        "concat": lambda: new.Concatenate(concat_axis, name=name, **options),
        "dot": lambda: new.Dot(dot_axes, name=name, **options),
        "cos": lambda: new.Dot(dot_axes, normalize=True, name=name, **options),
    }
    return kinds[as_choice(mode, _MODES, "mode")]()


class _Called(ModuleType):
    """The module of merging layers: `from keras.layers import merge` gave the function, too."""

    def __call__(
        self,
        inputs: Any,
        mode: Any = "sum",
        concat_axis: int = -1,
        dot_axes: Any = -1,
        output_shape: Any = None,
        output_mask: Any = None,
        arguments: Any = None,
        name: str | None = None,
    ) -> Any:
        rest = (output_shape, output_mask, arguments, name)
        return merge(inputs, mode, concat_axis, dot_axes, *rest)


sys.modules[new.__name__].__class__ = _Called
