"""Functions that choose: by a condition, by the phase, step by step; see `operations`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from convdispatch.symbolic.filling import zeros_like
from convdispatch.symbolic.operations import operation, source

__all__ = [
    "in_test_phase",
    "in_train_phase",
    "learning_phase",
    "rnn",
    "set_learning_phase",
    "switch",
]

_set: dict[str, Any] = {"phase": None, "symbol": None}


@operation
def _phase(o: Any) -> Any:
    return int(o.is_training)


def learning_phase() -> Any:
    """Return the phase that was set, 0 or 1, or a symbolic tensor for the one that is asked for."""
    if _set["phase"] is not None:
        return _set["phase"]
    if _set["symbol"] is None:
        made = source(_phase)
        if isinstance(made, int):  # while something computes
            return made
        _set["symbol"] = made
    return _set["symbol"]


def is_phase(value: object) -> bool:
    """Return whether it is the symbolic learning phase."""
    return value is not None and value is _set["symbol"]


def set_learning_phase(value: Any) -> None:
    """Make 0, inference, or 1, training, the phase of `function`; None for what it is given."""
    _set["phase"] = None if value is None else int(value)


def stated_phase() -> int | None:
    """Return the phase that was set, None for none."""
    found: int | None = _set["phase"]
    return found


def _called(expression: Any) -> Any:
    return expression() if callable(expression) else expression


@operation
def _by_phase(o: Any, x: Any, alt: Any) -> Any:
    return x if o.is_training else alt


def in_train_phase(x: Any, alt: Any, training: Any = None) -> Any:
    """Return one tensor in training and another one in inference; functions are called."""
    if training is None:
        training = learning_phase()
    if isinstance(training, int):
        return _called(x) if training else _called(alt)
    if is_phase(training):
        return _by_phase(_called(x), _called(alt))
    return switch(training, x, alt)


def in_test_phase(x: Any, alt: Any, training: Any = None) -> Any:
    """Return one tensor in inference and another one in training."""
    return in_train_phase(alt, x, training)


@operation
def _where(o: Any, condition: Any, x: Any, y: Any) -> Any:
    a, b = o.matched(x, y)
    flags = o.tensor(condition, "bool")
    rank = max(o.rank(one) for one in (a, b) if o.owns(one)) if o.owns(a) or o.owns(b) else 0
    if 0 < o.rank(flags) < rank:
        flags = o.f["reshape"](flags, (*o.sizes(flags), *[1] * (rank - o.rank(flags))))
    return o.f["where"](flags, a, b)


def switch(condition: Any, then_expression: Any, else_expression: Any) -> Any:
    """Return one tensor where a condition holds, or of a scalar if it holds, else another one."""
    if isinstance(condition, bool | int):
        return _called(then_expression if condition else else_expression)
    return _where(condition, _called(then_expression), _called(else_expression))


@operation
def rnn(
    o: Any,
    step_function: Callable[..., Any],
    inputs: Any,
    initial_states: Sequence[Any],
    go_backwards: bool = False,
    mask: Any = None,
    constants: Any = None,
    unroll: bool = False,
    input_length: int | None = None,
) -> Any:
    """Return the last output, all outputs and the last states of a step along axis 1."""
    count = o.static(inputs)[1] or input_length
    places = list(range(count or 1))
    states = list(initial_states)
    outputs: list[Any] = []
    for place in reversed(places) if go_backwards else places:
        output, new = step_function(inputs[:, place], [*states, *(constants or ())])
        if mask is not None:
            flags = o.tensor(mask, "bool")[:, place]
            before = outputs[-1] if outputs else zeros_like.computes(o, output)
            output = _kept(o, flags, output, before)
            pairs = zip(new, states, strict=True)
            new = [_kept(o, flags, one, old) for one, old in pairs]
        outputs.append(output)
        states = list(new)
    stacked = o.f["stack"](outputs, 1)
    if count is None:  # of a shape alone
        stacked = type(stacked)((stacked.shape[0], None, *stacked.shape[2:]), stacked.dtype)
    return [outputs[-1], stacked, states]


def _kept(o: Any, flags: Any, new: Any, old: Any) -> Any:
    while o.rank(flags) < o.rank(new):
        flags = o.f["reshape"](flags, (*o.sizes(flags), 1))
    return o.f["where"](flags, new, old)
