"""The state of a layer: plans, weights and backends, through changes, failures and copies."""

from __future__ import annotations

import copy
import pickle
import sys
import threading
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from small_models import X, outputs, two_layers

import convdispatch
from convdispatch import layers, selection
from convdispatch.engine.plans import MAX_PLANS
from convdispatch.errors import InvalidArgument, InvalidShape, InvalidType, UnsupportedOp
from convdispatch.hookspecs import hookimpl
from convdispatch.models import Sequential
from convdispatch.ops import BackendInfo
from convdispatch.registry import registry

STEPS = np.array([[[1.0], [-2.0], [3.0], [-4.0]]], "float32")


def identity(**options: Any) -> layers.Conv1D:
    """Make a layer that would return its input."""
    return layers.Conv1D(1, 1, kernel_initializer="ones", **options)


@pytest.mark.parametrize(
    ("attribute", "value", "expected"),
    [
        ("activation", convdispatch.activations.relu, [1.0, 0.0, 3.0, 0.0]),
        ("strides", (2,), [1.0, 3.0]),
    ],
)
def test_an_argument_changed_after_a_call_holds_in_the_next(
    attribute: str, value: Any, expected: list[float], backend_name: str
) -> None:
    """A plan made from the old argument is not used again, for the same shape either."""
    layer = identity(backend=backend_name)
    layer(STEPS)
    setattr(layer, attribute, value)
    assert convdispatch.to_numpy(layer(STEPS)).ravel().tolist() == expected


@pytest.mark.parametrize("attribute", ["trainable", "name"])
def test_what_does_not_change_the_result_lowers_nothing_again(attribute: str) -> None:
    """Freezing a compiled layer must not make its tracer meet a lowering."""
    layer = identity()
    layer(STEPS)
    plans = dict(layer._plans)
    setattr(layer, attribute, getattr(layer, attribute))
    assert layer._plans == plans


def test_first_calls_at_once_share_one_set_of_weights(backend_name: str) -> None:
    """The threads of a server may all meet the layer unbuilt."""
    layer = layers.Conv2D(8, 3, backend=backend_name)
    barrier = threading.Barrier(8)
    found: list[Any] = []

    def call() -> None:
        barrier.wait()
        found.append(convdispatch.to_numpy(layer(X)))

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert all(np.array_equal(found[0], other) for other in found)


def test_a_build_that_fails_leaves_the_layer_unbuilt(monkeypatch: pytest.MonkeyPatch) -> None:
    """A layer that cannot be lowered has no weights, and keeps its initial arrays."""

    def refuse(op: Any, signature: Any) -> None:
        raise UnsupportedOp("not today")

    layer = layers.Conv1D(1, 1, use_bias=False, weights=[[[[7.0]]]], backend="numpy")
    with monkeypatch.context() as patched:
        patched.setattr(registry.load("numpy"), "lower", refuse)
        with pytest.raises(UnsupportedOp, match="not today"):
            layer.build((None, 4, 1))
    assert not layer.built
    layer.build((None, 4, 1))
    assert layer.get_weights()[0].item() == 7


def test_a_first_call_that_does_not_fit_builds_no_layer_of_a_model() -> None:
    """The model's first layer is not left with the channels of a wrong input."""
    model = Sequential([layers.Conv2D(3, 3), layers.Conv2D(4, 9)])
    with pytest.raises(InvalidShape, match="`kernel_size` 9"):
        model(np.ones((1, 5, 5, 2)))
    assert not any(layer.built for layer in model)
    assert model(np.ones((1, 20, 20, 3))).shape == (1, 10, 10, 4)


def test_a_model_s_build_that_does_not_fit_builds_no_layer() -> None:
    """`build` checks the whole stack first."""
    model = Sequential([layers.Conv2D(3, 3), layers.Conv2D(4, 9)])
    with pytest.raises(InvalidShape, match="`kernel_size` 9"):
        model.build((None, 5, 5, 2))
    assert not any(layer.built for layer in model)


def test_initial_weights_are_those_of_the_constructor_s_time() -> None:
    """A buffer that is filled again before the layer is built does not change its weights."""
    buffer = np.full((1, 1, 1), 2.0)
    layer = layers.Conv1D(1, 1, use_bias=False, weights=[buffer])
    buffer[:] = 9
    layer.build((None, 4, 1))
    assert layer.get_weights()[0].item() == 2


