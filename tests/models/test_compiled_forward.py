"""`compile_forward`, `predict` and `plans`: the same numbers, and never those of another model."""

from __future__ import annotations

import copy
import pickle
import threading
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from convdispatch import Sequential, activations, hookspecs, use_backend
from convdispatch.engine.plans import MAX_PLANS
from convdispatch.errors import InvalidShape, InvalidType
from convdispatch.layers import Conv1D, UpSampling1D
from convdispatch.models import _compiled_forward
from convdispatch.ops import Backend, Conv, op_name
from convdispatch.registry import registry

TWO_TAPS = [np.array([[[1.0]], [[10.0]]]), np.array([100.0])]
X = np.array([[[1.0], [2.0], [3.0]]], np.float32)
ANSWER = [121.0, 132.0]  # 1 + 10 * 2 + 100, 2 + 10 * 3 + 100


def model(backend: Backend, **arguments: Any) -> Sequential:
    """Return one convolution of two taps on the backend."""
    layer = Conv1D(1, 2, input_shape=(3, 1), weights=TWO_TAPS, **arguments)
    return Sequential([layer], backend=backend.name)


def numbers(backend: Backend, tensor: Any) -> list[float]:
    """Return a result as a flat list."""
    flat: list[float] = np.asarray(backend.to_numpy(tensor)).ravel().tolist()
    return flat


@pytest.mark.filterwarnings("ignore:.torch.jit.script_method. is deprecated:DeprecationWarning")
@pytest.mark.parametrize("optimize", [False, pytest.param(True, id="optimized")])
def test_it_computes_what_the_model_does(backend: Backend, optimize: bool) -> None:
    """From an array, and from a tensor of the backend's own."""
    forward = model(backend).compile_forward(optimize=optimize)
    assert numbers(backend, forward(X)) == ANSWER
    assert numbers(backend, forward(backend.asarray(X, "float32"))) == ANSWER


def test_it_follows_the_weights(backend: Backend) -> None:
    """They are those of the time of the call, not of compiling."""
    stack = model(backend)
    forward = stack.compile_forward()
    forward(X)
    stack.set_weights([2 * TWO_TAPS[0], TWO_TAPS[1]])
    assert numbers(backend, forward(X)) == [142.0, 164.0]
    assert stack.predict(X).ravel().tolist() == [142.0, 164.0]


def test_it_follows_the_layers(backend: Backend) -> None:
    """A layer that is changed, put on top or taken off is compiled in anew."""
    stack = model(backend)
    forward = stack.compile_forward()
    assert numbers(backend, forward(-X)) == [79.0, 68.0]
    assert stack.predict(-100 * X).ravel().tolist() == [-2000.0, -3100.0]
    stack.layers[0].activation = activations.get("relu")
    assert numbers(backend, forward(-100 * X)) == [0.0, 0.0]
    assert stack.predict(-100 * X).ravel().tolist() == [0.0, 0.0]
    stack.add(UpSampling1D(2))
    assert numbers(backend, forward(X)) == [121.0, 121.0, 132.0, 132.0]
    assert stack.predict(X).ravel().tolist() == [121.0, 121.0, 132.0, 132.0]
    stack.pop()
    assert numbers(backend, forward(X)) == ANSWER


def test_it_takes_other_shapes_and_types(backend: Backend) -> None:
    """As the model does."""
    forward = model(backend).compile_forward()
    assert numbers(backend, forward(np.concatenate([X, X]))) == ANSWER * 2
    assert numbers(backend, forward(X[:, :2])) == ANSWER[:1]
    assert numbers(backend, forward(X.astype(np.float16))) == ANSWER
    assert forward(X[:0]).shape[0] == 0


def test_a_model_of_unknown_shape_is_refused(backend: Backend) -> None:
    """There is nothing to compile yet; `predict` builds it."""
    stack = Sequential([Conv1D(1, 2, weights=TWO_TAPS)], backend=backend.name)
    with pytest.raises(InvalidShape, match="does not know its input shape"):
        stack.compile_forward()
    assert stack.predict(X).ravel().tolist() == ANSWER


def test_optimize_is_a_truth_value(backend: Backend) -> None:
    """A level, as of some compilers, is not meant."""
    with pytest.raises(InvalidType, match="optimize"):
        model(backend).compile_forward(optimize="max")  # type: ignore[arg-type]


def test_a_model_without_layers_is_told(backend: Backend) -> None:
    """As by the model itself."""
    stack = model(backend)
    forward = stack.compile_forward()
    stack.pop()
    with pytest.raises(InvalidShape, match="no layers to apply"):
        forward(X)


