"""`Backend.wrap`: a model as an object of its framework, with the model's own weights."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from convdispatch.errors import InvalidArgument
from convdispatch.ops import Backend

X = np.array([[1.0, 2.0], [3.0, -1.0]])
KERNEL = np.array([[1.0], [-2.0]])


class Centred:
    """A model that multiplies by a kernel and subtracts a mean, which training moves by a step.

    In training it also multiplies by a number from [0, 1), of the key.
    """

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.values: dict[str, Any] = {
            "block/product/kernel": backend.variable(KERNEL, "float32"),
            "block/mean": backend.variable(np.array([0.5]), "float32"),
        }

    def named_weights(self) -> dict[str, tuple[Any, bool]]:
        """Return the kernel, which is trained, and the mean, which is not."""
        return {path: (value, path.endswith("kernel")) for path, value in self.values.items()}

    def apply(self, weights: Mapping[str, Any], inputs: Any) -> Any:
        """Return the product less the mean."""
        product = self.backend.functions["matmul"](inputs, weights["block/product/kernel"])
        return product - weights["block/mean"]

    def training(self, weights: Mapping[str, Any], inputs: Any, key: Any) -> Any:
        """Return what `apply` does, times a random number, and another mean."""
        noise: Any = self.backend.random["uniform"](key, (), "float32")
        moved = weights["block/mean"] + 1
        return self.apply(weights, inputs) * noise, {"block/mean": moved}

    def adopt(self, weights: Mapping[str, Any]) -> None:
        """Hold these."""
        self.values = dict(weights)


def x_of(backend: Backend) -> Any:
    """Return the input: the outputs are -3.5 and 4.5, their sum's slope [4, 1]."""
    return backend.asarray(X, "float32")


def tensors(name: str) -> Any:
    """Return the framework and its backend."""
    from convdispatch.registry import registry

    return pytest.importorskip(name, reason=f"the object is that of {name}"), registry.load(name)


@pytest.mark.parametrize("name", ["numpy", "jax"])
def test_a_function_and_a_dictionary(name: str) -> None:
    """NumPy's and JAX's users hold weights in a dictionary of their own."""
    framework, backend = tensors(name)
    apply, weights = backend.wrap(Centred(backend))
    assert list(weights) == ["block/product/kernel", "block/mean"]
    assert apply.trainable == {"block/product/kernel"}
    assert np.ravel(apply(weights, x_of(backend))).tolist() == [-3.5, 4.5]
    key = backend.asarray(np.array([1, 2]), "int32")
    outputs, updates = apply.training(weights, x_of(backend), key)
    assert list(updates) == ["block/mean"]
    assert np.asarray(updates["block/mean"]).tolist() == [1.5]
    noise = np.asarray(backend.random["uniform"](key, (), "float32"))
    np.testing.assert_allclose(np.ravel(outputs), np.array([-3.5, 4.5]) * noise, rtol=1e-6)
    assert np.asarray(weights["block/mean"]).tolist() == [0.5]
    if name == "jax":
        found = framework.grad(lambda w: framework.jit(apply)(w, x_of(backend)).sum())(weights)
        assert found["block/product/kernel"].ravel().tolist() == [4, 1]
        assert found["block/mean"].tolist() == [-2]


def test_a_module_of_torch() -> None:
    """Parameters and buffers by name, `training`, gradients, and updates of the buffers."""
    torch, backend = tensors("torch")
    model = Centred(backend)
    module = backend.wrap(model)
    assert [name for name, _ in module.named_parameters()] == ["block.product.kernel"]
    assert [name for name, _ in module.named_buffers()] == ["block.mean"]
    assert list(module.state_dict()) == ["block.mean", "block.product.kernel"]
    assert module.block.product.kernel is model.values["block/product/kernel"]
    assert module.block.mean is model.values["block/mean"]
    module.eval()
    module(x_of(backend)).sum().backward()
    assert module.block.product.kernel.grad.ravel().tolist() == [4, 1]
    assert module.block.mean.tolist() == [0.5]
    module.train()
    torch.manual_seed(1)
    first = module(x_of(backend))
    assert module.block.mean.tolist() == [1.5]
    module.block.mean.copy_(torch.tensor([0.5]))
    torch.manual_seed(1)
    assert torch.equal(module(x_of(backend)), first)
    ratio = first.detach().ravel() / torch.tensor([-3.5, 4.5])
    assert ratio[0].item() == pytest.approx(ratio[1].item(), rel=1e-6)
    assert 0 <= ratio[0].item() < 1


