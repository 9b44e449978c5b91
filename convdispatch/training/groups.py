"""A model and the group of processes or devices that train it: what they agree on, and their rows.

The engine is the framework's own: see `ops.Group`. What has to be the same everywhere, such as the
architecture and the seed, is compared before the first step; what a script leaves to chance, such
as the weights without a seed, is that of rank 0.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from convdispatch.errors import GroupFailed, InvalidArgument
from convdispatch.formulas import random
from convdispatch.kit import parts_of
from convdispatch.ops import Backend, Group, Part, PartialStep, ShardedGroup, Step
from convdispatch.training.batches import Batch, Raw
from convdispatch.training.reading import Rows, read
from convdispatch.training.sharded import as_asked

Array: TypeAlias = npt.NDArray[Any]

DONE = -2  # what rank 0 tells the others when it has ended what it does alone


class Together:
    """A group at the training of one model."""

    def __init__(self, group: Group) -> None:
        self.group = group
        # The same group, where each device has a part of each weight.
        own: Any = group
        self.sharded: ShardedGroup | None = own if hasattr(own, "shard") else None
        self.rank, self.size = group.rank, group.size
        self._is_followed = False  # whether the others wait for what this process needs

    def agree(self, facts: dict[str, Any]) -> None:
        """Raise `GroupFailed` on every process where one of these facts differs."""
        told = json.dumps(facts, default=repr, sort_keys=True).encode()
        all_facts = [json.loads(one) for one in self.group.exchange(told)]
        for name in facts:
            values = [one.get(name) for one in all_facts]
            for rank, value in enumerate(values):
                if value != values[0]:
                    raise GroupFailed(
                        f"the processes of this training must have the same {name}; rank 0 has "
                        f"{_short(values[0])}, rank {rank} has {_short(value)}. Run the same "
                        "script with the same arguments on all of them."
                    )

    def tell_failure(self, failed: Exception | None) -> None:
        """Raise what has failed here, or `GroupFailed` where another process has failed."""
        told = self.group.exchange(
            b"" if failed is None else f"{type(failed).__name__}: {failed}".encode()
        )
        if failed is not None:
            raise failed
        for rank, said in enumerate(told):
            if said:
                raise GroupFailed(
                    f"rank {rank} of this training has failed, so it cannot go on here. It said: "
                    f"{said.decode()}"
                )

    def of_rank_0(self, array: Array) -> Array:
        """Return the array as rank 0 has it."""
        if self.size == 1:
            return array
        told = self.group.exchange(np.ascontiguousarray(array).tobytes() if not self.rank else b"")
        found = np.frombuffer(told[0], array.dtype)
        return found.reshape(array.shape)

    def gathered(self, array: Array) -> Array:
        """Return the rows of all processes, in the order of their ranks."""
        if self.size == 1:
            return array
        told = self.group.exchange(np.ascontiguousarray(array).tobytes())
        rows = [np.frombuffer(one, array.dtype).reshape(-1, *array.shape[1:]) for one in told]
        return np.concatenate(rows)

    def whole(self, what: int, tensors: Sequence[Any]) -> Sequence[Any]:
        """Return tensors with all numbers, of which each device may have a part.

        what: their name to the processes that follow this one: `SLOTS`, or a layer's number.
        """
        if self.sharded is None:
            return tensors
        if self._is_followed:
            self._tell(what)
        return self.sharded.whole(tensors)

    def _tell(self, what: int) -> None:
        self.group.exchange(json.dumps(what).encode())

    def followed(self) -> Iterator[int]:
        """Yield what rank 0 needs, until it has ended what it does alone."""
        while (told := json.loads(self.group.exchange(b"")[0])) != DONE:
            yield told

    def lead(self, call: Callable[[], None]) -> None:
        """Call what this process does alone, while the others follow."""
        self._is_followed = True
        try:
            call()
        finally:
            self._is_followed = False
            self._tell(DONE)

    def part(self, total: int) -> Part:
        """Return which rows of a batch of so many this process reads."""
        group = self.group
        if total < group.parts or (not group.is_divided and total % group.parts):
            return Part(0, total, total)  # every device computes all of them
        each = group.parts // group.size
        parts = parts_of(total, group.parts)[group.rank * each : (group.rank + 1) * each]
        return Part(parts[0].start, parts[-1].stop, total)

    def rows(self, rows: Rows) -> tuple[Rows, Part]:
        """Return those of a batch's rows that this process reads, and which part they are."""
        if isinstance(rows, slice):
            part = self.part(rows.stop - rows.start)
            return slice(rows.start + part.start, rows.start + part.stop), part
        part = self.part(len(rows))
        return rows[part.start : part.stop], part

    def own_rows(self, raw: Raw, backend: Backend) -> Raw:
        """Return this process's rows of a batch that every process has, before it is converted."""
        rows, part = self.rows(slice(0, int(raw.x[0].shape[0])))

        def own(sources: Sequence[Any]) -> list[Any]:
            return [None if one is None else read(one, rows, backend) for one in sources]

        return Raw(x=own(raw.x), y=own(raw.y), weights=own(raw.weights), part=part)

    def own(self, batch: Batch) -> Batch:
        """Return this process's rows of a batch that every process has."""
        if batch.part is not None:
            return batch
        part = self.part(batch.size)

        def rows(values: Sequence[Any]) -> list[Any]:
            return [None if one is None else one[part.start : part.stop] for one in values]

        return Batch(
            x=rows(batch.x),
            y=rows(batch.y),
            weights=rows(batch.weights),
            size=batch.size,
            part=part,
        )

    def compiled(self, step: PartialStep) -> Step:
        """Return the step compiled by the engine, for inputs that have the batch's "part"."""
        run = self.group.compile_step(step)

        def run_part(variables: Sequence[Any], inputs: Any) -> Any:
            batch = {name: inputs[name] for name in ("x", "y", "weights") if name in inputs}
            others = {name: one for name, one in inputs.items() if name not in (*batch, "part")}
            return run(variables, batch, others, inputs["part"])

        return run_part

    def require_stateless(self, layers: Sequence[Any]) -> None:
        """Raise `InvalidArgument` for a state of each sample, which no device has a part of."""
        for layer in layers:
            if layer.carries_state:
                raise InvalidArgument(
                    f"{layer.name!r} keeps a state of each sample for the next batch, which "
                    f"{self.group.parts} devices cannot divide among them. Train it on one process."
                )

    def require_divisible(self, batch_size: int) -> None:
        """Raise `InvalidArgument` for a batch that the devices cannot have equal parts of."""
        parts = self.group.parts
        if batch_size % parts:
            below, above = batch_size // parts * parts, -(-batch_size // parts) * parts
            allowed = " or ".join(str(size) for size in (below, above) if size)
            raise InvalidArgument(
                f"`batch_size` is that of the whole batch, which {parts} devices divide among "
                f"them; received {batch_size}, which is no multiple of {parts}. Give {allowed}."
            )


