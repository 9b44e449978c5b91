"""Promises of every available backend besides its ops: conversions and the table of functions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from precision import in_float64

from convdispatch.ops import FLOAT_DTYPES

DTYPES = pytest.mark.parametrize("dtype", FLOAT_DTYPES)
A = np.array([[-2.0, -0.5, 0.0], [0.25, 1.0, 3.0]])
B = np.array([[1.5, -1.0, 0.0], [0.25, -4.0, 2.0]])
POSITIVE = np.array([[1e-3, 0.5, 1.0], [2.0, 9.0, 1e3]])
ERF = np.vectorize(math.erf)
BIG = np.array([-1000.0, -40.0, 40.0, 1000.0])

# id, function, arguments (arrays become native tensors), the expected result
FUNCTION_TABLE = [
    ("abs", "abs", (A,), np.abs(A)),
    ("erf", "erf", (A,), ERF(A)),
    ("erf-tails", "erf", (BIG,), np.sign(BIG)),
    ("exp", "exp", (A,), np.exp(A)),
    ("expm1", "expm1", (A,), np.expm1(A)),
    ("expm1-near-zero", "expm1", (A * 1e-9,), np.expm1(A * 1e-9)),
    ("linear", "linear", (A,), A),
    ("log", "log", (POSITIVE,), np.log(POSITIVE)),
    ("log1p", "log1p", (POSITIVE,), np.log1p(POSITIVE)),
    ("log1p-near-zero", "log1p", (A * 1e-9,), np.log1p(A * 1e-9)),
    ("relu", "relu", (A,), np.maximum(A, 0)),
    ("sigmoid", "sigmoid", (A,), 1 / (1 + np.exp(-A))),
    ("sigmoid-tails", "sigmoid", (BIG,), np.array([0, np.exp(-40), 1 / (1 + np.exp(-40)), 1])),
    ("sqrt", "sqrt", (POSITIVE,), np.sqrt(POSITIVE)),
    ("tanh", "tanh", (A,), np.tanh(A)),
    ("maximum", "maximum", (A, B), np.maximum(A, B)),
    ("maximum-of-number", "maximum", (A, 0.25), np.maximum(A, 0.25)),
    ("maximum-of-integer", "maximum", (A, 0), np.maximum(A, 0)),
    ("minimum", "minimum", (A, B), np.minimum(A, B)),
    ("minimum-of-number", "minimum", (A, 0.25), np.minimum(A, 0.25)),
    ("maximum-broadcasts", "maximum", (A, B[:, :1]), np.maximum(A, B[:, :1])),
    ("max", "max", (A,), np.max(A)),
    ("max-axis", "max", (A, (1,)), np.max(A, 1)),
    ("mean", "mean", (A,), np.mean(A)),
    ("mean-axes", "mean", (A, (0, 1)), np.mean(A)),
    ("mean-axis", "mean", (A, (0,)), np.mean(A, 0)),
    ("sum", "sum", (A,), np.sum(A)),
    ("sum-axis", "sum", (A, (1,)), np.sum(A, 1)),
    ("sum-negative-axis", "sum", (A, (-1,)), np.sum(A, -1)),
    ("flip", "flip", (A, (0, 1)), A[::-1, ::-1]),
    ("flip-one-axis", "flip", (A, (1,)), A[:, ::-1]),
    ("matmul", "matmul", (A, B.T), A @ B.T),
    ("matmul-batched", "matmul", (np.stack([A, B]), B.T), np.stack([A, B]) @ B.T),
    ("reshape", "reshape", (A, (3, 2)), A.reshape(3, 2)),
    ("reshape-inferred", "reshape", (A, (-1, 1)), A.reshape(-1, 1)),
    ("transpose", "transpose", (A, (1, 0)), A.T),
]
# id, a function of the table and a tensor, NumPy's result: what the table above cannot spell
EXPRESSION_TABLE = [
    ("where", lambda f, x: f["where"](x > 0, x, -2.0 * x), np.where(A > 0, A, -2 * A)),
    ("where-of-numbers", lambda f, x: f["where"](x > 0, x, 0.5), np.where(A > 0, A, 0.5)),
    ("max-keepdims", lambda f, x: f["max"](x, axis=(1,), keepdims=True), A.max(1, keepdims=True)),
    ("sum-keepdims", lambda f, x: f["sum"](x, axis=(0,), keepdims=True), A.sum(0, keepdims=True)),
    ("mean-keepdims", lambda f, x: f["mean"](x, axis=(0, 1), keepdims=True), [[A.mean()]]),
    ("operators", lambda _, x: (1 - x) * 3 + x / 4 - 2 * x, (1 - A) * 3 + A / 4 - 2 * A),
    ("negation-and-power", lambda _, x: -x + x**2, -A + A**2),
]


@pytest.fixture
def backend(backend):
    """Give each backend in turn, in its 64-bit mode where that has to be switched on."""
    with in_float64(backend.name):
        yield backend


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [row[1:] for row in FUNCTION_TABLE],
    ids=[row[0] for row in FUNCTION_TABLE],
)
def test_functions_are_numpys(backend, name, arguments, expected):
    """In float64 each function gives what NumPy gives, to twelve digits."""
    got = call(backend, name, arguments, "float64")
    assert got.dtype == np.float64
    assert got.shape == np.shape(expected)
    assert got == pytest.approx(np.asarray(expected), rel=1e-12, abs=1e-300)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
@pytest.mark.parametrize(
    ("name", "arguments"),
    [row[1:3] for row in FUNCTION_TABLE],
    ids=[row[0] for row in FUNCTION_TABLE],
)
def test_functions_keep_the_element_type(backend, name, arguments, dtype):
    """A Python number beside a tensor does not change the tensor's element type."""
    require_numpy_has(dtype)
    assert call(backend, name, arguments, dtype).dtype.name == dtype


