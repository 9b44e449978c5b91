"""How each Keras names the layers, inputs and models that a user did not name."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from convdispatch import keras1, keras2, layers, models

# By the class's name. Keras 1 writes it in small letters; Keras 2 parts its words before capitals.
KERAS1 = {
    "Convolution2D": "convolution2d",
    "AtrousConvolution2D": "atrousconvolution2d",
    "Deconvolution2D": "deconvolution2d",
    "MaxPooling2D": "maxpooling2d",
    "GlobalAveragePooling1D": "globalaveragepooling1d",
    "ZeroPadding2D": "zeropadding2d",
    "UpSampling2D": "upsampling2d",
    "BatchNormalization": "batchnormalization",
    "LeakyReLU": "leakyrelu",
    "PReLU": "prelu",
    "ELU": "elu",
    "LSTM": "lstm",
    "SimpleRNN": "simplernn",
    "RepeatVector": "repeatvector",
    "ActivityRegularization": "activityregularization",
    "Dense": "dense",
    "Merge": "merge",
}
KERAS2 = {
    "Conv2D": "conv2d",
    "Conv2DTranspose": "conv2d_transpose",
    "DepthwiseConv2D": "depthwise_conv2d",
    "SeparableConv2D": "separable_conv2d",
    "MaxPooling2D": "max_pooling2d",
    "GlobalAveragePooling1D": "global_average_pooling1d",
    "ZeroPadding2D": "zero_padding2d",
    "UpSampling2D": "up_sampling2d",
    "BatchNormalization": "batch_normalization",
    "LeakyReLU": "leaky_re_lu",
    "PReLU": "p_re_lu",
    "ELU": "elu",
    "LSTM": "lstm",
    "SimpleRNN": "simple_rnn",
    "RepeatVector": "repeat_vector",
    "ActivityRegularization": "activity_regularization",
    "Dense": "dense",
    "Concatenate": "concatenate",
    # By their class, whatever a user calls it.
    "MaxPool2D": "max_pooling2d",
    "Convolution2D": "conv2d",
}
DOORS: dict[str, tuple[Any, Any, dict[str, str]]] = {
    "keras1": (keras1.layers, keras1.models, KERAS1),
    "keras2": (keras2.layers, keras2.models, KERAS2),
}
CASES = [(door, name) for door, (_, _, names) in DOORS.items() for name in names]


@pytest.mark.parametrize(("door", "name"), CASES, ids=["-".join(case) for case in CASES])
def test_layers_are_named_by_their_kerass_rule(door: str, name: str) -> None:
    """Its class's name in small letters, and a number from 1."""
    of_door, _, names = DOORS[door]
    assert getattr(of_door, name)._stem() == names[name]


@pytest.mark.parametrize("door", DOORS)
def test_a_models_document_has_the_names_of_its_keras(door: str) -> None:
    """The input's, the layers' and the model's own, and reading it keeps them."""
    of_door, of_models, _ = DOORS[door]
    x = of_door.Input((4,))
    model = of_models.Model(x, of_door.Activation("relu")(of_door.Dense(3)(x)))
    document = json.loads(model.to_json())
    found = [layer["name"] for layer in document["config"]["layers"]]
    assert [re.sub(r"\d+$", "N", name) for name in found] == ["input_N", "dense_N", "activation_N"]
    assert re.fullmatch(r"model_\d+", document["config"]["name"])
    read = of_models.model_from_json(model.to_json())
    assert [layer.name for layer in read.layers] == found
    assert (read.name, model.input_names) == (model.name, [found[0]])
    assert re.fullmatch(r"sequential_\d+", of_models.Sequential([of_door.Dense(2)]).name)


def test_our_own_names_are_keras_2s_but_for_inputs() -> None:
    """Their layer is an `InputLayer`."""
    x = layers.Input((4,))
    model = models.Model(x, layers.Dense(3)(x))
    found = [re.sub(r"\d+$", "N", layer.name) for layer in model.layers]
    assert found == ["input_layer_N", "dense_N"]
