"""How the time of a forward pass grows with one size at a time."""

from . import _base
from ._parts import Workload, layer, part


class Batch(_base.Forward):
    """Images at once: the time of one should not depend on how many there are."""

    params = (_base.BACKENDS, [1, 4, 16, 64, 256])
    param_names = ("backend", "batch")

    def workload(self, batch):
        """Return a convolution of that many images."""
        return layer((batch, 28, 28, 8), "Conv2D", filters=16, kernel_size=3, padding="same")


class Channels(_base.Forward):
    """Channels of input and output: the work grows with the square."""

    params = (_base.BACKENDS, [4, 16, 64, 256])
    param_names = ("backend", "channels")

    def workload(self, channels):
        """Return a convolution between that many channels."""
        return layer(
            (1, 28, 28, channels), "Conv2D", filters=channels, kernel_size=3, padding="same"
        )


class Depth(_base.Forward):
    """Slices of a volume, the first of its three axes."""

    params = (_base.BACKENDS, [4, 16, 64])
    param_names = ("backend", "depth")

    def workload(self, depth):
        """Return a convolution of a volume of that depth."""
        return layer((1, depth, 16, 16, 8), "Conv3D", filters=8, kernel_size=3, padding="same")


class KernelSize(_base.Forward):
    """Taps along each axis of a kernel: the work grows with the square."""

    params = (_base.BACKENDS, [1, 3, 7, 15])
    param_names = ("backend", "kernel_size")

    def workload(self, kernel_size):
        """Return a convolution with that many taps along an axis."""
        return layer((1, 32, 32, 16), "Conv2D", filters=16, kernel_size=kernel_size, padding="same")


class LayersInModel(_base.Forward):
    """Layers on top of each other: the time of one should not depend on how many there are."""

    params = (_base.BACKENDS, [2, 10, 50, 200])
    param_names = ("backend", "layers")

    def workload(self, layers):
        """Return a model of that many equal layers."""
        same = part("Conv2D", filters=8, kernel_size=3, padding="same")
        return Workload("equal layers", (same,) * layers, (1, 16, 16, 8))
