"""Optimizers whose classes scripts define: `get_updates` says how variables change.

It runs once on symbols, of the weights and of their gradients; what it returns is the rule.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from convdispatch.engine import scopes
from convdispatch.engine.scopes import Scope
from convdispatch.errors import InvalidType
from convdispatch.formulas.optimizers import Optimizer, provide
from convdispatch.runtime import selection
from convdispatch.symbolic import elementwise, reducing
from convdispatch.symbolic.control import switch
from convdispatch.symbolic.optimizer_updates import updates_of
from convdispatch.symbolic.running import value_in
from convdispatch.symbolic.state import placeholder
from convdispatch.symbolic.variables import Variable, variable_of

provide(updates_of)


def clip_norm(g: Any, c: float, n: Any) -> Any:
    """Return a gradient scaled so that a norm `n` is `c` at most.

    >>> clip_norm(np.array([3.0, 4.0]), 1.0, np.array(5.0))
    array([0.6, 0.8])
    """
    return switch(n >= c, g * c / n, g) if c > 0 else g


class OwnOptimizer(Optimizer):
    """The base of a script's own optimizers, in the manner of Keras 1 and 2.

    A subclass defines `get_updates(loss, params)`, in Keras 1 `get_updates(params, constraints,
    loss)`: a list of updates of the parameters and of variables of its own. One that defines
    `initial` and `rule` instead is as any other `Optimizer`.
    """

    rate_name = "lr"

    def __init__(self, **options: Any) -> None:
        """Take `clipnorm` and `clipvalue`, and attributes of the script's own."""
        vars(self).update(options)
        self.updates: list[Any] = []
        self.weights: list[Any] = []

    def __setattr__(self, name: str, value: object) -> None:
        if name == "iterations":  # a script's own count
            vars(self)["_own_iterations"] = value
        elif self._is_of_script:
            object.__setattr__(self, name, value)
        else:
            super().__setattr__(name, value)

    @property
    def iterations(self) -> Any:
        """The script's own count, or how many updates have been made."""
        own = vars(self).get("_own_iterations")
        return super().iterations if own is None else own

    @property
    def _is_of_script(self) -> bool:
        return hasattr(type(self), "get_updates")

    def get_gradients(self, loss: Any, params: Sequence[Any]) -> list[Any]:
        """Return the gradients of parameters, clipped as the options say."""
        found = [self._gradients[id(one)] for one in params]
        greatest, edge = (getattr(self, name, None) for name in ("clipnorm", "clipvalue"))
        if greatest:
            first, *rest = (reducing.sum(elementwise.square(one)) for one in found)
            squares = sum(rest, start=first)
            norm = elementwise.sqrt(squares)
            found = [clip_norm(one, greatest, norm) for one in found]
        if edge:
            found = [elementwise.clip(one, -edge, edge) for one in found]
        return found

    def rate_at(self, step: int) -> float:
        """Return the learning rate now, which a script may have set."""
        if not self._is_of_script:
            return super().rate_at(step)
        rate = getattr(self, self.rate_name, 0.0)
        return float(rate.get_value() if isinstance(rate, Variable) else rate)

    def initial(self) -> Mapping[str, float]:
        """Return no slots of a weight: a script's variables belong to all."""
        return {} if self._is_of_script else super().initial()

    def shared(self) -> Mapping[str, float]:
        """Return the names of the script's variables that change."""
        return dict.fromkeys(vars(self).get("_slots", {}), 0.0)

    def slots(self, functions: Any, weights: Sequence[Any]) -> list[dict[str, Any]]:
        """Return the first values of the script's variables."""
        if not self._is_of_script:
            return super().slots(functions, weights)
        backend = selection.backend_of(weights[0])
        with scopes.entered(None), selection.use_backend(backend.name):
            self._record([backend.describe(one) for one in weights])
        first = {
            name: backend.asarray(one.get_value(), "float32") for name, one in self._slots.items()
        }
        return [*({} for _ in weights), first]

    def _record(self, described: Sequence[Any]) -> None:
        """Call the script's `get_updates`, and note what it returns."""
        params = [variable_of(np.zeros(shape), dtype) for shape, dtype in described]
        slopes = [placeholder(shape, dtype=dtype) for shape, dtype in described]
        self._gradients = {id(p): g for p, g in zip(params, slopes, strict=True)}
        get_updates: Any = self.get_updates  # type: ignore[attr-defined] # the script has it
        taken = inspect.signature(get_updates).parameters
        given: dict[str, Any] = {"loss": None, "params": params}
        if "constraints" in taken:
            given["constraints"] = {}
        # Keras 2 gave them by their names, Keras 1 by their places.
        is_named = "params" in taken or any(one.kind is one.VAR_KEYWORD for one in taken.values())
        returned = get_updates(**given) if is_named else get_updates(params, {}, None)
        updates = [one for one in returned or self.updates if one is not None]
        for one in updates:
            if not isinstance(one, tuple | list) or not isinstance(one[0], Variable):
                raise InvalidType(
                    f"`get_updates` of {type(self).__name__} must return updates of variables, as "
                    f"`update` returns them; received {type(one).__name__}."
                )
        rules = {id(one): value for one, value in updates}
        known = {id(one) for one in params}
        others = {id(one): one for one, _ in updates if id(one) not in known}
        self._params, self._slopes = params, slopes
        self._slots = {f"variable_{n}": one for n, one in enumerate(others.values())}
        self._rules = [rules.get(id(one)) for one in (*params, *others.values())]

    def update(
        self,
        functions: Any,
        weights: Sequence[Any],
        gradients: Sequence[Any],
        slots: Sequence[Any],
        rate: Any,
        step: Any,
    ) -> tuple[list[Any], list[dict[str, Any]]]:
        """Return the new weights and the new values of the script's variables."""
        if not self._is_of_script:
            return super().update(functions, weights, gradients, slots, rate, step)
        own = slots[-1]
        values: dict[Any, Any] = dict(zip(self._params, weights, strict=True))
        values |= dict(zip(self._slopes, gradients, strict=True))
        values |= {one: own[name] for name, one in self._slots.items()}
        if isinstance(getattr(self, self.rate_name, None), Variable):
            values[getattr(self, self.rate_name)] = rate
        scope = Scope(selection.backend_of(weights[0]), is_training=True, values=values)
        old = [*weights, *own.values()]
        with scopes.entered(scope):
            new = [
                before if rule is None else value_in(rule, scope)
                for rule, before in zip(self._rules, old, strict=True)
            ]
        count = len(weights)
        return new[:count], [
            *({} for _ in weights),
            dict(zip(own, new[count:], strict=True)),
        ]

    def get_config(self) -> dict[str, Any]:
        """Return the options of clipping; a script adds its own."""
        names = ("clipnorm", "clipvalue")
        return {name: vars(self)[name] for name in names if name in vars(self)}
