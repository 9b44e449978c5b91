"""An optimizer's updates as a graph, for scripts that train by `K.function` themselves.

`Adam(lr=0.01).get_updates(params, [], loss)` is what Keras 1 calls, `get_updates(loss, params)`
Keras 2. The rule is the one that `fit` uses.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from convdispatch.errors import InvalidType
from convdispatch.formulas.constraints import projected
from convdispatch.formulas.optimizers import Optimizer
from convdispatch.runtime import selection
from convdispatch.symbolic.functions import Update
from convdispatch.symbolic.gradients import gradients, place_of
from convdispatch.symbolic.operations import operation
from convdispatch.symbolic.variables import Variable, VariableLayer, variable_of


def updates_of(optimizer: Optimizer, *given: Any, **named: Any) -> list[Update]:
    """Return the updates of parameters by the derivatives of a symbolic loss.

    Takes `(loss, params)` as Keras 2 did, or `(params, constraints, loss)` as Keras 1.
    """
    params, loss = _arguments(given, named)
    slopes = gradients(loss, params)
    variables, constraints = _variables(params, slopes)
    backend = selection.backend_of(variables[0].native)
    slots = optimizer.slots(backend.functions, [one.native for one in variables])
    names = [tuple(one) for one in slots]
    kept = [variable_of(selection.to_numpy(v)) for one in slots for v in one.values()]
    step = variable_of(0.0)
    new = _moved(optimizer, variables, slopes, names, kept, _rate_of(optimizer, step), step)
    new = new if isinstance(new, list) else [new]
    for place, constraint in enumerate(constraints):
        if constraint is not None:
            new[place] = _projected(new[place], constraint)
    pairs = zip([*variables, *kept], new, strict=True)
    return [*(Update(*pair) for pair in pairs), Update(step, step + 1)]


def _arguments(given: Sequence[Any], named: dict[str, Any]) -> tuple[list[Any], Any]:
    """Return the parameters and the loss of a call in either Keras's manner."""
    words = dict(named)
    is_list = bool(given) and isinstance(given[0], list | tuple)
    order = ("params", "constraints", "loss") if is_list else ("loss", "params")
    if len(given) <= len(order):
        words |= dict(zip(order, given, strict=False))
    params, loss = words.get("params"), words.get("loss")
    if not isinstance(params, list | tuple) or not params or loss is None:
        raise InvalidType(
            "`get_updates` takes `(loss, params)`, or `(params, constraints, loss)`: a symbolic "
            "loss and a list of weights, such as `model.trainable_weights`."
        )
    return list(params), loss


def _variables(params: Sequence[Any], slopes: Sequence[Any]) -> tuple[list[Variable], list[Any]]:
    """Return a variable for each parameter, and its constraint, None for none."""
    variables, constraints = [], []
    for one, slope in zip(params, slopes, strict=True):
        layer, index = place_of(one, slope.call.layer.inner_layers)
        if not isinstance(one, Variable):
            dtype = selection.backend_of(one).describe(one)[1]
            found = variable_of(np.array(selection.to_numpy(one)), dtype)
            found.move_to(layer, index)
            one = found
        variables.append(one)
        constraints.append(one.constraint or layer._declarations[index].constraint)
    return variables, constraints


class _RateLayer(VariableLayer):
    """The holder of an optimizer's learning rate, which may be set between calls."""

    optimizer: Any = None
    step: Any = None

    @property
    def _variables(self) -> list[Any]:  # it is read anew
        steps = 0 if self.step is None else int(self.step.get_value())
        rate = 0.0 if self.optimizer is None else self.optimizer.rate_at(steps)
        return [self._backend().asarray(np.asarray(rate, "float32"), "float32")]

    @_variables.setter
    def _variables(self, value: Any) -> None:
        pass


def _rate_of(optimizer: Optimizer, step: Variable) -> Variable:
    made = variable_of(0.0)
    holder = _RateLayer(np.zeros(()), "float32", None)
    holder.optimizer, holder.step, holder.variable = optimizer, step, made
    made.move_to(holder, 0)
    return made


@operation
def _moved(
    o: Any,
    optimizer: Optimizer,
    weights: Sequence[Any],
    slopes: Sequence[Any],
    names: Sequence[tuple[str, ...]],
    kept: Sequence[Any],
    rate: Any,
    step: Any,
) -> list[Any]:
    """Return the new weights, and the new values of what the optimizer remembers."""
    if o.is_abstract:
        return [*weights, *kept]
    values = iter(kept)
    slots = [{name: next(values) for name in own} for own in names]
    new, after = optimizer.update(o.f, weights, slopes, slots, rate, step)
    return [*new, *(own[name] for own, order in zip(after, names, strict=True) for name in order)]


@operation
def _projected(o: Any, weight: Any, constraint: Any) -> Any:
    """Return a weight that the constraint allows."""
    return weight if o.is_abstract else projected(constraint, o.backend, weight)
