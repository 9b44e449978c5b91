"""Functions that move numbers, and make them from none, with Keras's names; see `operations`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from convdispatch.engine.specs import Spec
from convdispatch.ops import FLOAT_DTYPES
from convdispatch.runtime import selection
from convdispatch.symbolic.computing import Sizes
from convdispatch.symbolic.filling import sizes_in, zeros_of
from convdispatch.symbolic.operations import operation
from convdispatch.symbolic.sizes import Unknown

__all__ = [
    "batch_flatten",
    "concatenate",
    "dtype",
    "expand_dims",
    "flatten",
    "gather",
    "int_shape",
    "ndim",
    "permute_dimensions",
    "repeat",
    "repeat_elements",
    "reshape",
    "reverse",
    "shape",
    "squeeze",
    "stack",
    "temporal_padding",
    "tile",
    "transpose",
]


@operation
def shape(o: Any, x: Any) -> Any:
    """Return the sizes of a tensor: integers, or unknown ones that may be computed with."""
    return Sizes(o.sizes(o.tensor(x)))


@operation
def part(o: Any, x: Any, index: Any) -> Any:
    """Return `x[index]`."""
    if isinstance(x, Sizes):
        found = tuple.__getitem__(x, index)
        return Sizes(found) if isinstance(index, slice) else found
    one = o.tensor(x)
    indices = list(index) if isinstance(index, tuple) else [index]
    if any(o.owns(i) or isinstance(i, np.ndarray | list) for i in indices):
        axis = next(
            n for n, i in enumerate(indices) if o.owns(i) or isinstance(i, np.ndarray | list)
        )
        if all(i == slice(None) for i in indices[:axis]) and axis == len(indices) - 1:
            return gather.computes(o, one, indices[axis], axis=axis)
    axis = 0
    after = next((n for n, i in enumerate(indices) if i is Ellipsis), len(indices))
    for place, i in enumerate(indices[:after]):
        if isinstance(i, slice) and i.step is not None and i.step < 0:
            one = o.f["flip"](one, (axis,))
            indices[place] = _reversed(i, o.static(one)[axis])
        axis += i is not None
    return one[tuple(indices)]


def _reversed(part_of: slice, size: int | None) -> slice:
    """Return the slice of the flipped axis that is this slice with a negative step."""
    if size is None:
        return slice(None, None, -part_of.step)
    places = range(size)[part_of]
    if not places:
        return slice(0, 0)
    return slice(size - 1 - places[0], size - places[-1], -part_of.step)


@operation
def reshape(o: Any, x: Any, shape: Any) -> Any:
    """Return the numbers in another shape; one size may be -1."""
    return o.f["reshape"](o.tensor(x), tuple(sizes_in(o, shape)))


@operation
def flatten(o: Any, x: Any) -> Any:
    """Return all numbers along one axis."""
    return o.f["reshape"](o.tensor(x), (-1,))


@operation
def batch_flatten(o: Any, x: Any) -> Any:
    """Return the numbers of each sample along one axis."""
    one = o.tensor(x)
    count: Any = 1
    for size in o.sizes(one)[1:]:
        count = count * size
    return o.f["reshape"](one, (-1, count))


@operation
def expand_dims(o: Any, x: Any, axis: int = -1) -> Any:
    """Return the tensor with a new axis of size 1."""
    if not o.owns(x):
        x = o.tensor(x)
    sizes = list(o.sizes(x))
    sizes.insert(axis % (len(sizes) + 1), 1)
    return o.f["reshape"](x, tuple(sizes))


@operation
def squeeze(o: Any, x: Any, axis: Any) -> Any:
    """Return the tensor without axes of size 1."""
    one = o.tensor(x)
    dropped = o.axes(axis, one)
    kept = tuple(size for i, size in enumerate(o.sizes(one)) if i not in dropped)
    return o.f["reshape"](one, kept)


@operation
def permute_dimensions(o: Any, x: Any, pattern: Sequence[int]) -> Any:
    """Return the axes in another order."""
    return o.f["transpose"](o.tensor(x), tuple(int(one) for one in pattern))


@operation
def transpose(o: Any, x: Any) -> Any:
    """Return the axes in the reverse order."""
    one = o.tensor(x)
    return o.f["transpose"](one, tuple(range(o.rank(one)))[::-1])


@operation
def reverse(o: Any, x: Any, axes: Any) -> Any:
    """Return the numbers in the reverse order along axes."""
    one = o.tensor(x)
    return o.f["flip"](one, o.axes(axes, one))


@operation
def concatenate(o: Any, tensors: Sequence[Any], axis: int = -1) -> Any:
    """Return tensors one after the other along an axis."""
    if all(isinstance(one, Sizes | list | tuple) and not o.owns(one) for one in tensors):
        return Sizes([size for one in tensors for size in one])
    found = [o.tensor(one) for one in tensors]
    return o.f["concatenate"](o.matched(*found), o.axis(axis, found[0]))


@operation
def stack(o: Any, x: Sequence[Any], axis: int = 0) -> Any:
    """Return tensors of one shape side by side along a new axis."""
    if all(isinstance(one, int | Unknown) for one in x):
        return Sizes(x)
    found = o.of_one_type(x)
    return o.f["stack"](found, axis % (o.rank(found[0]) + 1))


@operation
def tile(o: Any, x: Any, n: Any) -> Any:
    """Return the tensor so many times along each axis."""
    one = o.tensor(x)
    counts = sizes_in(o, n)
    for axis, count in enumerate(counts):
        if isinstance(count, int):
            if count != 1:
                one = (
                    o.f["concatenate"]([one] * count, axis)
                    if count
                    else one[(slice(None),) * axis + (slice(0, 0),)]
                )
        else:
            sizes = list(o.sizes(one))
            wide = o.f["reshape"](one, (*sizes[:axis], 1, *sizes[axis:]))
            filled = wide + zeros_of(
                o, (*[1] * axis, count, *[1] * (len(sizes) - axis)), o.dtype(one)
            )
            one = o.f["reshape"](filled, (*sizes[:axis], count * sizes[axis], *sizes[axis + 1 :]))
    return one


@operation
def repeat(o: Any, x: Any, n: int) -> Any:
    """Return (samples, n, width) of (samples, width)."""
    one = o.tensor(x)
    return o.f["stack"]([one] * n, 1)


@operation
def repeat_elements(o: Any, x: Any, rep: int, axis: int) -> Any:
    """Return each number so many times, side by side along an axis."""
    one = o.tensor(x)
    place = o.axis(axis, one)
    sizes = list(o.sizes(one))
    wide = o.f["stack"]([one] * int(rep), place + 1)
    return o.f["reshape"](wide, (*sizes[:place], sizes[place] * int(rep), *sizes[place + 1 :]))


@operation
def gather(o: Any, reference: Any, indices: Any, axis: int = 0) -> Any:
    """Return the parts of a tensor at integer places along its first axis."""
    places = indices if isinstance(indices, np.ndarray) else o.tensor(indices)
    if o.owns(places) and o.dtype(places) in FLOAT_DTYPES:
        places = o.cast(places, "int32")
    return o.f["take"](o.tensor(reference), places, axis)


@operation
def slice_of(o: Any, x: Any, start: Sequence[int], size: Sequence[int]) -> Any:
    """Return a part of a tensor: where it begins and its sizes, -1 for all that follows."""
    pairs = zip(start, size, strict=True)
    return o.tensor(x)[tuple(slice(a, None if n == -1 else a + n) for a, n in pairs)]


@operation
def temporal_padding(o: Any, x: Any, padding: Any = (1, 1)) -> Any:
    """Return the tensor with zero steps before the first and after the last."""
    low, high = padding if isinstance(padding, list | tuple) else (padding, padding)
    return o.f["pad"](o.tensor(x), ((0, 0), (low, high), (0, 0)))


@operation
def spatial_padding(o: Any, x: Any, padding: Any, data_format: Any = None) -> Any:
    """Return the tensor with zero cells around it: a number or a pair an axis."""
    pairs = [p if isinstance(p, list | tuple) else (p, p) for p in padding]
    is_last = (data_format or selection.image_data_format()) == "channels_last"
    pads = [(0, 0), *pairs, (0, 0)] if is_last else [(0, 0), (0, 0), *pairs]
    return o.f["pad"](o.tensor(x), tuple((int(a), int(b)) for a, b in pads))


def int_shape(x: Any) -> Any:
    """Return the shape as a tuple of integers, None for an unknown size; None for no tensor."""
    spec = getattr(x, "spec", None)
    if isinstance(spec, Spec):
        return spec.shape
    try:
        return tuple(selection.backend_of(x).describe(x)[0])
    except Exception:  # noqa: BLE001 - as Keras, which gives None for anything else
        found = getattr(x, "shape", None)
        return None if found is None else tuple(found)


def ndim(x: Any) -> int | None:
    """Return how many axes a tensor has."""
    found = int_shape(x)
    return None if found is None else len(found)


def dtype(x: Any) -> str:
    """Return the name of a tensor's element type; of a number that of a variable of Keras's."""
    spec = getattr(x, "spec", None)
    if isinstance(x, int | float) and not isinstance(x, np.generic):
        return selection.floatx() if isinstance(x, float) else "int64"
    return spec.dtype if isinstance(spec, Spec) else selection.backend_of(x).describe(x)[1]
