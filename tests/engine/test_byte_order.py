"""Whatever lies in memory how, a result is the same and has its bytes in the machine's order."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from precision import in_float64

import convdispatch
from convdispatch import activations, constraints, layers, regularizers
from convdispatch.ops import Backend

Array = np.ndarray[Any, np.dtype[Any]]


def _backwards(array: Array) -> Array:
    return np.ascontiguousarray(np.flip(array))[(slice(None, None, -1),) * array.ndim]


def _with_gaps(array: Array) -> Array:
    wide = np.full(tuple(2 * size for size in array.shape), 7, array.dtype)
    view = wide[(slice(None, None, 2),) * array.ndim]
    view[...] = array
    return view


def _read_only(array: Array) -> Array:
    copy = array.copy()
    copy.setflags(write=False)
    return copy


def _unaligned(array: Array) -> Array:
    memory = np.zeros(array.nbytes + 1, np.uint8)
    view = memory[1:].view(array.dtype).reshape(array.shape)
    view[...] = array
    assert not view.flags.aligned
    return view


def _foreign(array: Array) -> Array:
    return array.astype(array.dtype.newbyteorder("S"))


LAYOUTS: dict[str, Callable[[Array], Array]] = {
    "foreign": _foreign,
    "foreign-backwards": lambda array: _backwards(_foreign(array)),
    "foreign-read-only": lambda array: _read_only(_foreign(array)),
    "unaligned": _unaligned,
    "unaligned-foreign": lambda array: _unaligned(_foreign(array)),
    "fortran": np.asfortranarray,
    "backwards": _backwards,
    "with-gaps": _with_gaps,
    "read-only": _read_only,
    # Alike along the first axis: stride 0.
    "broadcast": lambda array: np.broadcast_to(array[:1], array.shape),
}
DTYPES = ("float16", "float32", "float64")

L: Any = layers
LAYERS: dict[str, Callable[..., Any]] = {
    "conv1d": lambda **given: L.Conv1D(2, 2, activation="relu", **given),
    "conv1d-silu": lambda **given: L.Conv1D(2, 2, activation="silu", **given),
    "transpose": lambda **given: L.Conv1DTranspose(2, 2, strides=2, **given),
    "depthwise": lambda **given: L.DepthwiseConv1D(2, activation="tanh", **given),
    "separable": lambda **given: L.SeparableConv1D(2, 2, activation="sigmoid", **given),
    "first": lambda **given: L.Conv1D(2, 1, data_format="channels_first", **given),
    "padding": lambda **given: L.ZeroPadding1D(1, **given),
    "cropping": lambda **given: L.Cropping1D((1, 0), **given),
    "upsampling": lambda **given: L.UpSampling1D(2, **given),
}


def numbers(*shape: int, dtype: str) -> Array:
    """Return eighths, which every element type has."""
    count = int(np.prod(shape))
    return (((np.arange(count) * 7) % 17 - 8) / 8).reshape(shape).astype(dtype)


def require_same(got: Any, want: Array) -> None:
    """Compare two arrays bit by bit, and see that the first is in the machine's order of bytes."""
    got = np.asarray(got)
    assert got.dtype.isnative
    assert got.dtype == want.dtype
    assert got.tolist() == want.tolist()


@pytest.fixture
def in_any_type(backend: Backend) -> Iterator[Backend]:
    """Give the backend, in its 64-bit mode where that has to be switched on."""
    with in_float64(backend.name):
        yield backend


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)
def test_a_layer_reads_any_array(make: Callable[..., Any], layout: str, dtype: str) -> None:
    """Inputs and weights may lie in memory as they like, where they are computed with as such."""
    lie = LAYOUTS[layout]
    x = numbers(2, 4, 2, dtype=dtype)
    x = np.asarray(lie(x)).astype(dtype, order="C")  # what a broadcast one says
    layer = make(backend="numpy", dtype=dtype)
    layer.build((None, 4, 2))
    weights = [numbers(*weight.shape, dtype=dtype) for weight in layer.get_weights()]
    layer.set_weights(weights)
    want = np.array(layer(x))
    require_same(layer(lie(x)), want)
    layer.set_weights([lie(weight) if weight.ndim > 1 else weight for weight in weights])
    if layout != "broadcast":
        require_same(layer(lie(x)), want)
        for got, given in zip(layer.get_weights(), weights, strict=True):
            require_same(got, given)
        built = make(backend="numpy", dtype=dtype, weights=[lie(w) for w in weights])
        require_same(built(lie(x)), want)


