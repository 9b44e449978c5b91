"""`wrap`: a model as an object of its framework, with the model's own weights under their names.

Frameworks differ in what such an object is, so it is checked by its kind: a pair is a pure
function and a dictionary; an object is called, and lists its weights by `named_parameters` and
`named_buffers`, or by `weights` and `trainable_variables`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from convdispatch.conformance.case import Case, Check, Mismatch
from convdispatch.conformance.cases.drawn import key_of
from convdispatch.conformance.cases.stepping import require_values, values_of
from convdispatch.ops import Backend, Tensor

_X = np.array([[1.0, 2.0], [3.0, -1.0]])
_KERNEL, _MEAN = np.array([[1.0], [-2.0]]), np.array([0.5])
_KERNEL_PATH, _MEAN_PATH = "block/product/kernel", "block/mean"
_OUTPUT = np.array([[-3.5], [4.5]])


class _Plain:
    """A model that multiplies by a kernel, which is trained, and subtracts a mean, which is not."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.values: dict[str, Any] = {
            _KERNEL_PATH: backend.variable(_KERNEL, "float32"),
            _MEAN_PATH: backend.variable(_MEAN, "float32"),
        }

    def named_weights(self) -> Mapping[str, tuple[Tensor, bool]]:
        """Return the kernel, which is trained, and the mean, which is not."""
        return {path: (value, path == _KERNEL_PATH) for path, value in self.values.items()}

    def apply(self, weights: Mapping[str, Any], inputs: Any) -> Any:
        """Return the product less the mean."""
        product: Any = self.backend.functions["matmul"](inputs, weights[_KERNEL_PATH])
        return product - weights[_MEAN_PATH]

    def adopt(self, weights: Mapping[str, Any]) -> None:
        """Hold these."""
        self.values = dict(weights)


class _Centred(_Plain):
    """One that, in training, also multiplies by a random number and moves the mean by one."""

    def training(self, weights: Mapping[str, Any], inputs: Any, key: Any) -> Any:
        """Return what `apply` does, times a number from [0, 1), and another mean."""
        noise: Any = self.backend.random["uniform"](key, (), "float32")
        return self.apply(weights, inputs) * noise, {_MEAN_PATH: weights[_MEAN_PATH] + 1}


def cases(seed: int) -> Iterator[Case]:
    """Yield the cases of wrapped models; `seed` draws nothing."""
    for slug, check, claim, needs in _CHECKS:
        yield Case(
            id=f"wrap/contract/{slug}",
            level="contract",
            op="wrap",
            claim=claim,
            check=check,
            features=("wrap", "float32", *needs),
        )


def infers(backend: Backend) -> None:
    """Call the wrapped model for inference, twice."""
    wrapped = backend.wrap(_Plain(backend))
    for _ in range(2):
        output = _called(wrapped, _x(backend))
        require_values(backend, [output], [_OUTPUT], "float32", "the output")


def named(backend: Backend) -> None:
    """Compare the names of the weights, and of those that are trained, with the paths."""
    trained, others = _names(backend.wrap(_Plain(backend)))
    if (trained, others) != ({_KERNEL_PATH}, {_MEAN_PATH}):
        raise Mismatch(
            f"trained is {sorted(trained)}, kept is {sorted(others)}; expected "
            f"[{_KERNEL_PATH!r}] and [{_MEAN_PATH!r}]"
        )


def shares(backend: Backend) -> None:
    """Assign to the model's tensors; the wrapped model computes with the new numbers."""
    model = _Plain(backend)
    wrapped = backend.wrap(model)
    kernel = model.values[_KERNEL_PATH]
    assigned = backend.assign(kernel, 3 * _KERNEL)
    if assigned is not kernel:  # tensors do not change: there is nothing to share
        require_values(backend, [kernel], [_KERNEL], "float32", "the model's tensor")
        return
    output = _called(wrapped, _x(backend))
    require_values(backend, [output], [3 * (_OUTPUT + 0.5) - 0.5], "float32", "the output")