def test_a_module_of_torch_takes_its_model_along() -> None:
    """Copies, other element types and loaded weights are the model's own."""
    torch, backend = tensors("torch")
    module = backend.wrap(Centred(backend)).eval()
    twin = copy.deepcopy(module).double()
    state = {name: value + 1 for name, value in twin.state_dict().items()}
    twin.load_state_dict(state, assign=True)
    assert twin.model.values["block/product/kernel"] is twin.block.product.kernel
    assert twin.model.values["block/mean"] is twin.block.mean
    assert twin(torch.tensor(X)).ravel().tolist() == [2 - 2 - 1.5, 6 + 1 - 1.5]
    assert module(x_of(backend)).ravel().tolist() == [-3.5, 4.5]
    exported = torch.export.export(module, (x_of(backend),)).module()
    assert exported(x_of(backend)).ravel().tolist() == [-3.5, 4.5]
    moved = torch.func.functional_call(module, {"block.mean": torch.zeros(1)}, (x_of(backend),))
    assert moved.ravel().tolist() == [-3, 5]
    prune = __import__("torch.nn.utils.prune", fromlist=["prune"])
    prune.custom_from_mask(module.block.product, "kernel", torch.tensor([[1.0], [0.0]]))
    assert module(x_of(backend)).ravel().tolist() == [0.5, 2.5]


def test_a_part_of_a_path_that_torch_needs_itself_is_refused() -> None:
    """A layer called 'forward' would replace the module's own method."""
    _, backend = tensors("torch")
    model = Centred(backend)
    model.values = {"forward/kernel": backend.variable(KERNEL, "float32")}
    with pytest.raises(InvalidArgument, match=r"'forward' of its own.*'forward/kernel'.*Rename"):
        backend.wrap(model)


def test_a_module_of_tensorflow() -> None:
    """Variables by path, trainable or not, gradients, updates, and a checkpoint."""
    tf, backend = tensors("tensorflow")
    model = Centred(backend)
    module = backend.wrap(model)
    kernel, mean = model.values.values()
    assert dict(module.weights) == model.values
    assert [variable is kernel for variable in module.trainable_variables] == [True]
    assert [variable is mean for variable in module.non_trainable_variables] == [True]
    assert len(module.variables) == 2
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(module(x_of(backend)))
    assert tape.gradient(total, kernel).numpy().ravel().tolist() == [4, 1]
    assert mean.numpy().tolist() == [0.5]
    ratio = module(x_of(backend), training=True).numpy().ravel() / [-3.5, 4.5]
    assert ratio[0] == pytest.approx(ratio[1], rel=1e-6)
    assert 0 <= ratio[0] < 1
    assert mean.numpy().tolist() == [1.5]
    other = module(x_of(backend), training=True).numpy().ravel()[0] / -4.5
    assert other != pytest.approx(ratio[0], rel=1e-6)  # another key


def test_a_module_of_tensorflow_is_saved_with_its_weights(tmp_path: Any) -> None:
    """A checkpoint that is read gives the model's own variables their values."""
    tf, backend = tensors("tensorflow")
    path = tf.train.Checkpoint(backend.wrap(Centred(backend))).save(str(tmp_path / "weights"))
    model = Centred(backend)
    for value in model.values.values():
        value.assign(tf.zeros_like(value))
    restored = tf.train.Checkpoint(backend.wrap(model)).restore(path)
    restored.assert_existing_objects_matched()
    assert model.values["block/product/kernel"].numpy().ravel().tolist() == [1, -2]
    assert model.values["block/mean"].numpy().tolist() == [0.5]


