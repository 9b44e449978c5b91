"""Gradients by tapes, and training steps as functions that hold their variables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from convdispatch.kit import checked_step, map_tree, per_variables
from convdispatch.ops import Differentiable, Differentiated, Step, Tree
from convdispatch_tensorflow._framework import tf

# Lists of variables whose functions a step keeps.
KEPT = 4
# Traces for shapes of inputs that each of these keeps; the first one makes room for another.
TRACES = 128


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
    run = per_variables(lambda held: Assigning(checked, held), kept=KEPT)
    return lambda variables, inputs: (variables, run(variables, inputs))


class Assigning:
    """Gives variables their new values and returns the result: a trace for each shape of inputs.

    `tf.function` binds and names each argument anew at each call, and so does the trace that it
    returns: 140 and 35 microseconds for the variables and inputs of two dense layers.
    """

    def __init__(self, step: Step, variables: Sequence[Any]) -> None:
        self._step, self._variables = step, variables
        self._traces: dict[Any, Callable[[list[Any]], Tree]] = {}

    def __call__(self, inputs: Tree) -> Tree:
        """Run the trace for the tree of inputs and the shapes and types of its tensors."""
        if not tf.executing_eagerly():  # a part of another trace
            return self._assign(inputs)
        tensors: list[Any] = []
        key = _flattened(inputs, tensors)
        return (self._traces.get(key) or self._traced(key, inputs, tensors))(tensors)

    def _traced(
        self, key: Any, inputs: Tree, tensors: Sequence[Any]
    ) -> Callable[[list[Any]], Tree]:
        """Return the trace as a function of the tensors."""
        structure = map_tree(lambda _: 0, inputs)  # not the tensors of the first batch

        def assigning(*traced: Any) -> Tree:
            following = iter(traced)
            return self._assign(map_tree(lambda _: next(following), structure))

        specs = [tf.TensorSpec(tensor.shape, tensor.dtype) for tensor in tensors]
        function = tf.function(assigning, autograph=False).get_concrete_function(*specs)
        captured = function.captured_inputs
        while len(self._traces) >= TRACES:
            self._traces.pop(next(iter(self._traces)), None)
        trace = self._traces[key] = lambda tensors: function._call_flat(tensors, captured)
        return trace

    def _assign(self, inputs: Tree) -> Tree:
        # The values before the step, because a later read of a variable gives the new one.
        before = [tf.convert_to_tensor(variable) for variable in self._variables]
        new, result = self._step(before, inputs)
        result = map_tree(tf.convert_to_tensor, result)
        # Everything is computed before anything is written, so a failure writes nothing.
        with tf.control_dependencies([tf.group(*new, *_tensors(result))]):
            for variable, value in zip(self._variables, new, strict=True):
                variable.assign(value, read_value=False)
        return result


def _flattened(tree: Tree, tensors: list[Any]) -> Any:
    """Append the tree's tensors; return what distinguishes it and them from others."""
    if isinstance(tree, dict):
        return dict, *tree, *[_flattened(part, tensors) for part in tree.values()]
    if isinstance(tree, list | tuple):
        return type(tree), *[_flattened(part, tensors) for part in tree]
    if tree is None:
        return None
    if not isinstance(tree, tf.Tensor):
        tree = tf.convert_to_tensor(tree)
    tensors.append(tree)
    return tree.dtype, *tree.shape


def _tensors(tree: Tree) -> list[Any]:
    return [leaf for leaf in tf.nest.flatten(tree) if leaf is not None]
