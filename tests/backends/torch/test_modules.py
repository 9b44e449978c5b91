"""`as_module`: a module and its layer have the same tensors, whatever torch does to the module."""

from __future__ import annotations

import copy
import importlib
import io
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import convdispatch
from convdispatch import Sequential, layers
from convdispatch.errors import InvalidArgument, InvalidShape, InvalidType

torch = pytest.importorskip("torch", reason="modules are torch's")
pytestmark = pytest.mark.skipif(
    "torch" not in convdispatch.available_backends(), reason="the torch backend is not installed"
)
X = np.array([[[1.0], [2.0], [3.0]]], "float32")


def layer(**options: Any) -> layers.Conv1D:
    """Make a built layer that doubles its input and adds one."""
    weights = [np.full((1, 1, 1), 2.0), np.ones(1)]
    return layers.Conv1D(1, 1, weights=weights, input_shape=(3, 1), backend="torch", **options)


def stack(**options: Any) -> Sequential:
    """Make a model of one such layer."""
    return Sequential([layer(**options)], backend="torch")


def wrapped(make: Callable[..., Any], **options: Any) -> Any:
    """Return the module of what is made."""
    from convdispatch_torch import as_module

    return as_module(make(**options))


def saved(module: Any) -> Any:
    """Return what torch.save writes and torch.load reads."""
    file = io.BytesIO()
    torch.save(module, file)
    file.seek(0)
    return torch.load(file, weights_only=False)


COPIES: dict[str, Callable[[Any], Any]] = {
    "deepcopy": copy.deepcopy,
    "pickle": lambda module: pickle.loads(pickle.dumps(module)),
    "save": saved,
}
MAKES = {"layer": layer, "model": stack}


def assert_shared(module: Any) -> None:
    """Assert that the module's parameters are the tensors that its layer computes with."""
    assert len(module.weights) == len(module.layer.variables) == 2
    for parameter, variable in zip(module.weights, module.layer.variables, strict=True):
        assert parameter is variable


def trained(module: Any) -> None:
    """Take one step of an optimizer: the bias, whose gradient is 3, becomes 1 - 3 = -2."""
    optimizer = torch.optim.SGD(module.parameters(), lr=1.0)
    module(torch.tensor(X)).sum().backward()
    optimizer.step()


@pytest.mark.parametrize("make", MAKES.values(), ids=MAKES)
@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_training_a_copy_trains_the_copy_s_layer(
    copied: Callable[[Any], Any], make: Callable[..., Any]
) -> None:
    """And not the original."""
    module = wrapped(make)
    twin = copied(module)
    assert_shared(twin)
    trained(twin)
    assert twin.layer.get_weights()[1].item() == -2
    assert module.layer.get_weights()[1].item() == 1
    assert twin.layer(X).ravel().tolist() == twin(torch.tensor(X)).ravel().tolist()
    assert module.layer(X).ravel().tolist() == [3, 5, 7]


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_a_module_in_a_module_is_copied_with_its_layer(copied: Callable[[Any], Any]) -> None:
    """Two modules of one layer still are of one, and a module of one's own too."""
    one = layer()
    from convdispatch_torch import as_module

    outer = torch.nn.Sequential(as_module(one), torch.nn.ReLU(), as_module(one))
    twin = copied(outer)
    assert twin[0].layer is twin[2].layer
    assert_shared(twin[0])
    assert_shared(twin[2])
    twin[0].weights[1].data.fill_(5.0)
    assert twin[2](torch.tensor(X)).ravel().tolist() == [7, 9, 11]
    assert one.get_weights()[1].item() == 1


def test_an_optimizer_that_is_copied_along_trains_the_copy() -> None:
    """Its parameters are the copies of the layer's variables, with or without a module."""
    one = layer()
    one.build((None, 3, 1))
    optimizer = torch.optim.SGD(one.trainable_weights, lr=1.0)
    twin, its_optimizer = copy.deepcopy((one, optimizer))
    twin(torch.tensor(X)).sum().backward()
    its_optimizer.step()
    assert twin.get_weights()[1].item() == -2
    assert one.get_weights()[1].item() == 1


class Own(torch.nn.Module):  # type: ignore[misc,name-defined] # torch may be absent
    """A user's module, which holds a layer and registers its variables by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = layer()
        self.layer.build((None, 3, 1))
        self.kernel, self.bias = self.layer.kernel, self.layer.bias


def test_a_module_of_one_s_own_is_copied_with_its_layer() -> None:
    """The parameters are the variables' copies."""
    twin = copy.deepcopy(Own())
    assert len(list(twin.parameters())) == 2
    assert (twin.kernel is twin.layer.kernel, twin.bias is twin.layer.bias) == (True, True)


def test_frozen_parameters_stay_frozen_in_a_copy() -> None:
    """`requires_grad` is the tensor's own."""
    module = wrapped(layer)
    module.requires_grad_(False)
    assert_shared(module)
    for copied in COPIES.values():
        twin = copied(module)
        assert_shared(twin)
        assert [variable.requires_grad for variable in twin.layer.variables] == [False, False]


