"""A convdispatch model as a `torch.nn.Module`, for tools that only take modules."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import torch

from convdispatch.errors import InvalidArgument, InvalidType
from convdispatch.ops import Model
from convdispatch_torch._backend import backend


class _Group(torch.nn.Module):
    """The weights of a part of a path, in order, and further groups."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def forward(self) -> list[torch.Tensor]:
        """Return the tensors that the group has now."""
        return list(self)

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[torch.Tensor]:
        return (getattr(self, name) for name in self.names)

    def __getitem__(self, place: int) -> torch.Tensor:
        weight: torch.Tensor = getattr(self, self.names[place])
        return weight


class WrappedModel(torch.nn.Module):
    """A module that computes as a model does, with parameters and buffers that are the model's own.

    The weight 'block/conv/kernel' is `module.block.conv.kernel`: a parameter where a trainer may
    change it, a buffer where not. While the module is in training mode the model computes by its
    `training`, with a key that comes of torch's own generator, and the buffers get the updates.

    Tools that exchange a module's parameters while it runs (`torch.export`, `functional_call`,
    sharding wrappers) are obeyed: the model computes with those that the module has at the time.
    Where torch puts other tensors in the place of the parameters (copies, pickles, `to`,
    `load_state_dict` with `assign`), the model gets these. Where it computes a weight from others
    (pruning, weight norm and all parametrizations), it gets the values that the weight then has.
    """

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model = model
        self._places: list[tuple[str, list[str], str]] = []  # the path, its groups, its name
        for path, (weight, may_change) in model.named_weights().items():
            *groups, name = path.replace(".", "_").split("/")
            self._places.append((path, groups, name))
            _register(self._made_group(path, groups), name, weight, may_change)
        self.register_load_state_dict_post_hook(  # type: ignore[no-untyped-call]  # torch's has no types
            _share_loaded
        )

    def forward(self, inputs: Any) -> Any:
        """Apply the model with the weights that the module has now."""
        weights = self._weights()
        training = getattr(self.model, "training", None) if self.training else None
        if training is None:
            return self.model.apply(weights, inputs)
        device = next(iter(weights.values())).device if weights else None
        key = torch.randint(-(2**31), 2**31, (2,), dtype=torch.int32, device=device)
        outputs, updates = training(weights, inputs, key)
        with torch.no_grad():
            for path, value in updates.items():
                weights[path].copy_(value)
        return outputs

    def _weights(self) -> dict[str, torch.Tensor]:
        weights = {}
        for path, groups, name in self._places:
            group: Any = self
            for part in groups:
                group = getattr(group, part)
            if group._forward_pre_hooks and group is not self:
                group()  # `torch.nn.utils.prune` computes weights before each call
            weights[path] = getattr(group, name)
        return weights

    def _made_group(self, path: str, groups: Sequence[str]) -> torch.nn.Module:
        group: torch.nn.Module = self
        for part in groups:
            if part not in group._modules:
                if hasattr(group, part):
                    raise InvalidArgument(
                        f"a torch module has an attribute {part!r} of its own, so that no part of "
                        f"a weight's path may be called so; received {path!r}. Rename the layer."
                    )
                group.add_module(part, _Group())
            group = group._modules[part]  # type: ignore[assignment]  # not None, it was made
        return group

    def __getstate__(self) -> dict[str, Any]:
        # The model first: in a copy its variables' copies are then the parameters.
        return {"model": self.model, **vars(self)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)  # type: ignore[no-untyped-call]  # torch's has no types
        self._share()

    def _apply(self, fn: Callable[..., Any], recurse: bool = True) -> WrappedModel:
        # `to`, `double`, `cuda` and `share_memory` all call this method.
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]  # torch's has no types
        self._share()
        return self

    def _share(self) -> None:
        self.model.adopt({path: _lasting(weight) for path, weight in self._weights().items()})


def _register(group: torch.nn.Module, name: str, weight: Any, may_change: bool) -> None:
    if isinstance(group, _Group):
        group.names.append(name)
    if not may_change:
        group.register_buffer(name, weight.requires_grad_(False))
        return
    parameter = weight if isinstance(weight, torch.nn.Parameter) else torch.nn.Parameter(weight)
    parameter.requires_grad_()
    group.register_parameter(name, parameter)


def _lasting(weight: torch.Tensor) -> torch.Tensor:
    """Return the tensor or, where it was computed, a parameter with its values."""
    if weight.is_leaf:
        return weight
    return torch.nn.Parameter(weight.detach(), requires_grad=weight.requires_grad)


def _share_loaded(module: Any, incompatible_keys: Any) -> None:
    module._share()


class HasWeights(Protocol):
    """The object that `as_module` wraps: a layer or a model on this backend."""

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


class _Numbered:
    """A layer as a `Model` whose weights are named by their positions."""

    def __init__(self, layer: HasWeights) -> None:
        self.layer = layer

    def named_weights(self) -> dict[str, tuple[Any, bool]]:
        return {f"weights/{place}": (one, True) for place, one in enumerate(self.layer.weights)}

    def apply(self, weights: Mapping[str, Any], inputs: Any) -> Any:
        return self.layer.apply(list(weights.values()), inputs)

    def adopt(self, weights: Mapping[str, Any]) -> None:
        self.layer.adopt(list(weights.values()))


class LayerModule(WrappedModel):
    """The module of a layer, whose `weights` are in the order of `get_weights`.

    They are parameters all of them; those of layers with `trainable=False` require no gradient.
    """

    model: _Numbered

    def __init__(self, layer: HasWeights) -> None:
        super().__init__(_Numbered(layer))
        if not self._places:
            self.weights = _Group()
        trainable = {id(weight) for weight in layer.trainable_weights}
        for weight, held in zip(layer.weights, self._weights().values(), strict=True):
            held.requires_grad_(id(weight) in trainable)

    @property
    def layer(self) -> HasWeights:
        """The layer, which computes with the module's parameters."""
        return self.model.layer


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
