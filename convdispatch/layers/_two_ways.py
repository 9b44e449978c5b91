"""What becomes of the outputs of a layer forwards and of one backwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

MERGE_MODES = ("concat", "sum", "mul", "ave")


def merging(
    functions: Mapping[str, Any], merge_mode: str | None, *, in_order: bool
) -> Callable[[Any, Any], Any]:
    """Return the function of both ways' outputs, each with its states, to those of the whole.

    `in_order` is true of outputs of all steps: those of the way back are turned round.
    """
    f = functions
    merges: Any = {
        "concat": lambda one, other: [f["concatenate"]([one, other], -1)],
        "sum": lambda one, other: [one + other],
        "mul": lambda one, other: [one * other],
        "ave": lambda one, other: [(one + other) / 2],
        None: lambda one, other: [one, other],
    }
    merge = merges[merge_mode]

    def merged(forward: Any, back: Any) -> Any:
        one, *states = forward if isinstance(forward, list) else [forward]
        other, *states_back = back if isinstance(back, list) else [back]
        made = merge(one, f["flip"](other, (1,)) if in_order else other)
        whole = [*made, *states, *states_back]
        return whole if len(whole) > 1 else whole[0]

    return merged