def is_differentiated(backend: Backend) -> None:
    """Differentiate the outputs' sum by the input and, where weights are given, by the weights."""
    wrapped = backend.wrap(_Plain(backend))
    total = backend.functions["sum"]

    def fn(tensors: Sequence[Any]) -> tuple[Any, None]:
        return total(_called(wrapped, tensors[0])), None

    _, gradients = backend.value_and_grad(fn)([_x(backend)])
    require_values(backend, gradients, [np.array([[1.0, -2.0]] * 2)], "float32", "the gradient")
    if not isinstance(wrapped, tuple):
        return
    apply, weights = wrapped

    def of_weights(tensors: Sequence[Any]) -> tuple[Any, None]:
        return total(apply(dict(zip(weights, tensors, strict=True)), _x(backend))), None

    _, gradients = backend.value_and_grad(of_weights)(list(weights.values()))
    wanted = [np.array([[4.0], [1.0]]), np.array([-2.0])]
    require_values(backend, gradients, wanted, "float32", "a weight's gradient")


def trains(backend: Backend) -> None:
    """Call the wrapped model for training: all outputs are multiplied, the mean has moved."""
    model = _Centred(backend)
    wrapped = backend.wrap(model)
    output, mean = _trained(backend, wrapped, model)
    require_values(backend, [mean], [_MEAN + 1], "float32", "the mean")
    (got,) = values_of(backend, [output])
    ratio = got / _OUTPUT
    if not (ratio.min() >= 0 and ratio.max() < 1 and abs(ratio.max() - ratio.min()) < 1e-5):
        raise Mismatch(f"the outputs are {got.tolist()}: not {_OUTPUT.tolist()} times a number")
    if not isinstance(wrapped, tuple):
        output = _called(wrapped, _x(backend))
        require_values(backend, [output], [_OUTPUT - 1], "float32", "the output afterwards")


def trains_plainly(backend: Backend) -> None:
    """Train a model that has no `training`: it computes by `apply`, and nothing is updated."""
    model = _Plain(backend)
    output, mean = _trained(backend, backend.wrap(model), model)
    require_values(backend, [output, mean], [_OUTPUT, _MEAN], "float32", "a result")


def _x(backend: Backend) -> Tensor:
    return backend.asarray(_X, "float32")


def _called(wrapped: Any, x: Any) -> Any:
    """Return the outputs for inference."""
    if isinstance(wrapped, tuple):
        apply, weights = wrapped
        return apply(weights, x)
    if hasattr(wrapped, "eval"):
        wrapped.eval()
    return wrapped(x)


def _trained(backend: Backend, wrapped: Any, model: _Plain) -> tuple[Any, Any]:
    """Return the outputs in training, and the mean that is kept afterwards."""
    if isinstance(wrapped, tuple):
        apply, weights = wrapped
        key = key_of(backend, (1, 2))
        output, updates = apply.training(weights, _x(backend), key)
        require_values(backend, [weights[_MEAN_PATH]], [_MEAN], "float32", "the mean given")
        return output, {**weights, **updates}[_MEAN_PATH]
    if hasattr(wrapped, "train"):
        wrapped.train()
        output = wrapped(_x(backend))
    else:
        output = wrapped(_x(backend), training=True)
    return output, model.values[_MEAN_PATH]


def _names(wrapped: Any) -> tuple[set[str], set[str]]:
    """Return the paths of the weights that a trainer may change, and of the others."""
    if isinstance(wrapped, tuple):
        apply, weights = wrapped
        trained = set(apply.trainable)
        return trained, set(weights) - trained
    if hasattr(wrapped, "named_parameters"):
        pairs = wrapped.named_parameters(), wrapped.named_buffers()
        first, second = ({name.replace(".", "/") for name, _ in each} for each in pairs)
        return first, second
    named = dict(wrapped.weights)
    trained = {
        path
        for path, value in named.items()
        if any(value is one for one in wrapped.trainable_variables)
    }
    return trained, set(named) - trained


_CHECKS: tuple[tuple[str, Check, str, tuple[str, ...]], ...] = (
    ("infers", infers, "A wrapped model computes what the model does.", ()),
    (
        "names",
        named,
        "Weights have the model's names, and are trainable where the model says so.",
        (),
    ),
    ("shares", shares, "The weights are the model's own tensors.", ()),
    ("gradients", is_differentiated, "A wrapped model can be differentiated.", ("gradients",)),
    (
        "training",
        trains,
        "In training, a wrapped model computes with `training` and keeps the updates.",
        ("random",),
    ),
    ("plain-training", trains_plainly, "A model without `training` is trained with `apply`.", ()),
)
