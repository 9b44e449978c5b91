"""`convdispatch.compare`: one model on several backends, judged by what rounding explains."""

from __future__ import annotations

import importlib.util
import math
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import convdispatch
from convdispatch import layers
from convdispatch.errors import (
    BackendBroken,
    BackendNotFound,
    BackendUnavailable,
    InvalidArgument,
    InvalidShape,
    InvalidType,
    UnsupportedOp,
)
from convdispatch.hookspecs import hookimpl
from convdispatch.models import Sequential
from convdispatch.ops import BackendInfo, Conv, Op, Signature
from convdispatch.registry import registry
from convdispatch.runtime import selection

X = np.random.default_rng(2).normal(size=(3, 10, 10, 4)).astype("float32")


def tour(**options: Any) -> Sequential:
    """Make a model of every family."""
    convdispatch.set_random_seed(4)
    return Sequential(
        [
            layers.Conv2D(6, 3, activation="elu", groups=2, **options),
            layers.DepthwiseConv2D(
                3, padding="same", strides=2, activation="hard_sigmoid", **options
            ),
            layers.UpSampling2D(2, interpolation="bilinear", **options),
            layers.SeparableConv2D(5, 2, activation="softmax", **options),
            layers.ZeroPadding2D(((1, 0), (0, 2)), **options),
            layers.Conv2DTranspose(3, 3, strides=2, padding="same", activation="tanh", **options),
            layers.Cropping2D(1, **options),
        ]
    )


class Sabotaged:
    """NumPy's backend under another name, with something added to what convolutions give."""

    name = "sabotaged"

    def __init__(self, spoil: Callable[[Any], Any]) -> None:
        self._honest = registry.load("numpy")
        self._spoil = spoil

    def __getattr__(self, attribute: str) -> Any:
        return getattr(self._honest, attribute)

    def lower(self, op: Op, signature: Signature) -> Callable[..., Any]:
        """Return what NumPy's backend would, spoilt if the op is a convolution."""
        honest = self._honest.lower(op, signature)
        if not isinstance(op, Conv):
            return honest
        return lambda *tensors: self._spoil(honest(*tensors))


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Return a function that registers a backend by hand, until the test is over."""
    plugins: list[object] = []

    def add(backend: object, *, name: str = "sabotaged", framework: str = "numpy") -> None:
        module = ModuleType(f"handmade_{name}")
        module.BACKEND = backend  # type: ignore[attr-defined]  # what `load` reads
        monkeypatch.setitem(sys.modules, module.__name__, module)

        class Plugin:
            @hookimpl
            def convdispatch_backends(self) -> list[BackendInfo]:
                load = f"{module.__name__}:BACKEND"
                return [
                    BackendInfo(
                        protocol=2, name=name, framework=framework, load=load, install="nothing"
                    )
                ]

        plugins.append(Plugin())
        registry.register(plugins[-1], name=f"handmade:{name}")

    yield add
    for plugin in plugins:
        registry.unregister(plugin)


def test_all_backends_are_within_the_bound(all_backends: tuple[str, ...]) -> None:
    """A float32 model is off by no more than rounding explains, and not by nothing."""
    result = convdispatch.compare(tour(), X, all_backends)
    assert list(result) == list(all_backends)
    assert {found.status for found in result.values()} == {"ok"}
    assert all(0 < found.error_in_bounds <= 1 for found in result.values())
    assert all(0 < found.max_error < 1e-4 for found in result.values())
    assert all(0 < found.seconds < 10 for found in result.values())
    assert [found.backend for found in result.values()] == list(all_backends)


def test_the_backends_default_to_all_that_are_available() -> None:
    """Without names every available backend is asked."""
    result = convdispatch.compare(layers.Conv2D(2, 3), X)
    assert tuple(result) == convdispatch.available_backends()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_narrow_models_are_within_their_bound(backend_name: str, dtype: str) -> None:
    """The bound belongs to the model's element type: x is cast to it, errors are larger."""
    pytest.importorskip("ml_dtypes", reason="NumPy's bfloat16 needs the package ml_dtypes")
    found = convdispatch.compare(tour(dtype=dtype), X, [backend_name])[backend_name]
    assert (found.status, found.reason) == ("ok", "")
    assert 0 < found.error_in_bounds <= 1
    assert found.max_error > 1e-5


