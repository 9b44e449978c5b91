"""Torch's own tools treat a layer's parameters like a `torch.nn.Conv1d`'s."""

from __future__ import annotations

import copy
import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from convdispatch import layers
from convdispatch.layers import Conv1D, Conv2D, Conv2DTranspose

torch = pytest.importorskip("torch")


@pytest.fixture(autouse=True)
def _torch_is_under_test(all_backends: tuple[str, ...]) -> None:
    if "torch" not in all_backends:
        pytest.skip("the backend 'torch' is not under test here")


# Small kernels, one of a single cell, and two of so many numbers that they are turned as matrices.
KINDS: dict[str, Callable[[], Any]] = {
    "conv1d": lambda: built(Conv1D(4, 3, backend="torch"), (None, 8, 5)),
    "conv2d": lambda: built(Conv2D(4, 3, backend="torch"), (None, 6, 6, 5)),
    "channels_first": lambda: built(
        Conv2D(4, 3, data_format="channels_first", backend="torch"), (None, 5, 6, 6)
    ),
    "groups": lambda: built(Conv2D(6, 3, groups=3, backend="torch"), (None, 6, 6, 9)),
    "pointwise": lambda: built(Conv2D(4, 1, strides=2, backend="torch"), (None, 6, 6, 5)),
    "conv3d": lambda: built(layers.Conv3D(4, 2, backend="torch"), (None, 4, 4, 4, 2)),
    "transpose": lambda: built(Conv2DTranspose(4, 3, backend="torch"), (None, 6, 6, 5)),
    "separable": lambda: built(layers.SeparableConv2D(4, 3, backend="torch"), (None, 6, 6, 5)),
    "depthwise": lambda: built(layers.DepthwiseConv2D(3, backend="torch"), (None, 6, 6, 5)),
    "many": lambda: built(Conv2D(32, 3, backend="torch"), (None, 6, 6, 32)),
    "many_transposed": lambda: built(Conv2DTranspose(32, 3, backend="torch"), (None, 6, 6, 32)),
    # For their values alone, without gradients, these are products of matrices.
    "deep": lambda: built(
        Conv2D(256, 3, strides=2, padding="same", activation="relu", backend="torch"),
        (None, 7, 7, 64),
    ),
    "deep_pointwise": lambda: built(Conv2D(256, 1, backend="torch"), (None, 12, 12, 64)),
}
EVERY_KIND = pytest.mark.parametrize("kind", KINDS)


def built(layer: Any, shape: tuple[int | None, ...]) -> Any:
    """Return the layer, built, with weights drawn for this test."""
    layer.build(shape)
    generator = np.random.default_rng(3)
    layer.set_weights([generator.normal(size=w.shape) for w in layer.get_weights()])
    return layer


def inputs(layer: Any, batch: int = 2) -> Any:
    """Return an input for the layer."""
    generator = np.random.default_rng(4)
    return torch.tensor(generator.normal(size=(batch, *layer.input_shape[1:])), dtype=torch.float32)


def loss(layer: Any) -> Any:
    """Return a loss that every weight is in."""
    return (layer(inputs(layer)) ** 2).mean()


def assert_computes_with(layer: Any, weights: list[Any]) -> None:
    """Each way to call the layer computes with these numbers: what NumPy computes with them."""
    reference = layer.to("numpy")
    reference.set_weights(weights)
    for batch in (1, 9):
        x = inputs(layer, batch)
        expected = reference(x.numpy())
        tolerance = {"rtol": 1e-4, "atol": 1e-4 * np.abs(expected).max()}
        np.testing.assert_allclose(layer(x).detach().numpy(), expected, **tolerance)
        with torch.inference_mode():
            np.testing.assert_allclose(layer(x).numpy(), expected, **tolerance)


