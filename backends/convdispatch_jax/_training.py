"""Gradients and training steps, each a program that JAX compiles once for its shapes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
from jax import lax

from convdispatch.kit import checked_step
from convdispatch.ops import Differentiable, Differentiated, Step, Tree


def value_and_grad(fn: Differentiable) -> Differentiated:
    """Return `compute(tensors) -> ((scalar, aux), gradients)`."""
    # Jitted: one compilation instead of one for each primitive and each of its derivatives.
    differentiate = jax.jit(jax.value_and_grad(fn, has_aux=True))
    return lambda tensors: differentiate(list(tensors))


def compile_step(step: Step, describe: Any) -> Step:
    """Return the compiled step, which takes the variables' memory for their new values."""
    step = checked_step(step, describe)

    def typed(variables: Sequence[jax.Array], inputs: Tree) -> tuple[Sequence[jax.Array], Tree]:
        new, result = step(variables, inputs)
        # Without the weak types that Python numbers have: they are others to the next step.
        pairs = zip(variables, new, strict=True)
        return [lax.convert_element_type(value, old.dtype) for old, value in pairs], result

    compiled = jax.jit(typed, donate_argnums=0)
    return lambda variables, inputs: compiled(list(variables), inputs)
