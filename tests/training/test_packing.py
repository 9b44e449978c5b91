"""Small weights that are updated as one tensor: the same bits as each alone, and seen by weight."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convdispatch import optimizers
from convdispatch.formulas.dialects import KERAS1, KERAS2, KERAS3
from convdispatch.ops import Backend
from convdispatch.registry import registry
from convdispatch.training import packing
from convdispatch.training.optimizers import updates_of
from convdispatch.training.packing import Packing, packing_of

SHAPES = ((3, 2), (2,), (), (0, 4), (130, 130), (5,))  # the fifth is too large for a pack
RULES = [
    pytest.param(dialect, name, more, id="-".join([dialect.name, name, *more]))
    for dialect in (KERAS1, KERAS2, KERAS3)
    for name in dialect.optimizers
    for more in ({}, {"clipnorm": 0.5}, {"clipvalue": 0.25})
    if not more or name in ("SGD", "Adam")
] + [
    pytest.param(KERAS3, "Adam", {"amsgrad": True}, id="amsgrad"),
    pytest.param(KERAS3, "AdamW", {"weight_decay": 0.5}, id="weight-decay"),
    pytest.param(KERAS3, "SGD", {"global_clipnorm": 0.5, "momentum": 0.5}, id="global-norm"),
    pytest.param(KERAS2, "SGD", {"decay": 0.5, "nesterov": True, "momentum": 0.5}, id="decay"),
]


def packing_backend(name: str) -> Backend:
    """Return a backend that packs."""
    pytest.importorskip(name)
    return registry.load(name)


@pytest.mark.parametrize("name", ["numpy", "torch"])
@pytest.mark.parametrize(("dialect", "rule", "more"), RULES)
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_packs_get_the_bits_of_each_weight_alone(
    name: str, dialect: Any, rule: str, more: Any, dtype: str
) -> None:
    """Three updates: every number of the weights and of the slots is the same."""
    backend, optimizer = packing_backend(name), dialect.optimizers[rule](**more)
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=shape).astype(dtype) for shape in SHAPES]
    gradients = [[rng.normal(size=shape).astype(dtype) for shape in SHAPES] for _ in range(3)]
    packed = updates_of(backend, optimizer, [backend.variable(a, dtype) for a in arrays])
    assert packed.packing is not None
    assert packed.packing.groups == ((0, 1, 2, 3, 5), (4,))
    each = Packing(backend=backend, groups=tuple((place,) for place in range(len(SHAPES))))
    results = []
    for updates in (packed, dataclasses.replace(packed, packing=each)):
        weights = [backend.variable(array, dtype) for array in arrays]
        slots = updates.slots(weights)
        for step, given_now in enumerate(gradients):
            native = [backend.asarray(array, dtype) for array in given_now]
            count = backend.asarray(np.asarray(step), "int32")
            inputs = updates.inputs(0.125, step)
            weights, slots = updates.updated(weights, native, slots, inputs, count)
        assert updates.packing is not None
        read = [{n: backend.to_numpy(v) for n, v in own.items()} for own in slots]
        by_weight = updates.packing.by_weight(read, SHAPES)
        results.append(([backend.to_numpy(weight) for weight in weights], by_weight))
    (got, got_slots), (want, want_slots) = results
    for one, other in zip(got, want, strict=True):
        np.testing.assert_array_equal(one, other)
        assert one.dtype == dtype
    for own, other in zip(got_slots, want_slots, strict=True):
        assert own.keys() == other.keys()
        for slot, value in other.items():
            np.testing.assert_array_equal(own[slot], value)


@settings(derandomize=True, max_examples=60, deadline=None)
@given(st.lists(st.lists(st.integers(0, 300), max_size=2).map(tuple), min_size=1, max_size=12))
def test_slots_come_back_by_weight(shapes: list[tuple[int, ...]]) -> None:
    """Taken together and apart again, they are what they were, and each weight is in one group."""
    found = packing_of(registry.load("numpy"), shapes)
    if found is None:
        return
    assert sorted(place for group in found.groups for place in group) == list(range(len(shapes)))
    sizes = [sum(int(np.prod(shapes[place])) for place in group) for group in found.groups]
    assert all(
        len(group) == 1 or size <= packing._PACK
        for group, size in zip(found.groups, sizes, strict=True)
    )
    rng = np.random.default_rng(0)
    slots = [{"m": rng.normal(size=shape), "v": rng.normal(size=shape)} for shape in shapes]
    shared = {"u": np.ones(())}
    groups = found.by_group([*slots, shared])
    *again, last = found.by_weight(groups, shapes)
    assert last == shared
    for own, want in zip(again, slots, strict=True):
        assert own.keys() == want.keys()
        for name, array in want.items():
            np.testing.assert_array_equal(own[name], array)


def test_rule_of_a_user_sees_each_weight() -> None:
    """It may take a norm, as layer-wise rates do; so may one that changes ours."""

    class Scaled(optimizers.SGD):
        def rule(self, f: Any, weight: Any, gradient: Any, slots: Any, numbers: Any) -> Any:
            return super().rule(f, weight, gradient / f["max"](f["abs"](gradient)), slots, numbers)

    weights = [np.zeros(2, "float32"), np.zeros(3, "float32")]
    updates = updates_of(registry.load("numpy"), Scaled(1.0), weights)
    gradients = [np.array([1.0, 2.0], "float32"), np.array([4.0, 2.0, 8.0], "float32")]
    slots, count = updates.slots(weights), np.zeros((), "int32")
    found, _ = updates.updated(weights, gradients, slots, updates.inputs(1.0, 0), count)
    assert [one.tolist() for one in found] == [[-0.5, -1.0], [-0.5, -0.25, -1.0]]
