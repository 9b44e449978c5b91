"""The processes of `torch.distributed` that train one model, by `DistributedDataParallel`."""

from __future__ import annotations

import atexit
import contextlib
import datetime
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel

from convdispatch.errors import ConfigError, GroupFailed
from convdispatch.kit import (
    group_failure,
    group_timeout,
    launched_number,
    map_tree,
    parts_of,
)
from convdispatch.ops import Differentiable, Differentiated, Part, PartialStep, Step, Tree
from convdispatch_torch._gradients import recorded

# What a launcher such as torchrun sets, beside the number of processes.
_OF_LAUNCHER = ("RANK", "MASTER_ADDR", "MASTER_PORT")
_LETTING_GO = 0.1  # seconds


def joined(backend: Any) -> TorchGroup | None:
    """Return the process group, which is made where a launcher has asked for one."""
    if not dist.is_available():
        return None
    if not dist.is_initialized():
        if os.environ.get("WORLD_SIZE", "1") in ("", "1"):
            return None
        _initialize()
    return TorchGroup(backend) if dist.get_world_size() > 1 else None


def _initialize() -> None:
    missing = [name for name in _OF_LAUNCHER if not os.environ.get(name)]
    if missing:
        raise ConfigError(
            f"the environment variable WORLD_SIZE is {os.environ['WORLD_SIZE']!r}, so other "
            f"processes train this model, too; but {', '.join(missing)} is not set. Start the "
            "script with `torchrun`, which sets all of them, or unset WORLD_SIZE."
        )
    size = launched_number("WORLD_SIZE", 1)
    rank = launched_number("RANK", 0, size - 1)
    port = launched_number("MASTER_PORT", 1, 65535)
    seconds = group_timeout()
    timeout = dist.default_pg_timeout if seconds is None else datetime.timedelta(seconds=seconds)
    kind = "nccl" if torch.get_default_device().type == "cuda" else "gloo"
    try:
        _in_time(lambda: dist.init_process_group(kind, timeout=timeout), timeout.total_seconds())
    except (dist.DistError, RuntimeError) as exc:
        if rank == 0 and "EADDRINUSE" in str(exc):
            raise GroupFailed(
                f"rank 0 cannot listen at port {port}, which MASTER_PORT says: another program "
                "does. Choose another port, or start the script with `torchrun --standalone`."
            ) from exc
        raise group_failure(exc) from exc
    atexit.register(_leave)


def _in_time(join: Callable[[], object], seconds: float) -> None:
    """Call a function that may wait for a program that never answers, whatever its own limit."""
    failed: list[Exception] = []

    def run() -> None:
        try:
            join()
        except Exception as exc:  # noqa: BLE001 - it is raised below
            failed.append(exc)

    joining = threading.Thread(target=run, daemon=True)
    joining.start()
    joining.join(1.5 * seconds + 10)  # the engine's own limit comes first, and says more
    if joining.is_alive():
        raise dist.DistError(
            f"no rank 0 answers at {os.environ['MASTER_ADDR']}:{os.environ['MASTER_PORT']}; "
            "another program may listen there"
        )
    if failed:
        raise failed[0]


def _leave() -> None:
    if dist.is_initialized():
        # gloo's threads let go of the tensors of the last exchange, and need Python for that: where
        # it is ending already, torch 2.13 aborts. Seen once in about a hundred runs.
        time.sleep(_LETTING_GO)
        dist.destroy_process_group()