@EVERY_KIND
def test_parameters_and_their_gradients_have_flat_views(kind: str) -> None:
    """`view(-1)` is a view of each parameter, of `.grad` and of what `autograd.grad` returns."""
    layer = KINDS[kind]()
    loss(layer).backward()
    found = torch.autograd.grad(loss(layer), layer.trainable_weights)
    for parameter, gradient in zip(layer.trainable_weights, found, strict=True):
        assert parameter.view(-1).data_ptr() == parameter.data_ptr()
        assert parameter.grad.view(-1).shape == gradient.view(-1).shape
        torch.testing.assert_close(parameter.grad, gradient)


@EVERY_KIND
def test_gradients_of_gradients_have_flat_views(kind: str) -> None:
    """As those that a Hessian times a vector is made of."""
    layer = KINDS[kind]()
    first = torch.autograd.grad(loss(layer), layer.trainable_weights, create_graph=True)
    flat = torch.cat([gradient.view(-1) for gradient in first])
    kernel = layer.trainable_weights[0]
    (second,) = torch.autograd.grad((flat**2).sum(), [kernel])
    assert second.view(-1).shape == (kernel.numel(),)


@EVERY_KIND
def test_gradients_of_functional_transforms_have_flat_views(kind: str) -> None:
    """`torch.func.grad` and a vmap over it give, for each sample, contiguous gradients."""
    layer = KINDS[kind]()
    weights = [weight.detach() for weight in layer.weights]

    def of_one(weights: list[Any], x: Any) -> Any:
        return (layer.apply(weights, x[None]) ** 2).mean()

    x = inputs(layer)
    each = torch.vmap(torch.func.grad(of_one), in_dims=(None, 0))(weights, x)
    summed = [gradient.sum(0) for gradient in each]
    for found, whole in zip(summed, torch.func.grad(of_one)(weights, x[0]), strict=True):
        assert found.view(-1).shape == whole.view(-1).shape
    expected = torch.autograd.grad(
        sum((layer(one[None]) ** 2).mean() for one in x), layer.trainable_weights
    )
    for found, wanted in zip(summed, expected, strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4)


@EVERY_KIND
def test_lbfgs_minimizes_what_a_layer_computes(kind: str) -> None:
    """It wants flat views of gradients; twenty steps of it make the mean square much smaller."""
    layer = KINDS[kind]()
    optimizer = torch.optim.LBFGS(layer.trainable_weights, line_search_fn="strong_wolfe")

    def closure() -> Any:
        optimizer.zero_grad()
        value = loss(layer)
        value.backward()
        return value

    before = float(closure().detach())
    optimizer.step(closure)
    assert float(loss(layer).detach()) < 0.5 * before


def _optimizers() -> dict[str, Callable[[Any], Any]]:
    names = ("SGD", "Adam", "AdamW", "Adagrad", "RMSprop", "Adadelta", "Adamax", "NAdam", "RAdam",
             "ASGD", "Rprop")  # fmt: skip
    plain = {name: lambda p, name=name: getattr(torch.optim, name)(p) for name in names}
    return plain | {
        "momentum": lambda p: torch.optim.SGD(p, momentum=0.9, nesterov=True),
        "foreach": lambda p: torch.optim.Adam(p, foreach=True),
        "fused": lambda p: torch.optim.Adam(p, fused=True),
        "fused_sgd": lambda p: torch.optim.SGD(p, momentum=0.9, fused=True),
        "fused_adagrad": lambda p: torch.optim.Adagrad(p, fused=True),
    }


@pytest.mark.parametrize("name", _optimizers())
@pytest.mark.parametrize("kind", ["conv2d", "many"])
def test_an_optimizer_steps_as_with_torchs_own_module(kind: str, name: str) -> None:
    """Three steps with a torch.nn.Conv2d of the same numbers give the same numbers."""
    layer = KINDS[kind]()
    *_, channels, filters = layer.kernel.shape
    module = torch.nn.Conv2d(channels, filters, 3)
    with torch.no_grad():
        module.weight.copy_(layer.kernel.permute(3, 2, 0, 1))
        module.bias.copy_(layer.bias)
    ours = _optimizers()[name](layer.trainable_weights)
    theirs = _optimizers()[name](module.parameters())
    x = inputs(layer)
    for _ in range(3):
        for optimizer, compute in (
            (ours, lambda: layer(x)),
            (theirs, lambda: module(x.permute(0, 3, 1, 2))),
        ):
            optimizer.zero_grad()
            (compute() ** 2).mean().backward()
            optimizer.step()
    kernel = module.weight.detach().permute(2, 3, 1, 0)
    torch.testing.assert_close(layer.kernel.detach(), kernel, rtol=1e-4, atol=1e-4)
    assert_computes_with(layer, [kernel.numpy(), module.bias.detach().numpy()])


