"""A network of the convolutional layers of Keras 1 and of Keras 2, on real handwritten digits.

    convdispatch compare examples/tour.py

runs it on every installed backend and says how far each is from a float64 reference. The first
half is spelled as in 2016, the second as in 2019 and later; any backend computes both.
"""

from pathlib import Path

import numpy as np

import convdispatch
from convdispatch import keras1, layers
from convdispatch.models import Sequential

DIGITS = Path(__file__).parent / "digits.npz"


def build():
    """Return the model and the digits that it is to be compared on."""
    convdispatch.set_random_seed(2016)
    model = Sequential(
        [
            # Keras 1: rows and columns one by one, 'border_mode', 'subsample', 'dim_ordering'.
            keras1.layers.ZeroPadding2D((2, 2), dim_ordering="tf", input_shape=(28, 28, 1)),
            keras1.layers.Convolution2D(8, 5, 5, activation="relu", dim_ordering="tf"),
            keras1.layers.AtrousConvolution2D(
                12, 3, 3, border_mode="same", atrous_rate=(2, 2), dim_ordering="tf"
            ),
            keras1.layers.SeparableConvolution2D(
                16, 3, 3, border_mode="same", subsample=(2, 2), activation="tanh", dim_ordering="tf"
            ),
            keras1.layers.Deconvolution2D(
                8, 3, 3, (None, 28, 28, 8), border_mode="same", subsample=(2, 2), dim_ordering="tf"
            ),
            # Keras 2, with the groups, depthwise and bilinear layers of later Kerases.
            layers.Conv2D(16, (3, 2), strides=(2, 1), padding="same", activation="softplus"),
            layers.Conv2D(16, 3, padding="full", groups=4, activation="elu"),
            layers.DepthwiseConv2D(3, strides=2, dilation_rate=2, depth_multiplier=2),
            layers.SeparableConv2D(24, 3, padding="same", activation="relu"),
            layers.Conv2DTranspose(8, 4, strides=2, padding="same", activation="sigmoid"),
            layers.UpSampling2D(2, interpolation="bilinear"),
            layers.Cropping2D(((1, 0), (2, 2))),
            layers.Conv2D(4, 1),
        ],
        backend="numpy",  # to begin with: comparing moves it to the others
    )
    digits = np.load(DIGITS)["x"][..., np.newaxis]
    return model, digits.astype("float32") / 255


if __name__ == "__main__":
    model, x = build()
    model.summary()
    print("predicted:", model.predict(x).shape)