@pytest.mark.parametrize("name", ["torch", "tensorflow", "jax", "numpy"])
def test_a_model_without_training_is_trained_by_its_apply(name: str) -> None:
    """A model without random numbers and state needs no second function."""
    _, backend = tensors(name)

    class Plain(Centred):
        training = None  # type: ignore[assignment]  # as a model that has none

    wrapped = backend.wrap(Plain(backend))
    if isinstance(wrapped, tuple):
        key = backend.asarray(np.array([1, 2]), "int32")
        outputs, updates = wrapped[0].training(wrapped[1], x_of(backend), key)
        assert updates == {}
    elif name == "torch":
        outputs = wrapped.train()(x_of(backend))
    else:
        outputs = wrapped(x_of(backend), training=True)
    assert np.ravel(backend.to_numpy(outputs)).tolist() == [-3.5, 4.5]


@pytest.mark.parametrize("name", ["torch", "tensorflow", "jax", "numpy"])
def test_a_sequential_model_is_wrapped_under_its_layers_names(name: str) -> None:
    """The weights are 'layer/weight'; a frozen layer's are not trained."""
    _, backend = tensors(name)
    from convdispatch import Sequential, layers
    from convdispatch.models.wrapping import wrap

    model = Sequential(
        [
            layers.Conv1D(1, 1, name="a", weights=[[[[2.0]]], [1.0]], input_shape=(3, 1)),
            layers.Conv1D(1, 1, name="b", weights=[[[[3.0]]]], use_bias=False, trainable=False),
        ],
        backend=name,
    )
    x = backend.asarray(np.array([[[1.0], [2.0], [3.0]]]), "float32")
    wrapped: Any = wrap(model)
    if isinstance(wrapped, tuple):
        apply, weights = wrapped
        assert list(weights) == ["a/kernel", "a/bias", "b/kernel"]
        assert apply.trainable == {"a/kernel", "a/bias"}
        outputs = apply(weights, x)
    else:
        outputs = wrapped(x)
    if name == "torch":
        assert [key for key, _ in wrapped.named_parameters()] == ["a.kernel", "a.bias"]
        assert [key for key, _ in wrapped.named_buffers()] == ["b.kernel"]
        outputs.sum().backward()
        assert wrapped.a.kernel.grad.item() == 3 * (1 + 2 + 3)
        wrapped.double()
        assert model.get_weights()[0].dtype == np.float64
    if name == "tensorflow":
        assert list(wrapped.weights) == ["a/kernel", "a/bias", "b/kernel"]
        assert len(wrapped.trainable_variables) == 2
    assert np.ravel(backend.to_numpy(outputs)).tolist() == [9, 15, 21]


@pytest.mark.parametrize("name", ["torch", "tensorflow", "jax", "numpy"])
def test_a_wrapped_model_keeps_its_statistics(name: str) -> None:
    """Told to train, it normalizes by the batch and stores the moving mean: 0.5 * 0 + 0.5 * 2."""
    _, backend = tensors(name)
    from convdispatch import Sequential, layers
    from convdispatch.models.wrapping import wrap

    norm = layers.BatchNormalization(momentum=0.5, epsilon=0.0, name="n", input_shape=(1,))
    model = Sequential([norm], backend=name)
    x = backend.asarray(np.array([[1.0], [3.0]]), "float32")
    wrapped: Any = wrap(model)
    if isinstance(wrapped, tuple):
        apply, weights = wrapped
        assert apply.trainable == {"n/gamma", "n/beta"}
        key = backend.asarray(np.array([1, 2]), "int32")
        outputs, updates = apply.training(weights, x, key)
        moved = updates["n/moving_mean"]
    else:
        outputs = wrapped.train()(x) if name == "torch" else wrapped(x, training=True)
        moved = model.variables[2]
    assert np.ravel(backend.to_numpy(outputs)).tolist() == [-1, 1]
    assert np.ravel(backend.to_numpy(moved)).tolist() == [1]
