"""Integer arithmetic for convolutions.

No arrays, no backends, no configuration: every function maps ints to ints, one spatial axis at
a time, so each can be checked against a table by hand. An unknown size is None and stays None.

The letters follow Dumoulin and Visin, "A guide to convolution arithmetic for deep learning"
(arXiv:1603.07285): a forward convolution reads `size` cells and writes `output_size` cells; its
transpose reads the latter and writes the former.
"""

from __future__ import annotations

from convdispatch.errors import InvalidArgument, InvalidShape

CONVENTIONS = ("tensorflow", "theano")

Pads = tuple[int, int]


def effective_kernel_size(kernel_size: int, dilation: int) -> int:
    """Return the cells from the first to the last tap of a dilated kernel, both included.

    >>> effective_kernel_size(3, 2)
    5
    """
    return (kernel_size - 1) * dilation + 1


def conv_pads(
    size: int, kernel_size: int, *, stride: int, dilation: int, padding: str, convention: str
) -> Pads:
    """Return the cells to add (low, high) around `size` cells before a convolution without padding.

    'same' pads for the true stride, also if the kernel is dilated.

    >>> conv_pads(4, 3, stride=2, dilation=1, padding="same", convention="tensorflow")
    (0, 1)
    >>> conv_pads(4, 3, stride=2, dilation=1, padding="same", convention="theano")
    (1, 1)
    """
    reach = effective_kernel_size(kernel_size, dilation)
    if padding == "valid":
        return (0, 0)
    if padding == "full":
        return (reach - 1, reach - 1)
    if padding == "causal":
        return (reach - 1, 0)
    if convention == "theano":
        # Theano pads reach // 2 on both sides, then cuts an even kernel's output to
        # ceil(size / stride); with one cell less on the high side nothing is left to cut.
        return (reach // 2, (reach - 1) // 2)
    # Clamped: a stride longer than the kernel skips cells, it never crops.
    total = max((-(-size // stride) - 1) * stride + reach - size, 0)
    # Floor, not round: the odd cell goes after the data, as TensorFlow does.
    return (total // 2, total - total // 2)


def pads_need_size(
    kernel_size: int, *, stride: int, dilation: int, padding: str, convention: str
) -> bool:
    """Return whether `conv_pads` differ between two sizes.

    >>> pads_need_size(3, stride=2, dilation=1, padding="same", convention="tensorflow")
    True
    >>> pads_need_size(3, stride=1, dilation=1, padding="same", convention="tensorflow")
    False
    """
    is_strided = stride > 1 and effective_kernel_size(kernel_size, dilation) > 1
    return is_strided and padding == "same" and convention == "tensorflow"


def conv_output_size(
    size: int | None, kernel_size: int, *, stride: int, dilation: int, padding: str
) -> int | None:
    """Return the output cells of a convolution over `size` cells; both conventions agree.

    The result is zero or negative if the kernel does not fit: see `require_output`.

    >>> conv_output_size(10, 3, stride=2, dilation=1, padding="valid")
    4
    """
    if size is None:
        return None
    reach = effective_kernel_size(kernel_size, dilation)
    positions = {
        "same": size,
        "causal": size,
        "valid": size - reach + 1,
        "full": size + reach - 1,
    }[padding]
    return -(-positions // stride)


def transposed_output_size(
    size: int | None,
    kernel_size: int,
    *,
    stride: int,
    dilation: int,
    padding: str,
    output_padding: int | None,
) -> int | None:
    """Return the output cells of a transposed convolution over `size` cells.

    `output_padding=None` asks for the size that Keras gives by default (`size * stride` for
    'same'); 0 asks for the smallest size of the formula, which is a different request.
    Source: Keras 2.2.4 `conv_utils.deconv_length`; 'full' follows from the same formula.

    >>> transposed_output_size(
    ...     4, 3, stride=2, dilation=1, padding="same", output_padding=None)
    8
    >>> transposed_output_size(
    ...     4, 3, stride=2, dilation=1, padding="same", output_padding=0)
    7
    """
    if size is None:
        return None
    reach = effective_kernel_size(kernel_size, dilation)
    if output_padding is None:
        return {
            "valid": size * stride + max(reach - stride, 0),
            "same": size * stride,
            "full": size * stride - (stride + reach - 2),
        }[padding]
    return _smallest_by_formula(size, reach, stride, padding) + output_padding


def _smallest_by_formula(size: int, reach: int, stride: int, padding: str) -> int:
    pad = {"valid": 0, "same": reach // 2, "full": reach - 1}[padding]
    return (size - 1) * stride + reach - 2 * pad


def transposed_pads(
    size: int,
    output_size: int,
    kernel_size: int,
    *,
    stride: int,
    dilation: int,
    padding: str,
    convention: str,
) -> Pads:
    """Return the pads of the convolution, from `output_size` to `size` cells, to transpose.

    >>> transposed_pads(2, 4, 3, stride=2, dilation=1, padding="same", convention="tensorflow")
    (0, 1)
    """
    low, high = conv_pads(
        output_size,
        kernel_size,
        stride=stride,
        dilation=dilation,
        padding=padding,
        convention=convention,
    )
    reach = effective_kernel_size(kernel_size, dilation)
    # Theano transposes the convolution before its output is cut: one more cell on the high side.
    return low, max(high, (size - 1) * stride + reach - output_size - low)


def transposed_pads_of_any_size(
    kernel_size: int,
    *,
    stride: int,
    dilation: int,
    padding: str,
    output_padding: int | None,
    convention: str,
) -> Pads:
    """Return the pads of the convolution to transpose, with which it reads every cell.

    They are the same for each size: the result has (size - 1) * stride + reach - low - high cells,
    which is what `transposed_output_size` says. A negative pad adds cells that no tap reaches.

    >>> transposed_pads_of_any_size(3, stride=2, dilation=1, padding="same", output_padding=None,
    ...                             convention="tensorflow")
    (0, 1)
    """
    reach = effective_kernel_size(kernel_size, dilation)
    size = reach + stride  # large enough for every output to have cells
    output_size = transposed_output_size(
        size,
        kernel_size,
        stride=stride,
        dilation=dilation,
        padding=padding,
        output_padding=output_padding,
    )
    assert output_size is not None
    low, _ = transposed_pads(
        size,
        output_size,
        kernel_size,
        stride=stride,
        dilation=dilation,
        padding=padding,
        convention=convention,
    )
    return low, (size - 1) * stride + reach - output_size - low


def legal_transposed_sizes(
    size: int, kernel_size: int, *, stride: int, dilation: int, padding: str, convention: str
) -> range:
    """Return the output sizes from which the forward convolution gives exactly `size` cells.

    Under the theano convention an even kernel with 'same' has one size more: Theano's own
    convolution gives `size` cells from it before the output is cut.

    >>> legal_transposed_sizes(
    ...     12, 3, stride=2, dilation=1, padding="valid", convention="tensorflow")
    range(25, 27)
    >>> legal_transposed_sizes(
    ...     12, 4, stride=2, dilation=1, padding="same", convention="tensorflow")
    range(23, 25)
    """
    reach = effective_kernel_size(kernel_size, dilation)
    shift = {"same": 0, "valid": reach - 1, "full": 1 - reach}[padding]
    first = (size - 1) * stride + 1 + shift
    is_uncut = padding == "same" and reach % 2 == 0 and convention == "theano"
    return range(max(first - is_uncut, 1), first + stride)


def legal_output_paddings(
    kernel_size: int, *, stride: int, dilation: int, padding: str, convention: str
) -> range:
    """Return the values of `output_padding` that the formula turns into a legal size.

    With 'same' and an even kernel the formula is one cell short: 0 gives a size from which
    TensorFlow's convolution makes one cell too few, so 0 is legal only under theano's convention.

    >>> legal_output_paddings(
    ...     3, stride=2, dilation=1, padding="same", convention="tensorflow")
    range(0, 2)
    >>> legal_output_paddings(
    ...     4, stride=2, dilation=1, padding="same", convention="tensorflow")
    range(1, 3)
    """
    size = kernel_size * dilation + stride  # large enough for every legal output to have cells
    reach = effective_kernel_size(kernel_size, dilation)
    smallest = _smallest_by_formula(size, reach, stride, padding)
    legal = legal_transposed_sizes(
        size,
        kernel_size,
        stride=stride,
        dilation=dilation,
        padding=padding,
        convention=convention,
    )
    return range(legal.start - smallest, legal.stop - smallest)


def require_legal_transposed_size(
    output_size: int,
    size: int,
    kernel_size: int,
    *,
    stride: int,
    dilation: int,
    padding: str,
    convention: str,
    argument: str,
) -> None:
    """Raise `InvalidShape` unless the forward convolution maps `output_size` to `size`."""
    legal = legal_transposed_sizes(
        size,
        kernel_size,
        stride=stride,
        dilation=dilation,
        padding=padding,
        convention=convention,
    )
    if output_size in legal:
        return
    allowed = f"{legal.start} to {legal.stop - 1}" if legal else "none"
    raise InvalidShape(
        f"`{argument}` asks for {output_size} cells on a spatial axis, but the convolution "
        f"that this layer transposes would not give the input's {size} cells from that "
        f"size (kernel size {kernel_size}, stride {stride}, dilation {dilation}, "
        f"padding {padding!r}). Allowed sizes: {allowed}."
    )


def require_output(output: int | None, *, size: int | None, reason: str, hint: str = "") -> None:
    """Raise `InvalidShape` if a spatial axis of the output would have no cell."""
    if output is not None and output < 1:
        raise InvalidShape(
            f"the output would have {output} cells on a spatial axis of {size} cells: "
            f"{reason}. Use a larger input or change that argument.{hint}"
        )


def require_convention(convention: object) -> str:
    """Return `convention`, or raise `InvalidArgument` with the allowed names."""
    if not isinstance(convention, str) or convention not in CONVENTIONS:
        raise InvalidArgument(
            f"`convention` must be one of {', '.join(map(repr, CONVENTIONS))}; "
            f"received {convention!r}."
        )
    return convention