@pytest.mark.parametrize("is_built", [True, False])
@pytest.mark.parametrize("count", [1, 3], ids=["too few", "too many"])
def test_apply_takes_one_tensor_a_weight(count: int, is_built: bool, backend_name: str) -> None:
    """No backend leaves a bias out because it was not handed over, nor misses one by its name."""
    layer, built = identity(backend=backend_name), identity(backend=backend_name)
    built.build((None, 4, 1))
    if is_built:
        layer.build((None, 4, 1))
    tensor = registry.load(backend_name).asarray(STEPS, "float32")
    assert convdispatch.to_numpy(layer.apply(built.variables, tensor)).tolist() == STEPS.tolist()
    with pytest.raises(InvalidArgument, match=f"must be 2 arrays .* received {count} arrays"):
        layer.apply((built.variables * 2)[:count], tensor)


class Foreign:
    """A tensor that no backend owns."""


@pytest.mark.parametrize("is_model", [False, True])
@pytest.mark.parametrize("method", ["apply", "penalties"])
def test_weights_and_inputs_of_another_backend_are_refused(
    method: str, is_model: bool, backend_name: str
) -> None:
    """As a call refuses them, not by an error from somewhere in a framework."""
    layer = identity(backend=backend_name)
    one: Any = Sequential([layer], backend=backend_name) if is_model else layer
    one.build((None, 4, 1))
    foreign = [Foreign(), Foreign()]
    with pytest.raises(InvalidType, match=f"`weights` of .* own backend, '{backend_name}'; .*Fore"):
        one.apply(foreign, STEPS) if method == "apply" else one.penalties(foreign)
    if method == "apply":
        with pytest.raises(InvalidType, match=f"`inputs` must be .* '{backend_name}'; .*Foreign"):
            one.apply(one.variables, Foreign())


@pytest.mark.parametrize("method", ["set_weights", "count_params", "penalties"])
def test_what_needs_weights_builds_or_says_so(method: str) -> None:
    """It builds the layer where its input shape is stated; without one there is a message."""
    arguments: Any = {"count_params": ()}.get(method, ([np.ones((1, 1, 1)), np.zeros(1)],))
    stated = layers.Conv1D(1, 1, input_shape=(4, 1), backend="numpy")
    getattr(stated, method)(*arguments)
    assert stated.built
    layer = layers.Conv1D(1, 1, name="c", backend="numpy")
    message = f"'c' has no weights yet: build it or call it once before `{method}`"
    with pytest.raises(InvalidArgument, match=message):
        getattr(layer, method)(*arguments)


@pytest.mark.parametrize("function", [convdispatch.gradients, convdispatch.compare])
def test_only_layers_and_models_are_compared_and_differentiated(
    function: Callable[..., Any],
) -> None:
    """Something else is named, also a layer that was not made."""
    for wrong in (layers.Conv1D, np.ones(3), None):
        with pytest.raises(InvalidType, match=r"`model` must be a .*layer, a Seq"):
            function(wrong, STEPS)


def test_a_model_s_apply_takes_one_tensor_a_weight() -> None:
    """Surplus weights are an error, not ignored."""
    model = two_layers(backend="numpy")
    with pytest.raises(InvalidArgument, match=r"must be 4 arrays .* received 5 arrays"):
        model.apply([*model.variables, model.variables[0]], X)


@pytest.mark.parametrize(
    "twin_of",
    [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))],
    ids=["copy", "deepcopy", "pickle"],
)
def test_a_copy_computes_the_same_with_weights_of_its_own(
    twin_of: Callable[[Any], Any], backend_name: str
) -> None:
    """A layer that has been called can be copied and pickled, on every backend."""
    layer = layers.Conv2D(3, 3, activation="tanh", backend=backend_name)
    expected = convdispatch.to_numpy(layer(X))
    twin = twin_of(layer)
    assert (twin.backend, twin.name) == (layer.backend, layer.name)
    np.testing.assert_array_equal(convdispatch.to_numpy(twin(X)), expected)
    twin.set_weights([weight + 1 for weight in twin.get_weights()])
    np.testing.assert_array_equal(convdispatch.to_numpy(layer(X)), expected)


def test_what_is_copied_along_with_a_layer_has_its_variables(backend_name: str) -> None:
    """A wrapper or an optimizer that holds them: its copy trains the layer's copy."""
    if backend_name == "jax":
        pytest.skip("JAX's arrays are immutable")
    model = two_layers(backend=backend_name)
    twin, variables = copy.deepcopy((model, model.variables))
    assert all(one is other for one, other in zip(twin.variables, variables, strict=True))
    twin.set_weights([0 * array for array in twin.get_weights()])
    assert not np.any(convdispatch.to_numpy(variables[0]))
    assert np.any(model.get_weights()[0])


