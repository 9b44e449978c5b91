"""Type checkers' answers to calls: nothing here runs, `tox -e typing` checks it.

A line with `type: ignore[code]` is a mistake that must be found: where it is not, the checker
complains of the comment.
"""

from __future__ import annotations

from typing import assert_type

import numpy as np
import torch

import convdispatch
from convdispatch import keras1, keras2, layers
from convdispatch.layers import Conv1D, Conv2D, Conv2DTranspose, SeparableConv2D, UpSampling2D
from convdispatch.models import Sequential
from convdispatch.types import NativeTensor

array = np.ones((1, 4, 4, 1))
tensor = torch.ones(1, 4, 4, 1)

# What is right passes: words, NumPy's types, a user's functions, what every layer takes.
Conv2D(8, (3, 3), padding="same", data_format="channels_first", activation="relu", name="c")
Conv2D(8, 3, dtype=np.float32, activation=lambda x: x, kernel_initializer={"class_name": "Zeros"})
Conv1D(8, 3, padding="causal", input_shape=(None, 3), convention="theano", weights=[array])
keras1.layers.Convolution2D(8, 3, 3, border_mode="same", dim_ordering="th", init="he_normal")
keras2.layers.Conv2D(8, 3, padding="valid", kernel_regularizer=keras2.regularizers.l2(0.1))

# Names that no layer takes.
Conv2D(8, 3, paddin="same")  # type: ignore[call-arg]
Conv2D(8, 3, border_mode="same")  # type: ignore[call-arg]
UpSampling2D(2, interpolate="bilinear")  # type: ignore[call-arg]
keras1.layers.Convolution2D(8, 3, 3, padding="same")  # type: ignore[call-arg]
keras2.layers.SeparableConv2D(8, 3, depthwise_initialiser="zeros")  # type: ignore[call-arg]

# Words that mean nothing.
Conv2D(8, 3, padding="smae")  # type: ignore[arg-type]
Conv2D(8, 3, activation="rleu")  # type: ignore[arg-type]
Conv2D(8, 3, data_format="channel_last")  # type: ignore[arg-type]
Conv2D(8, 3, dtype="float23")  # type: ignore[arg-type]
Conv2D(8, 3, convention="teano")  # type: ignore[arg-type]
Conv2DTranspose(8, 3, padding="casual")  # type: ignore[arg-type]
SeparableConv2D(8, 3, pointwise_initializer="glorot")  # type: ignore[arg-type]
UpSampling2D(2, interpolation="bilinaer")  # type: ignore[arg-type]
keras1.layers.Convolution2D(8, 3, 3, border_mode="smae")  # type: ignore[arg-type]
keras1.layers.Convolution2D(8, 3, 3, dim_ordering="theano")  # type: ignore[arg-type]

# Numbers of another type.
Conv2D(8.0, 3)  # type: ignore[arg-type]
Conv2D(8, "3")  # type: ignore[arg-type]

# Results: a framework's tensor gives one of its own; an array gives one of the layer's backend.
layer = convdispatch.layers.Conv2D(8, 3)
assert_type(layer, layers.Conv2D)
assert_type(layer(tensor), torch.Tensor)
assert_type(layer(array), NativeTensor)
assert_type(layer(array).shape, tuple[int, ...])
model = convdispatch.Sequential([layer])
assert_type(model, Sequential)
assert_type(model(tensor), torch.Tensor)
assert_type(model.compile_forward()(tensor), torch.Tensor)
assert_type(convdispatch.activations.relu(tensor), torch.Tensor)