@DTYPES
@pytest.mark.parametrize(
    ("expression", "expected"),
    [row[1:] for row in EXPRESSION_TABLE],
    ids=[row[0] for row in EXPRESSION_TABLE],
)
def test_expressions_are_numpys_in_every_element_type(backend, expression, expected, dtype):
    """Conditions, keywords and operators with Python numbers keep values and element type."""
    require_numpy_has(dtype)
    got = backend.to_numpy(expression(backend.functions, backend.asarray(A, dtype)))
    assert got.dtype.name == dtype
    digits = {"float16": 2e-3, "bfloat16": 2e-2, "float32": 1e-6, "float64": 1e-12}[dtype]
    assert got.astype(np.float64) == pytest.approx(np.asarray(expected), rel=digits)


@DTYPES
def test_a_python_float_beside_a_tensor_keeps_the_element_type(backend, dtype, request):
    """Arithmetic with a number is done in the tensor's element type."""
    require_numpy_has(dtype)
    if (backend.name, dtype) == ("numpy", "bfloat16"):
        reason = "NumPy takes a Python float beside an element type not its own for a float32"
        request.applymarker(pytest.mark.xfail(strict=True, reason=reason))
    got = backend.to_numpy(0.5 * backend.asarray(A, dtype) + 0.25)
    assert got.astype(np.float64).tolist() == (0.5 * A + 0.25).tolist()
    assert got.dtype.name == dtype


@pytest.mark.parametrize("name", ["relu", "maximum", "sigmoid", "tanh", "exp", "max", "sum"])
def test_not_a_number_is_never_hidden(backend, name):
    """A NaN that goes in comes out."""
    arguments = (np.array([np.nan, 1.0]), 0.0) if name == "maximum" else (np.array([np.nan, 1.0]),)
    assert np.isnan(call(backend, name, arguments, "float64").ravel()[0])


@DTYPES
def test_values_come_back_bit_by_bit(backend, dtype):
    """`to_numpy(asarray(a))` is `a`, for signed zeros, the extremes, infinities and NaN too."""
    element = numpy_dtype(dtype)
    values = [0.0, -0.0, 1.0, -1 / 3, 1e-5, 60000.0, np.inf, -np.inf, np.nan]
    array = np.array(values, np.float32).astype(element).reshape(3, 3)
    got = backend.to_numpy(backend.asarray(array, dtype))
    assert got.dtype == element
    assert got.shape == array.shape
    assert got.tobytes() == array.tobytes()


@DTYPES
@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (1, 1)], ids=str)
def test_degenerate_shapes_come_back(backend, shape, dtype):
    """Scalars and empty arrays keep their shape."""
    array = np.zeros(shape, numpy_dtype(dtype))
    assert backend.to_numpy(backend.asarray(array, dtype)).shape == shape


AWKWARD = {
    "read-only": lambda: frozen(np.arange(12.0).reshape(3, 4)),
    "negative-strides": lambda: np.arange(12.0).reshape(3, 4)[::-1, ::-1],
    "every-other": lambda: np.arange(24.0).reshape(3, 8)[:, ::2],
    "transposed": lambda: np.arange(12.0).reshape(4, 3).T,
    "broadcast": lambda: np.broadcast_to(np.arange(4.0), (3, 4)),
    "big-endian": lambda: np.arange(12.0).reshape(3, 4).astype(">f8"),
    "integers": lambda: np.arange(12).reshape(3, 4),
}


