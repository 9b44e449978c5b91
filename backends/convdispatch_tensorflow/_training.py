"""Gradients by tapes, and training steps as functions that hold their variables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from convdispatch.kit import checked_step, map_tree, per_variables
from convdispatch.ops import Differentiable, Differentiated, Step, Tree
from convdispatch_tensorflow._framework import tf

# Lists of variables whose functions a step keeps.
KEPT = 4


def value_and_grad(fn: Differentiable) -> Differentiated:
    """Return `compute(tensors) -> ((scalar, aux), gradients)`."""

    def compute(tensors: Sequence[Any]) -> tuple[tuple[Any, Tree], list[Any]]:
        watched = list(tensors)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(watched)
            value, aux = fn(watched)
        zero = tf.UnconnectedGradients.ZERO
        found = tape.gradient(value, watched, unconnected_gradients=zero)
        # That of cells taken by index is a list of cells, and no tensor.
        gradients = [tf.convert_to_tensor(gradient) for gradient in found]
        return (value, map_tree(tf.convert_to_tensor, aux)), gradients

    return compute


def compile_step(step: Step, describe: Any) -> Step:
    """Return a function of variables and inputs that traces the step once for these variables."""
    checked = checked_step(step, describe)
    run = per_variables(lambda held: _assigning(checked, held), kept=KEPT)
    return lambda variables, inputs: (variables, run(variables, inputs))


def _assigning(step: Step, variables: Sequence[Any]) -> Callable[[Tree], Tree]:
    """Return the function that gives the variables their new values and returns the result."""

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]  # TensorFlow has no types
    def assigning(inputs: Tree) -> Tree:
        # The values before the step, because a later read of a variable gives the new one.
        before = [tf.convert_to_tensor(variable) for variable in variables]
        new, result = step(before, inputs)
        result = map_tree(tf.convert_to_tensor, result)
        # Everything is computed before anything is written, so a failure writes nothing.
        with tf.control_dependencies([*new, *_tensors(result)]):
            for variable, value in zip(variables, new, strict=True):
                variable.assign(value)
        return result

    function: Callable[[Tree], Tree] = assigning
    return function


def _tensors(tree: Tree) -> list[Any]:
    return [leaf for leaf in tf.nest.flatten(tree) if leaf is not None]
