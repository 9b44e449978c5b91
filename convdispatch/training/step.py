"""A step of training, and one of evaluation, as pure functions that a backend compiles.

The variables of a step are the model's weights, then the optimizer's slots, then the number of
steps so far. Its inputs are a batch, the learning rate and a key of random numbers: all of them
tensors, so that no other rate and no other batch compiles anything anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from convdispatch.engine import scopes
from convdispatch.formulas.constraints import projected
from convdispatch.formulas.random import Draws
from convdispatch.formulas.whole_batch import entered, whole
from convdispatch.ops import Backend, Group, Part, PartialStep, ShardedGroup, Step
from convdispatch.training.forward import Forward
from convdispatch.training.objective import Objective
from convdispatch.training.optimizers import Updates


@dataclass(frozen=True, slots=True, kw_only=True)
class Learning:
    """How weights change: which ones, by which rule, onto which constraints."""

    updates: Updates
    trained: tuple[int, ...]  # places among the weights
    constraints: tuple[Any, ...]  # of those, None for none
    slots: Any  # the optimizer's slots, with anything in their places
    count: int  # how many weights there are


def training_step(
    backend: Backend, forward: Forward, objective: Objective, learning: Learning, *, engine: Any
) -> Step:
    """Return `step(variables, inputs) -> (variables, what is reported)`.

    engine: whose `value_and_grad` makes the gradients: the backend, or a group.
    """
    trained, count = learning.trained, learning.count
    fold = Draws(backend)["fold"] if forward.draws else None
    both = zip(trained, learning.constraints, strict=True)
    constrained = [(place, one) for place, one in both if one is not None]
    has_metrics = any(target.metrics for target in objective.targets)
    has_several = len(objective.targets) > 1

    def step(variables: Sequence[Any], inputs: Any) -> tuple[list[Any], list[Any]]:
        weights, slots, steps = list(variables[:count]), variables[count:-1], variables[-1]
        wanted, counted, key = inputs["y"], inputs["weights"], inputs["key"]
        measuring = whole(backend)
        if fold is not None:
            key = fold(key, steps)

        def loss_of(chosen: Sequence[Any]) -> tuple[Any, Any]:
            values = list(weights)
            for place, value in zip(trained, chosen, strict=True):
                values[place] = value
            scope = forward.scope(values, key, is_training=True)
            found = forward.training(values, inputs["x"], key, scope)
            outputs, masks = (found.outputs, found.before), found.masks
            with scopes.entered(scope):
                losses = objective.losses(measuring, wanted, outputs, counted, masks)
                seen: Any = (outputs, masks) if has_metrics else ()
                if has_metrics and scope is not None:  # they may name what only this scope knows
                    seen = [objective.metrics(measuring, wanted, outputs, counted, masks)]
            total = objective.total(losses, found.losses)
            return total, (*seen, found.updates, losses if has_several else [])

        old, trees = [weights[place] for place in trained], rebuilt(learning.slots, slots)
        new: list[Any] = []
        if not trained:  # only states change, such as moving means
            total, (*seen, updates, several) = loss_of(())
        else:
            (total, found), gradients = engine.value_and_grad(loss_of)(old)
            *seen, updates, several = found
            new, trees = learning.updates.updated(old, gradients, trees, inputs["update"], steps)
        for place, value in (*updates.items(), *zip(trained, new, strict=True)):
            weights[place] = value
        for place, constraint in constrained:
            weights[place] = projected(constraint, backend, weights[place])
        if len(seen) == 2:
            seen = [objective.metrics(measuring, wanted, seen[0], counted, seen[1])]
        return [*weights, *leaves(trees), steps + 1], [total, *several, *(seen[0] if seen else [])]

    return step


def evaluation_step(
    backend: Backend, forward: Forward, objective: Objective, *, engine: ShardedGroup | None
) -> Step:
    """Return a step that changes only states: they are its variables.

    The model's other weights are the inputs' "values", which have None for a state.
    engine: which gathers them, None where they are whole.
    """

    def step(variables: Sequence[Any], inputs: Any) -> tuple[list[Any], list[Any]]:
        values, wanted, counted = list(inputs["values"]), inputs["y"], inputs["weights"]
        for place, state in zip(forward.states, variables, strict=True):
            values[place] = state
        scope = forward.scope(values, None, is_training=False)
        found = forward.evaluation(values, inputs["x"], scope)
        given = (whole(backend), wanted, (found.outputs, found.before), counted, found.masks)
        with scopes.entered(scope):
            losses, metrics = objective.losses(*given), objective.metrics(*given)
        several = losses if len(objective.targets) > 1 else []
        new = [found.updates.get(place, values[place]) for place in forward.states]
        return new, [objective.total(losses, found.losses), *several, *metrics]

    if engine is not None:
        within = engine.within
        return lambda variables, inputs: within(lambda: step(variables, inputs))
    return step


def partial_step(backend: Backend, group: Group, step: Step) -> PartialStep:
    """Return the step for a part of a batch, in which what the batch decides is the whole's."""

    def of_part(variables: Sequence[Any], batch: Any, others: Any, part: Part | None) -> Any:
        inputs = {**batch, **others}
        if not group.is_divided or (part is not None and part.is_whole):
            return step(variables, inputs)
        with entered(backend, group, part) as found:
            new, reported = step(variables, inputs)
            return new, found.mean_of_parts(reported)  # of terms: one reduction for all of them

    return of_part


def leaves(slots: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Return the tensors of slots, in the order in which `rebuilt` takes them."""
    return [tensor for own in slots for tensor in own.values()]


def rebuilt(slots: Sequence[Mapping[str, Any]], tensors: Sequence[Any]) -> list[dict[str, Any]]:
    """Return slots of the same names with these tensors."""
    following = iter(tensors)
    return [dict(zip(own, following, strict=False)) for own in slots]
