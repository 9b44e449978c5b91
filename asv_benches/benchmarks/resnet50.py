"""A forward pass of each distinct convolution of ResNet-50 on each backend."""

from . import _base
from ._parts import layer
from .shapes import resnet50


class ResNet50(_base.Forward):
    """One convolution without bias, as ResNet has them before its normalisations."""

    params = (_base.BACKENDS, list(resnet50()), [1, 8])
    param_names = ("backend", "convolution", "batch")

    def workload(self, convolution, batch):
        """Return the layer of that convolution."""
        return layer(
            (batch, convolution.size, convolution.size, convolution.channels),
            "Conv2D",
            filters=convolution.filters,
            kernel_size=convolution.kernel_size,
            strides=convolution.strides,
            padding="same",
            use_bias=False,
        )
