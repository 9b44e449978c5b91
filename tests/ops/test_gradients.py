"""`value_and_grad`: auxiliary results, and what the frameworks themselves watch."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import convdispatch
from convdispatch.ops import Backend

X = np.array([1.0, 2.0, -3.0])
NEEDS_TORCH = pytest.mark.skipif(
    "torch" not in convdispatch.available_backends(), reason="the torch backend is not installed"
)


def cubes(backend: Backend) -> Any:
    """Return the function whose value is the sum of x**3 and whose aux are squares in a tree."""
    total = backend.functions["sum"]

    def fn(tensors: Any) -> Any:
        (x,) = tensors
        return total(x * x * x), {"squares": [x * x, None], "rest": (x + 1,)}

    return fn


@pytest.mark.parametrize("make", ["asarray", "variable"])
def test_auxiliary_results_come_with_the_gradients(differentiable: Backend, make: str) -> None:
    """In their tree, and as numbers: by hand, sum 1 + 8 - 27, slope 3 x^2."""
    backend = differentiable
    tensor = getattr(backend, make)(X, "float32")
    compute = backend.value_and_grad(cubes(backend))
    for _ in range(2):
        (value, aux), (gradient,) = compute([tensor])
        assert float(backend.to_numpy(value)) == -18
        assert backend.to_numpy(gradient).tolist() == [3, 12, 27]
        assert (set(aux), len(aux["squares"])) == ({"squares", "rest"}, 2)
        assert aux["squares"][1] is None
        assert backend.to_numpy(aux["squares"][0]).tolist() == [1, 4, 9]
        assert isinstance(aux["rest"], tuple)
        doubled = backend.functions["sum"](aux["rest"][0] * 2)  # it can be computed with
        assert float(backend.to_numpy(doubled)) == 6


@pytest.mark.parametrize("make", ["asarray", "variable"])
def test_gradients_of_gradients_keep_their_auxiliary_results(
    differentiable: Backend, make: str
) -> None:
    """The squared norm of the slope 3 x^2 is 9 x^4, whose slope is 36 x^3."""
    backend = differentiable
    inner = backend.value_and_grad(cubes(backend))

    def outer(tensors: Any) -> Any:
        (_, aux), (gradient,) = inner(tensors)
        return backend.functions["sum"](gradient * gradient), aux["squares"]

    tensor = getattr(backend, make)(X, "float32")
    (value, aux), (gradient,) = backend.value_and_grad(outer)([tensor])
    assert float(backend.to_numpy(value)) == 9 * (1 + 16 + 81)
    assert backend.to_numpy(gradient).tolist() == [36, 288, -972]
    assert backend.to_numpy(aux[0]).tolist() == [1, 4, 9]


def test_repeated_gradients_are_traced_once() -> None:
    """On JAX, where the function is compiled for its shapes."""
    pytest.importorskip("jax", reason="JAX compiles gradients")
    if "jax" not in convdispatch.available_backends():
        pytest.skip("the jax backend is not installed")
    backend = convdispatch.registry.registry.load("jax")
    calls = []

    def fn(tensors: Any) -> Any:
        calls.append(tensors)
        return backend.functions["sum"](tensors[0]), None

    compute = backend.value_and_grad(fn)
    for size in (3, 3, 3, 4, 3):
        compute([backend.asarray(np.ones(size), "float32")])
    assert len(calls) == 2


@NEEDS_TORCH
def test_hooks_of_parameters_are_called_once_for_each_gradient() -> None:
    """A tensor's hook may change the gradient; the one after accumulation sees it in `grad`."""
    backend, torch, seen = _torch()
    parameter = backend.variable(X, "float32")
    held = parameter.grad = torch.full((3,), 5.0)
    parameter.register_hook(lambda gradient: gradient * 2)
    compute = backend.value_and_grad(cubes(backend))
    assert compute([parameter])[1][0].tolist() == [6, 24, 54]
    parameter.register_post_accumulate_grad_hook(lambda p: seen.append(p.grad.tolist()))
    for calls in (1, 2):
        assert compute([parameter])[1][0].tolist() == [6, 24, 54]
        assert seen == [[6, 24, 54]] * calls
        assert parameter.grad is held


@NEEDS_TORCH
def test_an_optimizer_in_the_backward_pass_takes_its_gradient_away() -> None:
    """It updates the parameter in a hook; the gradient is returned all the same."""
    backend, torch, _ = _torch()
    parameter = backend.variable(X, "float32")
    optimizer = torch.optim.SGD([parameter], lr=1.0)

    def step(_: Any) -> None:
        optimizer.step()
        optimizer.zero_grad()

    parameter.register_post_accumulate_grad_hook(step)
    _, (gradient,) = backend.value_and_grad(cubes(backend))([parameter])
    assert gradient.tolist() == [3, 12, 27]
    assert parameter.tolist() == [1 - 3, 2 - 12, -3 - 27]
    assert parameter.grad is None