class TorchGroup:
    """The default process group, for one model."""

    is_divided = True

    def __init__(self, backend: Any) -> None:
        self.rank, self.size = dist.get_rank(), dist.get_world_size()
        self.parts = self.size
        self._backend = backend
        self._reducing: _Reducing | None = None

    def exchange(self, told: bytes) -> list[bytes]:
        found: list[Any] = [None] * self.size
        with told_plainly():
            dist.all_gather_object(found, told)
        return found

    def begin(self, variables: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        with torch.no_grad(), told_plainly():
            for variable in variables:
                sent = variable.detach().contiguous()
                dist.broadcast(sent, 0)
                if sent.data_ptr() != variable.data_ptr():
                    variable.copy_(sent)
        return list(variables)

    def sharded(self) -> Any:
        from convdispatch_torch._sharded import ShardedTorchGroup

        return ShardedTorchGroup(self._backend)

    def owns_rows(self, source: object) -> bool:
        """Say whether a loader has a `DistributedSampler`, or another that says its rank."""
        sampler = getattr(source, "sampler", None)
        return hasattr(sampler, "num_replicas") and hasattr(sampler, "rank")

    def own_rows(self, source: object) -> Sequence[int]:
        sampler: Any = getattr(source, "sampler", ())
        return [int(number) for number in sampler]

    def sum(self, tensor: torch.Tensor) -> torch.Tensor:
        summed: torch.Tensor = _Summed.apply(tensor)  # type: ignore[no-untyped-call]  # torch's
        return summed

    def gather(self, tensor: torch.Tensor, part: Part) -> torch.Tensor:
        counts = [one.stop - one.start for one in parts_of(part.total or 0, self.parts)]
        sent = tensor.new_zeros((max(counts), *tensor.shape[1:]))  # all send as many
        sent[: tensor.shape[0]] = tensor.detach()
        found = [torch.empty_like(sent) for _ in counts]
        # As bytes: engines do not know all types of numbers.
        dist.all_gather([one.view(torch.uint8) for one in found], sent.view(torch.uint8))
        return torch.cat([one[:count] for one, count in zip(found, counts, strict=True)])

    def average(self, tensors: list[torch.Tensor]) -> list[torch.Tensor]:
        wide = max((one.dtype for one in tensors), key=lambda dtype: dtype.itemsize)
        flat = torch.cat([one.detach().reshape(-1).to(wide) for one in tensors])
        dist.all_reduce(flat)
        parts = torch.split(flat / self.size, [one.numel() for one in tensors])
        return [
            part.reshape(one.shape).to(one.dtype) for part, one in zip(parts, tensors, strict=True)
        ]

    def value_and_grad(self, fn: Differentiable) -> Differentiated:
        def compute(tensors: Sequence[torch.Tensor]) -> Any:
            # A step asks anew each time, for the same parameters.
            if self._reducing is None or not self._reducing.is_of(tensors):
                self._reducing = _Reducing(fn, tensors)
            return self._reducing.compute(fn)

        return compute

    def compile_step(self, step: PartialStep) -> PartialStep:
        part: Part | None = None

        def with_part(variables: Sequence[Any], inputs: Tree) -> Any:
            batch, others = inputs
            return step(variables, batch, others, part)

        run: Step = self._compiled(with_part)

        def run_part(variables: Sequence[Any], batch: Tree, others: Tree, given: Any) -> Any:
            nonlocal part
            part = given
            with told_plainly():
                return run(variables, (batch, others))

        return run_part

    def _compiled(self, step: Step) -> Step:
        compiled: Step = self._backend.compile_step(step)
        return compiled


class _Reducing:
    """`DistributedDataParallel` around some parameters: it reduces their gradients."""

    def __init__(self, fn: Differentiable, tensors: Sequence[Any]) -> None:
        self._tensors = list(tensors)
        module = _Calling(self._tensors)
        self._module = DistributedDataParallel(
            module,
            init_sync=False,  # the variables are those of rank 0 already
            gradient_as_bucket_view=True,
            find_unused_parameters=_has_unused(fn, self._tensors),
        )
        self._called = module

    def is_of(self, tensors: Sequence[Any]) -> bool:
        return len(tensors) == len(self._tensors) and all(
            one is held for one, held in zip(tensors, self._tensors, strict=True)
        )

    def compute(self, fn: Differentiable) -> tuple[tuple[Any, Tree], list[torch.Tensor]]:
        tensors = self._tensors
        for tensor in tensors:
            tensor.grad = None
        value = recorded(self._module, fn)
        value.backward()
        # They stay views of the engine's buckets until the next step, which nobody waits for.
        gradients = [torch.zeros_like(t) if t.grad is None else t.grad for t in tensors]
        for tensor in tensors:
            tensor.grad = None
        aux, self._called.aux = self._called.aux, None
        return (value.detach(), map_tree(torch.Tensor.detach, aux)), gradients


class _Calling(torch.nn.Module):
    """A module whose `forward` calls a function of its parameters."""

    def __init__(self, parameters: Sequence[torch.nn.Parameter]) -> None:
        super().__init__()
        self._given = list(parameters)
        self.held = torch.nn.ParameterList(parameters)
        self.aux: Tree = None

    def forward(self, fn: Differentiable) -> Any:
        value, self.aux = fn(self._given)
        return value


def _has_unused(fn: Differentiable, tensors: Sequence[torch.Tensor]) -> bool:
    """Return whether the function does not depend on one of its tensors."""
    value, _ = recorded(fn, tensors)
    found = torch.autograd.grad(value, list(tensors), allow_unused=True)
    return any(one is None for one in found)


class _Summed(torch.autograd.Function):
    """The sum over all processes; so is its gradient, by the definition of an adjoint."""

    @staticmethod
    def forward(ctx: Any, tensor: torch.Tensor) -> torch.Tensor:
        return _all_reduced(tensor)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
        return _all_reduced(gradient)


def _all_reduced(tensor: torch.Tensor) -> torch.Tensor:
    summed = tensor.detach().clone(memory_format=torch.contiguous_format)
    dist.all_reduce(summed)
    return summed


@contextlib.contextmanager
def told_plainly() -> Iterator[None]:
    """Say in one sentence that another process has ended, hangs or cannot be reached."""
    try:
        yield
    except (dist.DistError, RuntimeError) as exc:
        is_of_engine = isinstance(exc, dist.DistError) or "gloo" in str(exc)
        if not is_of_engine:
            raise
        raise group_failure(exc) from exc
