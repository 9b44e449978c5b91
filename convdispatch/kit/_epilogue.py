"""The end of a `Conv`, a `ConvTranspose` and a `Dense`: the bias, then the activation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from convdispatch.kit._layouts import channel_axis
from convdispatch.ops import Conv, ConvTranspose, Dense, spatial_rank


def finished(
    op: Conv | ConvTranspose | Dense,
    functions: Mapping[str, Callable[..., Any]],
    product: Callable[[Any, Any], Any],
) -> Callable[..., Any]:
    """Return `product`, a function of (x, kernel), with the op's bias and activation after it.

    In half precision, use it inside `rounded_once`, so that the sum is not rounded before them.
    """
    activate, reshape = functions[op.activation], functions["reshape"]
    is_last = isinstance(op, Dense) or channel_axis(op) == spatial_rank(op) + 1
    along_channels = (-1,) if is_last else (-1, *[1] * spatial_rank(op))

    def finish(x: Any, kernel: Any, bias: Any = None) -> Any:
        y = product(x, kernel)
        if bias is not None:
            y = y + (bias if is_last else reshape(bias, along_channels))
        return activate(y)

    return finish
