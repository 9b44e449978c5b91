"""A whole model as pure functions of its weights, which have names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from convdispatch.engine.declarations import Weight
from convdispatch.engine.resolved import Effects
from convdispatch.errors import InvalidArgument, InvalidType
from convdispatch.ops import Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Functional:
    """Pure functions that a framework's autodiff, compilers, optimizers and distribution accept.

    A weight is named by its path: the names of its models and its layer and its own name, joined by
    '/'. These functions assign nothing and keep nothing between two calls.
    """

    weights: Mapping[str, Weight]  # by path, in the order of `variables`
    forward: Callable[[Mapping[str, Tensor], Any], Any]  # (weights, inputs) -> outputs
    # (weights, inputs, key) -> (outputs, effects): new values of weights by path, and losses: those
    # of outputs and those of the weights themselves
    training: Callable[[Mapping[str, Tensor], Any, Tensor], tuple[Any, Effects]]
    # (weights, inputs) -> (outputs, effects): `forward`, and the new values of states by path. A
    # caller who gives them as weights to the next call goes on from there.
    inference: Callable[[Mapping[str, Tensor], Any], tuple[Any, Effects]]
    # (weights, inputs) -> (outputs, the mask of each output, None for none); a loss leaves out what
    # is masked. In training the masks are among the effects.
    masked: Callable[[Mapping[str, Tensor], Any], tuple[Any, tuple[Any, ...]]]
    has_masks: bool  # whether any output has a mask


def in_order(weights: Mapping[str, Weight], values: Mapping[str, Tensor]) -> list[Tensor]:
    """Return the values in the order of the weights.

    Raises `InvalidType` for what is no mapping, and `InvalidArgument` unless each weight has a
    value, and each value a weight.
    """
    if not isinstance(values, Mapping):
        raise InvalidType(
            f"`weights` must be a mapping from paths to tensors; received {type(values).__name__}."
        )
    missing = [path for path in weights if path not in values]
    unknown = [path for path in values if path not in weights]
    if missing or unknown:
        wrong = f"no value for {missing[0]!r}" if missing else f"a value for {unknown[0]!r}"
        raise InvalidArgument(
            f"`weights` must have one value for each of {', '.join(map(repr, weights)) or 'none'}; "
            f"received {wrong}."
        )
    return [values[path] for path in weights]
