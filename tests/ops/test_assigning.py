"""`Backend.assign`: from arrays and from native tensors, of any type and on any device."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from convdispatch.ops import Backend

A = np.array([[1.5, -2.25, 0.0], [4.0, 0.125, -1.0]])


@pytest.mark.parametrize("source", ["array", "asarray", "variable", "itself"])
@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_a_variable_gets_the_numbers(backend: Backend, source: str, dtype: str) -> None:
    """In its own element type, and apart from where they came from."""
    variable = backend.variable(np.zeros_like(A), "float32")
    given: Any = A.copy()
    if source == "itself":
        given = variable = backend.variable(A, "float32")
    elif source != "array":
        given = getattr(backend, source)(A, dtype)
    assigned = backend.assign(variable, given)
    assert backend.describe(assigned) == (A.shape, "float32")
    assert np.array_equal(backend.to_numpy(assigned), A)
    if source == "variable":
        backend.assign(given, np.ones_like(A))
    elif source == "array":
        given[...] = 7
    assert np.array_equal(backend.to_numpy(assigned), A)
    if backend.name != "jax":
        assert assigned is variable


def test_what_was_assigned_survives_a_step_of_the_variable(backend: Backend) -> None:
    """A step may take the variable's memory for its new value."""
    given = backend.variable(A, "float32")
    assigned = backend.assign(backend.variable(np.zeros_like(A), "float32"), given)
    run = backend.compile_step(lambda v, i: ([v[0] + i], None))
    (stepped,), _ = run([assigned], backend.asarray(np.array(1.0), "float32"))
    assert np.array_equal(backend.to_numpy(given), A)
    assert np.array_equal(backend.to_numpy(stepped), A + 1)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int32", "int64"])
def test_integers_enter_and_leave(backend: Backend, double_precision: None, dtype: str) -> None:
    """With every bit, as constants and as variables that are assigned."""
    numbers = np.array([[0, 1], [2, 255]]).astype(dtype)
    if dtype in ("int32", "int64"):
        numbers = np.array([np.iinfo(dtype).min, np.iinfo(dtype).max], dtype)
    zeros = backend.variable(np.zeros_like(numbers), dtype)
    constant, variable = backend.asarray(numbers, dtype), backend.variable(numbers, dtype)
    for tensor in (constant, variable, backend.assign(zeros, constant)):
        assert backend.describe(tensor) == (numbers.shape, dtype)
        assert np.array_equal(backend.to_numpy(tensor), numbers)
        assert backend.to_numpy(tensor).dtype == np.dtype(dtype)


def test_a_device_is_never_left() -> None:
    """On torch's device without memory nothing can be read: what passes by NumPy fails there."""
    torch = pytest.importorskip("torch", reason="the device is torch's")
    from convdispatch.registry import registry

    backend = registry.load("torch")
    variable: Any = torch.nn.Parameter(torch.empty(2, 3, device="meta"))
    with pytest.raises(NotImplementedError):
        backend.to_numpy(variable)
    for value in (A, torch.tensor(A), torch.empty(2, 3, device="meta")):
        assert backend.assign(variable, value) is variable
        assert (variable.device.type, variable.requires_grad) == ("meta", True)


def test_assigning_is_not_recorded() -> None:
    """A value that requires gradients gives the variable its numbers alone."""
    torch = pytest.importorskip("torch", reason="the graph is torch's")
    from convdispatch.registry import registry

    backend = registry.load("torch")
    variable: Any = backend.variable(np.zeros(3), "float32")
    backend.assign(variable, torch.ones(3, requires_grad=True) * 2)
    assert (variable.is_leaf, variable.grad_fn, variable.tolist()) == (True, None, [2, 2, 2])
