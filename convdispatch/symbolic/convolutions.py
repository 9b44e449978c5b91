"""Convolutions, pooling and enlarging, with Keras's names; see `operations`.

A layer computes each of them, so the conventions of padding and of kernels are those of the layers.
"""

from __future__ import annotations

import functools
from typing import Any

from convdispatch import layers
from convdispatch.engine.specs import Spec
from convdispatch.errors import InvalidArgument
from convdispatch.runtime import selection
from convdispatch.symbolic.operations import operation

__all__ = ["conv1d", "conv2d", "conv3d", "depthwise_conv2d", "resize_images"]


@functools.lru_cache(maxsize=256)
def _layer(name: str, backend: str, convention: str, options: tuple[Any, ...]) -> Any:
    return getattr(layers, name)(**dict(options), convention=convention, backend=backend)


def by_layer(o: Any, name: str, x: Any, weights: list[Any], **options: Any) -> Any:
    """Return what a layer of that class makes of a tensor with these weights."""
    settled = tuple(
        (key, tuple(value) if isinstance(value, list) else value) for key, value in options.items()
    )
    backend = selection.backend() if o.is_abstract else o.backend.name
    layer = _layer(name, backend, selection.convention(), settled)
    if o.is_abstract:
        return _abstract(o, layer, x)
    return layer.plan_for(x).function(weights, x)


def _abstract(o: Any, layer: Any, x: Any) -> Any:
    found = layer.output_specs(Spec(x.shape, x.dtype))
    return type(x)(found.shape, found.dtype)


def _convolution(name: str, rank: int) -> Any:
    def function(
        o: Any,
        x: Any,
        kernel: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: Any = None,
        dilation_rate: Any = 1,
    ) -> Any:
        one, own = o.matched(o.floats(x), o.floats(kernel))
        sizes = o.static(own)
        return by_layer(
            o,
            name,
            one,
            [own],
            filters=sizes[-1],
            kernel_size=sizes[:rank],
            strides=strides,
            padding=padding,
            data_format=data_format,
            dilation_rate=dilation_rate,
            use_bias=False,
        )

    function.__name__ = function.__qualname__ = name.lower()
    function.__doc__ = f"Return what {name} computes with a kernel (*sizes, in, out)."
    return operation(function)


conv1d = _convolution("Conv1D", 1)
conv2d = _convolution("Conv2D", 2)
conv3d = _convolution("Conv3D", 3)


@operation
def conv_transpose(
    o: Any,
    x: Any,
    kernel: Any,
    output_shape: Any,
    strides: Any = 1,
    padding: str = "valid",
    data_format: Any = None,
) -> Any:
    """Return the transposed convolution with a kernel (*sizes, out, in), of that output shape."""
    one, own = o.matched(o.floats(x), o.floats(kernel))
    sizes = o.static(own)
    rank = len(sizes) - 2
    is_first = (data_format or selection.image_data_format()) == "channels_first"
    wanted = tuple(output_shape)[2:] if is_first else tuple(output_shape)[1:-1]
    return by_layer(
        o,
        f"Conv{rank}DTranspose",
        one,
        [own],
        filters=sizes[-2],
        kernel_size=sizes[:rank],
        strides=strides,
        padding=padding,
        data_format=data_format,
        output_size=tuple(wanted) if all(isinstance(n, int) for n in wanted) else None,
        use_bias=False,
    )


@operation
def depthwise_conv2d(
    o: Any,
    x: Any,
    depthwise_kernel: Any,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: Any = None,
    dilation_rate: Any = (1, 1),
) -> Any:
    """Return the convolution of each channel by itself."""
    one, own = o.matched(o.floats(x), o.floats(depthwise_kernel))
    sizes = o.static(own)
    return by_layer(
        o,
        "DepthwiseConv2D",
        one,
        [own],
        kernel_size=sizes[:2],
        depth_multiplier=sizes[3],
        strides=strides,
        padding=padding,
        data_format=data_format,
        dilation_rate=dilation_rate,
        use_bias=False,
    )


@operation
def separable_conv(
    o: Any,
    x: Any,
    depthwise_kernel: Any,
    pointwise_kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    data_format: Any = None,
    dilation_rate: Any = 1,
) -> Any:
    """Return the convolution of each channel by itself, and then of all in each cell."""
    one, deep, point = o.matched(o.floats(x), depthwise_kernel, pointwise_kernel)
    sizes = o.static(deep)
    rank = len(sizes) - 2
    return by_layer(
        o,
        f"SeparableConv{rank}D",
        one,
        [deep, point],
        filters=o.static(point)[-1],
        kernel_size=sizes[:rank],
        depth_multiplier=sizes[-1],
        strides=strides,
        padding=padding,
        data_format=data_format,
        dilation_rate=dilation_rate,
        use_bias=False,
    )


@operation
def pool(
    o: Any,
    x: Any,
    pool_size: Any,
    strides: Any = 1,
    padding: str = "valid",
    data_format: Any = None,
    pool_mode: str = "max",
) -> Any:
    """Return the greatest number, or the mean, of each window."""
    if pool_mode not in ("max", "avg"):
        raise InvalidArgument(f"`pool_mode` must be 'max' or 'avg'; received {pool_mode!r}.")
    one = o.floats(x)
    kind = "Max" if pool_mode == "max" else "Average"
    options = {"strides": strides, "padding": padding, "data_format": data_format}
    return by_layer(
        o, f"{kind}Pooling{o.rank(one) - 2}D", one, [], pool_size=tuple(pool_size), **options
    )


@operation
def resize_images(
    o: Any,
    x: Any,
    height_factor: int,
    width_factor: int,
    data_format: Any = None,
    interpolation: str = "nearest",
) -> Any:
    """Return images enlarged by whole factors."""
    return by_layer(
        o,
        "UpSampling2D",
        o.floats(x),
        [],
        size=(int(height_factor), int(width_factor)),
        data_format=data_format,
        interpolation=interpolation,
    )


@operation
def resize_volumes(o: Any, x: Any, factors: Any, data_format: Any = None) -> Any:
    """Return volumes enlarged by whole factors."""
    size = tuple(int(factor) for factor in factors)
    return by_layer(o, "UpSampling3D", o.floats(x), [], size=size, data_format=data_format)


@operation
def local_conv(
    o: Any,
    x: Any,
    kernel: Any,
    kernel_size: Any,
    strides: Any,
    output_shape: Any = None,
    data_format: Any = None,
) -> Any:
    """Return the convolution whose kernel (cells, numbers of a window, out) differs by cell."""
    one, own = o.matched(o.floats(x), o.floats(kernel))
    rank = o.rank(one) - 2
    sizes = o.static(own)
    return by_layer(
        o,
        f"LocallyConnected{rank}D",
        one,
        [o.f["reshape"](own, sizes)],
        filters=sizes[-1],
        kernel_size=tuple(kernel_size),
        strides=tuple(strides),
        data_format=data_format,
        use_bias=False,
    )
