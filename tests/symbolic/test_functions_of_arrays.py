"""Keras's functions of native tensors compute what NumPy's definitions do, on every backend."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import convdispatch
from convdispatch.keras1 import backend as K1
from convdispatch.keras2 import backend as K
from convdispatch.ops import Backend
from convdispatch.runtime.registry import registry

RNG = np.random.default_rng(0)
A = RNG.normal(size=(2, 3, 4)).astype("float32")
B = RNG.normal(size=(2, 3, 4)).astype("float32")
WIDE = np.stack([A, B], -1)
P = np.abs(A) + 0.5
ROWS = np.exp(A) / np.exp(A).sum(-1, keepdims=True)
TRUTH = A > 0

# name: (the function of K, the arrays that it is given, what comes out)
CASES: dict[str, tuple[Any, tuple[Any, ...], Any]] = {
    "abs": (K.abs, (A,), np.abs(A)),
    "all": (lambda x: K.all(x, axis=1), (TRUTH,), TRUTH.all(1)),
    "any": (lambda x: K.any(x, axis=1), (TRUTH,), TRUTH.any(1)),
    "argmax": (lambda x: K.argmax(x, axis=1), (A,), A.argmax(1)),
    "argmin": (K.argmin, (A,), A.argmin(-1)),
    "batch_flatten": (K.batch_flatten, (A,), A.reshape(2, 12)),
    "bias_add": (K.bias_add, (A, B[0, 0]), A + B[0, 0]),
    "cast": (lambda x: K.cast(x, "int32"), (P * 3,), (P * 3).astype("int32")),
    "clip": (lambda x: K.clip(x, -0.5, 0.25), (A,), np.clip(A, -0.5, 0.25)),
    "concatenate": (lambda x, y: K.concatenate([x, y], axis=1), (A, B), np.concatenate([A, B], 1)),
    "cos": (K.cos, (A * 9,), np.cos(A * 9)),
    "cumprod": (lambda x: K.cumprod(x, axis=1), (A,), np.cumprod(A, 1)),
    "cumsum": (lambda x: K.cumsum(x, axis=1), (A,), np.cumsum(A, 1)),
    "dot": (K.dot, (A, B[0].T), A @ B[0].T),
    "elu": (lambda x: K.elu(x, 0.5), (A,), np.where(A > 0, A, 0.5 * np.expm1(A))),
    "equal": (lambda x: K.equal(x, 0.0), (np.sign(A),), np.sign(A) == 0),
    "exp": (K.exp, (A,), np.exp(A)),
    "expand_dims": (lambda x: K.expand_dims(x, 1), (A,), A[:, None]),
    "flatten": (K.flatten, (A,), A.ravel()),
    "gather": (lambda x: K.gather(x, np.array([1, 0, 1])), (A,), A[[1, 0, 1]]),
    "greater": (K.greater, (A, B), A > B),
    "hard_sigmoid": (K.hard_sigmoid, (A * 3,), np.clip(0.2 * A * 3 + 0.5, 0, 1)),
    "l2_normalize": (
        lambda x: K.l2_normalize(x, -1),
        (A,),
        A / np.sqrt((A**2).sum(-1, keepdims=True)),
    ),
    "log": (K.log, (P,), np.log(P)),
    "logsumexp": (lambda x: K.logsumexp(x, axis=-1), (A,), np.log(np.exp(A).sum(-1))),
    "max": (lambda x: K.max(x, axis=[1, 2], keepdims=True), (A,), A.max((1, 2), keepdims=True)),
    "maximum": (K.maximum, (A, B), np.maximum(A, B)),
    "mean": (lambda x: K.mean(x, axis=0), (A,), A.mean(0)),
    "mean of truths": (K.mean, (TRUTH,), np.float32(TRUTH.mean())),
    "min": (lambda x: K.min(x, axis=-1), (A,), A.min(-1)),
    "one_hot": (lambda x: K.one_hot(x, 3), (np.array([2, 0], "int32"),), np.eye(3)[[2, 0]]),
    "ones_like": (K.ones_like, (A,), np.ones_like(A)),
    "permute_dimensions": (lambda x: K.permute_dimensions(x, (0, 2, 1)), (A,), A.swapaxes(1, 2)),
    "pow": (lambda x: K.pow(x, 3), (A,), A**3),
    "pow of a fraction": (lambda x: K.pow(x, 1.5), (P,), P**1.5),
    "prod": (lambda x: K.prod(x, axis=(0, 2)), (A,), A.prod((0, 2))),
    "relu": (lambda x: K.relu(x, 0.1, 0.5), (A,), np.where(A > 0, np.minimum(A, 0.5), 0.1 * A)),
    "relu of infinities": (
        K.relu,
        (np.array([np.inf, -np.inf, 1, -1], "float32"),),
        np.array([np.inf, 0, 1, 0]),
    ),
    "repeat": (lambda x: K.repeat(x, 5), (A[:, 0],), np.repeat(A[:, :1], 5, 1)),
    "repeat_elements": (lambda x: K.repeat_elements(x, 2, 1), (A,), np.repeat(A, 2, 1)),
    "reshape": (lambda x: K.reshape(x, (-1, 6)), (A,), A.reshape(-1, 6)),
    "reverse": (lambda x: K.reverse(x, [0, 2]), (A,), A[::-1, :, ::-1]),
    "round": (K.round, (np.array([0.5, 1.5, -0.5, -2.5, 3.7, 8e6], "float32"),), None),
    "sigmoid": (K.sigmoid, (A,), 1 / (1 + np.exp(-A))),
    "sign": (K.sign, (A,), np.sign(A)),
    "sin": (K.sin, (A * 9,), np.sin(A * 9)),
    "slice": (lambda x: K.slice(x, (0, 1, 0), (-1, 2, 3)), (A,), A[:, 1:3, :3]),
    "softmax": (K.softmax, (A,), ROWS),
    "softplus": (K.softplus, (A,), np.log1p(np.exp(A))),
    "sqrt": (K.sqrt, (A,), np.sqrt(np.maximum(A, 0))),
    "square": (K.square, (A,), A**2),
    "squeeze": (lambda x: K.squeeze(x, 1), (A[:, :1],), A[:, 0]),
    "stack": (lambda x, y: K.stack([x, y], axis=-1), (A, B), np.stack([A, B], -1)),
    "std": (lambda x: K.std(x, axis=1), (A,), A.std(1)),
    "sum": (K.sum, (A,), A.sum()),
    "switch": (lambda x, y: K.switch(K.greater(x, y), x, y * 2), (A, B), np.where(A > B, A, 2 * B)),
    "tanh": (K.tanh, (A,), np.tanh(A)),
    "temporal_padding": (lambda x: K.temporal_padding(x, (1, 2)), (A,), None),
    "tile": (lambda x: K.tile(x, (1, 2, 3)), (A,), np.tile(A, (1, 2, 3))),
    "transpose": (K.transpose, (A[0],), A[0].T),
    "var": (lambda x: K.var(x, axis=[0, 1]), (A,), A.var((0, 1))),
    "zeros_like": (K.zeros_like, (A,), np.zeros_like(A)),
    "batch_dot": (lambda x, y: K.batch_dot(x, y, axes=2), (A, B), A @ B.swapaxes(1, 2)),
    "batch_dot of three axes and four": (
        lambda x, y: K.batch_dot(x, y, [2, 2]),
        (A, WIDE),
        np.einsum("bin,bink->bik", A, WIDE),
    ),
    "batch_dot of the last of four axes": (
        lambda x, y: K.batch_dot(x, y, [2, 3]),
        (A, WIDE.swapaxes(2, 3)),
        np.einsum("bin,bink->bik", A, WIDE),
    ),
    "batch_dot of four axes and three": (
        lambda x, y: K.batch_dot(x, y, [2, 2]),
        (WIDE, A),
        np.einsum("bin,bink->bik", A, WIDE),
    ),
    "batch_dot of rows": (
        lambda x, y: K.batch_dot(x, y, axes=1),
        (A[:, 0], B[:, 0]),
        (A[:, 0] * B[:, 0]).sum(1, keepdims=True),
    ),
    "binary_crossentropy": (
        K.binary_crossentropy,
        (TRUTH.astype("float32"), ROWS),
        -np.where(TRUTH, np.log(ROWS), np.log(1 - ROWS)),
    ),
    "Keras 1's binary_crossentropy": (
        K1.binary_crossentropy,
        (ROWS, TRUTH.astype("float32")),
        -np.where(TRUTH, np.log(ROWS), np.log(1 - ROWS)),
    ),
    "categorical_crossentropy": (
        lambda t, p: K.categorical_crossentropy(t, p, from_logits=True),
        (ROWS, A),
        -(ROWS * np.log(ROWS)).sum(-1),
    ),
    "sparse_categorical_crossentropy": (
        K.sparse_categorical_crossentropy,
        (np.array([[1, 0, 3], [2, 2, 0]], "int32"), ROWS),
        -np.log(np.take_along_axis(ROWS, np.array([[1, 0, 3], [2, 2, 0]])[..., None], -1))[..., 0],
    ),
    "map_fn": (lambda x: K.map_fn(lambda row: K.sum(row, axis=0), x), (A,), A.sum(1)),
    "foldl": (lambda x: K.foldl(lambda a, b: a * 2 + b, x), (A,), A[0] * 2 + A[1]),
    "moving steps": (
        lambda x: K.rnn(lambda now, s: (now + s[0], [now + s[0]]), x, [K.zeros_like(x[:, 0])])[1],
        (A,),
        np.cumsum(A, 1),
    ),
}
CASES["round"] = (K.round, CASES["round"][1], np.round(CASES["round"][1][0]))
CASES["temporal_padding"] = (
    CASES["temporal_padding"][0],
    (A,),
    np.pad(A, ((0, 0), (1, 2), (0, 0))),
)


@pytest.mark.parametrize("name", CASES)
def test_a_function_computes_what_numpy_does(name: str, backend_name: str) -> None:
    """On native tensors, and as a node of a graph whose shape is known before it computes."""
    function, arrays, wanted = CASES[name]
    backend: Any = registry.load(backend_name)
    tensors = [backend.asarray(x, x.dtype.name) for x in arrays]
    found = convdispatch.to_numpy(function(*tensors))
    np.testing.assert_allclose(found, wanted, rtol=2e-5, atol=2e-5)
    with convdispatch.use_backend(backend_name):
        symbols = [K.placeholder(x.shape, dtype=x.dtype.name) for x in arrays]
        node = function(*symbols)
        again = K.function(symbols, [node])(list(arrays))[0]
    assert K.int_shape(node) == np.shape(wanted)
    np.testing.assert_allclose(again, wanted, rtol=2e-5, atol=2e-5)


def test_an_element_type_may_be_the_framework_s(backend: Backend) -> None:
    """As metrics of scripts take it from their targets, `y_true.dtype`."""
    x: Any = backend.asarray(np.array([0.25, 0.75]), "float32")
    with convdispatch.use_backend(backend.name):
        for made in (
            K.cast(x > 0.5, x.dtype),
            K.zeros_like(x > 0.5, dtype=x.dtype) + K.cast(x > 0.5, "float32"),
        ):
            assert made.dtype == x.dtype
            np.testing.assert_array_equal(backend.to_numpy(made), [0, 1])
        assert K.variable([1.0], dtype=x.dtype).dtype == backend.describe(x)[1]
