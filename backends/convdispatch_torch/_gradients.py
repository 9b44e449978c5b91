"""Gradients of functions of tensors: by autograd on the real parameters, or by torch.func.

torch.func computes with its own tensors, which no hook watches. So parameters that no other
derivative depends on are differentiated as `backward` does: their hooks are called, and those of
`DistributedDataParallel` and other reducers.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
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
        # Ourselves or torch.func may be differentiating the caller.
        is_inner = (
            getattr(_state, "is_differentiating", False)
            or torch._C._functorch.maybe_current_level() is not None
        )
        if torch.compiler.is_dynamo_compiling() or is_inner:
            return _functionally(fn, list(tensors))
        parameter = torch.nn.Parameter
        # A graph of the user's own may begin at a tensor that requires gradients, and goes on.
        if any(one.requires_grad and not isinstance(one, parameter) for one in tensors):
            held = [one.detach() if isinstance(one, parameter) else one for one in tensors]
            return _functionally(fn, held)
        if not torch.is_inference_mode_enabled():
            return _on_leaves(fn, tensors)
        with torch.inference_mode(False):  # whose tensors do not record what gradients need
            return _on_leaves(fn, tensors)

    return compute


def _functionally(fn: Differentiable, tensors: list[torch.Tensor]) -> Result:
    tree: Tree = None

    def flat(given: list[torch.Tensor]) -> tuple[Any, tuple[Any, ...]]:
        nonlocal tree
        value, tree = fn(given)
        leaves: list[Any] = []
        map_tree(leaves.append, tree)
        return value, tuple(leaves)

    gradients, (value, leaves) = torch.func.grad_and_value(flat, has_aux=True)(tensors)
    each = iter(leaves)
    return (value, map_tree(lambda _: next(each), tree)), gradients


def _on_leaves(fn: Differentiable, tensors: Sequence[torch.Tensor]) -> Result:
    leaves: list[torch.Tensor] = []
    known = set[int]()  # a tensor that is given twice has two gradients
    for tensor in tensors:
        is_known = id(tensor) in known
        known.add(id(tensor))
        if is_known or not tensor.requires_grad or tensor.is_inference():
            tensor = tensor.clone() if tensor.is_inference() else tensor
            tensor = tensor.detach().requires_grad_()
        leaves.append(tensor)
    value, aux = recorded(fn, leaves)
    if not value.requires_grad:
        gradients = [torch.zeros_like(leaf) for leaf in leaves]
    elif _is_watched(leaves):
        gradients = _accumulated(value, leaves)
    else:  # the parameters' `grad` is left alone: another thread may be using it
        found = torch.autograd.grad(value, leaves, allow_unused=True)
        gradients = [
            torch.zeros_like(leaf) if one is None else one
            for one, leaf in zip(found, leaves, strict=True)
        ]
        if len(set(map(id, gradients))) < len(gradients):  # of a sum, torch gives both the same
            gradients = _apart(gradients)
    return (value.detach(), map_tree(torch.Tensor.detach, aux)), gradients


def recorded(fn: Callable[[Any], Any], tensors: Any) -> Any:
    """Call the function for a derivative; derivatives inside of it are torch.func's."""
    _state.is_differentiating = True
    try:
        with torch.enable_grad():
            return fn(tensors)
    finally:
        _state.is_differentiating = False


def _apart(gradients: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    """Return the gradients, and a copy of each that came before."""
    known: dict[int, int] = {}
    for place, gradient in enumerate(gradients):
        known.setdefault(id(gradient), place)
    return [
        gradient if known[id(gradient)] == place else gradient.clone()
        for place, gradient in enumerate(gradients)
    ]


def _is_watched(leaves: Sequence[torch.Tensor]) -> bool:
    """Say whether a reducer or a hook waits for what is accumulated in `grad`."""
    is_distributed = torch.distributed.is_available() and torch.distributed.is_initialized()
    return is_distributed or any(
        getattr(leaf, "_post_accumulate_grad_hooks", None) for leaf in leaves
    )


def _accumulated(value: torch.Tensor, leaves: list[torch.Tensor]) -> list[torch.Tensor]:
    """Return the gradients as `backward` leaves them in `grad`, which is put back."""
    found = [torch.zeros_like(leaf) for leaf in leaves]
    with _accumulating:
        before = [leaf.grad for leaf in leaves]
        # A hook that updates the parameter takes its gradient away; this one comes before it.
        handles = [
            leaf.register_hook(  # type: ignore[no-untyped-call]  # torch's has no types
                lambda gradient, place=place: found.__setitem__(place, gradient)
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
    return found