def test_a_shallow_copy_of_a_model_has_its_layers(backend_name: str) -> None:
    """And can get others, which the model has not."""
    model = two_layers(backend=backend_name)
    twin = copy.copy(model)
    twin.add(layers.UpSampling2D(2))
    assert (len(model), len(twin)) == (2, 3)
    assert twin.layers[:2] == model.layers


def test_a_copied_pair_of_models_shares_the_copies_of_shared_layers(backend_name: str) -> None:
    """And a layer that is copied beside its model is the copied model's."""
    model = two_layers(backend=backend_name)
    other = Sequential(model.layers, backend=backend_name)
    for copied in (copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))):
        twin, its_other, layer = copied((model, other, model.layers[0]))
        assert twin.layers == its_other.layers
        assert layer is twin.layers[0]


def test_a_model_can_be_pickled(backend_name: str) -> None:
    """Worker processes get models this way."""
    model = two_layers(backend=backend_name)
    expected = outputs(model)
    np.testing.assert_array_equal(outputs(pickle.loads(pickle.dumps(model))), expected)


def test_a_deep_copy_has_its_own_of_what_a_user_s_class_adds() -> None:
    """Attributes of a subclass are copied as deeply as anything else."""

    class Logged(layers.Conv1D):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            self.log: list[str] = []

    layer = Logged(1, 1)
    copy.deepcopy(layer).log.append("copy")
    assert layer.log == []


def test_a_tensor_of_an_unregistered_backend_has_no_owner_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`backend_of` forgets a backend together with its plugin."""

    class Own:
        """A tensor of the plugin's."""

    class OwnBackend(type(registry.load("numpy"))):  # type: ignore[misc] # a class at run time
        name = "own"

        def owns(self, value: object) -> bool:
            return isinstance(value, Own)

    class Plugin:
        @hookimpl
        def convdispatch_backends(self) -> tuple[BackendInfo, ...]:
            info = BackendInfo(
                protocol=2, name="own", framework="numpy", load="own:own_backend", install=""
            )
            return (info,)

    module = types.ModuleType("own")
    vars(module)["own_backend"] = OwnBackend()
    monkeypatch.setitem(sys.modules, "own", module)
    plugin = Plugin()
    registry.register(plugin)
    try:
        assert selection.backend_of(Own()).name == "own"
    finally:
        registry.unregister(plugin)
    with pytest.raises(InvalidType, match="expected a tensor of a registered backend"):
        selection.backend_of(Own())


def test_a_prediction_is_the_user_s_own_array(backend_name: str) -> None:
    """One batch or several, the result can be written to and shares no memory with the input."""
    model = Sequential([layers.ZeroPadding1D(0)], backend=backend_name)
    tensor = registry.load(backend_name).asarray(STEPS, "float32")
    model.predict(tensor)[:] = 9
    np.testing.assert_array_equal(convdispatch.to_numpy(tensor), STEPS)


@pytest.mark.parametrize("layer_class", [layers.ZeroPadding1D, layers.Cropping1D])
def test_a_layer_that_changes_nothing_returns_a_copy(
    layer_class: Callable[..., layers.Layer], backend_name: str
) -> None:
    """Changing the result in place never changes the input."""
    if backend_name not in ("numpy", "torch"):
        pytest.skip("its tensors cannot be changed")
    tensor = registry.load(backend_name).asarray(STEPS, "float32")
    layer_class(0, backend=backend_name)(tensor)[:] = 9
    np.testing.assert_array_equal(convdispatch.to_numpy(tensor), STEPS)


@pytest.mark.parametrize("make", [layers.Conv1D, layers.SeparableConv1D])
def test_an_activation_that_changes_the_shape_is_refused(make: Callable[..., Any]) -> None:
    """`output_shape` would be wrong; the message says what to do instead."""
    with pytest.raises(InvalidArgument, match=r"`activation` must keep the shape .* 'glu'"):
        make(4, 3, activation="glu")


def test_gradients_of_nested_lists_are_in_the_model_s_type(backend_name: str) -> None:
    """Lists mean for `gradients` what they mean for a call."""
    layer = layers.ZeroPadding1D(0, dtype="float16", backend=backend_name)
    assert convdispatch.gradients(layer, [[[1.0]]]).output.dtype.name == "float16"


