"""The optimizers of TensorFlow's Keras, where they are not Keras 3's.

Those of before TensorFlow 2.11, which later versions keep as `optimizers.legacy`, are in
`_tf_keras_legacy`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import convdispatch.formulas.optimizers._keras3 as keras3
from convdispatch.formulas.elementary import Functions
from convdispatch.formulas.optimizers._optimizer import Slots
from convdispatch.formulas.optimizers._own_weights import by_weight
from convdispatch.formulas.optimizers._rules import NesterovMoments


class RepeatedMoments(NesterovMoments):
    """`NesterovMoments` whose product of momentums takes a factor for each weight.

    A Python number says there which step has taken its factor. It counts when the step is traced,
    not when it runs, so it stays k at the weight number k, or n + k of n weights where the step is
    traced twice: only in the step of that number less 1 that weight finds the factor taken. No file
    holds the product, so a loaded optimizer begins with 1.

    traces: how often the step is traced: twice where metrics are made in the first trace.
    """

    begins_anew = True
    traces: int = 1

    def moved(
        self,
        functions: Functions,
        weights: Sequence[Any],
        gradients: Sequence[Any],
        slots: Sequence[Slots],
        rate: Any,
        step: Any,
        numbers: Any = None,
    ) -> tuple[list[Any], list[dict[str, Any]]]:
        """Return the new weights and slots: see `Optimizer.moved`."""
        *of_weights, shared = slots
        before: Any = shared["u_product"]
        new_weights, new_slots = [], list[dict[str, Any]]()
        for place, (weight, gradient, own) in enumerate(
            zip(weights, gradients, of_weights, strict=True)
        ):
            product = before * self.momentum_at(functions, step + 1)
            number = (self.traces - 1) * len(weights) + place + 1
            is_taken = functions["equal"](step, number - 2)
            product = functions["where"](is_taken, before, product)
            before = product
            factors = self.factors(functions, rate, step, product)
            moved, found = self.rule(functions, weight, gradient, own, factors)
            new_weights.append(moved)
            new_slots.append({name: found[name] for name in own})
        return new_weights, [*new_slots, {"u_product": before}]

    def rule(
        self, f: Functions, weight: Any, gradient: Any, slots: Slots, numbers: Any
    ) -> tuple[Any, Mapping[str, Any]]:
        """Return the new weight and its new slots: each weight has numbers of its own."""
        return super().rule(f, weight, gradient, slots, numbers)


@dataclass(eq=False)
class Nadam(keras3._Keras3, RepeatedMoments):
    """Dozat, 2016: `Adam` with Nesterov's momentum, which grows in the first steps."""

    order = by_weight(("momentum", "velocity"))

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7

    def checked(self) -> Mapping[str, object]:
        """Return the hyperparameters of the rule, checked."""
        return keras3.of_moments(self)
