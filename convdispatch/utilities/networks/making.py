"""From an architecture to the function of `applications` that makes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convdispatch.errors import InvalidArgument
from convdispatch.runtime import selection
from convdispatch.utilities.conversion import convert_all_kernels_in_model
from convdispatch.utilities.files import weights_file
from convdispatch.utilities.networks.blocks import Blocks
from convdispatch.utilities.networks.pictures import obtain_input_shape

_RELEASES = "https://github.com/fchollet/deep-learning-models/releases"


@dataclass(frozen=True, slots=True)
class Kind:
    """One network.

    name, module: of its function, and of the module of it, which the file of its weights repeats.
    size, smallest: rows and columns of its input, and the least of them without its top.
    flattens: whether its top needs an input of known size.
    body: makes the network of blocks, an input, whether the top is wanted, and how many classes.
    scaling: how pictures are prepared for it.
    """

    name: str
    module: str
    size: int
    smallest: int
    flattens: bool
    body: Callable[[Blocks, Any, bool, int], Any]
    scaling: str


def network(door: str, kind: Kind) -> Callable[..., Any]:
    """Return the function that makes a network of a façade's layers."""

    def make(
        include_top: bool = True,
        weights: Any = "imagenet",
        input_tensor: Any = None,
        input_shape: Any = None,
        pooling: str | None = None,
        classes: int = 1000,
    ) -> Any:
        require_weights(weights, classes, include_top=include_top)
        shape = obtain_input_shape(
            input_shape,
            kind.size,
            kind.smallest,
            selection.image_data_format(),
            include_top and (kind.flattens or door == "keras1"),
            weights,
        )
        blocks = Blocks(door)
        x, inputs = blocks.entered(input_tensor, shape)
        y = blocks.pooled(kind.body(blocks, x, include_top, classes), include_top, pooling)
        model = blocks.models.Model(inputs, y, name=kind.module)
        tail = "" if include_top else "_notop"
        fill(model, weights, f"{kind.module}_weights_tf_dim_ordering_tf_kernels{tail}.h5")
        return model

    make.__name__ = make.__qualname__ = kind.name
    make.__doc__ = (
        f"Return {kind.name}, whose weights are drawn (`weights=None`) or read from a local file."
    )
    return make


def require_weights(weights: Any, classes: int, *, include_top: bool) -> None:
    """Raise `InvalidArgument` unless weights can be what the caller asks for."""
    if weights not in ("imagenet", None) and not Path(weights).exists():
        raise InvalidArgument(
            "`weights` must be None, for drawn ones, 'imagenet', for the file in ~/.keras/models, "
            f"or the path of a file of weights; received {weights!r}, which does not exist."
        )
    if weights == "imagenet" and include_top and classes != 1000:
        raise InvalidArgument(
            f"`classes` must be 1000 with `weights='imagenet'` and the top; received {classes}."
        )


def fill(model: Any, weights: Any, name: str) -> None:
    """Read a model's weights from the file that is meant, if one is."""
    if weights is None:
        return
    model.load_weights(
        weights_file(name, f"{_RELEASES} as {name}") if is_known(weights) else weights
    )
    if is_known(weights) and selection.convention() == "theano":
        convert_all_kernels_in_model(model)  # they were trained by TensorFlow's convention


def is_known(weights: Any) -> bool:
    """Whether weights are meant by their name."""
    return isinstance(weights, str) and weights == "imagenet"