def on_rank_0(together: Together | None, read: Callable[[], bytes]) -> bytes:
    """Return on every process what the function returns on rank 0, or raise what it raises there.

    The others may not see the file that it reads.
    """
    if together is None:
        return read()
    found, failed = b"", None
    if not together.rank:
        try:
            found = read()
        except Exception as exc:  # noqa: BLE001 - it is raised below
            failed = exc
    together.tell_failure(failed)
    return together.group.exchange(found)[0]


def together(backend: Backend, variables: Sequence[Any]) -> Together | None:
    """Return the group that trains a model of these variables, None for this process alone."""
    found = with_whole_weights(backend, variables)
    return None if found is None else Together(as_asked(found.group, backend.name))


def with_whole_weights(backend: Backend, variables: Sequence[Any]) -> Together | None:
    """Return the group that computes by whole weights, None for this process alone."""
    find = getattr(backend, "group", None)
    group = None if find is None else find(variables)
    return None if group is None else Together(group)


def facts_of(layers: Sequence[Any], optimizer: Any, names: Sequence[str]) -> dict[str, Any]:
    """Return what the processes of a training must have in common, short enough to be sent."""
    weights = [
        [list(weight.public_shape), layer.dtype, weight.trainable]
        for layer in layers
        for weight in layer.declared_weights
    ]
    config = [[type(layer).__name__, _config(layer)] for layer in layers]
    return {
        "kind and number of layers": [type(layer).__name__ for layer in layers],
        "shapes of weights": weights,
        "arguments of layers (their hash)": _hash(config),
        "optimizer": [type(optimizer).__name__, _hash(_config(optimizer))],
        "losses and metrics": list(names),
        "seed (that of `set_random_seed`)": random.stated_seed(),
    }


def _config(one: Any) -> Any:
    try:
        config = one.get_config()
    except (AttributeError, NotImplementedError):
        return None
    return {name: value for name, value in config.items() if name != "name"}


def _hash(value: Any) -> str:
    # The type alone of what JSON has no word for: its `repr` may hold an address.
    text = json.dumps(value, default=lambda one: type(one).__name__, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 200 else f"{text[:200]}..."
