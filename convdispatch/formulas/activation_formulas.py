"""The formulas of the activations, each written once for every backend.

A formula takes a backend's table `f` (see `convdispatch.ops.REQUIRED_FUNCTIONS`), a native tensor
and numbers that have been checked. It may use the table, arithmetic and comparisons, and nothing
of any framework. `elementary` has the rules for them.
"""

from __future__ import annotations

import math
from typing import Any

from convdispatch.errors import InvalidShape
from convdispatch.formulas.elementary import Functions, clip, negative_part, zeros

# Klambauer et al., 2017, arXiv:1706.02515.
SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946


def linear(f: Functions, x: Any) -> Any:
    """Return the tensor unchanged."""
    return f["linear"](x)


def relu(
    f: Functions,
    x: Any,
    slope: float,
    max_value: float | None = None,
    threshold: float = 0.0,
) -> Any:
    """Keras 2 and 3: x above the threshold, at most max_value; slope * (x - threshold) below.

    The slope at the threshold is that of the lower branch: 0 for the plain function.
    """
    if slope == 0 and max_value is None and threshold == 0:
        return f["relu"](x)
    high = x if max_value is None else f["where"](x >= max_value, max_value, x)
    low = 0 if slope == 0 else slope * (x - threshold)
    return f["where"](x <= threshold, low, high)


def leaky_relu(f: Functions, x: Any, negative_slope: float) -> Any:
    """Keras 3: x above 0, negative_slope * x below."""
    return relu(f, x, negative_slope)


def relu6(f: Functions, x: Any) -> Any:
    """Keras 3: min(max(x, 0), 6), flat at both ends."""
    return relu(f, x, 0.0, 6.0)


def elu(f: Functions, x: Any, alpha: float) -> Any:
    """Clevert et al., 2016, arXiv:1511.07289: x above 0, alpha * (exp(x) - 1) below."""
    return f["where"](x > 0, x, alpha * f["expm1"](negative_part(f, x)))


def selu(f: Functions, x: Any) -> Any:
    """Klambauer et al., 2017, arXiv:1706.02515: scale * elu(x, alpha), both fixed."""
    return SELU_SCALE * elu(f, x, SELU_ALPHA)


def celu(f: Functions, x: Any, alpha: float) -> Any:
    """Barron, 2017, arXiv:1704.07483: x above 0, alpha * (exp(x / alpha) - 1) below."""
    return f["where"](x > 0, x, alpha * f["expm1"](negative_part(f, x) / alpha))


def gelu(f: Functions, x: Any, approximate: bool) -> Any:
    """Hendrycks and Gimpel, 2016, arXiv:1606.08415: x * P(N(0, 1) <= x), or its tanh form."""
    if approximate:
        # sigmoid(2 z) is (1 + tanh(z)) / 2, without the cancellation for z below 0.
        return x * f["sigmoid"](2 * math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x))
    # erfc(-z) is 1 + erf(z), without the cancellation for z below 0.
    return 0.5 * x * f["erfc"](x / -math.sqrt(2))


def silu(f: Functions, x: Any) -> Any:
    """Ramachandran et al., 2017, arXiv:1710.05941: x * sigmoid(x)."""
    return x * f["sigmoid"](x)


def sigmoid(f: Functions, x: Any) -> Any:
    """1 / (1 + exp(-x))."""
    return f["sigmoid"](x)


def hard_sigmoid(f: Functions, x: Any) -> Any:
    """Keras 3: relu6(x + 3) / 6."""
    return relu6(f, x + 3) / 6


def hard_sigmoid_keras1(f: Functions, x: Any) -> Any:
    """Keras 1 and 2: 0.2 x + 0.5, clipped to [0, 1]; slope 0.2 at both ends."""
    return clip(f, 0.2 * x + 0.5, 0, 1)


def hard_silu(f: Functions, x: Any) -> Any:
    """Howard et al., 2019, arXiv:1905.02244: x * relu6(x + 3) / 6."""
    return x * hard_sigmoid(f, x)


def log_sigmoid(f: Functions, x: Any) -> Any:
    """Keras 3: log(1 / (1 + exp(-x))) = -softplus(-x)."""
    return -softplus(f, -x)


def tanh(f: Functions, x: Any) -> Any:
    """Hyperbolic tangent."""
    return f["tanh"](x)


def hard_tanh(f: Functions, x: Any) -> Any:
    """Keras 3: x clipped to [-1, 1]."""
    return clip(f, x, -1, 1)


def tanh_shrink(f: Functions, x: Any) -> Any:
    """Keras 3: x - tanh(x); near 0, where that cancels, its series."""
    square = x * x
    series = x * square * (1 / 3 - square * (2 / 15 - square * (17 / 315 - square * 62 / 2835)))
    return f["where"](f["abs"](x) < 0.03, series, x - f["tanh"](x))


def hard_shrink(f: Functions, x: Any, threshold: float) -> Any:
    """Keras 3: x where |x| > threshold, else 0."""
    return f["where"](f["abs"](x) <= threshold, 0, x)


def soft_shrink(f: Functions, x: Any, threshold: float) -> Any:
    """Keras 3: x moved towards 0 by the threshold, and 0 within it."""
    return x - clip(f, x, -threshold, threshold)


def threshold(f: Functions, x: Any, threshold: float, default_value: float) -> Any:
    """Keras 3: x above the threshold, else default_value."""
    return f["where"](x <= threshold, default_value, x)


def softplus(f: Functions, x: Any) -> Any:
    """log(1 + exp(x)), as max(x, 0) + log1p(exp(-|x|)), which never overflows."""
    # Both terms are a `where` so that the slope at 0 is 1/2 everywhere.
    positive = f["where"](x > 0, x, 0)
    return positive + f["log1p"](f["exp"](f["where"](x > 0, -x, x)))


