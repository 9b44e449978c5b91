"""The networks of Keras's `applications`: their architectures, made of one façade's layers.

Weights come from a local file. 'imagenet' means the file of that name which every Keras keeps in
`~/.keras/models`; nothing is downloaded.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from convdispatch.utilities.networks import inception, mobilenet, residual, vgg, xception
from convdispatch.utilities.networks.making import Kind, network
from convdispatch.utilities.networks.pictures import (
    decode_predictions,
    obtain_input_shape,
    preparing,
)

# The smallest pictures are those of Keras 2.2.4; earlier Kerases refused some of its sizes.
_KINDS: tuple[Kind, ...] = (
    Kind("VGG16", "vgg16", 224, 32, True, vgg.sixteen, "caffe"),
    Kind("VGG19", "vgg19", 224, 32, True, vgg.nineteen, "caffe"),
    Kind("ResNet50", "resnet50", 224, 32, True, residual.fifty, "caffe"),
    Kind("InceptionV3", "inception_v3", 299, 75, False, inception.third, "tf"),
    Kind("Xception", "xception", 299, 71, False, xception.network, "tf"),
)


@functools.cache
def for_door(door: str) -> Mapping[str, Any]:
    """Return what `applications` and its modules have, made of that façade's layers."""
    found: dict[str, Any] = {kind.name: network(door, kind) for kind in _KINDS}
    found["MobileNet"] = mobilenet.network(door)
    for kind in _KINDS:
        found[f"preprocess_{kind.module}"] = preparing(kind.scaling)
    found["preprocess_mobilenet"] = preparing("tf")
    found.update(
        preprocess_input=preparing("caffe"),
        decode_predictions=decode_predictions,
        _obtain_input_shape=obtain_input_shape,
        relu6=mobilenet.relu6(door),
    )
    return found
