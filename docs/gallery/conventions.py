"""Theano and TensorFlow disagree about 'same'.

Both give ``ceil(size / stride)`` cells, and read different ones. TensorFlow adds as few pads as it
needs and puts the odd one last. Theano adds half a kernel at both ends, whatever the stride, and
turns the kernel around. So a network that was trained on one is wrong on the other, by nothing that
an error would tell. A layer has a *convention*, which settles this on every backend.

In the first picture the input has the digits 1 to 4 and the kernel 1, 10, 100: the digits of a
result say what was read. The maps at the end have one square for each size of the input and of the
kernel.
"""

import numpy as np
from matplotlib import pyplot

import convdispatch
from convdispatch.layers import Conv1D, Conv2D

SIZES, TAPS, STRIDES = range(4, 13), (2, 3, 4, 5), (1, 2, 3)

Conv1D(1, 3, strides=2, padding="same", name="strided").picture((4,), values=True).save("1.svg")
Conv2D(1, 3, strides=2, padding="same", name="strided").picture((6, 6)).save("2.svg")

x = np.array([1.0, 2, 3, 4]).reshape(1, 4, 1)
kernel = np.array([1.0, 10, 100]).reshape(3, 1, 1)
for convention in ("tensorflow", "theano"):
    with convdispatch.use_convention(convention):
        layer = Conv1D(1, 3, strides=2, padding="same", weights=[kernel], use_bias=False)
    print(convention, np.asarray(layer(x)).ravel())

# How far the first cell that is read under one convention is from that under the other.
figure, axes = pyplot.subplots(1, len(STRIDES), figsize=(9, 2.9), sharey=True)
for stride, one in zip(STRIDES, axes, strict=True):
    apart = np.zeros((len(TAPS), len(SIZES)))
    for row, taps in enumerate(TAPS):
        for column, size in enumerate(SIZES):
            weights, lows = [np.ones((taps, 1, 1))], []
            for convention in ("tensorflow", "theano"):
                with convdispatch.use_convention(convention):
                    layer = Conv1D(1, taps, stride, "same", weights=weights, use_bias=False)
                ones = np.asarray(layer(np.ones((1, size, 1)))).ravel()
                lows.append(taps - ones[0])  # taps of the first cell that lie before the input
            apart[row, column] = lows[1] - lows[0]
    shown = one.imshow(apart, cmap="cividis", vmin=0, vmax=2, aspect="auto", origin="lower")
    one.set(title=f"stride {stride}", xlabel="size")
    one.set(xticks=range(0, len(SIZES), 2), xticklabels=SIZES[::2])
    one.set(yticks=range(len(TAPS)), yticklabels=TAPS)
axes[0].set_ylabel("taps")
figure.colorbar(shown, ax=axes, label="pads more at the start", ticks=range(3))
figure.set_label(
    "How many pads more Theano has at the start, for each size and number of taps: with stride 1 "
    "the conventions agree on odd kernels; with longer strides Theano begins up to two cells "
    "earlier."
)
