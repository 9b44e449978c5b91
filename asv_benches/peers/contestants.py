"""The contestants: for each framework its own convolution, ours and Keras 3's, as calls.

Everything that can be prepared is: tensors are native, weights are in the layout that the
framework likes best, functions are compiled. A call returns once its values have been computed.
"""

import importlib
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Shape:
    """A convolution of images with a square kernel, channels last, without bias."""

    batch: int
    size: int | tuple[int, int]  # of a square image, or rows and columns
    channels: int
    filters: int
    kernel_size: int
    strides: int
    padding: str
    groups: int = 1

    def __str__(self):
        image = "x".join(map(str, self._image_shape))
        kernel = f"{self.kernel_size}x{self.kernel_size}/{self.strides} {self.filters}"
        groups = f" in {self.groups} groups" if self.groups > 1 else ""
        return f"{image} {kernel}{groups} {self.padding}"

    def image(self):
        """Return the input, normally distributed, as an array."""
        return np.random.default_rng(0).standard_normal(self._image_shape, np.float32)

    @property
    def _image_shape(self):
        rows, columns = (self.size, self.size) if isinstance(self.size, int) else self.size
        return (self.batch, rows, columns, self.channels)


def ours(backend, shape, x):
    """Return our layer, built, on the native tensor."""
    from convdispatch.layers import Conv2D

    layer = Conv2D(
        shape.filters,
        shape.kernel_size,
        shape.strides,
        shape.padding,
        use_bias=False,
        groups=shape.groups,
        data_format="channels_last",
        backend=backend,
        dtype="float32",
    )
    layer.build(np.shape(x))
    return layer


def keras_layer(shape, x):
    """Return Keras 3's layer, built, on the backend that KERAS_BACKEND names."""
    keras = importlib.import_module("keras")
    layer = keras.layers.Conv2D(
        shape.filters,
        shape.kernel_size,
        shape.strides,
        shape.padding,
        use_bias=False,
        groups=shape.groups,
        data_format="channels_last",
    )
    layer.build(tuple(x.shape))
    return layer


def waiting(backend, call):
    """Return the call, returning once its values have been computed."""
    from convdispatch.registry import registry

    synchronize = registry.load(backend).synchronize
    return lambda: synchronize(call())


def raw(backend, shape, layer, x):
    """Return the framework's own convolution of the layer's kernel and `x`, as a call."""
    return _RAW[backend](shape, layer, x)


def _torch(shape, layer, x):
    convolve, kernel = torch_convolution(shape, layer)
    images = x.permute(0, 3, 1, 2)
    return lambda: convolve(images, kernel)


def torch_convolution(shape, layer):
    """Return torch's own convolution of (images, kernel), and the layer's kernel for it."""
    torch = importlib.import_module("torch")
    functional = torch.nn.functional
    ((op, _),) = layer.plans()[0].ops
    kernel = layer.kernel.detach().permute(3, 2, 0, 1)
    kernel = kernel.contiguous(memory_format=torch.channels_last)
    (top, bottom), (left, right) = op.pads
    strides, groups = shape.strides, shape.groups
    if (top, left) == (bottom, right):
        pads = (top, left)
        return lambda x, k: functional.conv2d(x, k, None, strides, pads, 1, groups), kernel
    around = (left, right, top, bottom)

    def padded(x, k):
        return functional.conv2d(functional.pad(x, around), k, None, strides, 0, 1, groups)

    return padded, kernel


def _tensorflow(shape, layer, x):
    tf = importlib.import_module("tensorflow")
    kernel, strides, padding = layer.kernel, shape.strides, shape.padding.upper()
    if shape.groups == shape.channels:
        of_each = (*kernel.shape[:2], shape.channels, -1)
        kernel, steps = tf.reshape(kernel, of_each), (1, strides, strides, 1)
        return lambda: tf.nn.depthwise_conv2d(x, kernel, steps, padding)
    return lambda: tf.nn.conv2d(x, kernel, strides, padding)


def _jax(shape, layer, x):
    convolve = jax_convolution(shape)
    kernel = layer.kernel
    return lambda: convolve(x, kernel)


def jax_convolution(shape):
    """Return `lax.conv_general_dilated` of (x, kernel), jitted."""
    jax = importlib.import_module("jax")
    strides = (shape.strides, shape.strides)
    layouts = ("NHWC", "HWIO", "NHWC")
    return jax.jit(
        lambda x, kernel: jax.lax.conv_general_dilated(
            x,
            kernel,
            strides,
            shape.padding.upper(),
            dimension_numbers=layouts,
            feature_group_count=shape.groups,
        )
    )


_RAW = {"torch": _torch, "tensorflow": _tensorflow, "jax": _jax}
