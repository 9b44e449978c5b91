"""A convdispatch model as a `torch.nn.Module`, for tools that only take modules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from convdispatch import kit
from convdispatch.errors import InvalidArgument
from convdispatch.ops import Model


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
        weight: Any
        for path, (weight, may_change) in model.named_weights().items():
            *groups, name = path.replace(".", "_").split("/")
            self._places.append((path, groups, name))
            group = self._made_group(path, groups)
            if may_change:
                if not isinstance(weight, torch.nn.Parameter):
                    weight = torch.nn.Parameter(weight)
                weight.requires_grad_()
                group.register_parameter(name, weight)
            else:
                group.register_buffer(name, weight.requires_grad_(False))
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
            if group is not self:  # `torch.nn.utils.prune` computes weights before each call
                for hook in group._forward_pre_hooks.values():
                    hook(group, ())
            weights[path] = getattr(group, name)
        return weights

    def _made_group(self, path: str, groups: Sequence[str]) -> torch.nn.Module:
        group: Any = self
        for part in groups:
            if part not in group._modules:
                if hasattr(group, part):
                    raise InvalidArgument(
                        f"a torch module has an attribute {part!r} of its own, so that no part of "
                        f"a weight's path may be called so; received {path!r}. Rename the layer."
                    )
                group.add_module(part, torch.nn.Module())
            group = group._modules[part]
        made: torch.nn.Module = group
        return made

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


def _lasting(weight: torch.Tensor) -> torch.Tensor:
    """Return the tensor or, where it was computed, a parameter with its values."""
    if weight.is_leaf:
        return weight
    return torch.nn.Parameter(weight.detach(), requires_grad=weight.requires_grad)


def _share_loaded(module: Any, incompatible_keys: Any) -> None:
    module._share()


class LayerModule(WrappedModel):
    """The module of a layer, whose `weights` are in the order of `get_weights`.

    They are parameters all of them; those of layers with `trainable=False` require no gradient.
    """

    model: kit.Numbered

    def __init__(self, model: kit.Numbered) -> None:
        super().__init__(model)
        self.weights = torch.nn.ParameterList(self._weights().values())
        for held, is_trainable in zip(self.weights, model.trainable, strict=True):
            held.requires_grad_(is_trainable)

    @property
    def layer(self) -> kit.HasWeights:
        """The layer, which computes with the module's parameters."""
        return self.model.layer


def as_module(layer: kit.HasWeights) -> LayerModule:
    """Return a module that computes as `layer` does and trains its weights.

    A layer that is not built yet is, where its input shape is known. Raises `InvalidArgument`
    where it is not, and for a layer of another backend.
    """
    return LayerModule(kit.numbered(layer, backend="torch", purpose="as_module"))
