"""Run a problem's op on a backend: NumPy arrays in, NumPy arrays out.

Nothing here knows the right result; the oracle does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from convdispatch.numerics.problem import Problem
from convdispatch.ops import Backend, Differentiable, Op, Signature, Tensor, features
from convdispatch.runtime.registry import registry
from convdispatch.runtime.resolving import lower_resolved, resolve

Array: TypeAlias = npt.NDArray[Any]
Computes: TypeAlias = Callable[..., Tensor]


def lower(backend: Backend, op: Op, signature: Signature) -> Callable[..., Tensor]:
    """Lower the op as `dispatch.lower` does, also where the backend declares it unsupported.

    The caller has checked that before, and may want to know whether the case works anyway.
    """
    offered = registry.offer(backend, op, signature)
    return backend.lower(op, signature) if offered is None else offered


def plan(backend: Backend, problem: Problem) -> Callable[..., Tensor]:
    """Lower the problem's op for its shapes and element type."""
    return lower(backend, problem.op, problem.signature)


def resolved_plan(backend: Backend, problem: Problem) -> Callable[..., Tensor]:
    """Lower what `resolving` makes of the problem's op, as `dispatch.lower` does."""
    resolved = resolve(problem.op, problem.signature)
    return lower_resolved(resolved, partial(lower, backend), backend)


def tensors(backend: Backend, problem: Problem) -> list[Tensor]:
    """Return the problem's input and weights as the backend's own tensors."""
    return [backend.asarray(array, problem.dtype) for array in problem.arrays]


def run(backend: Backend, problem: Problem) -> Array:
    """Return what the backend computes."""
    result = plan(backend, problem)(*tensors(backend, problem))
    return np.asarray(backend.to_numpy(result))


def gradients(
    backend: Backend,
    problem: Problem,
    cotangent: Array,
    function: Callable[..., Tensor] | None = None,
) -> list[Array]:
    """Return the gradients of sum(op(*arrays) * cotangent), one for each array.

    `function` computes the op, unless it is what the backend's `lower` returns.
    """
    weighted = _weighted_sum(backend, problem, cotangent, function)
    differentiate = backend.value_and_grad(weighted)
    _, found = differentiate(tensors(backend, problem))
    return [np.asarray(backend.to_numpy(gradient)) for gradient in found]


def second_gradients(backend: Backend, problem: Problem, cotangent: Array) -> list[Array]:
    """Return the gradients of the squared norm of all that `gradients` returns."""
    differentiate = backend.value_and_grad(_weighted_sum(backend, problem, cotangent))
    total = backend.functions["sum"]

    def squared_norm(inputs: Sequence[Tensor]) -> tuple[Tensor, None]:
        _, found = differentiate(inputs)
        norms: list[Any] = [total(product(gradient, gradient)) for gradient in found]
        return sum(norms[1:], start=norms[0]), None

    _, found = backend.value_and_grad(squared_norm)(tensors(backend, problem))
    return [np.asarray(backend.to_numpy(gradient)) for gradient in found]


def accuracy(backend: Backend, problem: Problem) -> float:
    """Return the factor by which the backend declares its errors to exceed the bound; or 1."""
    entry = registry.entries().get(backend.name)
    if entry is None or entry.info is None:
        return 1.0
    declared = entry.info.capabilities.accuracy
    if not declared:
        return 1.0
    used = features(problem.op, problem.signature)
    return max((declared[name].factor for name in used if name in declared), default=1.0)


def product(a: Any, b: Any) -> Tensor:
    """Return a * b, which native tensors promise to support."""
    return a * b


def _weighted_sum(
    backend: Backend,
    problem: Problem,
    cotangent: Array,
    given: Callable[..., Tensor] | None = None,
) -> Differentiable:
    function, total = given or plan(backend, problem), backend.functions["sum"]
    weight = backend.asarray(cotangent, problem.dtype)
    return lambda inputs: (total(product(function(*inputs), weight)), None)