def test_channels_first_models_are_within_the_bound(backend_name: str) -> None:
    """The same with the channels on axis 1."""
    options: Any = {"data_format": "channels_first"}
    model = Sequential(
        [
            layers.Conv2D(6, 3, activation="relu", **options),
            layers.Conv2DTranspose(3, 2, strides=2, activation="sigmoid", **options),
        ]
    )
    x = np.moveaxis(X, -1, 1)
    found = convdispatch.compare(model, x, [backend_name])[backend_name]
    assert found.status == "ok"
    assert 0 < found.error_in_bounds <= 1


@pytest.mark.parametrize(
    "activation",
    [
        {"class_name": "relu", "config": {"negative_slope": 0.3, "max_value": 1.0}},
        {"class_name": "softmax", "config": {"axis": 1}},
        "gelu",
        "hard_shrink",
        "exponential",
        "log_softmax",
    ],
    ids=["relu", "softmax-over-rows", "gelu", "hard_shrink", "exponential", "log_softmax"],
)
def test_activations_of_every_kind_have_a_bound(backend_name: str, activation: Any) -> None:
    """Monotone or not, with jumps or over a whole axis."""
    layer = layers.Conv2D(4, 3, activation=activation)
    found = convdispatch.compare(layer, X, [backend_name])[backend_name]
    assert found.status == "ok"
    assert found.max_error > 0
    assert found.error_in_bounds <= 1


def test_a_layer_without_arithmetic_is_exact(backend_name: str) -> None:
    """Where nothing is rounded the bound is zero and so is the error."""
    found = convdispatch.compare(layers.ZeroPadding2D(2), X, [backend_name])[backend_name]
    assert (found.status, found.max_error, found.error_in_bounds) == ("ok", 0.0, 0.0)


def test_the_model_stays_where_it_is(backend_name: str) -> None:
    """Comparing moves copies; the model itself is built, for any batch size, and no more."""
    model = tour()
    convdispatch.compare(model, X, [backend_name])
    assert model.backend == "numpy"
    assert model.input_shape == (None, 10, 10, 4)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda y: y + np.float32(1e-3), "the error is larger than rounding explains"),
        (lambda y: y * np.float32(1.001), "the error is larger than rounding explains"),
        (lambda y: np.full_like(y, np.nan), "the error is larger than rounding explains"),
        (lambda y: y[:, :-1], "has shape"),
    ],
    ids=["added", "multiplied", "not-a-number", "cut"],
)
def test_a_sabotaged_backend_is_outside(
    register: Callable[..., None], spoil: Callable[[Any], Any], reason: str
) -> None:
    """A thousandth too much is found out, and the honest backend beside it is not blamed."""
    register(Sabotaged(spoil))
    result = convdispatch.compare(layers.Conv2D(4, 3), X, ["numpy", "sabotaged"])
    assert result["numpy"].status == "ok"
    assert result["sabotaged"].status == "outside"
    assert reason in result["sabotaged"].reason
    assert not result["sabotaged"].error_in_bounds <= 1


def test_an_honest_wrapper_is_ok(register: Callable[..., None]) -> None:
    """The sabotage above is in what is spoilt, not in the wrapping."""
    register(Sabotaged(lambda y: y))
    found = convdispatch.compare(tour(), X, ["sabotaged"])["sabotaged"]
    assert found.status == "ok"
    assert 0 < found.error_in_bounds <= 1


def test_a_backend_that_declines_is_unsupported(register: Callable[..., None]) -> None:
    """Its reason is reported, and no figures."""

    def decline(y: Any) -> Any:
        raise UnsupportedOp("no such kernel here; use strides")

    register(Sabotaged(decline))
    found = convdispatch.compare(layers.Conv2D(4, 3), X, ["sabotaged"])["sabotaged"]
    assert (found.status, found.reason) == ("unsupported", "no such kernel here; use strides")
    assert math.isnan(found.error_in_bounds)
    assert math.isnan(found.seconds)