def softsign(f: Functions, x: Any) -> Any:
    """Keras 1 to 3: x / (1 + |x|)."""
    return x / (1 + f["abs"](x))


def squareplus(f: Functions, x: Any, b: float) -> Any:
    """Barron, 2021, arXiv:2112.11687: (x + sqrt(x^2 + b)) / 2."""
    size = f["abs"](x)
    root = _hypotenuse(f, size, math.sqrt(b))
    # Below 0 the two terms cancel: there x + root is b / (root - x).
    return f["where"](x < 0, 0.5 * b / (root + size), 0.5 * x + 0.5 * root)


def sparse_plus(f: Functions, x: Any) -> Any:
    """Keras 3: 0 up to -1, (x + 1)^2 / 4 up to 1, then x."""
    inner = clip(f, x, -1, 1)
    return f["where"](x >= 1, x, (inner + 1) * (inner + 1) / 4)


def sparse_sigmoid(f: Functions, x: Any) -> Any:
    """Keras 3: (x + 1) / 2, clipped to [0, 1]."""
    return clip(f, 0.5 * (x + 1), 0, 1)


def exponential(f: Functions, x: Any) -> Any:
    """exp(x)."""
    return f["exp"](x)


def mish(f: Functions, x: Any) -> Any:
    """Misra, 2019, arXiv:1908.08681: x * tanh(softplus(x))."""
    return x * f["tanh"](softplus(f, x))


def softmax(f: Functions, x: Any, axis: int) -> Any:
    """exp(x) / sum(exp(x)) along the axis, after a shift by the maximum."""
    axes = (require_axis(x, axis),)
    grown = f["exp"](x - f["max"](x, axis=axes, keepdims=True))
    return grown / f["sum"](grown, axis=axes, keepdims=True)


def softmax_keras2(f: Functions, x: Any, axis: int) -> Any:
    """Keras 2.2.4: rank 2 or more; in rank 2 always the last axis, whatever `axis` is."""
    rank = len(x.shape)
    if rank < 2:
        raise InvalidShape(
            f"softmax of Keras 2 needs a tensor of rank 2 or more, received the shape "
            f"{tuple(x.shape)}. Add a batch axis, or use the softmax of `convdispatch.activations`."
        )
    return softmax(f, x, axis if rank > 2 else -1)


def softmax_keras1(f: Functions, x: Any) -> Any:
    """Keras 1.2.2: the last axis of a tensor of rank 2 or 3, nothing else."""
    if len(x.shape) not in (2, 3):
        raise InvalidShape(
            f"softmax of Keras 1 needs a tensor of rank 2 or 3, received rank {len(x.shape)} (shape"
            f" {tuple(x.shape)}). Use the softmax of `convdispatch.activations` for other ranks."
        )
    return softmax(f, x, -1)


def log_softmax(f: Functions, x: Any, axis: int) -> Any:
    """Keras 3: x - log(sum(exp(x))) along the axis, after a shift by the maximum."""
    axes = (require_axis(x, axis),)
    shifted = x - f["max"](x, axis=axes, keepdims=True)
    return shifted - f["log"](f["sum"](f["exp"](shifted), axis=axes, keepdims=True))


def sparsemax(f: Functions, x: Any, axis: int) -> Any:
    """Martins and Astudillo, 2016, arXiv:1602.02068: the nearest point of the simplex."""
    # Martins and Astudillo, 2016, equation 3, with sums over pairs for the sort that no table has:
    # x_i is in the support where 1 + k x_i > (sum of the k values that are not below x_i).
    axis = require_axis(x, axis)
    before = (slice(None),) * axis
    here, other = x[(*before, slice(None), None)], x[(*before, None)]
    zero = zeros(f, other - here)
    is_above = other >= here
    count = f["sum"](f["where"](is_above, zero + 1, zero), axis=(axis + 1,))
    total = f["sum"](f["where"](is_above, other + zero, zero), axis=(axis + 1,))
    is_support = 1 + count * x > total
    zero = zeros(f, x)
    size = f["sum"](f["where"](is_support, zero + 1, zero), axis=(axis,), keepdims=True)
    excess = f["sum"](f["where"](is_support, x, zero), axis=(axis,), keepdims=True) - 1
    return relu(f, x - excess / size, 0.0)


def glu(f: Functions, x: Any, axis: int) -> Any:
    """Dauphin et al., 2017, arXiv:1612.08083: a * sigmoid(b) for the two halves of the axis."""
    axis = require_axis(x, axis)
    size = x.shape[axis]
    if size % 2:
        raise InvalidShape(
            f"glu halves axis {axis}, which must be of even size; received the shape "
            f"{tuple(x.shape)}. Give the layer an even number of channels."
        )
    before = (slice(None),) * axis
    values, gate = x[(*before, slice(0, size // 2))], x[(*before, slice(size // 2, size))]
    return values * f["sigmoid"](gate)


def _hypotenuse(f: Functions, x: Any, width: float) -> Any:
    """sqrt(x^2 + width^2) of numbers that are not negative, whose squares may overflow."""
    width = max(width, 2.0**-126)  # which float32 has; what is added to less is less than rounding
    is_wider = x > width
    long, short = f["where"](is_wider, x, width), f["where"](is_wider, width, x)
    return long * f["sqrt"](1 + (short / long) * (short / long))


def require_axis(x: Any, axis: int) -> int:
    """Return the index of the axis, counted from the first; raise unless the tensor has it."""
    rank = len(x.shape)
    if -rank <= axis < rank:
        return axis % rank
    raise InvalidShape(
        f"`axis` must be one of the {rank} axes of a tensor of shape {tuple(x.shape)}, received "
        f"{axis}. Pass an axis from {-rank} to {rank - 1}."
    )