def _set_by_vector(parameter: Any, value: Any) -> None:
    vector = torch.nn.utils.parameters_to_vector([parameter])
    assert vector.shape == (parameter.numel(),)
    torch.nn.utils.vector_to_parameters(value.reshape(-1), [parameter])


def _set_in_place(parameter: Any, value: Any) -> None:
    with torch.no_grad():
        parameter.copy_(value)


def _set_flat(parameter: Any, value: Any) -> None:
    with torch.no_grad():
        parameter.reshape(-1)[:] = value.reshape(-1)


def _set_by_numpy(parameter: Any, value: Any) -> None:
    parameter.detach().numpy()[...] = value.numpy()


def _set_storage(parameter: Any, value: Any) -> None:
    with torch.no_grad():
        parameter.set_(value.clone())


def _set_permuted(parameter: Any, value: Any) -> None:
    parameter.data = value.movedim(-1, 0).contiguous().movedim(0, -1)


# Ways to give a parameter new numbers, most of which torch does not count as a change.
WAYS: dict[str, Callable[[Any, Any], None]] = {
    "copy_": _set_in_place,
    "data.copy_": lambda p, v: p.data.copy_(v),
    "data=": lambda p, v: setattr(p, "data", v.clone()),
    "permuted data=": _set_permuted,
    "data.view": lambda p, v: p.data.view(-1).copy_(v.reshape(-1)),
    "reshape": _set_flat,
    "detach().numpy": _set_by_numpy,
    "set_": _set_storage,
    "vector_to_parameters": _set_by_vector,
    "storage": lambda p, v: p.untyped_storage().copy_(v.contiguous().untyped_storage()),
    "dlpack": lambda p, v: torch.from_dlpack(p.detach()).copy_(v),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ["conv2d", "many_transposed", "deep", "deep_pointwise"])
def test_the_latest_numbers_of_a_parameter_count(kind: str, way: str) -> None:
    """However they got there: no copy of older ones is used."""
    layer = KINDS[kind]()
    x = inputs(layer)
    with torch.inference_mode():
        layer(x)
    layer(x)
    generator = np.random.default_rng(5)
    values = [generator.normal(size=w.shape).astype("float32") for w in layer.get_weights()]
    for parameter, value in zip(layer.weights, values, strict=True):
        WAYS[way](parameter, torch.from_numpy(value))
    assert_computes_with(layer, values)


DEEP = {
    "same": {"padding": "same"},
    "strided": {"strides": (2, 1), "padding": "full"},
    "dilated": {"dilation_rate": (1, 2), "use_bias": False},
    "one_tap": {"kernel_size": 1, "strides": 2, "activation": "tanh"},
    "channels_first": {"data_format": "channels_first"},
}


@pytest.mark.parametrize("options", DEEP.values(), ids=DEEP)
def test_many_filters_of_few_cells_are_convolved_right(options: dict[str, Any]) -> None:
    """With and without gradients, of images that lie in memory in any way."""
    last = options.get("data_format") is None
    shape = (None, 6, 5, 128) if last else (None, 128, 6, 5)
    layer = built(Conv2D(**{"filters": 256, "kernel_size": 3, "backend": "torch"} | options), shape)
    assert_computes_with(layer, layer.get_weights())
    x = inputs(layer, 4)
    for odd in (x.transpose(1, 2).contiguous().transpose(1, 2), x[::2], x.flip(1)[1:]):
        expected = layer(odd).detach()
        with torch.inference_mode():
            torch.testing.assert_close(layer(odd), expected, rtol=1e-4, atol=1e-3)


