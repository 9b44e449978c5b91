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
        """Say whether a user's source of batches yields this process's rows alone."""

    def sum(self, tensor: Any) -> Any:
        """Return the sum over all parts, within a step; its gradient is the sum of theirs."""

    def average(self, tensors: list[Any]) -> list[Any]:
        """Return the mean of each tensor over all parts, within a step, without a gradient."""

    def value_and_grad(self, fn: Differentiable) -> Differentiated:
        """As `Backend.value_and_grad`, with the mean of the parts' gradients, by the engine."""

    def compile_step(self, step: PartialStep) -> PartialStep:
        """As `Backend.compile_step`, for the batch's rows that this process has, and their part.

        The step itself is called for each device's rows.
        """
