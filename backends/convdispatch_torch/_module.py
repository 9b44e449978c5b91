"""A convdispatch layer or model as a `torch.nn.Module`, for what only takes modules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import torch

from convdispatch.errors import InvalidArgument, InvalidType
from convdispatch_torch._backend import backend


class HasWeights(Protocol):
    """What `as_module` wraps: a layer or a model on this backend."""

    backend: str

    @property
    def weights(self) -> Sequence[Any]:
        """The native tensors that it computes with."""

    @property
    def trainable_weights(self) -> Sequence[Any]:
        """Those of them that a trainer may change."""

    def ensure_built(self, purpose: str) -> None:
        """Make the weights if there are none."""

    def adopt(self, variables: Sequence[Any]) -> None:
        """Compute with these tensors from now on."""

    def apply(self, weights: Sequence[Any], inputs: Any) -> Any:
        """Compute with other weights."""


class _Weights(torch.nn.ParameterList):
    """A list whose call returns its tensors, for tools that compute them before each call."""

    def __call__(self) -> list[Any]:
        """Return the tensors; `torch.nn.utils.prune` has them computed by a hook of the call."""
        weights: list[Any] = (
            torch.nn.Module.__call__(self) if self._forward_pre_hooks else list(self)
        )
        return weights

    def forward(self) -> list[Any]:
        """Return the tensors that the list has now."""
        return list(self)


class LayerModule(torch.nn.Module):
    """A module whose parameters are the weights of a layer, shared with it, not copied.

    Tools that exchange a module's parameters while it runs (`torch.export`, `functional_call`,
    sharding wrappers) are obeyed: the layer computes with those that the module has at the time.
    Those of layers with `trainable=False` require no gradient.

    Where torch puts other tensors in the place of the parameters (copies, pickles, `to`,
    `load_state_dict` with `assign`), the layer that belongs to the module gets these. Where it
    computes a weight from others (pruning, weight norm and all parametrizations), it gets the
    values that the weight then has.
    """

    def __init__(self, layer: HasWeights) -> None:
        super().__init__()
        self.layer = layer
        self.weights = _Weights(layer.weights)
        trainable = {id(weight) for weight in layer.trainable_weights}
        for weight in self.weights:
            weight.requires_grad_(id(weight) in trainable)
        self.register_load_state_dict_post_hook(  # type: ignore[no-untyped-call]  # torch's has no types
            _share_loaded
        )

    def forward(self, inputs: torch.Tensor) -> Any:
        """Apply the layer with the parameters that the module has now."""
        return self.layer.apply(self.weights(), inputs)

    def __getstate__(self) -> dict[str, Any]:
        # The layer first: in a copy its variables' copies are then the parameters.
        return {"layer": self.layer, **vars(self)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)  # type: ignore[no-untyped-call]  # torch's has no types
        self._share()

    def _apply(self, fn: Callable[..., Any], recurse: bool = True) -> LayerModule:
        # What `to`, `double`, `cuda` and `share_memory` come down to.
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]  # torch's has no types
        self._share()
        return self

    def _share(self) -> None:
        self.layer.adopt([_lasting(weight) for weight in self.weights()])


def _lasting(weight: torch.Tensor) -> torch.Tensor:
    """Return the tensor or, where it was computed, a parameter with its values."""
    if weight.is_leaf:
        return weight
    return torch.nn.Parameter(weight.detach(), requires_grad=weight.requires_grad)


def _share_loaded(module: Any, incompatible_keys: Any) -> None:
    module._share()


def as_module(layer: HasWeights) -> LayerModule:
    """Return a module that computes as `layer` does and trains its weights.

    A layer that is not built yet is, where its input shape is known. Raises `InvalidArgument`
    where it is not, and for a layer of another backend.
    """
    if not (hasattr(layer, "adopt") and hasattr(layer, "backend")):
        raise InvalidType(
            "`layer` must be a convdispatch layer or a Sequential; received "
            f"{type(layer).__name__}."
        )
    if layer.backend != backend.name:
        raise InvalidArgument(
            f"`as_module` takes layers and models of the backend {backend.name!r}; received one "
            f"of {layer.backend!r}. Wrap `layer.to({backend.name!r})` instead."
        )
    layer.ensure_built("as_module")
    return LayerModule(layer)
