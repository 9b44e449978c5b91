"""The devices of a mesh with a part of each weight on each: a `NamedSharding` of every array.

XLA gathers a weight where a step computes with it, and adds up the parts of its gradient where they
are kept. A step is the same program as with whole weights.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from convdispatch.ops import Shape, Step, Tree
from convdispatch_jax._group import JaxGroup


class ShardedJaxGroup(JaxGroup):
    """The devices of a mesh, each of which keeps a part of each weight."""

    def __init__(self, backend: Any, mesh: Mesh) -> None:
        super().__init__(backend, mesh)
        self._gather = jax.jit(lambda array: array, out_shardings=self._same)

    def begin(self, variables: Sequence[jax.Array]) -> list[jax.Array]:
        return [self._begun(one) for one in variables]

    def shard(
        self, units: Sequence[Sequence[jax.Array]], *, trained: Sequence[bool]
    ) -> list[jax.Array]:
        return self.begin([variable for variables in units for variable in variables])

    def is_sharded(self, tensor: Any) -> bool:
        return not tensor.sharding.is_fully_replicated

    def whole(self, tensors: Sequence[jax.Array]) -> list[jax.Array]:
        return [self._gather(one) if self.is_sharded(one) else one for one in tensors]

    def kept(self, tensor: jax.Array) -> jax.Array:
        kept: jax.Array = jax.device_put(tensor, self._divided(tensor.shape), may_alias=False)
        return kept

    def within(self, compute: Callable[[], Any]) -> Any:
        return compute()

    def of_unit(
        self, function: Callable[..., Tree], weights: Sequence[Any], inputs: Sequence[Any]
    ) -> Tree:
        return function(weights, *inputs)

    def by_parts(
        self,
        rule: Callable[..., tuple[list[Any], Tree]],
        weights: Sequence[Any],
        gradients: Sequence[Any],
        slots: Tree,
        *numbers: Any,
    ) -> tuple[list[Any], Tree]:
        return rule(weights, gradients, slots, *numbers)

    def _compiled(self, step: Step) -> Step:
        """Return the step compiled for variables as they are divided, which are nearly always so.

        Another compilation is for weights that are whole, as in an evaluation after a training.
        """
        made: dict[Any, Any] = {}

        def run(variables: Sequence[Any], inputs: Tree) -> Any:
            divided = tuple(one.sharding for one in variables)
            if divided not in made:
                out = ([*divided], self._same)
                made[divided] = self._backend.compiled_step(step, out_shardings=out)
            return made[divided](variables, inputs)

        return run

    def _begun(self, variable: jax.Array) -> jax.Array:
        if len(variable.sharding.device_set) == self.parts and self.is_sharded(variable):
            return variable
        divided, begun = self._divided(variable.shape), variable
        if self.size == 1:
            begun = jax.device_put(variable, divided)
        else:
            told = self._of_rank_0(variable)
            make = jax.make_array_from_callback
            begun = make(told.shape, divided, lambda index: told[index])
        return begun

    def _divided(self, shape: Shape) -> NamedSharding:
        """Return how an array is divided: along the first axis that gives equal parts, if any."""
        equal = (axis for axis, size in enumerate(shape) if size and size % self.parts == 0)
        axis = next(equal, None)
        spec: Any = PartitionSpec  # which has no types
        if axis is None:
            return self._same
        return NamedSharding(self._mesh, spec(*[None] * axis, self._mesh.axis_names))
