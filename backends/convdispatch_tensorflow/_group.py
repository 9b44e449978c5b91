"""The replicas of a `tf.distribute` strategy that train one model, on one worker or on several."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from convdispatch.kit import (
    checked_step,
    group_failure,
    map_tree,
    parts_of,
    per_variables,
)
from convdispatch.ops import Differentiable, Differentiated, Part, PartialStep, Tree
from convdispatch_tensorflow._framework import tf

# Lists of variables whose functions a step keeps.
KEPT = 4
# What processes tell each other is sent in multiples of this length: each other one is a trace.
_CHUNK = 4096

_FAILURES = (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.DeadlineExceededError)


def workers_of(resolver: Any) -> int:
    """Return how many workers there are, 1 where nobody names any."""
    workers: dict[str, Any] = {} if resolver is None else resolver.cluster_spec().as_dict()
    return sum(len(workers[kind]) for kind in ("chief", "worker") if kind in workers) or 1


class TensorflowGroup:
    """The replicas of one strategy."""

    is_divided = True

    def __init__(self, backend: Any, strategy: Any) -> None:
        self._backend, self._strategy = backend, strategy
        self.parts = strategy.num_replicas_in_sync
        self.kind = type(strategy).__name__
        resolver = strategy.cluster_resolver
        self.size, self.rank = workers_of(resolver), 0
        if self.size > 1:
            chiefs = resolver.cluster_spec().as_dict().get("chief", [])
            self.rank = resolver.task_id + len(chiefs) * (resolver.task_type == "worker")
        self._each = self.parts // self.size  # replicas of this worker
        self._gather = tf.function(self._gathering, autograph=False)

    def exchange(self, told: bytes) -> list[bytes]:
        if self.size == 1:
            return [told]
        lengths = self._gathered(np.array([len(told)], np.int32))
        padded = np.zeros(-(-int(lengths.max()) // _CHUNK) * _CHUNK or _CHUNK, np.int32)
        padded[: len(told)] = np.frombuffer(told, np.uint8)
        rows = self._gathered(padded).reshape(self.parts, -1).astype(np.uint8)
        each = slice(None, None, self._each)
        pairs = zip(rows[each], lengths[each], strict=True)
        return [row[:length].tobytes() for row, length in pairs]

    def begin(self, variables: Sequence[Any]) -> list[Any]:
        """Return the variables as the strategy's, with the values of rank 0."""
        with self._strategy.scope():
            held = [
                one
                if getattr(one, "distribute_strategy", None) is self._strategy
                else tf.Variable(tf.convert_to_tensor(one), trainable=one.trainable)
                for one in variables
            ]
        if self.size > 1 and held:  # a script may have set those that the strategy has made
            with _told_plainly():
                tf.function(lambda: self._take_from_rank_0(held), autograph=False)()
        return held

    def _take_from_rank_0(self, variables: Sequence[Any]) -> None:
        def take(number: int) -> None:
            context = tf.distribute.get_replica_context()
            tensors = [tf.convert_to_tensor(one) for one in variables]
            if self.rank or number:
                tensors = [tf.zeros_like(one) for one in tensors]
            here = [tf.identity(one) for one in tensors]  # a constant has no device
            # One by one: the engine packs what it gets together, of one type.
            values = [context.all_reduce(tf.distribute.ReduceOp.SUM, one) for one in here]
            context.merge_call(write, args=(values,))

        def write(strategy: Any, values: Sequence[Any]) -> None:
            _write(strategy, variables, values)

        self.in_replicas(take)

    def owns_rows(self, source: object) -> bool:
        return False

    def own_rows(self, source: object) -> Sequence[int]:
        return ()

    def sum(self, tensor: Any) -> Any:
        context = tf.distribute.get_replica_context()
        return context.all_reduce(tf.distribute.ReduceOp.SUM, tensor)

    def gather(self, tensor: Any, part: Part) -> Any:
        return tf.distribute.get_replica_context().all_gather(tensor, 0)

    def average(self, tensors: list[Any]) -> list[Any]:
        context = tf.distribute.get_replica_context()
        found: list[Any] = context.all_reduce(tf.distribute.ReduceOp.MEAN, tensors)
        return found

    def value_and_grad(self, fn: Differentiable) -> Differentiated:
        compute = self._backend.value_and_grad(fn)

        def averaged(tensors: Sequence[Any]) -> Any:
            found, gradients = compute(tensors)
            context = tf.distribute.get_replica_context()
            return found, context.all_reduce(tf.distribute.ReduceOp.MEAN, gradients)

        return averaged

    def compile_step(self, step: PartialStep) -> PartialStep:
        checked = checked_step(lambda held, inputs: step(held, *inputs), self._backend.describe)
        run = per_variables(lambda held: _Replicated(self, checked, held), kept=KEPT)

        def run_part(variables: Sequence[Any], batch: Tree, others: Tree, part: Any) -> Any:
            with _told_plainly():
                return variables, run(variables, (batch, others, part))

        return run_part

    def replica_parts(self, part: Part) -> list[tuple[int, int, Part]]:
        """Return for each replica of this worker its rows among the worker's, and their part."""
        assert part.total is not None  # no source owns its rows here
        if part.is_whole and part.total < self.parts:  # each computes all of them
            return [(part.start, part.stop, part)] * self._each
        first = self.rank * self._each
        own = parts_of(part.total, self.parts)[first : first + self._each]
        return [(one.start - part.start, one.stop - part.start, one) for one in own]

    def in_replicas(self, function: Callable[[int], Any]) -> Any:
        """Return what the function of a replica's number on this worker returns in the first."""
        first = self.rank * self._each

        def compute() -> Any:
            context = tf.distribute.get_replica_context()
            number = context.replica_id_in_sync_group
            return function(int(tf.get_static_value(number)) - first)

        results = self._strategy.run(compute)
        return map_tree(lambda one: self._strategy.experimental_local_results(one)[0], results)

    def _gathered(self, array: Any) -> Any:
        with _told_plainly():
            return self._gather(tf.constant(array)).numpy()

    def _gathering(self, tensor: Any) -> Any:
        def gather(number: int) -> Any:
            here = tf.identity(tensor)  # an argument has no device yet
            return tf.distribute.get_replica_context().all_gather(here, 0)

        return self.in_replicas(gather)


