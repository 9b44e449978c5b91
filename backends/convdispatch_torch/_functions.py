"""The table of functions, and the random numbers.

torch takes NumPy's names of arguments; of functions, a few differ. Half precision is computed in
float32 and rounded once, which torch does of most functions and of no gradient.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812  # the name that every torch user reads

from convdispatch import kit

Pads = Sequence[tuple[int, int]]
Function = Callable[..., Any]

_NO_CLASS = -(2**63)  # for torch, which ignores one class


def cast(tensor: torch.Tensor, dtype: str) -> torch.Tensor:
    """Return the tensor with another element type."""
    return tensor.to(getattr(torch, dtype))


def padding(pads: Pads, value: float = 0.0) -> Function | None:
    """Return the function that pads, or with negative numbers crops, the last axes, if any."""
    from_last_axis = [cells for pair in reversed(pads) for cells in pair]
    if not any(from_last_axis):
        return None
    grown = [max(cells, 0) for cells in from_last_axis]
    cropped = [min(cells, 0) for cells in from_last_axis]
    if not (any(grown) and any(cropped)):
        return lambda x: F.pad(x, from_last_axis, value=value)
    # Grown before it is cropped: `F.pad` of torch 2.13 crops first, and raises "length must be
    # non-negative" where a crop is longer than the axis was, as (2, -2) for one cell.
    return lambda x: F.pad(F.pad(x, grown, value=value), cropped)


def _take(x: torch.Tensor, indices: Any, axis: int) -> torch.Tensor:
    if not isinstance(indices, torch.Tensor):  # which `torch.jit.trace` would warn of
        indices = torch.as_tensor(indices)
    axis %= x.ndim
    flat = indices.reshape(-1).to(x.device, torch.int64)
    if axis < x.ndim - 1 or x.ndim == 1:
        taken = x.index_select(axis, flat)
        if indices.ndim == 1:
            return taken
    else:
        # Turned around: torch 2.13 takes twice as long for single numbers as for rows of them.
        taken = x.flatten(0, -2).t().index_select(0, flat).t()
    return taken.reshape((*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]))


def _sign(x: torch.Tensor) -> torch.Tensor:
    # torch 2.13 says 0 of NaN.
    return torch.where(x == x, torch.sign(x), x) if x.is_floating_point() else torch.sign(x)


def _one_hot(indices: Any, depth: int, dtype: str) -> torch.Tensor:
    indices = torch.as_tensor(indices)
    return cast(indices[..., None] == torch.arange(depth, device=indices.device), dtype)


def _crossentropy(scores: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
    if scores.ndim != 2:
        rows = _crossentropy(scores.reshape(-1, scores.shape[-1]), classes.reshape(-1))
        return rows.reshape(scores.shape[:-1])
    logarithms, asked = torch.log_softmax(scores, -1), classes.to(torch.int64)
    if _raises_at_once(scores):  # then a step is six of torch's calls shorter
        with contextlib.suppress(IndexError):
            return F.nll_loss(logarithms, asked, reduction="none", ignore_index=_NO_CLASS)
    known = asked.clamp(0, scores.shape[-1] - 1)
    losses = F.nll_loss(logarithms, known, reduction="none")
    return losses.masked_fill(known != asked, math.nan)


def _raises_at_once(x: torch.Tensor) -> bool:
    """Say whether torch raises here for an index that is out of bounds, and nothing is traced."""
    return (
        not torch.compiler.is_compiling()
        and x.is_cpu
        and type(x) is torch.Tensor
        and torch._C._get_tracing_state() is None
        and torch._C._functorch.peek_interpreter_stack() is None
    )


def _reduction(reduce: Function) -> Function:
    def reduction(x: torch.Tensor, axis: Any = None, keepdims: bool = False) -> torch.Tensor:
        # An empty tuple means all axes for torch, and no axis for NumPy, which copies.
        return x.clone() if axis == () else reduce(x, axis=axis, keepdims=keepdims)

    return reduction


FUNCTIONS: Mapping[str, Function] = kit.functions_from(
    torch,
    {
        "argmax": lambda x, axis: torch.argmax(x.byte() if x.dtype == torch.bool else x, axis),
        "crossentropy": _crossentropy,
        "equal": torch.eq,  # `torch.equal` compares whole tensors
        "max": _reduction(torch.amax),
        "mean": _reduction(torch.mean),
        "one_hot": _one_hot,
        "pad": lambda x, pads, value=0.0: (padding(pads, value) or torch.clone)(x),
        "power": torch.pow,
        "reshape": torch.Tensor.reshape,
        "sign": _sign,
        "stop_gradient": torch.Tensor.detach,
        "sum": _reduction(torch.sum),
        "take": _take,
        "transpose": torch.permute,
    },
    halves=(torch.float16, torch.bfloat16),
    single=torch.float32,
    cast=torch.Tensor.to,
    typed=lambda number, x: x.new_full((), number),
)


# Each draw is an operator of torch's that its compilers take as it is. The machine's own processors
# draw with NumPy, since torch's generator there has 32 bits of state to begin with; accelerators
# with a generator of their own, seeded by the whole key.
def _drawn(kind: str, key: torch.Tensor, shape: Sequence[int], dtype: str) -> torch.Tensor:
    if key.device.type == "cpu":
        return torch.from_numpy(kit.draws[kind](key.tolist(), shape, dtype))
    first, second = (number % 2**32 for number in key.tolist())
    generator = torch.Generator(key.device).manual_seed(first + (second << 32))
    draw = torch.rand if kind == "uniform" else torch.randn
    return draw(tuple(shape), generator=generator, dtype=getattr(torch, dtype), device=key.device)


_draw = torch.library.custom_op("convdispatch::draw", mutates_args=())(_drawn)


@_draw.register_fake
def _(kind: str, key: torch.Tensor, shape: Sequence[int], dtype: str) -> torch.Tensor:
    return key.new_empty(shape, dtype=getattr(torch, dtype))


def _folded(key: torch.Tensor, number: torch.Tensor) -> torch.Tensor:
    folded = kit.draws["fold"](key.tolist(), number.item())
    return torch.from_numpy(folded).to(key.device)


_fold = torch.library.custom_op("convdispatch::fold", mutates_args=())(_folded)


@_fold.register_fake
def _(key: torch.Tensor, number: torch.Tensor) -> torch.Tensor:
    return torch.empty_like(key)


def _chosen(operator: Function, function: Function) -> Function:
    """Return the operator where torch records calls, else the function itself.

    The first call of an operator imports torch's compiler: a second and a half of a script's start
    with torch 2.13.
    """

    def call(*arguments: Any) -> Any:
        is_recorded = (
            torch.compiler.is_compiling()
            or torch._C._get_tracing_state() is not None
            or torch._C._len_torch_dispatch_stack() > 0
            or torch._C._functorch.peek_interpreter_stack() is not None
        )
        return operator(*arguments) if is_recorded else function(*arguments)

    return call


_fold_by, _draw_by = _chosen(_fold, _folded), _chosen(_draw, _drawn)
RANDOM: Mapping[str, Function] = kit.draws_from(
    fold=lambda key, number: _fold_by(key, torch.as_tensor(number)),
    uniform=lambda key, shape, dtype: _draw_by("uniform", key, list(shape), dtype),
    normal=lambda key, shape, dtype: _draw_by("normal", key, list(shape), dtype),
    cast=cast,
    minimum=FUNCTIONS["minimum"],
)
