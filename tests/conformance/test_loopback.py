"""A backend whose tensors are not NumPy's passes every case: nothing takes tensors for arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import loopback
import numpy as np
import pytest

from convdispatch import layers, selection
from convdispatch.conformance.case import LEVELS, Case
from convdispatch.conformance.cases import build
from convdispatch.conformance.results import PASSED
from convdispatch.conformance.run.execution import Declared, execute
from convdispatch.conformance.run.known_failures import KnownFailures
from convdispatch.kit import portable_draws
from convdispatch.registry import registry

EVERY_LEVEL = [level for level in LEVELS if level != "full"]


@pytest.fixture
def registered() -> Iterator[None]:
    """Register the loopback backend for one test."""
    registry.register(loopback)
    try:
        yield
    finally:
        registry.unregister(loopback)


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    """Give the whole suite."""
    return build()


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize("level", LEVELS)
def test_the_loopback_backend_passes(level: str, cases: list[Case]) -> None:
    """Every case of a level holds that needs no traced tensor, those of 'full' alone included."""
    pytest.importorskip("autograd", reason="NumPy's gradients need the package autograd")
    pytest.importorskip("ml_dtypes", reason="NumPy's bfloat16 needs the package ml_dtypes")
    chosen = [case for case in cases if case.level == level]
    declared = Declared(loopback.INFO.capabilities.unsupported, KnownFailures("", {}))
    outcomes = [execute(case, loopback.backend, declared) for case in chosen]
    assert outcomes
    not_passed = [outcome for outcome in outcomes if outcome.status != PASSED]
    assert [one for one in not_passed if "/unknown-sizes-" not in one.case] == []


REFUSED: dict[str, Callable[[Any], object]] = {
    "asarray": lambda tensor: np.asarray(tensor),
    "array-plus-tensor": lambda tensor: np.ones(3, "f4") + tensor,
    "tensor-plus-array": lambda tensor: tensor + np.ones(3, "f4"),
    "tensor-times-scalar-of-numpy": lambda tensor: tensor * np.float32(2),
    "numpy-function": lambda tensor: np.tanh(tensor),
    "function-of-array": lambda tensor: loopback.backend.functions["maximum"](tensor, np.ones(3)),
    "truth": lambda tensor: bool(tensor),
    "iteration": lambda tensor: list(tensor),
    "index": lambda tensor: tensor[0],
}


@pytest.mark.parametrize("use", REFUSED.values(), ids=REFUSED)
def test_a_loopback_tensor_is_no_array(use: Callable[[Any], object]) -> None:
    """A use that the protocol does not promise raises, so that a pass above has a meaning."""
    tensor = loopback.backend.asarray(np.ones(3), "float32")
    with pytest.raises(TypeError, match=r"loopback|Loopback|ufunc|loop of ufunc"):
        use(tensor)


def test_portable_draws_need_no_slices() -> None:
    """Numbers of a block that nobody asked for are left out all the same."""
    drawn = []
    for backend in (loopback.backend, registry.load("numpy")):
        key: Any = backend.asarray(np.array([[1, 2, 3]]), "int32")
        draw: Any = portable_draws(backend)["uniform"]
        drawn.append(np.asarray(backend.to_numpy(draw(key, (3, 2), "float32"))))
    assert drawn[0].shape == (3, 2)
    assert drawn[0].tolist() == drawn[1].tolist()


@pytest.mark.usefixtures("registered")
def test_dispatch_finds_the_owner_of_a_loopback_tensor() -> None:
    """A layer on it returns its tensors, and `to_numpy` finds the backend that they belong to."""
    layer = layers.Conv1D(1, 2, backend="loopback", use_bias=False, weights=[[[[1.0]], [[10.0]]]])
    result = layer(np.array([[[1.0], [2.0], [3.0]]]))
    assert loopback.backend.owns(result)
    assert selection.to_numpy(result).ravel().tolist() == [21.0, 32.0]
