"""What the two conventions' rules say of a golden case, by the oracle's direct loops.

The rules are those of tests/golden/README.md, written down once more and apart from
`convdispatch.geometry`: an independent opinion on the cases in which real Keras contradicts
itself, checked against all those in which it does not.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from golden_cases import GoldenCase

from convdispatch.conformance import oracle

Array = npt.NDArray[Any]


def expected_output(case: GoldenCase) -> Array:
    """Return the output of a convolutional case before its activation."""
    x, weights, kernel = _channels_last_arrays(case)
    groups = x.shape[-1] if _is_separable(case) else 1
    if _is_transposed(case):
        y = oracle.conv_transpose(
            x,
            kernel,
            groups=1,
            output_size=_output_size(case, kernel),
            **_geometry(case, x, kernel),
        )
    else:
        y = oracle.conv(x, kernel, groups=groups, **_geometry(case, x, kernel))
    if "Separable" in case.class_name:
        y = y @ weights[1].reshape(weights[1].shape[-2:])
    if len(weights) > 1 and weights[-1].ndim == 1:
        y = y + weights[-1]
    return y if _channels_last(case) else np.moveaxis(y, -1, 1)


def expected_transposed_gradients(case: GoldenCase) -> list[Array]:
    """Return the gradients for x, kernel and bias of a channels-last, unflipped, linear case."""
    x, weights, kernel = _channels_last_arrays(case)
    cotangent = case.array("cot")
    geometry = _geometry(case, x, kernel)
    x_gradient = oracle.conv(cotangent, kernel, groups=1, **geometry)
    _, kernel_gradient, _ = oracle.conv_gradients(cotangent, kernel, x, groups=1, **geometry)
    bias_gradient = cotangent.sum(axis=tuple(range(cotangent.ndim - 1)))
    return [x_gradient, kernel_gradient, bias_gradient][: len(weights) + 1]


def _channels_last_arrays(case: GoldenCase) -> tuple[Array, list[Array], Array]:
    """Return the input, the weights in Keras 2's layout, and the kernel that correlates."""
    x, weights = case.array("x"), _keras2_kernels(case)
    if not _channels_last(case):
        x = np.moveaxis(x, 1, -1)
    kernel = weights[0]
    spatial = tuple(range(x.ndim - 2))
    if case.convention == "theano" and not _is_separable(case):
        kernel = np.flip(kernel, spatial)
    if _is_separable(case):
        kernel = kernel.reshape(*kernel.shape[:-2], 1, -1)
    return x, weights, kernel


def _geometry(case: GoldenCase, x: Array, kernel: Array) -> dict[str, Any]:
    kwargs, rank = case.kwargs, x.ndim - 2
    subsample = kwargs.get("subsample", kwargs.get("subsample_length", 1))
    strides = _ints(kwargs.get("strides", subsample), rank)
    dilation = _ints(kwargs.get("dilation_rate", kwargs.get("atrous_rate", 1)), rank)
    padding = kwargs.get("padding", kwargs.get("border_mode", "valid"))
    is_transposed = _is_transposed(case)
    cells = x.shape[1:-1]
    sizes = _output_size(case, kernel) if is_transposed else cells
    outputs = cells if is_transposed else [-(-n // s) for n, s in zip(cells, strides, strict=True)]
    pads = [
        _pads(case, *axis, padding)
        for axis in zip(sizes, outputs, kernel.shape, strides, dilation, strict=False)
    ]
    return {"strides": strides, "dilation": dilation, "pads": tuple(pads), "channels_last": True}


def _pads(
    case: GoldenCase, size: int, outputs: int, k: int, s: int, d: int, padding: str
) -> tuple[int, int]:
    """Return the cells around `size` from which `outputs` cells come, by the README's rules."""
    ke = (k - 1) * d + 1
    if padding in ("full", "causal"):
        return (ke - 1, ke - 1 if padding == "full" else 0)
    if padding == "valid":
        return (0, 0)
    if case.convention == "theano":
        # ke // 2 on both sides, without what the cells that are cut off would have read.
        return (ke // 2, max(min(ke // 2, (outputs - 1) * s + ke - size - ke // 2), -size))
    total = max((-(-size // s) - 1) * s + ke - size, 0)
    return (total // 2, total - total // 2)


def _is_transposed(case: GoldenCase) -> bool:
    return "Transpose" in case.class_name or "Deconv" in case.class_name


def _is_separable(case: GoldenCase) -> bool:
    return "Separable" in case.class_name or "Depthwise" in case.class_name


def _output_size(case: GoldenCase, kernel: Array) -> tuple[int, ...]:
    shape = case.array("y").shape if case.tag != "quirk" else _stated_shape(case, kernel)
    return shape[1:-1] if _channels_last(case) else shape[2:]


def _stated_shape(case: GoldenCase, kernel: Array) -> tuple[int, ...]:
    """Return the shape that the real layer declared and did not return."""
    if "output_shape" in case.kwargs:
        return tuple(case.kwargs["output_shape"])
    rank = len(case.input_shape) - 2
    channels_last = _channels_last(case)
    sizes = case.input_shape[1:-1] if channels_last else case.input_shape[2:]
    extras = case.kwargs.get("output_padding")
    strides = _ints(case.kwargs["strides"], rank)
    spatial = []
    for axis, (size, k, s) in enumerate(zip(sizes, kernel.shape, strides, strict=False)):
        extra = None if extras is None else extras[axis]
        spatial.append(size * s if extra is None else (size - 1) * s + k - 2 * (k // 2) + extra)
    filters = case.kwargs["filters"]
    return (0, *spatial, filters) if channels_last else (0, filters, *spatial)


def _keras2_kernels(case: GoldenCase) -> list[Array]:
    """Return the weights with the kernels in Keras 2's layout (semantics A.4)."""
    if case.api == "keras2":
        return case.weights
    is_theano = case.kwargs.get("dim_ordering") == "th"
    converted = []
    for weight in case.weights:
        if weight.ndim == 1:
            converted.append(weight)
        elif "1D" in case.class_name:
            converted.append(weight[:, 0])
        elif "Deconv" in case.class_name:
            converted.append(weight.transpose((2, 3, 0, 1) if is_theano else (0, 1, 3, 2)))
        elif is_theano:
            spatial = tuple(range(2, weight.ndim))
            converted.append(weight.transpose((*spatial, 1, 0)))
        else:
            converted.append(weight)
    return converted


def _channels_last(case: GoldenCase) -> bool:
    is_first = case.kwargs.get("data_format") == "channels_first"
    return not (is_first or case.kwargs.get("dim_ordering") == "th")


def _ints(value: Any, rank: int) -> tuple[int, ...]:
    return (value,) * rank if isinstance(value, int) else tuple(value)
