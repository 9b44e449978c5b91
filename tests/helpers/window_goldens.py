"""The pictures of windows that are kept: `python tests/helpers/window_goldens.py` writes them anew.

Look at each one that changes before it is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from places import ROOT

from convdispatch import layers

FOLDER = ROOT / "tests/pictures/golden"
GOLDENS: dict[str, Callable[[], Any]] = {
    "dilated": lambda: layers.Conv2D(
        4, 3, strides=2, padding="same", dilation_rate=2, name="conv"
    ).picture((9, 9)),
    "both-conventions": lambda: layers.Conv2D(
        1, (3, 2), strides=2, padding="same", name="conv"
    ).picture((6, 5)),
    "numbers": lambda: layers.Conv1D(1, 3, strides=2, padding="same", name="conv").picture(
        (8,), values=True
    ),
    "numbers-flipped": lambda: layers.Conv2D(1, 2, name="conv").picture((3, 3), values=True),
    "causal": lambda: layers.Conv1D(1, 3, padding="causal", dilation_rate=2, name="conv").picture(
        (7,), output=(4,)
    ),
    "full": lambda: layers.Conv2D(1, 3, padding="full", name="conv").picture((3, 4)),
    "unread": lambda: layers.Conv2D(1, 2, strides=3, name="conv").picture((7, 6)),
    "three-axes": lambda: layers.Conv3D(1, 2, strides=(2, 1, 2), name="conv").picture((3, 3, 5)),
    "transposed": lambda: layers.Conv2DTranspose(
        1, 3, strides=2, padding="same", name="conv"
    ).picture((3, 3), output=(2, 3), convention="tensorflow"),
    "transposed-numbers": lambda: layers.Conv1DTranspose(1, 2, strides=3, name="conv").picture(
        (3,), values=True, convention="tensorflow"
    ),
    "pooling": lambda: layers.MaxPooling2D(3, 2, "same", name="pool").picture((4, 4), values=True),
    "cropping": lambda: layers.Cropping2D(((1, 0), (0, 2)), name="crop").picture((4, 5)),
    "repeating": lambda: layers.UpSampling1D(3, name="up").picture((3,), values=True),
    "large": lambda: layers.Conv2D(1, 7, strides=2, padding="same", name="conv").picture(
        (224, 224), convention="theano"
    ),
}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, draw in GOLDENS.items():
        (FOLDER / f"{name}.svg").write_text(draw(), encoding="utf-8")