class _Replicated:
    """Runs a step in each replica and gives the variables their new values there.

    There is a trace for each shape of the inputs and each part of a batch.
    """

    def __init__(self, group: TensorflowGroup, step: Any, variables: Sequence[Any]) -> None:
        self._group, self._step, self._variables = group, step, variables
        self._traces: dict[Any, Any] = {}

    def __call__(self, inputs: tuple[Tree, Tree, Part]) -> Tree:
        """Run the trace for these inputs."""
        batch, others, part = inputs
        tensors: list[Any] = []
        key = (part, self._noted(batch, tensors), self._noted(others, tensors))
        found = self._traces.get(key)
        if found is None:
            specs = [tf.TensorSpec(tensor.shape, tensor.dtype) for tensor in tensors]
            held = tf.nest.flatten((batch, others))  # their numbers in the key are theirs alone
            variables = [one for one in held if isinstance(one, tf.Variable)]
            found = self._traces[key] = self._traced(batch, others, part, specs), variables
        return found[0](*tensors)

    def _traced(self, batch: Tree, others: Tree, part: Part, specs: Sequence[Any]) -> Any:
        rows = self._group.replica_parts(part)

        def run(*given: Any) -> Tree:
            following = iter(given)
            whole, same = (map_tree(_taken_from(following), tree) for tree in (batch, others))

            def replica(number: int) -> Tree:
                start, stop, own = rows[number]
                return self._assign((map_tree(lambda one: one[start:stop], whole), same, own))

            return self._group.in_replicas(replica)

        return tf.function(run, autograph=False).get_concrete_function(*specs)

    def _assign(self, inputs: tuple[Tree, Tree, Part]) -> Tree:
        before = [tf.convert_to_tensor(variable) for variable in self._variables]
        new, result = self._step(before, inputs)
        result = map_tree(tf.convert_to_tensor, result)
        leaves = [leaf for leaf in tf.nest.flatten(result) if leaf is not None]
        # Everything is computed before anything is written, so a failure writes nothing.
        with tf.control_dependencies([tf.group(*new, *leaves)]):
            values = [tf.identity(value) for value in new]
        if values:
            tf.distribute.get_replica_context().merge_call(self._write, args=(values,))
        return result

    def _write(self, strategy: Any, values: Sequence[Any]) -> None:
        _write(strategy, self._variables, values)

    def _noted(self, tree: Tree, tensors: list[Any]) -> Any:
        """Append the tree's tensors, variables left out; return what distinguishes it."""
        if isinstance(tree, dict):
            return dict, *tree, *[self._noted(part, tensors) for part in tree.values()]
        if isinstance(tree, list | tuple):
            return type(tree), *[self._noted(part, tensors) for part in tree]
        if tree is None:
            return None
        if isinstance(tree, tf.Variable):
            return id(tree)
        tensors.append(tf.convert_to_tensor(tree))
        return tensors[-1].dtype, *tensors[-1].shape


def _write(strategy: Any, variables: Sequence[Any], values: Sequence[Any]) -> None:
    for variable, value in zip(variables, values, strict=True):
        strategy.extended.update(variable, _written, args=(value,))


@contextlib.contextmanager
def _told_plainly() -> Iterator[None]:
    """Say in one sentence that another worker has ended, hangs or cannot be reached."""
    try:
        yield
    except _FAILURES as exc:
        raise group_failure(exc) from exc


def _written(variable: Any, value: Any) -> Any:
    return variable.assign(value, read_value=False)


def _taken_from(following: Any) -> Callable[[Any], Any]:
    """Return the function that keeps a variable and replaces a tensor by the next one."""
    return lambda leaf: leaf if isinstance(leaf, tf.Variable) else next(following)
