"""What a derived rounding bound looks like.

No tolerance is chosen. A result of n products is within ``gamma(n) (|x| * |k|)`` of the exact one,
where gamma(n) is n roundings in a row: the bound of the worst case, for each cell of the output by
itself. These are the errors of 4,608 cells on four backends, in units of their own bounds; each
cell is the sum of 576 products. The order of a sum decides where a cell lies; nothing correct lies
beyond 1.
"""

import numpy as np
from matplotlib import pyplot

from convdispatch.layers import Conv2D
from convdispatch.models import Sequential
from convdispatch.numerics import bounds, oracle_by_taps

BACKENDS = ("numpy", "torch", "tensorflow", "jax")

numbers = np.random.default_rng(0)
x = numbers.normal(size=(2, 14, 14, 64)).astype("float32")
kernel = numbers.normal(size=(3, 3, 64, 16)).astype("float32")
fields = {"strides": (1, 1), "pads": ((0, 0), (0, 0)), "dilation": (1, 1), "groups": 1}
fields["channels_last"] = True
exact = oracle_by_taps.conv(x.astype(float), kernel.astype(float), **fields)
absolute = oracle_by_taps.conv(np.abs(x).astype(float), np.abs(kernel).astype(float), **fields)
bound = bounds.conv_bound(absolute, 3 * 3 * 64, "float32")

figure, axes = pyplot.subplots(2, 2, figsize=(9, 5), sharex=True, sharey=True)
bins = np.geomspace(1e-6, 2, 60)
for name, one in zip(BACKENDS, axes.ravel(), strict=True):
    layer = Conv2D(16, 3, use_bias=False, weights=[kernel], backend=name)
    found = Sequential([layer], backend=name).predict(x)
    error = np.abs(found.astype(float) - exact) / bound
    one.hist(error.ravel(), bins=bins, color="#0072b2")
    one.axvline(1, color="#c2500a", linestyle="--")
    one.set(xscale="log", title=f"{name}: worst {error.max():.2g}")
    print(f"{name:10}  worst {error.max():.4f}  median {np.median(error):.5f}")
    assert error.max() <= 1
for one in axes[1]:
    one.set_xlabel("error in units of the bound")
for one in axes[:, 0]:
    one.set_ylabel("cells")
axes[0, 1].annotate("the bound", (1, 0), (0.16, 0.8), textcoords="axes fraction", color="#c2500a")
figure.tight_layout()
figure.set_label(
    "Four histograms of errors, one for each backend: all lie well below 1, the bound, which is "
    "drawn as a dashed line."
)
