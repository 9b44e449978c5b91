"""The data of one batch, before and after they become tensors of the backend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from convdispatch.ops import Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """Sources of data, or rows of them: lists for the inputs and for the outputs with a loss.

    `weights` has None for an output whose samples count alike. `part` says which rows of a batch
    they are where a group divides it, None for all.
    """

    x: list[Any]
    y: list[Any]
    weights: list[Any]
    part: Part | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Native tensors of one batch, in the same order."""

    x: list[Any]
    y: list[Any]
    weights: list[Any]
    size: int  # of the whole batch, where only a part of it is here
    part: Part | None = None
