"""A backend that computes nothing: it writes down what it is asked to compute.

A model on this backend, applied to symbolic inputs, leaves its program behind. So whatever a layer
is made of, its ops, its functions and its masks, is exported, and no layer is written twice.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from convdispatch import kit
from convdispatch.errors import UnsupportedOp
from convdispatch.ops import (
    HALF_DTYPES,
    Conv,
    ConvTranspose,
    Dense,
    NumpyArray,
    Op,
    Pad,
    PartialShape,
    Pool,
    Resize,
    Signature,
    Upsample,
)
from convdispatch.programs._functions import Table
from convdispatch.programs._program import Block, Instruction, Value
from convdispatch.programs._symbolic import Symbolic

_numbers = itertools.count()

# The names of the instructions that are ops.
NAMES: Mapping[type, str] = {
    Conv: "conv",
    ConvTranspose: "conv_transpose",
    Dense: "dense",
    Pad: "pad",
    Pool: "pool",
    Resize: "resize",
    Upsample: "upsample",
}

# Of (op, signature): whether a target has an equivalent.
Supports = Callable[[Op, Signature], bool]


class Recorder:
    """The backend of one recording. `supports` says which ops the program may have.

    An op that the target does not have is derived from others, as for a backend that lacks it.
    """

    def __init__(self, supports: Supports) -> None:
        self.name = f"recorder-{next(_numbers)}"
        self.functions = Table(self).functions
        self.random: dict[str, Callable[..., Any]] = {}
        self.layer = ""  # whose instructions are recorded
        self.instructions: list[Instruction] = []
        self.constants: dict[int, tuple[Value, NumpyArray, str]] = {}  # by number
        self._supports = supports
        self._values = itertools.count()

    # What is recorded.

    def fresh(self, shape: PartialShape, dtype: str) -> Symbolic:
        """Return a new tensor, such as an input."""
        return Symbolic(self, Value(next(self._values), tuple(shape), dtype))

    def record(
        self,
        name: str,
        operands: Sequence[Any],
        shape: PartialShape,
        dtype: str,
        /,
        **options: Any,
    ) -> Symbolic:
        """Record an instruction with one result and return that."""
        result = self.fresh(shape, dtype)
        self._append(name, operands, (result.value,), options)
        return result

    def _append(
        self, name: str, operands: Sequence[Any], results: tuple[Value, ...], options: Any
    ) -> None:
        self.instructions.append(
            Instruction(
                name=name,
                operands=tuple(map(_operand, operands)),
                options=options,
                results=results,
                layer=self.layer,
            )
        )

    def calculated(self, name: str, *operands: Any) -> Symbolic:
        """Return the result of an operator."""
        result: Symbolic = self.functions[name](*operands)
        return result

    def sliced(self, x: Symbolic, places: Any) -> Symbolic:
        """Return some cells of a tensor, each axis by a slice."""
        given = places if isinstance(places, tuple) else (places,)
        for axis, cells in enumerate(given):
            if not isinstance(cells, slice):
                raise UnsupportedOp(f"only slices are recorded; received the index {cells!r}.")
            if cells != slice(None):
                x = self._slice(x, axis, cells)
        return x

    def _slice(self, x: Symbolic, axis: int, cells: slice) -> Symbolic:
        size = x.shape[axis]
        if size is None:
            raise UnsupportedOp("no part of an axis is recorded whose size is unknown.")
        cells = slice(*cells.indices(size))
        shape = list(x.shape)
        shape[axis] = len(range(size)[cells])
        options = {"axis": axis, "start": cells.start, "stop": cells.stop, "step": cells.step}
        return self.record("slice", (x,), tuple(shape), x.dtype, **options)

    # The protocol of a backend.

    def lower(self, op: Op, signature: Signature) -> Callable[..., Symbolic]:
        """Return the function that records the op, or what it is made of.

        In half precision it is computed in float32 and rounded once, whatever a target does.
        """
        if signature.dtype in HALF_DTYPES and not isinstance(op, Pad):
            wide = self.lower(op, replace(signature, dtype="float32"))
            rounded: Callable[..., Symbolic] = kit.rounded_once(wide, signature.dtype, self.cast)
            return rounded
        if not self._supports(op, signature):
            derived: Callable[..., Symbolic] = kit.derived(op, signature, self)
            return derived

        def recorded(x: Symbolic, *weights: Symbolic) -> Symbolic:
            shape = (x.shape[0], *kit.result_shape(op, signature))
            options = {"op": op, "signature": signature}
            return self.record(NAMES[type(op)], (x, *weights), shape, x.dtype, **options)

        return recorded

    def normalized(self, x: Symbolic, **parts: Any) -> Symbolic:
        """Record a normalization by given moments; `parts` are those of 'normalize'."""
        names = ("mean", "variance", "gamma", "beta")
        operands = (x, *(parts[name] for name in names))
        options = {name: parts[name] for name in ("axis", "epsilon")}
        return self.record("normalize", operands, x.shape, x.dtype, **options)

    def owns(self, value: object) -> bool:
        """Say whether it is a tensor of this recording."""
        return isinstance(value, Symbolic) and value.recorder is self

    def describe(self, tensor: Symbolic) -> tuple[PartialShape, str]:
        """Return the shape and the element type."""
        return tensor.shape, tensor.dtype

    def asarray(self, value: Any, dtype: str) -> Symbolic:
        """Return a constant."""
        array = np.array(value, kit.numpy_dtype(dtype))
        constant = self.fresh(array.shape, dtype)
        self.constants[constant.value.number] = constant.value, array, self.layer
        return constant

    variable = asarray

    def assign(self, variable: Symbolic, value: Any) -> Symbolic:
        """Return a tensor with these numbers."""
        return value if self.owns(value) else self.asarray(value, variable.dtype)

    def cast(self, tensor: Symbolic, dtype: str) -> Symbolic:
        """Return the tensor with another element type."""
        if tensor.dtype == dtype:
            return tensor
        return self.record("cast", (tensor,), tensor.shape, dtype, dtype=dtype)

    def to_numpy(self, tensor: Symbolic) -> NumpyArray:
        """Return the numbers of a constant or a weight; raise for a computed tensor."""
        constant = self.constants.get(tensor.value.number)
        return np.asarray(tensor) if constant is None else constant[1]

    def synchronize(self, tensor: Symbolic) -> None:
        """Do nothing."""

    def outside_trace(self, fn: Callable[[], object]) -> object:
        """Call the function."""
        return fn()

    def compile_scan(self, step: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function that records a loop as one instruction."""

        def run(weights: Any, state: Any, inputs: Any) -> tuple[Any, Any]:
            return self._scanned(step, weights, tuple(state), tuple(inputs))

        return run

    def _scanned(self, step: Any, weights: Any, state: Any, inputs: Any) -> tuple[Any, Any]:
        before = [self.fresh(one.shape, one.dtype) for one in state]
        at_step = [self.fresh(one.shape[1:], one.dtype) for one in inputs]
        with self._elsewhere() as inside:
            after, output = step(weights, tuple(before), tuple(at_step))
        body = Block(
            parameters=tuple(one.value for one in (*before, *at_step)),
            instructions=tuple(inside),
            results=tuple(one.value for one in (*after, output)),
        )
        last = [self.fresh(one.shape, one.dtype) for one in state]
        outputs = self.fresh((inputs[0].shape[0], *output.shape), output.dtype)
        results = tuple(one.value for one in (*last, outputs))
        options = {"states": len(before), "body": body}
        self._append("scan", (*state, *inputs), results, options)
        return tuple(last), outputs

    @contextlib.contextmanager
    def _elsewhere(self) -> Iterator[list[Instruction]]:
        """Record what the block does in a list of its own."""
        outside, self.instructions = self.instructions, []
        try:
            yield self.instructions
        finally:
            self.instructions = outside


def _operand(given: Any) -> Any:
    if isinstance(given, Symbolic):
        return given.value
    return given.item() if isinstance(given, np.generic) else given
