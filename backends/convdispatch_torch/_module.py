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


class LayerModule(torch.nn.Module):
    """A module whose parameters are the weights of a layer, shared with it, not copied.

    Tools that exchange a module's parameters while it runs (`torch.export`, `functional_call`,
    sharding wrappers) are obeyed: the layer computes with those that the module has at the time.
    Those of layers with `trainable=False` require no gradient.

    Where torch puts other tensors in the place of the parameters (copies, pickles, `to`,
    `load_state_dict` with `assign`), the layer that belongs to the module gets these.
    """

    def __init__(self, layer: HasWeights) -> None:
        super().__init__()
        self.layer = layer
        self.weights = torch.nn.ParameterList(layer.weights)
        trainable = {id(weight) for weight in layer.trainable_weights}
        for weight in self.weights:
            weight.requires_grad_(id(weight) in trainable)
        self.register_load_state_dict_post_hook(  # type: ignore[no-untyped-call]  # torch's has no types
            _share_loaded
        )

    def forward(self, inputs: torch.Tensor) -> Any:
        """Apply the layer with the parameters that the module has now."""
        return self.layer.apply(list(self.weights), inputs)

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
        self.layer.adopt(list(self.weights))


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
