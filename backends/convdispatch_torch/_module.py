"""A convdispatch layer or model as a `torch.nn.Module`, for what only takes modules.

`torch.export`, `torch.func.functional_call` and wrappers such as FSDP exchange a module's
parameters while it runs. A layer has references of its own to them, which no such tool sees; the
module therefore passes the exchange on to every torch function that the layer calls.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_map


class HasWeights(Protocol):
    """What `as_module` wraps: a built layer or model on this backend."""

    @property
    def weights(self) -> Sequence[Any]:
        """The native tensors that the callable computes with."""

    def __call__(self, *inputs: Any) -> Any:
        """Compute with them."""


class LayerModule(torch.nn.Module):
    """A module whose parameters are the weights of a layer, shared with it, not copied."""

    def __init__(self, layer: HasWeights) -> None:
        super().__init__()
        self.layer = layer
        self._originals = tuple(layer.weights)
        self.weights = torch.nn.ParameterList(self._originals)

    def forward(self, *inputs: Any) -> Any:
        """Call the layer with the parameters that the module has now."""
        exchanged = {
            id(original): current
            for original, current in zip(self._originals, self.weights, strict=True)
            if original is not current
        }
        if not exchanged:
            return self.layer(*inputs)
        with _Exchange(exchanged):
            return self.layer(*inputs)


def as_module(layer: HasWeights) -> LayerModule:
    """Return a module that computes as `layer` does and trains its weights.

    Build the layer first: the module takes the weights that it finds. They must be parameters of
    this backend, and the layer must keep them for as long as the module is used.
    """
    return LayerModule(layer)


class _Exchange(TorchFunctionMode):
    """Puts other tensors in the place of some in the arguments of every torch function."""

    def __init__(self, exchanged: dict[int, torch.Tensor]) -> None:
        super().__init__()
        self._exchanged = exchanged

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        new_args, new_kwargs = tree_map(self._current, (args, kwargs or {}))
        return func(*new_args, **new_kwargs)

    def _current(self, value: Any) -> Any:
        return self._exchanged.get(id(value), value)
