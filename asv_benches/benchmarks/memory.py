"""The peak memory of a process: the framework, the tensors and the scratch memory of a call.

`OneCell` is the yardstick: the same process, but for a call that computes next to nothing. The
large output itself takes 33 MB.
"""

from . import _base
from ._parts import Workload, part

IMAGE = (1, 540, 960, 3)
_CONV = part("Conv2D", filters=16, kernel_size=7, padding="same", use_bias=False)
LARGE = Workload("", (_CONV,), IMAGE)
CELL = Workload("", (_CONV,), (1, 1, 1, 3))


class LargeImage(_base.OfWorkload):
    """A 7x7 convolution of a large image, whose columns would be 49 times the input."""

    def workload(self):
        """Return the convolution."""
        return LARGE

    def peakmem_forward(self, backend):
        """Call it, after the call that lowers it."""
        loaded, model, x = self.prepared
        loaded.synchronize(model(x))


class OneCell(_base.OfWorkload):
    """The same kernel over one cell, the large image lying beside."""

    def workload(self):
        """Return the convolution."""
        return CELL

    def prepare(self, backend):
        """Return what is called, and the large image."""
        return *super().prepare(backend), _base.tensor(backend, IMAGE)

    def peakmem_forward(self, backend):
        """Call it, after the call that lowers it."""
        loaded, model, x, _ = self.prepared
        loaded.synchronize(model(x))