def test_a_cotangent_of_another_shape_is_refused() -> None:
    """It is not broadcast: a missing axis is more likely a mistake."""
    with pytest.raises(InvalidShape, match=r"`cotangent` must have .* \(1, 4, 1\); .* \(1,\)"):
        convdispatch.gradients(identity(), STEPS, np.ones(1))


def test_inputs_of_ever_new_sizes_do_not_fill_the_memory() -> None:
    """A layer keeps its latest plans only, and makes an old one again when it is asked for."""
    layer = layers.Conv1D(1, 2, backend="numpy", kernel_initializer="ones")
    sizes = [*range(2, 2 + 2 * MAX_PLANS), 2]
    answers = [float(layer(np.ones((1, size, 1), "float32")).sum()) for size in sizes]
    assert answers == [2.0 * (size - 1) for size in sizes]
    assert len(layer._plans) == MAX_PLANS
    assert list(layer._plans)[-1] == ((2, 1), "float32")
    layer(np.ones((1, 3, 1), "float32"))
    layer(np.ones((1, 3, 1), "float32"))
    assert len(layer._plans) == MAX_PLANS


def _as(backend: str, array: Any, kind: str) -> Any:
    """Return the array as a native tensor of some kind."""
    made = registry.load(backend)
    if kind == "variable":
        return made.variable(array, "float32")
    if kind == "not-contiguous":
        flipped = made.asarray(np.ascontiguousarray(array.swapaxes(0, -1)), "float32")
        axes = (array.ndim - 1, *range(1, array.ndim - 1), 0) if array.ndim > 1 else (0,)
        return made.functions["transpose"](flipped, axes)
    return made.asarray(array, kind)


def _from_weights(layer: Any, weights: Any) -> Any:
    return type(layer)(2, 3, backend=layer.backend, weights=weights)


def _set(layer: Any, weights: Any) -> Any:
    layer.build((None, 8, 3))
    layer.set_weights(weights)
    return layer


def _set_in_a_model(layer: Any, weights: Any) -> Any:
    model = Sequential([layer], backend=layer.backend)
    model.build((None, 8, 3))
    model.set_weights(weights)
    return model


@pytest.mark.parametrize("give", [_from_weights, _set, _set_in_a_model])
@pytest.mark.parametrize("kind", ["variable", "bfloat16", "float16", "float32", "not-contiguous"])
def test_weights_may_be_native_tensors(
    give: Callable[[Any, Any], Any], kind: str, backend_name: str
) -> None:
    """Those of another layer, recording gradients or not, in any element type and layout."""
    kernel = np.arange(18, dtype="float32").reshape(3, 3, 2)
    bias = np.array([0.5, -2], "float32")
    given = [_as(backend_name, array, kind) for array in (kernel, bias)]
    for backend in {backend_name, "numpy"}:
        layer = give(layers.Conv1D(2, 3, backend=backend), given)
        if not layer.built:
            layer.build((None, 8, 3))
        found = layer.get_weights()
        assert [array.tolist() for array in found] == [kernel.tolist(), bias.tolist()]
        assert [array.dtype.name for array in found] == ["float32", "float32"]


def test_native_weights_are_copied_when_a_layer_is_made(backend_name: str) -> None:
    """A change of the tensor afterwards is not one of the layer."""
    backend = registry.load(backend_name)
    given = backend.variable(np.ones((1, 1, 1)), "float32")
    layer = layers.Conv1D(1, 1, use_bias=False, weights=[given], backend=backend_name)
    backend.assign(given, np.zeros((1, 1, 1)))
    layer.build((None, 3, 1))
    assert layer.get_weights()[0].tolist() == [[[1.0]]]


def test_cotangents_and_initial_values_may_be_native_tensors(backend_name: str) -> None:
    """A tensor that records gradients counts by its values."""
    if backend_name == "numpy":
        pytest.importorskip("autograd")
    backend = registry.load(backend_name)

    def twos(shape: Any, dtype: Any = None) -> Any:
        return backend.variable(np.full(shape, 2.0), "float32")

    layer = layers.Conv1D(1, 1, use_bias=False, kernel_initializer=twos, backend=backend_name)
    found = convdispatch.gradients(
        layer, np.ones((1, 2, 1), "float32"), backend.variable(np.full((1, 2, 1), 3.0), "float32")
    )
    assert found.inputs.ravel().tolist() == [6.0, 6.0]
