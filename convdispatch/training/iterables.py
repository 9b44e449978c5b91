"""Batches from a user's own source: generators, sequences, loaders and data sets of frameworks.

An item is (x, y) or (x, y, sample weights), of arrays or of tensors of the model's backend. No
framework is imported here: its loaders are iterables like any other.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from convdispatch.engine.arguments import as_int
from convdispatch.errors import InvalidArgument, InvalidShape, InvalidType
from convdispatch.ops import Group, Part
from convdispatch.training.batches import Raw
from convdispatch.training.feeding import Feeder
from convdispatch.training.groups import Together
from convdispatch.training.passes import Passes
from convdispatch.training.queues import in_order, read_ahead
from convdispatch.training.streams import AS_THEY_ARE, Order, Stream

Parse: TypeAlias = Callable[[Any], Raw]


def is_iterable_of_batches(value: Any) -> bool:
    """Return whether an object other than an array yields batches or has them by number."""
    if isinstance(value, list | tuple | dict | str | bytes) or hasattr(value, "shape"):
        return False
    return hasattr(value, "__next__") or hasattr(value, "__iter__") or is_sequence(value)


def is_sequence(value: Any) -> bool:
    """Return whether an object has batches by number and says how many."""
    own = type(value)
    return hasattr(own, "__getitem__") and hasattr(own, "__len__") and not hasattr(value, "shape")


class Items:
    """The batches of an iterable, or of a generator, which does not begin again.

    `steps` and `samples` say how long an epoch is; None leaves it to the end of the iterable.
    """

    def __init__(
        self,
        source: Iterable[Any],
        parse: Parse,
        *,
        steps: int | None = None,
        samples: int | None = None,
        ahead: int = 0,
        name: str = "the generator",
        restarts: bool = False,
    ) -> None:
        self._name = name
        self._source, self._parse, self._ahead = source, parse, ahead
        self._wanted = steps
        self.steps = steps if steps is not None or samples is not None else _length(source)
        self.samples = samples
        self._going: Iterator[Any] | None = None
        self._begun = False
        self._passes: Passes | None = None
        self._group: Group | None = None  # where the source knows of its processes
        if steps is not None and not hasattr(source, "__next__"):
            self._passes = Passes(begin=self._pass, steps=steps, restarts=restarts)

    def divide(self, together: Together | None) -> None:
        """Take what a source that knows of the other processes yields for this one's rows.

        Any other yields whole batches, of which the step takes its rows.
        """
        if together is not None and together.group.owns_rows(self._source):
            self._parse, self._group = _as_own(self._parse), together.group

    def own_rows(self) -> Sequence[int] | None:
        """Return the numbers of the rows that such a source yields here, None for another one."""
        return None if self._group is None else self._group.own_rows(self._source)

    def epoch(self) -> Iterator[Raw]:
        """Yield the batches of the next epoch; raise if a generator ends before its last one."""
        if self._passes is not None:
            yield from map(self._parse, self._passes.epoch())
            return
        source = self._following()
        items = source if self.steps is None else itertools.islice(source, self.steps)
        count = seen = 0
        for item in items:
            raw = self._parse(item)
            size = int(raw.x[0].shape[0])
            if self.samples is not None:
                _require_samples(size)  # else the epoch might never end
            count, seen = count + 1, seen + size
            yield raw
            if self.samples is not None and seen >= self.samples:
                return
        wanted = self.samples if self.samples is not None else self._wanted
        found = seen if self.samples is not None else count
        if (wanted is not None and found < wanted) or (count == 0 and self._begun):
            what = "samples" if self.samples is not None else "batches"
            raise InvalidArgument(
                f"{self._name} ended after {found} {what} of the {wanted or 'next'} that an epoch "
                "must have. Give fewer steps, or a generator that goes on for ever."
            )
        self._begun = True

    def _following(self) -> Iterator[Any]:
        if not hasattr(self._source, "__next__"):
            return self._pass()
        if self._going is None:  # a generator, which goes on in the next epoch
            self._going = self._pass()
        return self._going

    def _pass(self) -> Iterator[Any]:
        return read_ahead(iter(self._source), self._ahead)

    def close(self) -> None:
        """Stop reading."""
        for one in (self._going, self._passes):
            close = getattr(one, "close", None)
            if close is not None:
                close()


class Numbered:
    """The batches of a `Sequence`, which has them by number, read by several threads."""

    def __init__(
        self,
        source: Any,
        parse: Parse,
        *,
        order: Order,
        steps: int | None = None,
        workers: int = 0,
        ahead: int = 10,
        repeats: bool = False,
        restarts: bool = False,
    ) -> None:
        self._source, self._parse, self._order = source, parse, order
        self._workers, self._ahead = workers, ahead
        self.steps = len(source) if steps is None else steps
        self.samples = None
        self._repeats = repeats
        self._passes: Passes | None = None
        if steps is not None:
            self._passes = Passes(
                begin=self._pass, steps=steps, repeats=repeats, restarts=restarts and not repeats
            )

    def divide(self, together: Together | None) -> None:
        """Take the batches in the order of all processes; the step takes its rows of each."""
        if together is not None:
            self._order = replace(self._order, agreed=together.of_rank_0)

    def own_rows(self) -> None:
        """Say that every process reads whole batches."""

    def epoch(self) -> Iterator[Raw]:
        """Yield the batches in the order of the epoch, then tell the source that it has ended."""
        items = self._pass() if self._passes is None else self._passes.epoch()
        yield from map(self._parse, items)
        if not self._repeats:
            self._tell()

    def _pass(self) -> Iterator[Any]:
        places = self._order.batches(len(self._source), 1)
        numbers = [int(rows.start if isinstance(rows, slice) else rows[0]) for rows in places]
        yield from in_order(self._source.__getitem__, numbers, self._workers, self._ahead)
        if self._repeats:  # as in Keras 2, whose sequences know no other end
            self._tell()

    def _tell(self) -> None:
        ended = getattr(self._source, "on_epoch_end", None)
        if ended is not None:
            ended()

    def close(self) -> None:
        """Read no more."""
        if self._passes is not None:
            self._passes.close()


def batches_of(
    source: Any,
    parse: Parse,
    *,
    steps: int | None = None,
    samples: int | None = None,
    ahead: int = 10,
    workers: int = 1,
    order: Order = AS_THEY_ARE,
    name: str = "the generator",
    repeats: bool = False,
    restarts: bool = False,
) -> Stream:
    """Return the batches that a generator yields, or that a `Sequence` has by number."""
    if not is_iterable_of_batches(source):
        raise InvalidType(
            "`generator` must yield batches (x, y): a generator, a `Sequence` or another iterable; "
            f"received a {type(source).__name__}."
        )
    count = None if steps is None else as_int(steps, "steps")
    if is_sequence(source):
        return Numbered(
            source,
            parse,
            order=order,
            steps=count,
            workers=workers,
            ahead=ahead,
            repeats=repeats,
            restarts=restarts,
        )
    most = ahead if workers else 0
    return Items(
        source,
        parse,
        steps=count,
        samples=samples,
        ahead=most,
        name=name,
        restarts=restarts,
    )


def require_steps(source: Any, steps: int | None, argument: str) -> None:
    """Raise if a source that cannot begin again does not say how many batches an epoch has."""
    if steps is None and hasattr(source, "__next__") and not is_sequence(source):
        raise InvalidArgument(
            f"{argument} must be given for a generator, which may never end and does not begin "
            "again; received None. Give the number, or a `Sequence`, which knows it."
        )


def _require_samples(size: int) -> None:
    if not size:
        raise InvalidShape("each batch must have at least one sample; received an empty one.")


def as_raw(feeder: Feeder) -> Parse:
    """Return the function from an item of a user's source to a batch of sources."""

    def parse(item: Any) -> Raw:
        parts = item if isinstance(item, tuple | list) else ()
        if len(parts) not in (2, 3):
            described = f"{len(parts)} parts" if parts else f"a {type(item).__name__}"
            raise InvalidType(
                f"each batch for {feeder.owner!r} must be a tuple (x, y) or (x, y, sample_weight); "
                f"received {described}."
            )
        raw = feeder.sources(*parts)
        _require_samples(int(raw.x[0].shape[0]))
        return raw

    return parse


def as_inputs(feeder: Feeder) -> Parse:
    """Return the function from an item to a batch of inputs alone; targets are left out."""

    def parse(item: Any) -> Raw:
        # A list is that of several inputs, but a loader of torch's has it for (x, y).
        is_longer = isinstance(item, list) and len(item) > len(feeder.inputs)
        is_batch = isinstance(item, tuple) or (is_longer and hasattr(item[0], "shape"))
        x = item[0] if is_batch and item else item
        return Raw(x=feeder.inputs_alone(x), y=[], weights=[])

    return parse


def _as_own(parse: Parse) -> Parse:
    """Return the function that says of each batch that its rows are one process's alone."""

    def parse_own(item: Any) -> Raw:
        raw = parse(item)
        return replace(raw, part=Part(0, int(raw.x[0].shape[0]), None))

    return parse_own


def _length(source: Any) -> int | None:
    """Return how many batches an iterable has, None if it does not say."""
    if hasattr(source, "__next__"):
        return None
    try:
        return len(source)
    except TypeError:  # an endless or an unknown number
        return None
