"""A forward pass of every layer on each backend."""

from . import _base
from ._parts import layer, part

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
    layer(SIGNAL, "Masking"),
    layer(SIGNAL, "ActivityRegularization", l1=0.01),
    layer((8, 256), "Embedding", input_dim=1000, output_dim=32),
    layer(IMAGE, "Activation", activation="softmax"),
    layer(SIGNAL, "Dense", units=32, activation="relu"),
    *(layer(SIGNAL, name, units=32) for name in ("SimpleRNN", "LSTM", "GRU")),
    *(
        layer((4, 8, *sizes, 16), f"ConvLSTM{len(sizes)}D", filters=16, kernel_size=3)
        for sizes in ((196,), (14, 14), (6, 6, 6))
    ),
    layer(SIGNAL, "LocallyConnected1D", filters=32, kernel_size=3),
    layer(IMAGE, "LocallyConnected2D", filters=8, kernel_size=3),
    layer(SIGNAL, "Bidirectional", layer=part("LSTM", units=16)),
    layer(SIGNAL, "TimeDistributed", layer=part("Dense", units=32)),
    layer(IMAGE, "Flatten"),
    layer(IMAGE, "Reshape", target_shape=(784, 32)),
    layer(IMAGE, "Permute", dims=(3, 1, 2)),
    layer((8, 256), "RepeatVector", n=32),
    layer(SIGNAL, "SpatialDropout1D", rate=0.5),
    layer(IMAGE, "SpatialDropout2D", rate=0.5),
    layer(VOLUME, "SpatialDropout3D", rate=0.5),
    layer(IMAGE, "GaussianNoise", stddev=0.1),
    layer(IMAGE, "GaussianDropout", rate=0.5),
    layer(IMAGE, "AlphaDropout", rate=0.5),
    *(layer(IMAGE, name) for name in ("ReLU", "LeakyReLU", "PReLU", "ELU")),
    *(layer(IMAGE, name) for name in ("ThresholdedReLU", "Softmax")),
    *(layer(SIGNAL, f"{kind}Pooling1D", pool_size=2) for kind in ("Max", "Average")),
    *(layer(IMAGE, f"{kind}Pooling2D", pool_size=2) for kind in ("Max", "Average")),
    *(layer(VOLUME, f"{kind}Pooling3D", pool_size=2) for kind in ("Max", "Average")),
    *(layer(SIGNAL, f"Global{kind}Pooling1D") for kind in ("Max", "Average")),
    *(layer(IMAGE, f"Global{kind}Pooling2D") for kind in ("Max", "Average")),
    *(layer(VOLUME, f"Global{kind}Pooling3D") for kind in ("Max", "Average")),
]


class Layers(_base.Forward):
    """Each layer alone."""

    params = (_base.BACKENDS, LAYERS)
    param_names = ("backend", "layer")

    def workload(self, case):
        """Return the case itself."""
        return case