@pytest.mark.parametrize("replaces", [False, True], ids=["in place", "new parameters"])
@pytest.mark.parametrize("make", MAKES.values(), ids=MAKES)
def test_the_layer_follows_the_module_s_element_type(
    make: Callable[..., Any], replaces: bool
) -> None:
    """Calls, gradients and get_weights have the new one."""
    module = wrapped(make)
    module(torch.tensor(X))
    torch.__future__.set_overwrite_module_params_on_conversion(replaces)
    try:
        module.double()
    finally:
        torch.__future__.set_overwrite_module_params_on_conversion(False)
    assert_shared(module)
    assert module.layer.get_weights()[0].dtype == np.float64
    x = torch.tensor(X, dtype=torch.float64)
    for compute in (module, module.layer):
        assert compute(x).dtype == torch.float64
        assert compute(x).ravel().tolist() == [3, 5, 7]
    assert module.layer(X).tolist() == [[[3.0], [5.0], [7.0]]]


def test_a_device_is_followed(  # there is one more on every machine: meta
) -> None:
    """`to` moves the layer's variables too."""
    module = wrapped(layer).to("meta")
    assert_shared(module)
    assert {variable.device.type for variable in module.layer.variables} == {"meta"}


@pytest.mark.parametrize("assign", [False, True])
@pytest.mark.parametrize("is_nested", [False, True])
def test_loaded_parameters_are_the_layer_s(assign: bool, is_nested: bool) -> None:
    """Also where `load_state_dict` replaces the tensors."""
    module = wrapped(layer)
    outer = torch.nn.Sequential(module) if is_nested else module
    state = {name: value.clone() + 1 for name, value in outer.state_dict().items()}
    outer.load_state_dict(state, assign=assign)
    assert_shared(module)
    assert module.layer(X).ravel().tolist() == [5, 8, 11]


def test_a_layer_that_is_not_built_is_built_by_its_module() -> None:
    """Where its input shape is stated."""
    unbuilt = layers.Conv1D(1, 1, input_shape=(3, 1), backend="torch")
    assert len(list(wrapped(lambda: unbuilt).parameters())) == 2
    assert unbuilt.built


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: layers.Conv1D(1, 1, name="c", backend="torch"),
            InvalidArgument,
            "'c' has no weights yet: build it or call it once before `as_module`",
        ),
        (
            lambda: Sequential([layers.Conv1D(1, 1)], name="m", backend="torch"),
            InvalidShape,
            "'m' does not know its input shape",
        ),
        (
            lambda: layers.Conv1D(1, 1, input_shape=(3, 1), backend="numpy"),
            InvalidArgument,
            r"takes layers and models of the backend 'torch'; .* `layer.to\('torch'\)`",
        ),
        (
            lambda: Sequential([layers.UpSampling1D(2)], backend="numpy"),
            InvalidArgument,
            r"takes layers and models of the backend 'torch'; .* `layer.to\('torch'\)`",
        ),
        (lambda: torch.nn.ReLU(), InvalidType, "must be a convdispatch layer .* received ReLU"),
    ],
    ids=["unbuilt layer", "unbuilt model", "other backend", "no weights", "no layer"],
)
def test_what_cannot_be_a_module_is_said(
    make: Callable[[], Any], error: type[Exception], message: str
) -> None:
    """In one sentence, with what to do."""
    with pytest.raises(error, match=message):
        wrapped(make)


def test_a_pruned_module_computes_its_weights_before_every_call() -> None:
    """The kernel 2, masked by 0, makes 0 * x + 1; two steps are taken."""
    module = wrapped(layer)
    prune: Any = importlib.import_module("torch.nn.utils.prune")
    prune.custom_from_mask(module.weights, "0", torch.zeros(1, 1, 1))
    for bias in (1, -2):
        assert module(torch.tensor(X)).ravel().tolist() == [bias] * 3
        trained(module)
        for parameter in module.parameters():
            parameter.grad = None
    module.double()
    assert module(torch.tensor(X, dtype=torch.float64)).ravel().tolist() == [-5] * 3
    assert [weight.item() for weight in module.layer.get_weights()] == [0, -5]


def test_a_parametrized_module_is_copied_with_what_it_computes() -> None:
    """And again, and changed in between; the layer can be trained and wrapped by itself."""
    module = wrapped(layer)
    torch.nn.utils.parametrizations.weight_norm(module.weights, "0")
    twin = copy.deepcopy(copy.deepcopy(module).double())
    twin.load_state_dict(twin.state_dict())
    twin = copy.deepcopy(twin)
    assert twin(torch.tensor(X, dtype=torch.float64)).ravel().tolist() == [3, 5, 7]
    assert [weight.item() for weight in twin.layer.get_weights()] == [2, 1]
    from convdispatch_torch import as_module

    alone: Any = as_module(copy.deepcopy(twin.layer)).float()
    assert_shared(alone)
    trained(alone)
    assert alone.layer.get_weights()[1].item() == -2
