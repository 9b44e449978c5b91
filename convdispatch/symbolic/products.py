"""Products of tensors with Keras's names, and what is made of them; see `operations`."""

from __future__ import annotations

from typing import Any

from convdispatch.formulas import products
from convdispatch.runtime import selection
from convdispatch.symbolic.operations import operation

__all__ = ["batch_dot", "batch_normalization", "bias_add", "dot"]


@operation
def matmul(o: Any, x: Any, y: Any) -> Any:
    """Return the products of the matrices in the last two axes."""
    return o.f["matmul"](*o.matched(x, y))


@operation
def dot(o: Any, x: Any, y: Any) -> Any:
    """Return the sums of products along the last axis of x and the last but one of y."""
    a, b = o.matched(o.tensor(x), o.tensor(y))
    rank = o.rank(b)
    if o.rank(a) == 2 and rank == 2:
        return o.f["matmul"](a, b)
    of_a, of_b = o.sizes(a), o.sizes(b)
    if rank == 1:
        return o.f["sum"](a * b, (o.rank(a) - 1,))
    order = (rank - 2, *range(rank - 2), rank - 1)
    columns = o.f["reshape"](o.f["transpose"](b, order), (of_b[-2], -1))
    rows = o.f["reshape"](a, (-1, of_a[-1]))
    return o.f["reshape"](o.f["matmul"](rows, columns), (*of_a[:-1], *of_b[:-2], of_b[-1]))


@operation
def batch_dot(o: Any, x: Any, y: Any, axes: Any = None) -> Any:
    """Return, sample by sample, the sums of products along an axis of each.

    With tensors of different ranks the two backends of Keras 2.2.4 differ. TensorFlow's gives the
    one of fewer axes further axes of size 1, multiplies the matrices in the last two axes, and
    takes those axes away again; Theano's pairs every other axis of the one with those of the other.
    """
    a, b = o.matched(o.tensor(x), o.tensor(y))
    rank_a, rank_b = o.rank(a), o.rank(b)
    if axes is None:
        axes = (rank_a - 1, max(rank_b - 2, 1))
    pair = (axes, axes) if isinstance(axes, int) else tuple(axes)
    first, second = o.axis(pair[0], a), o.axis(pair[1], b)
    if rank_a != rank_b and selection.convention() == "tensorflow":
        return _of_different_ranks(o, a, b, first, second)
    if rank_a == rank_b and rank_a > 3:  # matrices in the last two axes, as TensorFlow has it
        a = a if first == rank_a - 1 else _last_swapped(o, a)
        b = b if second == rank_b - 2 else _last_swapped(o, b)
        return o.f["matmul"](a, b)
    return products.batch_dot(o.f, [a, b], (first, second))


def _of_different_ranks(o: Any, a: Any, b: Any, first: int, second: int) -> Any:
    rank_a, rank_b = o.rank(a), o.rank(b)
    rank = max(rank_a, rank_b)
    wide_a, wide_b = (
        o.f["reshape"](one, (*o.sizes(one), *[1] * (rank - o.rank(one)))) for one in (a, b)
    )
    found = o.f["matmul"](
        wide_a if first == rank - 1 else _last_swapped(o, wide_a),
        _last_swapped(o, wide_b) if second == rank - 1 else wide_b,
    )
    added = abs(rank_a - rank_b)
    begin = rank - added if rank_a > rank_b else rank_a - 1
    sizes = o.sizes(found)
    return o.f["reshape"](found, (*sizes[:begin], *sizes[begin + added :]))


def _last_swapped(o: Any, x: Any) -> Any:
    rank = o.rank(x)
    return o.f["transpose"](x, (*range(rank - 2), rank - 1, rank - 2))


@operation
def bias_add(o: Any, x: Any, bias: Any, data_format: Any = None) -> Any:
    """Return the tensor with a number added for each channel."""
    one, own = o.matched(o.tensor(x), o.tensor(bias))
    is_first = (data_format or selection.image_data_format()) == "channels_first"
    rank = o.rank(one)
    if rank > 2 and is_first:
        if o.rank(own) > 1:
            own = o.f["transpose"](own, (o.rank(own) - 1, *range(o.rank(own) - 1)))
        else:
            own = o.f["reshape"](own, (-1, *[1] * (rank - 2)))
    return one + own


@operation
def batch_normalization(
    o: Any,
    x: Any,
    mean: Any,
    var: Any,
    beta: Any,
    gamma: Any,
    axis: int = -1,
    epsilon: float = 1e-3,
) -> Any:
    """Return the tensor normalized by given moments along all axes but one."""
    one = o.floats(x)
    rank = o.rank(one)
    place = axis % rank

    def wide(value: Any) -> Any:
        own = o.tensor(value, o.dtype(one))
        if o.rank(own) in (0, rank) or place == rank - 1:
            return own
        return o.f["reshape"](own, (-1, *[1] * (rank - 1 - place)))

    found = (one - wide(mean)) / o.f["sqrt"](wide(var) + epsilon)
    found = found if gamma is None else found * wide(gamma)
    return found if beta is None else found + wide(beta)


@operation
def normalized_by_batch(
    o: Any, x: Any, gamma: Any, beta: Any, reduction_axes: Any, epsilon: float
) -> Any:
    """Return the tensor normalized by its own moments along axes, the means and the variances."""
    one = o.floats(x)
    axes = o.axes(reduction_axes, one)
    mean = o.f["mean"](one, axes, keepdims=True)
    rest = one - mean
    var = o.f["mean"](rest * rest, axes, keepdims=True)
    found = rest / o.f["sqrt"](var + epsilon)
    kept = [1 if i in axes else size for i, size in enumerate(o.sizes(one))]

    def wide(value: Any) -> Any:
        own = o.tensor(value, o.dtype(one))
        return o.f["reshape"](own, tuple(kept)) if o.rank(own) == 1 else own

    found = found if gamma is None else found * wide(gamma)
    found = found if beta is None else found + wide(beta)
    flat = [o.f["reshape"](moment, (-1,)) for moment in (mean, var)]
    return [found, *flat]