@pytest.mark.parametrize(
    ("backend", "framework", "error", "message"),
    [
        pytest.param(None, "no_such_framework", BackendUnavailable, "needs the package", id="away"),
        pytest.param(object(), "numpy", BackendBroken, "lacks name", id="hollow"),
    ],
)
def test_a_backend_that_is_asked_for_and_cannot_be_used_is_an_error(
    register: Callable[..., None],
    backend: object,
    framework: str,
    error: type[Exception],
    message: str,
) -> None:
    """A requested check that cannot run raises instead of giving a row of the result."""
    register(backend, name="asked", framework=framework)
    with pytest.raises(error, match=message):
        convdispatch.compare(layers.Conv2D(4, 3), X, ["numpy", "asked"])


def test_a_backend_that_nobody_named_and_that_breaks_is_a_row(
    register: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Among the available backends, one that cannot be loaded is reported."""
    register(object(), name="hollow")
    monkeypatch.setattr(selection, "available_backends", lambda: ("numpy", "hollow"))
    result = convdispatch.compare(layers.Conv2D(4, 3), X)
    assert [found.status for found in result.values()] == ["ok", "unavailable"]
    assert "lacks" in result["hollow"].reason


def test_no_backend_is_nothing_to_compare() -> None:
    """An empty list compares nothing, which is an error."""
    with pytest.raises(InvalidArgument, match="`backends` names none"):
        convdispatch.compare(layers.Conv2D(4, 3), X, [])


OFFERS: dict[str, Callable[..., Any]] = {
    "part of the input": lambda x, *weights: x[:, 1:-1, 1:-1],
    "zeros of the right shape": lambda x, *weights: np.zeros((3, 8, 8, 4), x.dtype),
    "exit": lambda x, *weights: sys.exit(0),
}


@pytest.mark.parametrize("offer", OFFERS.values(), ids=OFFERS)
def test_a_plugin_is_not_its_own_judge(offer: Callable[..., Any]) -> None:
    """The reference is computed without plugins: one that computes nonsense is outside."""

    class Plugin:
        @hookimpl
        def convdispatch_lower(self, backend: Any, op: Op, signature: Signature) -> Any:
            return offer

    plugin = Plugin()
    registry.register(plugin)
    try:
        found = convdispatch.compare(layers.Conv2D(4, 3, activation="relu"), X, "numpy")["numpy"]
    finally:
        registry.unregister(plugin)
    assert found.status == "outside"


def test_no_backend_is_its_own_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither NumPy's ops nor its functions take part in the reference that they are held to."""
    backend = registry.load("numpy")
    monkeypatch.setattr(backend, "lower", lambda op, signature: lambda x, *weights: x)
    found = convdispatch.compare(layers.Conv2D(4, 1), X, "numpy")["numpy"]
    assert found.status == "outside"
    monkeypatch.undo()
    wrong = {**backend.functions, "sigmoid": lambda x: x}
    monkeypatch.setattr(backend, "functions", wrong)
    found = convdispatch.compare(layers.Conv2D(4, 1, activation="silu"), X, "numpy")["numpy"]
    assert found.status == "outside"


def test_what_a_backend_writes_on_is_no_others(register: Callable[..., None]) -> None:
    """A backend that overwrites its input harms neither the reference nor the next backend."""
    honest = registry.load("numpy")

    class Overwriting(Sabotaged):
        def lower(self, op: Op, signature: Signature) -> Callable[..., Any]:
            def compute(x: Any, *weights: Any) -> Any:
                x[...] = 0
                return honest.lower(op, signature)(x, *weights)

            return compute

    register(Overwriting(lambda y: y))
    result = convdispatch.compare(layers.Conv2D(4, 3), X, ["sabotaged", "numpy"])
    assert [found.status for found in result.values()] == ["outside", "ok"]


ANSWERS: dict[str, Callable[..., Any]] = {
    "asarray raises": lambda b: setattr(b, "asarray", raising),
    "asarray gives none": lambda b: setattr(b, "asarray", lambda *_: None),
    "lower raises": lambda b: setattr(b, "lower", raising),
    "lower gives none": lambda b: setattr(b, "lower", lambda *_: None),
    "to_numpy raises": lambda b: setattr(b, "to_numpy", raising),
    "to_numpy gives none": lambda b: setattr(b, "to_numpy", lambda *_: None),
    "synchronize raises": lambda b: setattr(b, "synchronize", raising),
}


def raising(*_: object) -> None:
    """Fail as a device does."""
    raise OSError("no device")


@pytest.mark.parametrize("harm", ANSWERS.values(), ids=ANSWERS)
def test_a_backend_that_fails_is_a_row(
    register: Callable[..., None], harm: Callable[..., Any]
) -> None:
    """An exception of one backend does not affect the answers of the others."""
    broken = Sabotaged(lambda y: y)
    harm(broken)
    register(broken)
    result = convdispatch.compare(layers.Conv2D(4, 3), X, ["sabotaged", "numpy"])
    assert [found.status for found in result.values()] == ["outside", "ok"]
    assert result["sabotaged"].reason


@pytest.mark.parametrize("backends", [["tinygrad"], ["numpy", "tinygrad"], "tinygrad"], ids=str)
def test_an_unknown_name_raises(backends: Any) -> None:
    """A misspelt backend raises instead of giving a row of the result."""
    with pytest.raises(BackendNotFound, match="no backend named 'tinygrad'"):
        convdispatch.compare(layers.Conv2D(4, 3), X, backends)


def test_one_name_may_stand_alone() -> None:
    """A string is a name, not a list of letters."""
    assert list(convdispatch.compare(layers.Conv2D(4, 3), X, "numpy")) == ["numpy"]


def test_a_user_s_activation_has_no_bound(backend_name: str) -> None:
    """Its effect on errors is unknown, so no bound can be derived."""
    layer = layers.Conv2D(4, 3, activation=lambda z: z * 2)
    with pytest.raises(
        InvalidType, match="no rounding bound is known for the activation <function"
    ):
        convdispatch.compare(layer, X, [backend_name])


INVALID: dict[str, tuple[Any, Any, type[Exception], str]] = {
    "list": (lambda: layers.Conv2D(4, 3), X.tolist(), InvalidType, "`x` must be a NumPy array"),
    "integers": (lambda: layers.Conv2D(4, 3), X.astype(int), InvalidType, "received int64"),
    "one-item": (lambda: layers.Conv2D(4, 3), X[0], InvalidShape, "takes inputs with 4 axes"),
    "not-a-number": (
        lambda: layers.Conv2D(4, 3),
        X * np.nan,
        InvalidArgument,
        "`x` must be finite",
    ),
    "too-large": (
        lambda: layers.Conv2D(4, 3, dtype="float16"),
        np.full_like(X, 1e5),
        InvalidArgument,
        "`x` must be finite in the model's element type, float16",
    ),
    "no-model": (
        lambda: np.tanh,
        X,
        InvalidType,
        "`model` must be a convdispatch layer, a Sequential or a Model; .* ufunc",
    ),
    "no-layers": (Sequential, X, InvalidShape, "has no layers to apply"),
}


@pytest.mark.filterwarnings("ignore:overflow encountered in cast:RuntimeWarning")
@pytest.mark.parametrize(("make", "x", "error", "message"), INVALID.values(), ids=INVALID)
def test_what_cannot_be_compared_is_refused(
    make: Callable[[], Any], x: Any, error: type[Exception], message: str
) -> None:
    """Before any backend is asked."""
    with pytest.raises(error, match=message):
        convdispatch.compare(make(), x, ["numpy"])


@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="about JAX's 64-bit mode")
def test_jax_without_its_64_bit_mode_is_unsupported(all_backends: tuple[str, ...]) -> None:
    """float64 is refused with the reason, never computed in float32."""
    if "jax" not in all_backends:
        pytest.skip("the backend 'jax' is not under test here")
    found = convdispatch.compare(layers.Conv2D(4, 3, dtype="float64"), X, ["jax"])["jax"]
    assert found.status == "unsupported"
    assert "JAX_ENABLE_X64" in found.reason
