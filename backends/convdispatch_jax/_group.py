"""The devices and processes of JAX that train one model: `jax.sharding` divides the batch.

A step is the program of the whole batch. XLA divides it among the devices of a mesh, and adds up
what goes over the batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from convdispatch.errors import InvalidArgument
from convdispatch.kit import group_failure, map_tree
from convdispatch.ops import Differentiable, Differentiated, Part, PartialStep, Step, Tree


def joined(backend: Any) -> JaxGroup | None:
    """Return the devices of the mesh that a script has set, or those of all processes."""
    mesh = jax.sharding.get_mesh()
    if mesh.empty:
        if jax.process_count() == 1:
            return None
        mesh = Mesh(np.array(jax.devices()), ("batch",), axis_types=(AxisType.Auto,))
    if mesh.size == 1:
        return None
    if any(kind != AxisType.Auto for kind in mesh.axis_types):
        raise InvalidArgument(
            f"a mesh to train on must leave the division of a program to the compiler; received "
            f"axes of the types {', '.join(kind.name for kind in mesh.axis_types)}. Make it by "
            "`jax.make_mesh((2,), ('batch',), axis_types=(jax.sharding.AxisType.Auto,))`."
        )
    return JaxGroup(backend, mesh)


class JaxGroup:
    """The devices of a mesh, each of which computes with its rows of a batch."""

    is_divided = False

    def __init__(self, backend: Any, mesh: Mesh) -> None:
        self.rank, self.size, self.parts = jax.process_index(), jax.process_count(), mesh.size
        self._backend = backend
        spec: Any = PartitionSpec  # which has no types
        self._mesh, self._same = mesh, NamedSharding(mesh, spec())
        self._rows = NamedSharding(mesh, spec(mesh.axis_names))

    def exchange(self, told: bytes) -> list[bytes]:
        if self.size == 1:
            return [told]
        lengths = self._gathered(np.array([len(told)], np.int32)).reshape(-1)
        padded = np.zeros(int(lengths.max()) or 1, np.uint8)
        padded[: len(told)] = np.frombuffer(told, np.uint8)
        rows = self._gathered(padded).reshape(self.size, -1)
        return [row[:length].tobytes() for row, length in zip(rows, lengths, strict=True)]

    def begin(self, variables: Sequence[jax.Array]) -> list[jax.Array]:
        if self.size == 1:
            return [jax.device_put(one, self._same) for one in variables]
        found = []
        for one in variables:  # one by one: no second copy of all of them
            found.append(self._placed(self._of_rank_0(one), self._same))
        return found

    def sharded(self) -> Any:
        from convdispatch_jax._sharded import ShardedJaxGroup

        return ShardedJaxGroup(self._backend, self._mesh)

    def owns_rows(self, source: object) -> bool:
        return False

    def own_rows(self, source: object) -> Sequence[int]:
        return ()

    def sum(self, tensor: Any) -> Any:
        return tensor  # that of the whole batch already

    def gather(self, tensor: Any, part: Part) -> Any:
        return tensor

    def average(self, tensors: list[Any]) -> list[Any]:
        return tensors

    def value_and_grad(self, fn: Differentiable) -> Differentiated:
        gradients: Differentiated = self._backend.value_and_grad(fn)
        return gradients

    def compile_step(self, step: PartialStep) -> PartialStep:
        def whole(variables: Sequence[Any], inputs: Tree) -> Any:
            batch, others = inputs
            return step(variables, batch, others, None)

        run = self._compiled(whole)

        def run_part(variables: Sequence[Any], batch: Tree, others: Tree, part: Any) -> Any:
            sharding = self._same if self._is_for_all(part) else self._rows
            batch = map_tree(lambda rows: self._placed(rows, sharding), batch)
            if self.size > 1:
                others = map_tree(lambda one: self._placed(one, self._same), others)
            try:
                return run(list(variables), (batch, others))
            except jax.errors.JaxRuntimeError as exc:
                raise group_failure(exc) from exc

        return run_part

    def _compiled(self, step: Step) -> Step:
        run: Step = self._backend.compiled_step(step, out_shardings=self._same)
        return run

    def _of_rank_0(self, variable: jax.Array) -> Any:
        told: Any = multihost_utils.broadcast_one_to_all(np.asarray(variable))
        return np.asarray(told, variable.dtype)

    def _is_for_all(self, part: Part) -> bool:
        assert part.total is not None  # no source owns its rows here
        return bool(part.total % self.parts)

    def _placed(self, value: Any, sharding: NamedSharding) -> Any:
        own = getattr(value, "sharding", None)
        if own == sharding or (self.size > 1 and own is not None and not own.is_fully_addressable):
            return value
        if self.size == 1:
            return jax.device_put(value, sharding)
        make: Any = jax.make_array_from_process_local_data
        return make(sharding, np.asarray(value))

    def _gathered(self, array: Any) -> Any:
        try:
            return np.asarray(multihost_utils.process_allgather(array))
        except (jax.errors.JaxRuntimeError, RuntimeError) as exc:
            raise group_failure(exc) from exc