@DTYPES
@pytest.mark.parametrize("make", AWKWARD.values(), ids=AWKWARD)
@pytest.mark.parametrize("method", ["asarray", "variable"])
def test_awkward_arrays_become_tensors_of_the_same_values(backend, method, make, dtype):
    """Neither memory layout nor permissions of an array change what is read from it."""
    require_numpy_has(dtype)
    tensor = getattr(backend, method)(make(), dtype)
    assert backend.describe(tensor) == ((3, 4), dtype)
    assert backend.to_numpy(tensor).astype(np.float64).tolist() == make().tolist()


@DTYPES
def test_a_variable_keeps_a_copy(backend, dtype):
    """A later change of the array does not change the variable."""
    array = np.ones(3, numpy_dtype(dtype))
    variable = backend.variable(array, dtype)
    array[:] = 7
    assert backend.to_numpy(variable).tolist() == [1, 1, 1]


@DTYPES
def test_assign_gives_a_variable_new_values(backend, dtype):
    """The returned variable holds them, in the element type that it had."""
    require_numpy_has(dtype)
    variable = backend.assign(backend.variable(np.zeros(3), dtype), np.array([1.0, 2.0, 4.0]))
    assert backend.describe(variable) == ((3,), dtype)
    assert backend.to_numpy(variable).tolist() == [1, 2, 4]


@DTYPES
def test_cast_goes_both_ways(backend, dtype):
    """A tensor takes another element type and its values with it."""
    require_numpy_has(dtype)
    there = backend.cast(backend.asarray(A, "float64"), dtype)
    assert backend.describe(there) == (A.shape, dtype)
    back = backend.cast(there, "float64")
    assert backend.to_numpy(back).tolist() == A.tolist()


def test_a_backend_owns_its_tensors_and_no_lists(backend):
    """Constants and variables are its own; what NumPy would convert is not."""
    assert backend.owns(backend.asarray(A, "float32"))
    assert backend.owns(backend.variable(A, "float32"))
    assert not backend.owns(A.tolist())
    assert backend.owns(A) == (backend.name == "numpy")


def test_value_and_grad_differentiates_for_each_tensor(backend):
    """The value comes with one gradient a tensor, of that tensor's shape."""
    if backend.name == "numpy":
        pytest.importorskip("autograd", reason="NumPy's gradients need the package autograd")
    total = backend.functions["sum"]
    native = [backend.asarray(A, "float64"), backend.variable(B[0], "float64")]
    differentiate = backend.value_and_grad(lambda t: (total(t[0] * t[0] * t[1]), None))
    (value, _), found = differentiate(native)
    assert float(value) == pytest.approx(np.sum(A * A * B[0]), rel=1e-12)
    assert backend.to_numpy(found[0]) == pytest.approx(2 * A * B[0], rel=1e-12)
    assert backend.to_numpy(found[1]) == pytest.approx(np.sum(A * A, axis=0), rel=1e-12)


def test_compiled_functions_give_the_same_values(backend):
    """`compile` changes how a function is computed, not what."""
    if backend.name == "torch":
        pytest.skip("its compiler needs a C++ compiler and is tested with the layers")
    tanh = backend.functions["tanh"]
    compiled = backend.compile(lambda x: tanh(x) * 2)
    got = backend.to_numpy(compiled(backend.asarray(A, "float64")))
    assert got == pytest.approx(2 * np.tanh(A), rel=1e-12)


def call(backend, name, arguments, dtype):
    """Return, in NumPy, what a function of the table gives for arrays and plain arguments."""
    native = [
        backend.asarray(argument, dtype) if isinstance(argument, np.ndarray) else argument
        for argument in arguments
    ]
    return backend.to_numpy(backend.functions[name](*native))


def frozen(array):
    """Return the array, no longer writeable."""
    array.setflags(write=False)
    return array


def numpy_dtype(dtype):
    """Return NumPy's element type of that name, or skip."""
    require_numpy_has(dtype)
    return np.dtype(dtype)


def require_numpy_has(dtype):
    """Skip where the tests themselves could not hold the element type."""
    if dtype == "bfloat16":
        pytest.importorskip("ml_dtypes", reason="NumPy's bfloat16 needs the package ml_dtypes")
