"""Random numbers by key, each draw an operator of torch's that its compilers take as it is.

The machine's own processors draw with NumPy, since torch's generator there has 32 bits of state
to begin with; accelerators with a generator of their own, seeded by the whole key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from convdispatch.kit import below_one, draws


@torch.library.custom_op("convdispatch::fold", mutates_args=())
def _fold(key: torch.Tensor, number: torch.Tensor) -> torch.Tensor:
    folded = draws["fold"](key.tolist(), number.item())
    return torch.from_numpy(folded).to(key.device)


@_fold.register_fake
def _(key: torch.Tensor, number: torch.Tensor) -> torch.Tensor:
    return torch.empty_like(key)


@torch.library.custom_op("convdispatch::draw", mutates_args=())
def _draw(kind: str, key: torch.Tensor, shape: Sequence[int], dtype: torch.dtype) -> torch.Tensor:
    if key.device.type == "cpu":
        name = str(dtype).removeprefix("torch.")
        return torch.from_numpy(draws[kind](key.tolist(), tuple(shape), name))
    first, second = (number % 2**32 for number in key.tolist())
    generator = torch.Generator(key.device).manual_seed(first + (second << 32))
    draw = torch.rand if kind == "uniform" else torch.randn
    return draw(tuple(shape), generator=generator, dtype=dtype, device=key.device)


@_draw.register_fake
def _(kind: str, key: torch.Tensor, shape: Sequence[int], dtype: torch.dtype) -> torch.Tensor:
    return key.new_empty(shape, dtype=dtype)


def _drawn(kind: str, key: torch.Tensor, shape: Sequence[Any], dtype: str) -> torch.Tensor:
    drawn_in = torch.float64 if dtype == "float64" else torch.float32
    numbers: torch.Tensor = _draw(kind, key, list(shape), drawn_in)
    return numbers


def fold(key: torch.Tensor, number: Any) -> torch.Tensor:
    """Return another key."""
    if not isinstance(number, torch.Tensor):
        number = torch.tensor(number, dtype=torch.int64)
    folded: torch.Tensor = _fold(key, number)
    return folded


def uniform(key: torch.Tensor, shape: Sequence[Any], dtype: str) -> torch.Tensor:
    """Return numbers in [0, 1)."""
    numbers = _drawn("uniform", key, shape, dtype)
    return numbers.clamp(max=below_one(dtype)).to(getattr(torch, dtype))


def normal(key: torch.Tensor, shape: Sequence[Any], dtype: str) -> torch.Tensor:
    """Return numbers of mean 0 and variance 1."""
    return _drawn("normal", key, shape, dtype).to(getattr(torch, dtype))


def bernoulli(
    key: torch.Tensor, shape: Sequence[Any], dtype: str, probability: Any
) -> torch.Tensor:
    """Return ones with that probability, and zeros."""
    ones: torch.Tensor = _drawn("uniform", key, shape, "float32") < probability
    return ones.to(getattr(torch, dtype))


RANDOM: Mapping[str, Callable[..., torch.Tensor]] = {
    "fold": fold,
    "uniform": uniform,
    "normal": normal,
    "bernoulli": bernoulli,
}
