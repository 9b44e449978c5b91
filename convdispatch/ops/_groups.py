"""Several processes or devices that train one model, on the distribution engine of a framework."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from convdispatch.ops._trees import Differentiable, Differentiated, Tree


@dataclass(frozen=True, slots=True)
class Part:
    """The rows of a batch that are computed here: `start` to `stop` of `total`.

    `total` is None where nobody knows how many rows the others have.
    """

    start: int
    stop: int
    total: int | None

    @property
    def is_whole(self) -> bool:
        """Whether these are all rows of the batch."""
        return self.total == self.stop - self.start


# (variables, tensors of the batch's rows, other inputs, the part of the rows) -> as `Step`
PartialStep: TypeAlias = Callable[[Sequence[Any], Tree, Tree, Part | None], Any]


class Group(Protocol):
    """What `OptionalMethods.group` returns. Every process of the group makes the same calls.

    Data. Process `rank` of `size` reads its rows of each batch. A batch is divided among `parts`
    devices, by `kit.parts_of`, each process having as many of them; where it has fewer rows than
    parts, every device computes all of them.

    Semantics. With `is_divided` a step computes with its own rows alone, and the frontend calls
    `sum` wherever a number depends on the whole batch. Without, the framework divides the tensors
    of a whole batch, and a step never sees a part: the number of rows is then a multiple of
    `parts`, or the batch is not divided.

    A failure of another process is raised as `GroupFailed` within the engine's time limit.
    """

    rank: int
    size: int
    parts: int
    is_divided: bool

    def exchange(self, told: bytes) -> list[bytes]:
        """Return what each process told, by rank."""

    def begin(self, variables: Sequence[Any]) -> list[Any]:
        """Return the variables with the numbers of rank 0, as `compile_step` takes them."""

    def owns_rows(self, source: object) -> bool:
        """Say whether a user's source of batches yields this process's rows alone.

        Only a group with one part for each process may say so: these rows are its part.
        """

    def own_rows(self, source: object) -> Sequence[int]:
        """Return the numbers of these rows in the data, as such a source will yield them."""

    def sum(self, tensor: Any) -> Any:
        """Return the sum over all parts, within a step; its gradient is the sum of theirs."""

    def gather(self, tensor: Any, part: Part) -> Any:
        """Return the rows of all parts, in their order, within a step, without a gradient."""

    def average(self, tensors: list[Any]) -> list[Any]:
        """Return the mean of each tensor over all parts, within a step, without a gradient."""

    def value_and_grad(self, fn: Differentiable) -> Differentiated:
        """As `Backend.value_and_grad`, with the mean of the parts' gradients, by the engine."""

    def compile_step(self, step: PartialStep) -> PartialStep:
        """As `Backend.compile_step`, for the batch's rows that this process has, and their part.

        The step itself is called for each device's rows.
        """

    def sharded(self) -> ShardedGroup:
        """Return the same group with a part of each weight on each device, in place of all.

        Optional: an engine without this method keeps all weights on each device.
        """


class ShardedGroup(Group, Protocol):
    """A group each of whose devices keeps a part of each weight, and of the optimizer's state.

    The framework says which part, and gathers the others where a step needs them. A sharded weight
    is a native tensor with the weight's shape and element type: an optimizer computes with it by
    the backend's functions, and `compile_step` takes it.

    `begin` takes the optimizer's state: it shards what it is given whole, and returns a tensor
    that is sharded already as it is.
    """

    def shard(self, units: Sequence[Sequence[Any]], *, trained: Sequence[bool]) -> list[Any]:
        """Return the variables of all units, in order, sharded, with the numbers of rank 0.

        units: those of each layer, which computes with all of its weights at once.
        trained: of each variable whether a step differentiates by it.
        """

    def is_sharded(self, tensor: Any) -> bool:
        """Say whether a device has a part of the tensor alone."""

    def whole(self, tensors: Sequence[Any]) -> list[Any]:
        """Return variables with all numbers of these tensors, on every process."""

    def kept(self, tensor: Any) -> Any:
        """Return a variable with the numbers of a computed tensor, sharded as that is."""

    def within(self, compute: Callable[[], Any]) -> Any:
        """Return `compute()` of an evaluation, in which `of_unit` may be called."""

    def of_unit(
        self, function: Callable[..., Tree], weights: Sequence[Any], inputs: Sequence[Any]
    ) -> Tree:
        """Return `function(weights, *inputs)` by the whole weights; they are of one unit.

        It is called within a function of `value_and_grad` or of `within`.
        """

    def by_parts(
        self,
        rule: Callable[..., tuple[list[Any], Tree]],
        weights: Sequence[Any],
        gradients: Sequence[Any],
        slots: Tree,
        *numbers: Any,
    ) -> tuple[list[Any], Tree]:
        """Return `rule(weights, gradients, slots, *numbers)`, which moves each number alone.

        It returns new weights, and slots of the same names; the numbers are scalars.
        """
