"""A forward pass of every layer on each backend."""

from . import _base
from ._parts import layer

SIGNAL, IMAGE, VOLUME = (8, 256, 32), (8, 28, 28, 32), (2, 12, 12, 12, 16)

# Every class of `convdispatch.layers`, and the kinds of convolution that have paths of their own.
LAYERS = [
    layer(SIGNAL, "Conv1D", filters=32, kernel_size=3, padding="causal"),
    layer(IMAGE, "Conv2D", filters=32, kernel_size=3, padding="same"),
    layer(IMAGE, "Conv2D", filters=64, kernel_size=1),
    layer(IMAGE, "Conv2D", filters=32, kernel_size=3, strides=2, padding="same"),
    layer(IMAGE, "Conv2D", filters=32, kernel_size=3, dilation_rate=2),
    layer(IMAGE, "Conv2D", filters=32, kernel_size=3, groups=4),
    layer(IMAGE, "Conv2D", filters=32, kernel_size=3, activation="relu"),
    layer(VOLUME, "Conv3D", filters=16, kernel_size=3, padding="same"),
    layer(SIGNAL, "Conv1DTranspose", filters=32, kernel_size=3, strides=2, padding="same"),
    layer(IMAGE, "Conv2DTranspose", filters=32, kernel_size=3, strides=2, padding="same"),
    layer(VOLUME, "Conv3DTranspose", filters=16, kernel_size=3, strides=2, padding="same"),
    layer(SIGNAL, "DepthwiseConv1D", kernel_size=3, padding="same"),
    layer(IMAGE, "DepthwiseConv2D", kernel_size=3, padding="same"),
    layer(SIGNAL, "SeparableConv1D", filters=32, kernel_size=3, padding="same"),
    layer(IMAGE, "SeparableConv2D", filters=32, kernel_size=3, padding="same"),
    layer(SIGNAL, "UpSampling1D", size=2),
    layer(IMAGE, "UpSampling2D", size=2),
    layer(IMAGE, "UpSampling2D", size=2, interpolation="bilinear"),
    layer(VOLUME, "UpSampling3D", size=2),
    layer(SIGNAL, "ZeroPadding1D", padding=2),
    layer(IMAGE, "ZeroPadding2D", padding=2),
    layer(VOLUME, "ZeroPadding3D", padding=2),
    layer(SIGNAL, "Cropping1D", cropping=2),
    layer(IMAGE, "Cropping2D", cropping=2),
    layer(VOLUME, "Cropping3D", cropping=2),
    layer(IMAGE, "BatchNormalization"),
    layer(IMAGE, "Dropout", rate=0.5),
]


class Layers(_base.Forward):
    """Each layer alone."""

    params = (_base.BACKENDS, LAYERS)
    param_names = ("backend", "layer")

    def workload(self, case):
        """Return the case itself."""
        return case