@functools.cache
def compiled_model(backend: str, dtype: str) -> Any:
    """Return a model, the same for all layouts: it is compiled once."""
    first = L.Conv1D(2, 2, activation="relu", dtype=dtype, input_shape=(4, 2))
    return convdispatch.Sequential([first, L.UpSampling1D(2)], backend=backend)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_models_read_any_array(in_any_type: Backend, layout: str, dtype: str) -> None:
    """A call, `predict`, `set_weights`, `gradients` and `compare`, on every backend."""
    lie = LAYOUTS[layout]
    model = compiled_model(in_any_type.name, dtype)
    x = np.asarray(lie(numbers(2, 4, 2, dtype=dtype))).astype(dtype, order="C")
    cotangent = np.asarray(lie(numbers(2, 6, 2, dtype=dtype))).astype(dtype, order="C")
    weights = [numbers(*weight.shape, dtype=dtype) for weight in model.get_weights()]
    model.set_weights([_foreign(weight) for weight in weights])
    require_same(model.get_weights()[0], weights[0])
    require_same(model.predict(lie(x)), np.array(model.predict(x)))
    want = np.array(convdispatch.to_numpy(model(x)))
    require_same(convdispatch.to_numpy(model(lie(x))), want)
    plain = convdispatch.gradients(model, x, cotangent)
    found = convdispatch.gradients(model, lie(x), lie(cotangent))
    require_same(found.output, plain.output)
    require_same(found.inputs, plain.inputs)
    for got, expected in zip(found.weights, plain.weights, strict=True):
        require_same(got, expected)
    compared = convdispatch.compare(model, lie(x), backends=[in_any_type.name])
    assert compared[in_any_type.name].status == "ok"


def _method(name: str) -> Callable[[Backend, Array], Any]:
    return lambda backend, x: getattr(backend, name)(x, x.dtype.name)


def _function(name: str, *arguments: Any) -> Callable[[Backend, Array], Any]:
    return lambda backend, x: backend.functions[name](x, *arguments)


def _formula(formula: Any) -> Callable[[Backend, Array], Any]:
    return lambda backend, x: formula(x)


# What the NumPy backend's users may give its own arrays to.
TAKING: dict[str, Callable[[Backend, Array], Any]] = {
    **{name: _formula(a) for name, a in activations.KERAS3.items() if name != "glu"},
    "l1_l2": _formula(regularizers.L1L2(0.5, 0.5)),
    "max_norm": _formula(constraints.MaxNorm(0.5)),
    "non_neg": _formula(constraints.NonNeg()),
    "no-constraint": _formula(constraints.Constraint()),
    "to_numpy": _formula(convdispatch.to_numpy),
    **{name: _method(name) for name in ("asarray", "variable", "cast")},
    "assign": lambda backend, x: backend.assign(np.zeros(x.shape, x.dtype.name), x),
    **{
        f"function-{name}": _function(name)
        for name in ("abs", "erf", "exp", "linear", "max", "mean", "relu", "sum", "transpose")
    },
    "function-flip": _function("flip", (0,)),
    "function-reshape": _function("reshape", (3, 2)),
    "function-maximum": _function("maximum", 0.5),
    "function-where": lambda backend, x: backend.functions["where"](x > 0, x, x),
    "function-matmul": lambda backend, x: backend.functions["matmul"](x, x.T),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("take", TAKING.values(), ids=TAKING)
def test_what_takes_numpys_arrays_returns_the_machines_order(
    take: Callable[[Backend, Array], Any], dtype: str
) -> None:
    """Formulas, functions and methods of the NumPy backend, given an array of its own."""
    x = numbers(2, 3, dtype=dtype)
    backend = convdispatch.backend_of(x)
    assert backend.name == "numpy"
    require_same(take(backend, _foreign(x)), np.asarray(take(backend, x)))


def test_bfloat16_has_the_machines_order() -> None:
    """A package of its own has this element type, in either order of bytes."""
    ml_dtypes = pytest.importorskip("ml_dtypes", reason="NumPy has bfloat16 by it")
    x = numbers(2, 4, 2, dtype="float32").astype(ml_dtypes.bfloat16)
    layer = L.Conv1D(2, 2, activation="silu", backend="numpy")
    require_same(layer(_foreign(x)), layer(x))


def test_a_slice_of_the_channels_is_read_by_its_strides(backend: Backend) -> None:
    """The second channel of (1, 2, 1, 2), as a slice of a native tensor (pytorch#180984)."""
    kernel = np.reshape([1, 10], (2, 1, 1, 1))
    layer = L.Conv2D(1, (2, 1), use_bias=False, weights=[kernel], backend=backend.name)
    both: Any = backend.asarray(np.array([[[[1, 2]], [[3, 4]]]], "float32"), "float32")
    assert convdispatch.to_numpy(layer(both[..., 1:])).ravel().tolist() == [42]
