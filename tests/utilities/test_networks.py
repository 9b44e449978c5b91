"""Keras's networks: how many numbers they have, by Keras's own documentation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convdispatch import keras1, keras2
from convdispatch.errors import InvalidArgument, InvalidShape

DOORS: dict[str, Any] = {"keras1": keras1, "keras2": keras2}
# Without the top, from `model.count_params()` of Keras 2.2.4's networks, as its page lists them.
COUNTS = {
    "ResNet50": 23_587_712,
    "InceptionV3": 21_802_784,
    "Xception": 20_861_480,
    "MobileNet": 3_228_864,
}


@pytest.mark.parametrize("name", COUNTS)
def test_a_network_has_as_many_numbers_as_keras_s(name: str) -> None:
    """And the shape of its features."""
    model = getattr(DOORS["keras2"].applications, name)(
        weights=None, include_top=False, pooling="avg", input_shape=(224, 224, 3)
    )
    assert model.count_params() == COUNTS[name]
    assert model.output_shape == (None, 1024 if name == "MobileNet" else 2048)


def test_inception_of_keras_1_differs_from_keras_2_s() -> None:
    """Each of 17,152 channels has a bias and a scale more; pools bring fewer channels along."""
    model = DOORS["keras1"].applications.InceptionV3(weights=None, include_top=False)
    fewer = (
        64 * 3,  # normalized channels of the pooled branches of mixed1 and mixed2
        256 * 32,  # mixed1's pooled branch
        32 * (64 + 48 + 64) + 288 * 64 - 256 * 32,  # mixed2 reads 256 channels for 288
        32 * (9 * 384 + 64),  # mixed3, too
        32 * (192 + 128 + 128 + 192),  # mixed4 reads 736 for 768
    )
    assert model.count_params() == COUNTS["InceptionV3"] + 2 * 17_152 - sum(fewer)
    kinds = [type(layer).__name__ for layer in model.layers[:4]]
    assert kinds == ["InputLayer", "Convolution2D", "BatchNormalization", "Convolution2D"]
    pools = [layer for layer in model.layers if "Pooling" in type(layer).__name__]
    assert [type(one).__name__[:3] for one in pools].count("Max") == 3


@pytest.mark.parametrize("door", DOORS)
def test_a_network_begins_with_a_computed_tensor(door: str) -> None:
    """As scripts that transfer a style give it: an input stands for it, and is given nothing."""
    K, shape = DOORS[door].backend, (1, 32, 32, 3)
    fixed, free = K.variable(np.ones(shape)), K.placeholder(shape)
    images = K.concatenate([fixed, free, 2 * free], axis=0)
    network = DOORS[door].applications.VGG16
    model = network(weights=None, include_top=False, input_tensor=images)
    assert type(model.layers[0]).__name__ == "InputLayer"
    assert [layer.name for layer in model.layers][1:3] == ["block1_conv1", "block1_conv2"]
    first = model.layers[1]
    read = K.function([free], [first.output, K.sum(model.layers[-1].output)])
    found, _ = read([np.full(shape, 3.0)])
    assert found[0].max() > 0
    np.testing.assert_allclose(found[1:], [3 * found[0], 6 * found[0]], rtol=1e-4, atol=1e-5)
    with pytest.raises(InvalidArgument, match="that is not among `inputs`"):
        K.function([], [first.output])


def test_mobilenet_begins_where_it_is_told() -> None:
    """At a tensor of the caller's model, or at one that no layer made."""
    x = keras2.layers.Input((32, 32, 3))
    network = DOORS["keras2"].applications.MobileNet
    given = {"alpha": 0.25, "weights": None, "include_top": False}
    whole = network(input_tensor=keras2.layers.Activation("linear")(x), **given)
    assert (whole.input is x, type(whole.layers[1]).__name__) == (True, "Activation")
    computed = network(input_tensor=x / 255, **given)
    assert type(computed.layers[0]).__name__ == "InputLayer"
    assert len(computed.layers) == len(whole.layers) - 1


@pytest.mark.parametrize("door", DOORS)
def test_vgg16_is_keras_s(door: str) -> None:
    """Its names, as files of weights have them, and its numbers."""
    network = DOORS[door].applications.vgg16.VGG16
    model = network(weights=None, include_top=False, input_shape=(48, 48, 3))
    assert model.count_params() == 14_714_688
    names = [layer.name for layer in model.layers]
    assert names[1:4] == ["block1_conv1", "block1_conv2", "block1_pool"]
    assert names[-1] == "block5_pool"


def test_weights_are_a_local_file(keras_home: Path) -> None:
    """Where every Keras keeps it; the error names it."""
    network = DOORS["keras2"].applications.VGG16
    said = r"models.vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5' does not exist"
    with pytest.raises(FileNotFoundError, match=said):
        network(include_top=False, input_shape=(48, 48, 3))
    with pytest.raises(InvalidArgument, match="or the path of a file of weights"):
        network(weights="nonesuch.h5")
    with pytest.raises(InvalidShape, match="at least 32 x 32 pixels"):
        network(weights=None, include_top=False, input_shape=(20, 20, 3))


def test_pictures_are_scaled_as_networks_were_trained() -> None:
    """In BGR without the mean colour, or from -1 to 1."""
    applications = DOORS["keras2"].applications
    x = np.array([[[[1.0, 2.0, 3.0]]]])
    found = applications.vgg16.preprocess_input(x.copy())
    np.testing.assert_allclose(found[0, 0, 0], [3 - 103.939, 2 - 116.779, 1 - 123.68])
    found = applications.xception.preprocess_input(np.array([[[[0, 255, 0]]]], "uint8"))
    np.testing.assert_allclose(found[0, 0, 0], [-1, 1, -1])
    decode = applications.imagenet_utils.decode_predictions
    with pytest.raises(InvalidShape, match="rows of 1000 probabilities"):
        decode(np.zeros((1, 10)))