@NEEDS_TORCH
def test_what_another_thread_accumulates_is_its_own() -> None:
    """While gradients are computed in one thread, another one uses the parameter's `grad`."""
    backend, torch, _ = _torch()
    parameter = backend.variable(X, "float32")
    started, done = threading.Event(), threading.Event()

    def fn(tensors: Any) -> Any:
        tensors[0].register_hook(lambda gradient: (started.set(), done.wait(20), gradient)[2])
        return cubes(backend)(tensors)

    found: list[Any] = []
    thread = threading.Thread(
        target=lambda: found.append(backend.value_and_grad(fn)([parameter])[1][0].tolist())
    )
    thread.start()
    assert started.wait(20)
    parameter.grad = torch.ones(3)
    done.set()
    thread.join()
    assert found == [[3, 12, 27]]
    assert parameter.grad.tolist() == [1, 1, 1]


@NEEDS_TORCH
def test_threads_whose_hooks_watch_one_parameter_take_turns() -> None:
    """Each gets its own gradient, n times the slope for the n-th thread."""
    backend, _, seen = _torch()
    parameter = backend.variable(X, "float32")
    parameter.register_post_accumulate_grad_hook(lambda p: seen.append(p.grad[0].item()))
    found: dict[int, list[float]] = {}

    def work(number: int) -> None:
        def fn(tensors: Any) -> Any:
            value, aux = cubes(backend)(tensors)
            return value * number, aux

        compute = backend.value_and_grad(fn)
        found[number] = [compute([parameter])[1][0][0].item() for _ in range(30)]

    threads = [threading.Thread(target=work, args=(number,)) for number in (1, 2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: [3.0 * number] * 30 for number in (1, 2, 3)}
    assert sorted(seen) == sorted([3.0, 6.0, 9.0] * 30)
    assert parameter.grad is None


@NEEDS_TORCH
def test_one_parameter_given_twice_has_two_gradients() -> None:
    """As two tensors with the same numbers have: the slopes of a * a * b."""
    backend, _, _ = _torch()
    parameter, total = backend.variable(X, "float32"), backend.functions["sum"]
    compute = backend.value_and_grad(lambda t: (total(t[0] * t[0] * t[1]), None))
    first, second = compute([parameter, parameter])[1]
    assert (first.tolist(), second.tolist()) == ([2, 8, 18], [1, 4, 9])


@NEEDS_TORCH
@pytest.mark.parametrize("mode", ["no_grad", "inference_mode"])
def test_gradients_are_computed_where_none_are_recorded(mode: str) -> None:
    """Also of tensors that were made there."""
    backend, torch, _ = _torch()
    made_before = backend.variable(X, "float32")
    with getattr(torch, mode)():
        for tensor in (made_before, backend.variable(X, "float32"), torch.tensor([1.0, 2, -3])):
            (value, _), (gradient,) = backend.value_and_grad(cubes(backend))([tensor])
            assert (value.item(), gradient.tolist()) == (-18, [3, 12, 27])
    assert made_before.grad is None


@NEEDS_TORCH
def test_a_graph_of_the_user_s_own_goes_through_gradients() -> None:
    """A tensor that requires gradients but is not a parameter stays connected."""
    backend, torch, _ = _torch()
    x = torch.tensor([1.0, 2.0, -3.0], requires_grad=True)
    for tensor in (x, x * 1):
        _, (gradient,) = backend.value_and_grad(cubes(backend))([tensor])
        assert torch.autograd.grad(gradient.sum(), x)[0].tolist() == [6, 12, -18]


RANKS = """
    import sys
    import torch
    import torch.distributed as distributed
    from convdispatch_torch._backend import backend

    rank, size, place = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    distributed.init_process_group("gloo", f"file://{place}", rank=rank, world_size=size)
    model = torch.nn.Linear(2, 1, bias=False)
    torch.nn.init.constant_(model.weight, 1.0)
    for as_view in (False, True):
        wrapped = torch.nn.parallel.DistributedDataParallel(model, gradient_as_bucket_view=as_view)
        x = torch.tensor([[1.0, 2.0]]) * (rank + 1)
        compute = backend.value_and_grad(lambda _: (wrapped(x).sum(), x))
        first = compute([model.weight])[1][0]
        second = compute([model.weight])[1][0]
        print(first.tolist(), second.tolist(), model.weight.grad)
    distributed.destroy_process_group()
"""


@NEEDS_TORCH
@pytest.mark.parametrize(("size", "mean"), [(1, 1.0), (2, 1.5)])
def test_distributed_data_parallel_averages_the_gradients(
    tmp_path: Path, size: int, mean: float
) -> None:
    """The ranks' inputs are [1, 2] and [2, 4], so that the mean of the slopes is [1.5, 3]."""
    arguments = [sys.executable, "-W", "ignore", "-c", textwrap.dedent(RANKS)]
    ranks = [
        subprocess.Popen(
            [*arguments, str(rank), str(size), str(tmp_path / "meeting")],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        for rank in range(size)
    ]
    gradient = [[mean, 2 * mean]]
    for rank in ranks:
        output, _ = rank.communicate(timeout=120)
        assert output.splitlines() == [f"{gradient} {gradient} None"] * 2


def _torch() -> tuple[Any, Any, list[Any]]:
    """Return the backend, the framework, and a list to note calls in."""
    import torch

    return convdispatch.registry.registry.load("torch"), torch, []
