"""The answer of the two conventions' rules to a golden case, by the oracle's direct loops.

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


def expected_gradients(case: GoldenCase, upstream: Array) -> list[Array]:
    """Return the gradients of sum(upstream * output before activation) for x and the weights.

    Those of the weights are laid out as `golden_gradients` lays real Keras's out.
    """
    x, weights, kernel = _channels_last_arrays(case)
    g = upstream if _channels_last(case) else np.moveaxis(upstream, 1, -1)
    cells = tuple(range(g.ndim - 1))
    last = [g.sum(axis=cells)] if weights[-1].ndim == 1 else []
    geometry = _geometry(case, x, kernel) | {"groups": x.shape[-1] if _is_separable(case) else 1}
    if "Separable" in case.class_name:
        hidden = oracle.conv(x, kernel, **geometry)
        last.insert(0, np.tensordot(hidden, g, (cells, cells)).reshape(weights[1].shape))
        g = g @ weights[1].reshape(weights[1].shape[-2:]).T
    if _is_transposed(case):
        for_x = oracle.conv(g, kernel, **geometry)
        for_kernel = oracle.conv_kernel_gradient(g, x, kernel_shape=kernel.shape, **geometry)
    else:
        for_x, for_kernel, _ = oracle.conv_gradients(x, kernel, g, **geometry)
    return [for_x if _channels_last(case) else np.moveaxis(for_x, -1, 1), for_kernel, *last]


def golden_gradients(case: GoldenCase) -> list[Array]:
    """Return real Keras's gradients, the first kernel's turned into that of the correlation."""
    found = [case.array(f"gw{index}") for index in range(case.n_weights)]
    weights, kernel = _correlating(case, found)
    return [case.array("gx"), kernel, *weights[1:]]


def _channels_last_arrays(case: GoldenCase) -> tuple[Array, list[Array], Array]:
    """Return the input, the weights in Keras 2's layout, and the kernel that correlates."""
    x = case.array("x")
    return x if _channels_last(case) else np.moveaxis(x, 1, -1), *_correlating(case, case.weights)


def _correlating(case: GoldenCase, weights: list[Array]) -> tuple[list[Array], Array]:
    """Return the weights, or their gradients, in Keras 2's layout, and the first one flipped."""
    converted = _keras2_kernels(case, weights)
    kernel = converted[0]
    if case.convention == "theano" and not _is_separable(case):
        kernel = np.flip(kernel, tuple(range(kernel.ndim - 2)))
    if _is_separable(case):
        kernel = kernel.reshape(*kernel.shape[:-2], 1, -1)
    return converted, kernel


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


def _keras2_kernels(case: GoldenCase, weights: list[Array]) -> list[Array]:
    """Return the weights with the kernels in Keras 2's layout (semantics A.4)."""
    if case.api == "keras2":
        return weights
    is_theano = case.kwargs.get("dim_ordering") == "th"
    converted = []
    for weight in weights:
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
