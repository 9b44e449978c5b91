"""What goes into and comes out of networks for ImageNet: shapes, pictures, names of classes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from convdispatch.engine.arguments import as_choice
from convdispatch.errors import InvalidArgument, InvalidDocument, InvalidShape
from convdispatch.runtime.selection import floatx, image_data_format
from convdispatch.utilities.files import weights_file

# Keras names the scalings after the programs that trained with them.
MODES = _CENTRED, _UNIT = ("caffe", "tf")
_MEANS = (103.939, 116.779, 123.68)
_INDEX = "imagenet_class_index.json"


def obtain_input_shape(
    input_shape: Any,
    default_size: int,
    min_size: int,
    data_format: str | None = None,
    require_flatten: bool | None = None,
    weights: Any = None,
    *,
    include_top: bool = False,
    dim_ordering: str | None = None,
) -> tuple[int | None, ...]:
    """Return a network's input shape, checked: the given one, or its own.

    require_flatten: whether sizes must be known; Keras 1 and 2.0 call it `include_top`.
    """
    old = {"th": "channels_first", "tf": "channels_last"}
    place = old.get(str(data_format or dim_ordering), data_format) or image_data_format()
    is_first = place == "channels_first"
    must_be_known = include_top if require_flatten is None else require_flatten
    is_free = weights != "imagenet" and input_shape and len(input_shape) == 3
    channels = input_shape[0 if is_first else -1] if is_free else 3
    sizes = (default_size, default_size)
    default = (channels, *sizes) if is_first else (*sizes, channels)
    if weights == "imagenet" and must_be_known:
        if input_shape is not None and tuple(input_shape) != default:
            raise InvalidShape(
                f"`input_shape` must be {default} with the top and `weights='imagenet'`; received "
                f"{tuple(input_shape)}."
            )
        return default
    if not input_shape:
        unknown = (3, None, None) if is_first else (None, None, 3)
        return default if must_be_known else unknown
    given = tuple(input_shape)
    _require(given, is_first=is_first, min_size=min_size, is_trained=weights == "imagenet")
    if must_be_known and None in given:
        raise InvalidShape(f"`input_shape` must be known with the top; received {given}.")
    return given


def _require(given: Any, *, is_first: bool, min_size: int, is_trained: bool) -> None:
    if len(given) != 3:
        raise InvalidShape(f"`input_shape` must be a tuple of three integers; received {given}.")
    spatial, channels = (given[1:], given[0]) if is_first else (given[:2], given[2])
    if is_trained and channels != 3:
        raise InvalidShape(f"`input_shape` must have 3 channels for trained weights: {given}.")
    if any(size is not None and size < min_size for size in spatial):
        raise InvalidShape(
            f"`input_shape` must have at least {min_size} x {min_size} pixels; received {given}."
        )


def preparing(scaling: str) -> Callable[..., Any]:
    """Return the `preprocess_input` of networks that were trained on pictures scaled so."""

    def preprocess_input(
        x: Any, data_format: str | None = None, mode: str = scaling, dim_ordering: Any = None
    ) -> Any:
        """Return pictures of bytes, in RGB, as the network takes them; floats change in place."""
        old = {"th": "channels_first", "tf": "channels_last"}
        place = old.get(str(data_format or dim_ordering), data_format)
        if place in (None, "default"):
            place = image_data_format()
        if not isinstance(x, np.ndarray):
            raise InvalidArgument(
                f"`x` must be an array of pictures; received {type(x).__name__}. Prepare the "
                "arrays before the network is given them."
            )
        as_choice(mode, MODES, "mode")
        return _scaled(x, mode, axis=(x.ndim - 3 if place == "channels_first" else -1))

    return preprocess_input


def _scaled(x: Any, mode: str, *, axis: int) -> Any:
    if not np.issubdtype(x.dtype, np.floating):
        x = x.astype(floatx())
    if mode == _UNIT:
        x /= 127.5
        x -= 1.0
        return x
    x = np.flip(x, axis)  # a view: the caller's own array changes too, as Keras has it
    by_channel = np.moveaxis(x, axis, -1)
    by_channel -= np.asarray(_MEANS, x.dtype)
    return x


def decode_predictions(preds: Any, top: int = 5) -> list[list[tuple[str, str, float]]]:
    """Return for each row of 1000 probabilities the likeliest classes: id, name, probability.

    Their names are read from `~/.keras/models/imagenet_class_index.json`.
    """
    preds = np.asarray(preds)
    if preds.ndim != 2 or preds.shape[1] != 1000:
        raise InvalidShape(
            f"`preds` must be rows of 1000 probabilities; received the shape {preds.shape}."
        )
    path = weights_file(_INDEX, "Keras's own page")
    try:
        names = json.loads(Path(path).read_text(encoding="utf-8"))
        return [
            [(*names[str(place)], row[place]) for place in row.argsort()[-top:][::-1]]
            for row in preds
        ]
    except (ValueError, KeyError, TypeError) as exc:
        raise InvalidDocument(f"{path!r} is no index of ImageNet's classes: {exc}") from exc
