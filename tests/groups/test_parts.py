"""The rows of a batch that each process reads: together all of them, each once."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convdispatch.errors import GroupFailed, InvalidArgument
from convdispatch.kit import parts_of
from convdispatch.training.groups import Together


class Processes:
    """A group of processes of which none is started; each tells what `told` says."""

    def __init__(self, rank: int, size: int, *, devices: int = 1, is_divided: bool = True) -> None:
        self.rank, self.size, self.parts = rank, size, size * devices
        self.is_divided = is_divided
        self.told: list[bytes] = []

    def exchange(self, told: bytes) -> list[bytes]:
        """Return what all processes say."""
        return self.told or [told] * self.size


@settings(max_examples=60, derandomize=True, deadline=None)
@given(total=st.integers(0, 60), count=st.integers(1, 9))
def test_parts_are_neighbours_and_nearly_equal(total: int, count: int) -> None:
    """All rows once, sizes that differ by one at most; all of them for each where they are few."""
    parts = parts_of(total, count)
    rows = [list(range(part.start, part.stop)) for part in parts]
    if total < count:
        assert rows == [list(range(total))] * count
        return
    assert [*itertools.chain(*rows)] == list(range(total))
    assert max(map(len, rows)) - min(map(len, rows)) <= 1


@settings(max_examples=60, derandomize=True, deadline=None)
@given(
    samples=st.integers(1, 50),
    batch=st.integers(1, 6),
    size=st.integers(1, 4),
    devices=st.integers(1, 3),
    is_divided=st.booleans(),
)
def test_an_epoch_has_each_sample_once(
    samples: int, batch: int, size: int, devices: int, is_divided: bool
) -> None:
    """Over all processes, in a drawn order; a batch that all compute is counted as one."""
    order = np.random.default_rng(0).permutation(samples)
    size_of_batch, seen = batch * size * devices, list[int]()
    for start in range(0, samples, size_of_batch):
        rows = order[start : start + size_of_batch]
        own = []
        for rank in range(size):
            group: Any = Processes(rank, size, devices=devices, is_divided=is_divided)
            found, part = Together(group).rows(rows)
            assert len(found) == part.stop - part.start
            own.append(list(found))
        if len(rows) < size * devices or (not is_divided and len(rows) % (size * devices)):
            assert own == [list(rows)] * size
            own = own[:1]
        seen += itertools.chain(*own)
    assert sorted(seen) == list(range(samples))


def test_what_differs_is_named_with_its_ranks() -> None:
    """And what each of them has."""
    group: Any = Processes(0, 3)
    group.told = [b'{"seed": 1}', b'{"seed": 1}', b'{"seed": 2}']
    with pytest.raises(GroupFailed, match="same seed; rank 0 has 1, rank 2 has 2"):
        Together(group).agree({"seed": 1})


@pytest.mark.parametrize(("size", "allowed"), [(13, "12 or 16"), (3, "4")])
def test_a_batch_that_does_not_divide_is_refused(size: int, allowed: str) -> None:
    """With the sizes next to it."""
    group: Any = Processes(0, 4)
    with pytest.raises(InvalidArgument, match=f"no multiple of 4. Give {allowed}."):
        Together(group).require_divisible(size)
