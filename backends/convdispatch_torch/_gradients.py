"""Gradients of functions of tensors: by autograd on the real parameters, or by torch.func.

torch.func computes with its own tensors, which no hook watches. So parameters that no other
derivative depends on are differentiated as `backward` does: their hooks are called, and those of
`DistributedDataParallel` and other reducers.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from convdispatch.kit import map_tree
from convdispatch.ops import Differentiable, Differentiated, Tree

Result = tuple[tuple[torch.Tensor, Tree], list[torch.Tensor]]

_state = threading.local()  # of each thread: whether it is in a function that is differentiated
_accumulating = threading.RLock()  # held while code uses the parameters' `grad`
os.register_at_fork(after_in_child=lambda: globals().update(_accumulating=threading.RLock()))


def value_and_grad(fn: Differentiable) -> Differentiated:
    """Return `compute(tensors) -> ((scalar, aux), gradients)`."""

    def compute(tensors: Sequence[torch.Tensor]) -> Result:
        if torch.compiler.is_dynamo_compiling() or _is_inner():
            return _functionally(fn, list(tensors))
        if all(map(_is_at_the_end, tensors)):
            return _on_leaves(fn, tensors)
        return _functionally(fn, [_without_graph(tensor) for tensor in tensors])

    return compute


def _is_inner() -> bool:
    """Say whether somebody differentiates the caller, ourselves or torch.func."""
    is_ours: bool = getattr(_state, "is_differentiating", False)
    return is_ours or torch._C._functorch.maybe_current_level() is not None


def _is_at_the_end(tensor: torch.Tensor) -> bool:
    """Say whether no graph of a user's own goes through the tensor.

    One may begin at a tensor that requires gradients; parameters always do, and are the end.
    """
    return isinstance(tensor, torch.nn.Parameter) or not tensor.requires_grad


def _without_graph(tensor: torch.Tensor) -> torch.Tensor:
    # A Parameter would have autograd record this gradient too.
    return tensor.detach() if isinstance(tensor, torch.nn.Parameter) else tensor


def _functionally(fn: Differentiable, tensors: list[torch.Tensor]) -> Result:
    aux: Tree = None  # with the places of the tensors in the place of the tensors

    def flat(given: list[torch.Tensor]) -> tuple[Any, tuple[Any, ...]]:
        nonlocal aux
        value, tree = fn(given)
        found: list[Any] = []

        def placed(tensor: Any) -> int:
            found.append(tensor)
            return len(found) - 1

        aux = map_tree(placed, tree)
        return value, tuple(found)

    gradients, (value, found) = torch.func.grad_and_value(flat, has_aux=True)(tensors)
    return (value, map_tree(lambda place: found[place], aux)), gradients


def _on_leaves(fn: Differentiable, tensors: Sequence[torch.Tensor]) -> Result:
    # Gradients work in inference mode too, whose tensors do not record what gradients need.
    with torch.inference_mode(False), torch.enable_grad(), _differentiating():
        leaves: list[torch.Tensor] = []
        for tensor in tensors:
            is_watched = tensor.requires_grad and not tensor.is_inference()
            is_known = any(tensor is leaf for leaf in leaves)
            leaves.append(tensor if is_watched and not is_known else _new_leaf(tensor))
        value, aux = fn(leaves)
    with torch.inference_mode(False):
        gradients = _gradients(value, leaves)
    return (value.detach(), map_tree(torch.Tensor.detach, aux)), gradients


def _new_leaf(tensor: torch.Tensor) -> torch.Tensor:
    held = tensor.detach()
    return (held.clone() if held.is_inference() else held).requires_grad_()


@contextmanager
def _differentiating() -> Iterator[None]:
    _state.is_differentiating = True
    try:
        yield
    finally:
        _state.is_differentiating = False


def _gradients(value: torch.Tensor, leaves: list[torch.Tensor]) -> list[torch.Tensor]:
    if not value.requires_grad:
        return [torch.zeros_like(leaf) for leaf in leaves]
    if _is_distributed() or any(map(_has_accumulation_hooks, leaves)):
        return _accumulated(value, leaves)
    # The parameters' `grad` is left alone: another thread may be using it.
    return list(torch.autograd.grad(value, leaves, allow_unused=True, materialize_grads=True))


def _is_distributed() -> bool:
    return torch.distributed.is_available() and torch.distributed.is_initialized()


def _has_accumulation_hooks(leaf: torch.Tensor) -> bool:
    return bool(getattr(leaf, "_post_accumulate_grad_hooks", None))


def _accumulated(value: torch.Tensor, leaves: list[torch.Tensor]) -> list[torch.Tensor]:
    """Return the gradients as `backward` leaves them in `grad`, which is put back."""
    found: dict[int, torch.Tensor] = {}
    with _accumulating:
        before = [leaf.grad for leaf in leaves]
        # A hook that updates the parameter takes its gradient away; this one comes before it.
        handles = [
            leaf.register_hook(  # type: ignore[no-untyped-call]  # torch's has no types
                lambda gradient, place=place: found.update({place: gradient})
            )
            for place, leaf in enumerate(leaves)
        ]
        try:
            for leaf in leaves:
                leaf.grad = None
            torch.autograd.backward(value, inputs=leaves)
            for place, leaf in enumerate(leaves):
                if leaf.grad is not None:  # a reducer's view changes with the next gradient
                    found[place] = leaf.grad.clone() if leaf.grad._is_view() else leaf.grad
        finally:
            for handle, leaf, gradient in zip(handles, leaves, before, strict=True):
                handle.remove()
                leaf.grad = gradient
    return [
        found[place] if place in found else torch.zeros_like(leaf)
        for place, leaf in enumerate(leaves)
    ]
