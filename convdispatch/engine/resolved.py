"""The result of resolving a layer for the specs of its inputs: output, weights and functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

from convdispatch.engine.declarations import Weight
from convdispatch.ops import Tensor

# Of the weights and the inputs, and of a mask where the layer takes one and the inputs have one.
Forward: TypeAlias = Callable[..., Any]
# Of the weights, the inputs, a key of random numbers, and such a mask.
Training: TypeAlias = Callable[..., tuple[Any, "Effects"]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """A layer's results besides its outputs; they are returned, never assigned."""

    updates: Mapping[str, Tensor] = field(default_factory=dict)  # new values, by weights' names
    losses: tuple[Tensor, ...] = ()  # scalars that a trainer adds to the loss
    masks: tuple[Any, ...] = ()  # of a model's outputs, None for none; empty if no tensor has one


def _no_weights() -> tuple[Weight, ...]:
    return ()


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """A layer resolved for one shape of its inputs, once.

    Weights need a known number of channels and functions need known sizes, so both are made on
    demand. The three that lower take the element type of the inputs and the activation.
    """

    output_shape: Any  # the batch axis is None; a list of shapes where there are several outputs
    output_dtype: str | None = None  # in which the weights are, too; None: that of the input
    declare: Callable[[], tuple[Weight, ...]] = _no_weights
    lower: Callable[[str, Any], Forward]
    # A layer with a state has effects in inference, too; None: as `lower`, without effects.
    lower_carrying: Callable[[str, Any], Training] | None = None
    lower_training: Callable[[str, Any], Training] | None = None  # None: as in inference

    @cached_property
    def declarations(self) -> tuple[Weight, ...]:
        """The weights that the layer has for such inputs; raises where their shape is unknown."""
        return self.declare()
