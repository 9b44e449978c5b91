"""The two layouts: the places of the spatial axes and the channels, and the permutations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from convdispatch.errors import UnsupportedOp
from convdispatch.ops import PartialShape, Shape, Signature, SpatialOp, op_name, spatial_rank


def spatial_size(op: SpatialOp, signature: Signature) -> Shape:
    """Return the spatial sizes of the op's input.

    Raises `UnsupportedOp` if one of them is unknown.
    """
    sizes = partial_size(op, signature)
    known = tuple(size for size in sizes if size is not None)
    if len(known) < len(sizes):
        raise UnsupportedOp(
            f"{op_name(op)} is computed for known sizes only; received sizes {sizes}. State each "
            "size, in the signature of the function that the framework traces."
        )
    return known


def partial_size(op: SpatialOp, signature: Signature) -> PartialShape:
    """Return the spatial sizes of the op's input, None where one is unknown."""
    shape = signature.input_shape
    return shape[:-1] if op.channels_last else shape[1:]


def channels(op: SpatialOp, signature: Signature) -> int:
    """Return the channels of the op's input, which are always known."""
    found = signature.input_shape[-1 if op.channels_last else 0]
    assert found is not None
    return found


def first_spatial_axis(op: SpatialOp) -> int:
    """Return the number of the first spatial axis of the op's tensors, batch axis included."""
    return 1 if op.channels_last else 2


def spatial_axes(op: SpatialOp) -> range:
    """Return the numbers of the spatial axes of the op's tensors, batch axis included."""
    first = first_spatial_axis(op)
    return range(first, first + spatial_rank(op))


def channel_axis(op: SpatialOp) -> int:
    """Return the number of the channel axis of the op's tensors, batch axis included."""
    return spatial_rank(op) + 1 if op.channels_last else 1


def permutations(rank: int) -> tuple[Shape, Shape]:
    """Return the orders of axes that make channels the last, and the first after the batch.

    >>> permutations(2)
    ((0, 2, 3, 1), (0, 3, 1, 2))
    """
    return (0, *range(2, rank + 2), 1), (0, rank + 1, *range(1, rank + 1))


def channels_last(
    compute: Callable[..., Any], op: SpatialOp, transpose: Callable[[Any, Shape], Any]
) -> Callable[..., Any]:
    """Return `compute`, whose first argument and result have channels last, in the op's layout."""
    if op.channels_last:
        return compute
    to_last, to_first = permutations(spatial_rank(op))
    return lambda x, *weights: transpose(compute(transpose(x, to_last), *weights), to_first)


def channels_first(
    compute: Callable[..., Any], op: SpatialOp, transpose: Callable[[Any, Shape], Any]
) -> Callable[..., Any]:
    """Return `compute`, whose first argument and result have channels first, in the op's layout."""
    if not op.channels_last:
        return compute
    to_last, to_first = permutations(spatial_rank(op))
    return lambda x, *weights: transpose(compute(transpose(x, to_first), *weights), to_last)
