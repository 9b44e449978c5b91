"""One step, recorded once on symbols, and the node that repeats it along a sequence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from convdispatch.engine import scopes
from convdispatch.engine.graph import Graph, traced
from convdispatch.engine.specs import Spec
from convdispatch.engine.symbols import Symbol
from convdispatch.errors import InvalidArgument, InvalidType
from convdispatch.symbolic.filling import zeros_like
from convdispatch.symbolic.gradients import layers_of
from convdispatch.symbolic.operations import operation
from convdispatch.symbolic.running import run
from convdispatch.symbolic.shapes import Shaped
from convdispatch.symbolic.tracing import given_symbol

# Of the step, the states and what is the same at each step: the output and the new states.
Step = Callable[[Any, list[Any], list[Any]], tuple[Any, Sequence[Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """What a step recorded: from the step, the states and the constants to output and states."""

    graph: Graph
    output: Spec
    states: tuple[Spec, ...]
    draws: bool
    go_backwards: bool
    gives_zeros: bool = False

    @property
    def layers(self) -> list[Any]:
        """The layers that a step calls, and the holders of the variables that it reads."""
        return layers_of(self.graph)


def recorded_steps(
    step: Step,
    x: Symbol,
    states: Sequence[Symbol],
    constants: Sequence[Symbol],
    *,
    go_backwards: bool,
    name: str,
    gives_zeros: bool = False,
) -> Steps:
    """Return what the step records for a step of `x` and for such states and constants."""
    first = given_symbol(Spec((x.shape[0], *x.shape[2:]), x.dtype), f"{name}_step")
    begun = [given_symbol(one.spec, f"{name}_state") for one in states]
    same = [given_symbol(one.spec, f"{name}_constant") for one in constants]
    output, new = step(first, list(begun), list(same))
    new = list(new)
    _require_symbols([output, *new], name)
    if len(new) != len(begun):
        raise InvalidArgument(
            f"a step of {name!r} must return as many states as it is given, {len(begun)}; received "
            f"{len(new)}."
        )
    graph = traced([first, *begun, *same], [output, *new], gives_list=True).flattened()
    return Steps(
        graph=graph,
        output=output.spec,
        states=tuple(one.spec for one in new),
        draws=any(node.layer.draws for node in graph.nodes),
        go_backwards=go_backwards,
        gives_zeros=gives_zeros,
    )


def _require_symbols(made: Sequence[Any], name: str) -> None:
    for one in made:
        if not isinstance(one, Symbol):
            raise InvalidType(
                f"a step of {name!r} must return symbolic tensors, an output and a list of states; "
                f"received {type(one).__name__}."
            )


@operation
def looped(
    o: Any, steps: Steps, x: Any, states: Sequence[Any], constants: Sequence[Any], mask: Any = None
) -> Any:
    """Return the last output, all of them along axis 1, and the last states.

    Where the mask is false, the output is that of the step before, or zeros, and the states stay.
    """
    scope: Any = scopes.current()
    if o.is_abstract:
        if steps.draws:
            scope.uses.add("random")
        batch, length = o.static(x)[:2]
        shape, dtype = steps.output.shape[1:], steps.output.dtype
        last = [Shaped((batch, *one.shape[1:]), one.dtype) for one in steps.states]
        return [Shaped((batch, *shape), dtype), Shaped((batch, length, *shape), dtype), last]
    places = range(o.static(x)[1] or 0)
    if not places:
        raise InvalidArgument("a recurrent layer needs at least one step; received none.")
    kept: list[Any] = list(states)
    outputs: list[Any] = []
    for place in reversed(places) if steps.go_backwards else places:
        output, *new = run(steps.graph, [x[:, place], *kept, *constants], scope)
        if mask is not None:
            flags = o.tensor(mask, "bool")[:, place]
            is_first = not outputs or steps.gives_zeros
            before = zeros_like.computes(o, output) if is_first else outputs[-1]
            output = _chosen(o, flags, output, before)
            new = [_chosen(o, flags, one, old) for one, old in zip(new, kept, strict=True)]
        outputs.append(output)
        kept = new
    return [outputs[-1], o.f["stack"](outputs, 1), kept]


def _chosen(o: Any, flags: Any, new: Any, old: Any) -> Any:
    while o.rank(flags) < o.rank(new):
        flags = o.f["reshape"](flags, (*o.sizes(flags), 1))
    return o.f["where"](flags, new, old)
