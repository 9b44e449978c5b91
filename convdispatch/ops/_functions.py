"""The names in a backend's table of functions, and what each takes and returns.

All behave as NumPy's functions of that name, over native tensors. `x` and `y` are tensors; one of
two may be a Python number, which gets the other's element type. Half precision is computed in
float32 and rounded once, gradients too. `axis` may count from the end.

Elementwise, of one tensor:
    abs, erf, erfc, exp, expm1, linear, log, log1p, relu, sigmoid, sign, sqrt, tanh
                                f(x); erfc is 1 - erf, without the cancellation
    clip(x, low, high)          two Python numbers; the gradient passes between them and at them
    stop_gradient(x)            the tensor itself, through which no gradient passes

Elementwise, of two:
    maximum, minimum, power     f(x, y)
    equal, not_equal, less, less_equal, greater, greater_equal
                                f(x, y): bool
    where(condition, x, y)

Along axes:
    max, mean, sum              f(x, axis=None or a tuple, keepdims=False)
    argmax(x, axis)             int32 or int64; the first of several; NaN counts as the maximum
    cumsum(x, axis)

Shapes and places:
    concatenate(tensors, axis), stack(tensors, axis)
    flip(x, axes), transpose(x, axes)
    pad(x, pads, value=0.0)     one (low, high) for each axis, the batch too, none negative
    reshape(x, shape)           one size may be -1, of an empty tensor too
    shape(x)                    a tuple of integers; while the framework traces, a size that is yet
                                unknown is a scalar of its own, which `reshape` and `pad` take
    take(x, indices, axis)      indices: integers of NumPy or native ones, none negative

Products and codes:
    matmul(a, b)
    one_hot(indices, depth, dtype)
                                a new last axis; zeros for an index outside of 0 ... depth - 1;
                                indices: integers of NumPy or native ones

At a kink the slope of relu, abs and sign is 0. Where two numbers are equal, or several are the
largest, each of the slopes of a maximum or minimum lies between none and all of the cotangent, and
together they are the whole.

The results of `flip`, `linear`, `reshape`, `stop_gradient` and `transpose` may share the memory of
their argument, as NumPy's views do; no other result does.

Functions that only compare or move numbers also take tensors of `INTEGER_DTYPES`.

A table may have more, which the frontend calls instead of several of those above:
    crossentropy(scores, classes)
                                -log_softmax(scores) along the last axis at each class, an int32
                                tensor of the other axes; NaN, without a gradient, for a class
                                outside of 0 ... depth - 1
"""

from __future__ import annotations

REQUIRED_FUNCTIONS = (
    # elementwise, of one tensor
    "abs", "clip", "erf", "erfc", "exp", "expm1", "linear", "log", "log1p", "relu", "sigmoid",
    "sign", "sqrt", "stop_gradient", "tanh",
    # elementwise, of two
    "equal", "greater", "greater_equal", "less", "less_equal", "maximum", "minimum", "not_equal",
    "power", "where",
    # along axes
    "argmax", "cumsum", "max", "mean", "sum",
    # shapes and places
    "concatenate", "flip", "pad", "reshape", "shape", "stack", "take", "transpose",
    # products and codes
    "matmul", "one_hot",
)  # fmt: skip
OPTIONAL_FUNCTIONS = ("crossentropy",)
