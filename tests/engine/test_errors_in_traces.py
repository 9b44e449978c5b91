"""The errors are the same when a framework traces, compiles or transforms."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import convdispatch
from convdispatch import layers
from convdispatch.errors import InvalidArgument, InvalidShape, InvalidType, UnsupportedOp
from convdispatch.models import Sequential
from convdispatch.registry import registry

SHAPE = (1, 8, 8, 3)


def a_layer(backend: str) -> Any:
    """Return a built layer."""
    layer = layers.Conv2D(4, 3, backend=backend)
    layer.build((None, *SHAPE[1:]))
    return layer


def a_model(backend: str) -> Any:
    """Return a built model."""
    made: list[Any] = [layers.Conv2D(4, 3), layers.SeparableConv2D(2, 1), layers.UpSampling2D(2)]
    model = Sequential(made, backend=backend)
    model.build((None, *SHAPE[1:]))
    return model


def _tf_function(fn: Callable[[Any], Any]) -> Callable[[Any], Any]:
    tf = importlib.import_module("tensorflow")
    return tf.function(lambda x: fn(x))  # type: ignore[no-any-return]


def _tf_nested(fn: Callable[[Any], Any]) -> Callable[[Any], Any]:
    tf = importlib.import_module("tensorflow")

    @tf.function
    def inner(x: Any) -> Any:
        return fn(x)

    @tf.function
    def outer(x: Any) -> Any:
        if tf.size(x) > 0:  # autograph makes a conditional of it
            return inner(x)
        return fn(x)

    return outer  # type: ignore[no-any-return]


def _jit(fn: Callable[[Any], Any]) -> Callable[[Any], Any]:
    jax = importlib.import_module("jax")
    return jax.jit(lambda x: fn(x))  # type: ignore[no-any-return]


def _jax_vmap(fn: Callable[[Any], Any]) -> Callable[[Any], Any]:
    jax = importlib.import_module("jax")
    return lambda x: jax.jit(jax.vmap(lambda y: fn(y)))(x[None])


def _torch_compile(fn: Callable[[Any], Any]) -> Callable[[Any], Any]:
    torch = importlib.import_module("torch")
    torch.compiler.reset()
    return torch.compile(lambda x: fn(x), backend="eager")  # type: ignore[no-any-return]


def _torch_vmap(fn: Callable[[Any], Any]) -> Callable[[Any], Any]:
    torch = importlib.import_module("torch")
    return lambda x: torch.vmap(fn)(x[None])


def _directly(fn: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return fn


TRACERS: dict[str, dict[str, Callable[[Any], Any]]] = {
    "numpy": {"called": _directly},
    "tensorflow": {"tf.function": _tf_function, "nested": _tf_nested},
    "jax": {"jit": _jit, "vmap": _jax_vmap},
    "torch": {"compile": _torch_compile, "vmap": _torch_vmap},
}
PAIRS = [(backend, how) for backend, tracers in TRACERS.items() for how in tracers]


def _set_weights(backend: str) -> Callable[[Any], Any]:
    layer = a_layer(backend)
    return lambda x: layer.set_weights([np.zeros(3)]) or x


def _construct(backend: str) -> Callable[[Any], Any]:
    return lambda x: layers.Conv2D(4, 3, padding="smae", backend=backend)(x)


def _declined(backend: str) -> Callable[[Any], Any]:
    class Declining(layers.Conv2D):
        def _op(self, *args: Any, **kwargs: Any) -> Any:
            raise UnsupportedOp("declined: this is a test")

    return Declining(4, 3, backend=backend)


# id: what is called, the input's shape and element type, the error
BAD: dict[str, tuple[Callable[[str], Any], tuple[int, ...], str, type[Exception], str]] = {
    "channels": (a_layer, (1, 8, 8, 4), "float32", InvalidShape, "was built for 3 channels"),
    "axes": (a_layer, (8, 8, 3), "float32", InvalidShape, "takes inputs with 4 axes"),
    "too-small": (a_model, (1, 2, 2, 3), "float32", InvalidShape, "would have 0 cells"),
    "in-a-model": (a_model, (1, 8, 8, 4), "float32", InvalidShape, "was built for 3 channels"),
    "integers": (a_model, SHAPE, "int32", InvalidType, "element types"),
    "weights": (_set_weights, SHAPE, "float32", InvalidArgument, "must be 2 arrays"),
    "argument": (_construct, SHAPE, "float32", InvalidArgument, "`padding` must be one of"),
    "declined": (_declined, SHAPE, "float32", UnsupportedOp, "declined: this is a test"),
}


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize(("backend", "how"), PAIRS, ids=["-".join(pair) for pair in PAIRS])
def test_errors_arrive_as_ours(
    backend: str, how: str, bad: str, all_backends: tuple[str, ...]
) -> None:
    """Their class and their message, and so the builtin class that a caller would expect."""
    if backend not in all_backends:
        pytest.skip(f"the backend {backend!r} is not under test here")
    make, shape, dtype, error, message = BAD[bad]
    call = TRACERS[backend][how](make(backend))
    x = registry.load(backend).asarray(np.ones(shape), dtype)
    with pytest.raises(error, match=message) as raised:
        call(x)
    assert type(raised.value) is error


@pytest.fixture
def tf(all_backends: tuple[str, ...]) -> Any:
    """Give TensorFlow, or skip where it is not among the backends under test."""
    if "tensorflow" not in all_backends:
        pytest.skip("the backend 'tensorflow' is not under test here")
    return pytest.importorskip("tensorflow")


@pytest.mark.parametrize("make", [a_layer, a_model])
def test_an_unknown_number_of_axes_is_told_of(tf: Any, make: Callable[[str], Any]) -> None:
    """With what to do about it, which then helps."""
    called = make("tensorflow")
    unknown = [tf.TensorSpec(None, tf.float32)]
    for call in (called, called.compile_forward() if make is a_model else called):
        with pytest.raises(InvalidShape, match=r"number of axes.*ensure_shape"):
            tf.function(lambda x, call=call: call(x), input_signature=unknown)(tf.ones(SHAPE))
    helped = tf.function(
        lambda x: called(tf.ensure_shape(x, (None, *SHAPE[1:]))), input_signature=unknown
    )
    np.testing.assert_allclose(helped(tf.ones(SHAPE)), called(tf.ones(SHAPE)), rtol=1e-5, atol=1e-5)


def test_autograph_has_nothing_to_warn_of(tf: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Neither of our functions nor of a user's activation, whichever way a model is traced."""
    plain = a_layer("tensorflow")
    layer = layers.Conv2D(4, 3, activation=lambda t: t * 2, backend="tensorflow")
    model = Sequential([layers.Conv2D(4, 3), layers.UpSampling2D(2)], backend="tensorflow")
    x = tf.ones(SHAPE)
    logger = logging.getLogger("tensorflow")
    logger.addHandler(caplog.handler)
    try:
        for fn in (plain, plain.__call__, layer, model, model.__call__, lambda x: model(x)):
            tf.function(fn)(x)
        tf.function(model.apply)(model.variables, x)
        tf.function(model.compile_forward())(x)
    finally:
        logger.removeHandler(caplog.handler)
    assert [record.message for record in caplog.records if "AutoGraph" in record.message] == []


@pytest.mark.parametrize("asked", ["predict", "to_numpy", "gradients"])
def test_values_of_a_traced_tensor_are_refused_in_a_sentence(asked: str, tf: Any) -> None:
    """TensorFlow alone would say that a SymbolicTensor has no attribute `numpy`."""
    model = a_model("tensorflow")
    functions: dict[str, Callable[[Any], Any]] = {
        "predict": model.predict,
        "to_numpy": convdispatch.to_numpy,
        "gradients": lambda x: convdispatch.gradients(model, x),
    }
    with pytest.raises(TypeError, match="has no values yet"):
        _tf_function(functions[asked])(tf.ones(SHAPE))