def test_nobody_gets_the_old_model_while_another_compiles(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call that comes while the changed model is being compiled compiles it too."""
    stack = model(backend)
    forward = stack.compile_forward()
    stack.layers[0].activation = activations.get("relu")
    compile_ = _compiled_forward._compile
    meanwhile = []

    def interrupted(*arguments: Any, **options: Any) -> Callable[..., Any]:
        monkeypatch.setattr(_compiled_forward, "_compile", compile_)
        meanwhile.extend(numbers(backend, forward(-100 * X)))
        return compile_(*arguments, **options)

    monkeypatch.setattr(_compiled_forward, "_compile", interrupted)
    assert numbers(backend, forward(-100 * X)) == [0.0, 0.0]
    assert meanwhile == [0.0, 0.0]


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_copies_hold_nothing_compiled(backend: Backend, copied: Callable[[Any], Any]) -> None:
    """A copy's weights are its own."""
    stack = model(backend)
    stack.predict(X)
    twin = copied(stack)
    twin.set_weights([0 * array for array in twin.get_weights()])
    assert twin.predict(X).ravel().tolist() == [0.0, 0.0]
    assert stack.predict(X).ravel().tolist() == ANSWER


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_a_copy_of_what_is_compiled_is_compiled_anew(
    backend: Backend, copied: Callable[[Any], Any]
) -> None:
    """With the weights of that time, and layers of its own."""
    stack = model(backend)
    forward = stack.compile_forward()
    forward(X)
    twin = copied(forward)
    stack.set_weights([0 * array for array in stack.get_weights()])
    assert numbers(backend, twin(X)) == ANSWER
    assert numbers(backend, forward(X)) == [0.0, 0.0]


def test_predict_runs_what_cannot_be_compiled(backend: Backend) -> None:
    """An activation in plain NumPy, which no compiler can trace, runs layer by layer: said once."""

    def counted(outputs: Any) -> Any:
        return outputs + float(np.asarray(backend.to_numpy(outputs)).max())

    stack = model(backend, activation=counted)
    expected = [value + ANSWER[1] for value in ANSWER]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert stack.predict(X).ravel().tolist() == expected
    is_compiled = backend.name in ("tensorflow", "jax")
    assert ["could not be compiled" in str(one.message) for one in caught] == [True] * is_compiled
    assert {one.filename for one in caught} <= {__file__}
    assert stack.predict(X).ravel().tolist() == expected
    # Once the model is another one, compiling is tried again.
    stack.layers[0].activation = activations.get(None)
    assert stack.predict(X).ravel().tolist() == ANSWER


def test_predict_raises_what_is_wrong(backend: Backend) -> None:
    """An error of the user's own function comes as it is, and so does the model's."""

    def broken(outputs: Any) -> Any:
        raise LookupError("no such table")

    with pytest.raises(LookupError, match="no such table"):
        model(backend, activation=broken).predict(X)
    with pytest.raises(InvalidShape, match="takes inputs with 3 axes"):
        model(backend).predict(X[0])


def test_no_gradient_is_recorded(backend: Backend) -> None:
    """Where results say whether they belong to a graph."""
    forward = model(backend).compile_forward()
    assert not getattr(forward(X), "requires_grad", False)


def test_plans_say_what_is_prepared(backend: Backend) -> None:
    """One a shape and element type, and none from before a change."""
    stack = model(backend)
    stack(X)
    stack(X.astype(np.float16)[:, :2])
    first, second = stack.plans()
    assert (first.input_shape, first.dtype, first.backend) == ((3, 1), "float32", backend.name)
    assert (second.input_shape, second.dtype) == ((2, 1), "float16")
    ((op, signature),) = first.ops
    assert isinstance(op, Conv)
    assert signature.weight_shapes == ((2, 1, 1), (1,))
    assert first.computed_by == ("its own choice",)
    assert str(second).endswith(f"(2, 1) float16 on {backend.name}: {op_name(op)}")
    stack.layers[0].activation = activations.get("relu")
    assert stack.plans() == ()


def test_plans_say_that_a_plugin_computes() -> None:
    """Which may compute something else altogether."""

    class Plugin:
        @hookspecs.hookimpl
        def convdispatch_lower(self, backend: Any, op: Any, signature: Any) -> Any:
            return backend.lower(op, signature)

    plugin = Plugin()
    registry.register(plugin)
    try:
        layer = Conv1D(1, 2, weights=TWO_TAPS, backend="numpy")
        layer(X)
    finally:
        registry.unregister(plugin)
    (plan,) = layer.plans()
    assert plan.computed_by == ("a plugin",)
    assert str(plan).endswith("(3, 1) float32 on numpy: conv1d by a plugin")


def test_plans_are_bounded() -> None:
    """However many sizes come, the latest stay."""
    with use_backend("numpy"):
        layer = Conv1D(1, 2, weights=TWO_TAPS)
    for size in range(2, 5 + MAX_PLANS):
        layer(np.ones((1, size, 1), np.float32))
    sizes = [plan.input_shape[0] for plan in layer.plans()]
    assert sizes == list(range(5, 5 + MAX_PLANS))


def test_threads_get_the_plan_of_their_own_shape(backend: Backend) -> None:
    """Many at once, each with sizes and types of its own: no plan serves another's input."""
    layer = Conv1D(1, 2, weights=TWO_TAPS, backend=backend.name)
    inputs = [
        (np.arange(size, dtype=dtype).reshape(1, size, 1))
        for size in range(2, 8)
        for dtype in ("float32", "float16")
    ]
    wrong: list[str] = []

    def run(start: int) -> None:
        for turn in range(2 * len(inputs)):
            x = inputs[(start + turn) % len(inputs)]
            result = np.asarray(backend.to_numpy(layer(x)))
            cells = x.ravel().astype(float)
            if result.dtype != x.dtype or result.ravel().tolist() != (
                (cells[:-1] + 10 * cells[1:] + 100).tolist()
            ):
                wrong.append(f"{x.shape} {x.dtype}: {result.ravel()}")

    threads = [threading.Thread(target=run, args=(start,)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