def test_transforms_and_traces_in_inference_mode_are_of_the_ordinary_kind() -> None:
    """Torch can transform and trace every kernel of a computation without gradients."""
    from convdispatch_torch import as_module

    layer = KINDS["deep"]()
    x = inputs(layer, 4)
    expected = layer(x).detach()
    with torch.inference_mode():
        each = torch.vmap(lambda one: layer(one[None])[0])(x)
        with pytest.warns(DeprecationWarning, match="jit.trace"):
            traced = torch.jit.trace(as_module(layer), x)
        torch.compiler.reset()
        compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")
        for found in (each, traced(x), compiled(x)):
            torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-3)


def test_what_another_thread_writes_counts() -> None:
    """A write of one thread is seen by the next call of another."""
    import threading

    layer = KINDS["many"]()
    layer(inputs(layer))
    kernel, bias = layer.get_weights()
    writer = threading.Thread(target=lambda: layer.kernel.data.mul_(2))
    writer.start()
    writer.join()
    assert_computes_with(layer, [2 * kernel, bias])


@EVERY_KIND
def test_copies_of_parameters_have_flat_views_too(kind: str) -> None:
    """Deep copies, pickles, saved states, what is shared among processes, and clones."""
    layer = KINDS[kind]()
    for parameter in layer.weights:
        saved = io.BytesIO()
        torch.save(parameter, saved)
        saved.seek(0)
        copies = [copy.deepcopy(parameter), torch.load(saved)]
        assert {type(copied) for copied in copies} == {torch.nn.Parameter}
        copies += [parameter.clone(), torch.empty_like(parameter), parameter * 2]
        copies.append(parameter.detach().share_memory_())
        assert [c.view(-1).numel() for c in copies] == [parameter.numel()] * len(copies)


def test_utilities_for_gradients_and_modules_take_a_layer() -> None:
    """Clipping gradients, and loading the state of a module made of a layer."""
    from convdispatch_torch import as_module

    layer = KINDS["conv2d"]()
    loss(layer).backward()
    norm = torch.nn.utils.clip_grad_norm_(layer.trainable_weights, 1e-3)
    assert float(norm) > 1e-3
    total = torch.sqrt(sum((weight.grad**2).sum() for weight in layer.trainable_weights))
    assert float(total) == pytest.approx(1e-3, rel=1e-3)
    torch.nn.utils.clip_grad_value_(layer.trainable_weights, 1e-6)
    module = as_module(layer)
    state = {name: torch.ones_like(value) for name, value in module.state_dict().items()}
    module.load_state_dict(state)
    assert_computes_with(layer, [np.ones((3, 3, 5, 4)), np.ones(4)])


FIRST: dict[str, Callable[[Any, Any], Any]] = {
    "call": lambda layer, x: (layer(x), layer)[1],
    "build": lambda layer, x: (layer.build(x.shape), layer)[1],
    "copy": lambda layer, x: (layer.build(x.shape), copy.deepcopy(layer))[1],
    "to": lambda layer, x: (layer.build(x.shape), layer.to("torch"))[1],
}


@pytest.mark.parametrize("first", FIRST.values(), ids=FIRST)
@pytest.mark.parametrize("activation", ["linear", "softmax"])
def test_weights_made_in_inference_mode_can_be_trained(
    first: Callable[[Any, Any], Any], activation: Any
) -> None:
    """The loss sums the outputs of ones, so that the bias of a linear layer has the gradient 2."""
    layer = Conv2D(1, 1, kernel_initializer="ones", activation=activation, backend="torch")
    x = torch.ones(1, 1, 2, 1)
    with torch.inference_mode():
        layer = first(layer, x)
    layer(x).sum().backward()
    torch.optim.SGD(layer.weights, lr=1.0).step()
    expected = -2 if activation == "linear" else 0
    assert [w.item() for w in layer.get_weights()] == [1 + expected, expected]
