"""Convolution arithmetic in pictures.

What pads, strides, dilation, a transposed convolution and a pooling do to nine cells or fewer.
Each picture comes from ``layer.picture``, which shows the op that the layer asks its backend for.
Squares mark the first cell of the output and what it reads, diamonds the last one, rings the one
that lies a stride further.
"""

from convdispatch.layers import Conv1D, Conv2D, Conv2DTranspose, Conv3D, MaxPooling2D

LAYERS = {
    "1-plain": (Conv2D(1, 3, name="plain"), (6, 6)),
    "2-same": (Conv2D(1, 3, padding="same", name="same"), (5, 5)),
    "3-full": (Conv2D(1, 3, padding="full", name="full"), (4, 4)),
    "4-strided": (Conv2D(1, 2, strides=3, name="strided"), (8, 7)),
    "5-dilated": (Conv2D(1, 3, strides=2, padding="same", dilation_rate=2, name="dilated"), (9, 9)),
    "6-causal": (Conv1D(1, 3, padding="causal", dilation_rate=2, name="causal"), (9,)),
    "7-transposed": (Conv2DTranspose(1, 3, strides=2, name="transposed"), (3, 3)),
    "8-pooling": (MaxPooling2D(2, name="pooling"), (5, 5)),
    "9-volume": (Conv3D(1, 2, strides=2, name="volume"), (4, 4, 4)),
}

for name, (layer, sizes) in LAYERS.items():
    picture = layer.picture(sizes)
    picture.save(f"{name}.svg")
    print(picture.summary)
