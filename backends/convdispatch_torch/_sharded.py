"""The process group with a part of each weight in each process: FSDP2, by `fully_shard`.

A layer with many numbers is a unit: its weights are gathered for its own computation alone. All
others are of the root, whose weights are gathered once for a step. A sharded weight is the
`DTensor` that FSDP2 makes of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.distributed as dist
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor, Shard, distribute_tensor

from convdispatch.kit import map_tree
from convdispatch.ops import Differentiable, Differentiated, PartialStep, Step, Tree
from convdispatch_torch._gradients import recorded
from convdispatch_torch._group import TorchGroup, told_plainly

# From about so many numbers on, to gather a layer alone is worth a message of its own.
_LARGE = 2**18


class ShardedTorchGroup(TorchGroup):
    """The default process group, for one model of whose weights each process has a part."""

    def __init__(self, backend: Any) -> None:
        super().__init__(backend)
        kind = "cuda" if dist.get_backend() == "nccl" else "cpu"
        self._mesh = init_device_mesh(kind, (self.size,))
        self._root: Any = None
        self._places: dict[int, tuple[Any, int]] = {}  # of sharded weights, by their `id`

    def begin(self, variables: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        return [self._begun(one) for one in variables]

    def shard(
        self, units: Sequence[Sequence[torch.Tensor]], *, trained: Sequence[bool]
    ) -> list[torch.Tensor]:
        changes, found = iter(trained), list[Any]()
        of_root, apart = list[int](), list[tuple[Any, list[int]]]()  # places in `found`
        for variables in units:
            own = []
            for variable in super().begin(variables):
                is_trained = next(changes)
                if variable.ndim and (is_trained or variable.numel() >= _LARGE):
                    own.append(len(found))
                    variable = torch.nn.Parameter(variable.detach(), requires_grad=is_trained)
                found.append(variable)
            if sum(found[place].numel() for place in own) < _LARGE:
                of_root += own
                continue
            apart.append((self._sharded(_Unit([found[place] for place in own])), own))
            self._note(*apart[-1], found)
        self._root = _Unit([found[place] for place in of_root], [unit for unit, _ in apart])
        self._note(self._sharded(self._root), of_root, found)
        return found

    def is_sharded(self, tensor: Any) -> bool:
        return isinstance(tensor, DTensor)

    def whole(self, tensors: Sequence[Any]) -> list[Any]:
        with told_plainly():
            return [self._gathered(one) if isinstance(one, DTensor) else one for one in tensors]

    def kept(self, tensor: torch.Tensor) -> torch.Tensor:
        return torch.nn.Parameter(tensor.detach().clone(), tensor.is_floating_point())

    def within(self, compute: Callable[[], Any]) -> Any:
        root = self._root
        if root is None:  # all weights are whole
            return compute()
        try:
            return root(compute)
        finally:
            root.reshard()

    def of_unit(
        self, function: Callable[..., Tree], weights: Sequence[Any], inputs: Sequence[Any]
    ) -> Tree:
        places = [self._places.get(id(one)) for one in weights]

        def call(*given: Any) -> Tree:
            whole = [
                one if place is None else place[0].held[place[1]]
                for one, place in zip(weights, places, strict=True)
            ]
            return function(whole, *given)

        unit = next((place[0] for place in places if place is not None), self._root)
        return call(*inputs) if unit is self._root else unit(call, *inputs)

    def by_parts(
        self,
        rule: Callable[..., tuple[list[Any], Tree]],
        weights: Sequence[Any],
        gradients: Sequence[Any],
        slots: Tree,
        *numbers: Any,
    ) -> tuple[list[Any], Tree]:
        given = (list(weights), list(gradients), slots)
        new, new_slots = rule(*map_tree(_part, given), *numbers)
        pairs = zip(new, weights, strict=True)
        of_slots = [
            {name: _like(value, old[name]) for name, value in own.items()}
            for own, old in zip(new_slots, slots, strict=True)
        ]
        return [_like(value, weight) for value, weight in pairs], of_slots

    def value_and_grad(self, fn: Differentiable) -> Differentiated:
        def compute(tensors: Sequence[torch.Tensor]) -> Any:
            root: Any = self._root
            value, aux = recorded(root, lambda: fn(tensors))
            value.backward()
            gradients = [torch.zeros_like(t) if t.grad is None else t.grad for t in tensors]
            for tensor in tensors:
                tensor.grad = None
            return (value.detach(), map_tree(torch.Tensor.detach, aux)), gradients

        return compute

    def compile_step(self, step: PartialStep) -> PartialStep:
        def alike(variables: Sequence[Any], *inputs: Any) -> Any:
            new, result = step(variables, *inputs)
            pairs = zip(new, variables, strict=True)
            return [self._divided_as(value, variable) for value, variable in pairs], result

        return super().compile_step(alike)

    def _compiled(self, step: Step) -> Step:
        compiled: Step = self._backend.compiled_step(step, lambda one: _memory(_part(one)))
        return compiled

    def _begun(self, variable: torch.Tensor) -> torch.Tensor:
        if isinstance(variable, DTensor):
            return variable
        if not variable.ndim:
            return super().begin([variable])[0]
        with told_plainly():
            divided = distribute_tensor(variable.detach(), self._mesh, [self._placed(variable)])
        return torch.nn.Parameter(divided, variable.requires_grad)

    def _sharded(self, unit: Any) -> Any:
        return fully_shard(unit, mesh=self._mesh, shard_placement_fn=self._placed)

    def _placed(self, tensor: torch.Tensor) -> Shard:
        """Return along which axis a tensor is divided: the first that gives equal parts."""
        equal = (axis for axis, size in enumerate(tensor.shape) if size % self.size == 0)
        return Shard(next(equal, 0))

    def _note(self, unit: Any, places: Sequence[int], found: list[Any]) -> None:
        """Replace the weights of a unit by what FSDP2 has made of them."""
        for index, place in enumerate(places):
            found[place] = unit.held[index]
            self._places[id(found[place])] = unit, index

    def _gathered(self, tensor: Any) -> torch.Tensor:
        self._places.pop(id(tensor), None)
        if not self._places:
            self._root = None
        whole = tensor.full_tensor().detach()
        return torch.nn.Parameter(whole, whole.is_floating_point())

    def _divided_as(self, value: torch.Tensor, variable: torch.Tensor) -> torch.Tensor:
        """Return a value that each process has whole as its variable is divided."""
        if isinstance(value, DTensor) or not isinstance(variable, DTensor):
            return value
        return distribute_tensor(value, self._mesh, variable.placements, src_data_rank=None)


class _Unit(torch.nn.Module):
    """Weights that are gathered together, for a function that is called by `forward`."""

    def __init__(self, parameters: Sequence[Any], units: Sequence[Any] = ()) -> None:
        super().__init__()
        self.held = torch.nn.ParameterList(parameters)
        self.units = torch.nn.ModuleList(units)

    def forward(self, function: Callable[..., Tree], *inputs: Any) -> Tree:
        return map_tree(_own, function(*inputs))


class _Same(torch.autograd.Function):
    """The same numbers, in a tensor that is no view."""

    @staticmethod
    def forward(ctx: Any, tensor: torch.Tensor) -> torch.Tensor:
        return tensor.detach()

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
        return gradient


def _own(tensor: torch.Tensor) -> Any:
    # FSDP2 warns of views: it would miss what is written into them, which nothing is here.
    return tensor if getattr(tensor, "_base", None) is None else _Same.apply(tensor)  # type: ignore[no-untyped-call]


def _memory(tensor: torch.Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


def _part(tensor: Any) -> Any:
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor


def _like(part: torch.Tensor, whole: Any) -> Any:
    """Return the DTensor with this part, divided as another one is."""
    if not isinstance(whole, DTensor):
        return part
    mesh, placements = whole.device_mesh, whole.placements
    shape, stride = whole.shape, whole.stride()
    return DTensor.from_local(part, mesh, placements, run_check=False, shape=shape, stride=stride)
