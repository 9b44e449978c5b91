"""What pictures of windows say: the geometry in words, and why a layer has no picture."""

from __future__ import annotations

from typing import Any

import pytest
from window_pictures import read

from convdispatch import layers
from convdispatch.errors import ConvDispatchError

CONVENTIONS = ("tensorflow", "theano")
SAID = {
    "average": (
        lambda: layers.AveragePooling1D(2).picture((4,)),
        "An average pooling: window 2, stride 2, no pads. The first",
    ),
    "global": (
        lambda: layers.GlobalMaxPooling2D().picture((4, 5)),
        "A max pooling: window 4 x 5, no pads. The first cell of the output, (0, 0), reads rows 0, "
        "1, 2 and 3, columns 0, 1, 2, 3 and 4.",
    ),
    "repeating": (
        lambda: layers.UpSampling2D((2, 3)).picture((2, 2)),
        "A repetition of cells: each cell 2 x 3 times. The first",
    ),
    "cropping": (
        lambda: layers.Cropping2D(((1, 0), (0, 2))).picture((5, 6)),
        "A cropping: crops (1, 0) x (0, 2). Rows: 1 cropped cell before. Columns: 2 cropped cells",
    ),
    "padding": (
        lambda: layers.ZeroPadding1D((1, 2)).picture((5,)),
        "A padding: pads (1, 2). Steps: 1 pad before and 2 pads after. The first",
    ),
    "locally-connected": (
        lambda: layers.LocallyConnected1D(1, 2).picture((3,)),
        "A convolution: kernel 2, stride 1, no pads. The first cell of the output, 0, reads steps "
        "0 and 1. The last cell of the output, 1, reads steps 1 and 2. Each cell of the output "
        "has a kernel of its own.",
    ),
}


@pytest.mark.parametrize(("draw", "words"), SAID.values(), ids=SAID)
def test_words_are_those_of_the_layer(draw: Any, words: str) -> None:
    """A pooling has a window, a repetition says how often, a cropping has crops."""
    told = draw().description.replace("\N{MULTIPLICATION SIGN}", "x")
    assert told.startswith(words)


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_repeated_and_moved_cells_keep_their_numbers(convention: str) -> None:
    """There is no kernel beside them."""
    drawn = layers.UpSampling1D(3).picture((2,), values=True, convention=convention)
    moved = layers.ZeroPadding1D(1).picture((2,), values=True, convention=convention)
    for picture, numbers in ((drawn, "111222"), (moved, "0120")):
        (shown,) = read(picture)
        assert "".join(shown.output.numbers.values()) == numbers
        assert shown.kernel == {}


def conv() -> Any:
    """Return a layer that is not built."""
    return layers.Conv2D(1, 3, name="c", backend="numpy")


def built() -> Any:
    """Return one that is built for three channels."""
    layer = conv()
    layer.build((None, 5, 5, 3))
    return layer


REFUSED = {
    "no-shape": (lambda: conv().picture(), "'c' has no input shape yet: give `input_shape`"),
    "unknown": (lambda: conv().picture((None, None, 5, 1)), "needs to know every size but the"),
    "too-small": (lambda: conv().picture((2, 5)), "the output would have 0 cells"),
    "rank": (lambda: conv().picture((5, 5, 1)), "Is the batch or the channel axis missing"),
    "channels": (lambda: built().picture((None, 5, 5, 1)), "was built for 3 channels on axis 3"),
    "no-window": (lambda: layers.Dense(1).picture((None, 3)), "received Dense .* `plot_model`"),
    "bilinear": (
        lambda: layers.UpSampling2D(2, interpolation="bilinear").picture((3, 3)),
        r"repeating \('nearest'\); received UpSampling2D",
    ),
    "values": (lambda: conv().picture((5, 5), values=3), "`values` must be"),
    "several": (lambda: layers.Add().picture((3,)), "received Add"),
    "cell": (lambda: conv().picture((5, 5), output=(3, 0)), r"has \(3, 3\) cells, counted from 0"),
    "word": (lambda: conv().picture((5, 5), convention="caffe"), "`convention` must be one of"),
    "huge": (lambda: conv().picture((10**12, 5)), "too large"),
}


@pytest.mark.parametrize(("ask", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_drawn_is_told(ask: Any, message: str) -> None:
    """With the frontend's own message."""
    with pytest.raises(ConvDispatchError, match=message):
        ask()
