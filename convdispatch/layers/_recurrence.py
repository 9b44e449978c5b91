"""The computation of recurrent layers: the products of all steps, then a loop through the steps.

It does not know how a layer multiplies: by matrices, or by kernels that slide over cells.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np

from convdispatch.engine.declarations import Weight
from convdispatch.engine.layer import Layer
from convdispatch.engine.specs import Spec
from convdispatch.formulas.activations import Activation
from convdispatch.formulas.random import Draws
from convdispatch.kit import looped
from convdispatch.layers._noise import seed_parts

# What a step reads beside the state: the recurrent kernel, the function that multiplies by it and
# others, by name.
Parts = Mapping[str, Any]
Product = Callable[[Any, Any], Any]  # of tensors and a kernel
Computing = Callable[..., tuple[Any, Any]]  # see `_computing`


_FIRST = np.array([0])


@lru_cache(maxsize=256)
def _places(first: int, count: int) -> Any:
    """Return so many numbers from `first` on; each step of a loop in Python asks for the same."""
    return np.arange(first, first + count)


class Recurrence(Layer):
    """A layer that computes each step of a sequence from the step and its state after the last.

    The products of all steps with the kernel are one product before the loop. A step adds the
    product of the state with the recurrent kernel.
    """

    gates: ClassVar[int]  # blocks of columns of the kernels
    _state_count: ClassVar[int] = 1  # tensors of a state; the first is the output
    dropout: float
    recurrent_dropout: float
    return_sequences: bool
    go_backwards: bool
    unroll: bool
    zero_output_for_mask: bool
    use_bias: bool
    seed: int | None

    # What the classes define.

    @property
    def width(self) -> int:
        """How many columns a block has: the channels of the state."""
        raise NotImplementedError

    def _step(self, parts: Parts, state: Sequence[Any], x: Any) -> tuple[Any, ...]:
        """Return the state after a step; x is the step's product with the kernel."""
        raise NotImplementedError

    def _product_of_inputs(self, spec: Spec, columns: int) -> Product:
        """Return the product of all steps of such inputs with a kernel of so many columns."""
        product: Product = self._backend().functions["matmul"]
        return product

    def _product_of_state(self, spec: Spec, columns: int) -> Product:
        """Return that of a state with a recurrent kernel."""
        product: Product = self._backend().functions["matmul"]
        return product

    @property
    def _columns_axis(self) -> int:
        """The axis of a product, from its end, along which the blocks of columns lie."""
        return -1

    def _bias_of_inputs(self, bias: Any) -> Any:
        """Return the part of the bias that belongs to the product with the kernel."""
        return bias

    def _recurrent_parts(self, bias: Any) -> dict[str, Any]:
        """Return what of the bias the steps read."""
        return {}

    def _gathering(self, declared: Sequence[Weight]) -> Callable[[Sequence[Any]], Any]:
        """Return the function from weights to the kernel, the recurrent one and the bias."""
        return self._gathered

    def _gathered(self, weights: Sequence[Any]) -> tuple[Any, Any, Any]:
        """Return the kernel, the recurrent kernel and the bias, None for none."""
        return weights[0], weights[1], weights[2] if self.use_bias else None

    # The computation.

    @property
    def gives_zeros_by_place(self) -> bool:
        """Whether zeros are at the mask's places in outputs that begin with the last step."""
        is_written_out = self.unroll and self.go_backwards and self.return_sequences
        return is_written_out and self.zero_output_for_mask and self.dialect.zeros_by_place

    def _drops(self, rate: float) -> bool:
        """Return whether training leaves anything out at that rate."""
        return 0 < rate < 1 or (rate == 1 and self.dialect.drops_everything)

    def _computing(self, spec: Spec, declared: Sequence[Weight]) -> Computing:
        """Return the function of (weights, x, the state to begin with or None, mask).

        It returns the output and the state after the last step. `declared` are the weights without
        those of a state.
        """
        columns = self.gates * self.width
        product, gathered = self._product_of_inputs(spec, columns), self._gathering(declared)
        run = self._loop(spec, columns)

        def compute(weights: Sequence[Any], x: Any, begun: Any, *mask: Any) -> tuple[Any, Any]:
            kernel, recurrent, bias = gathered(weights)
            products = self._with_bias(product(x, kernel), bias)
            parts = {"recurrent": recurrent, **self._recurrent_parts(bias)}
            found: tuple[Any, Any] = run(parts, products, begun, *mask)
            return found

        return compute

    def _computing_in_training(self, spec: Spec, declared: Sequence[Weight]) -> Computing:
        """Return the same for training, with a key before the state to begin with."""
        backend = self._backend()
        f: Any = backend.functions
        fold, dtype = Draws(backend)["fold"], spec.dtype
        gates, columns = self.gates, self.gates * self.width
        drops, drops_state = self._drops(self.dropout), self._drops(self.recurrent_dropout)
        product = self._product_of_inputs(spec, self.width if drops else columns)
        run = self._loop(spec, self.width if drops_state else columns)
        gathered = self._gathering(declared)

        def masks(rate: float, key: Any, first: int, shape: Any) -> list[Any]:
            """Draw one mask for each gate, which is the same in every step."""
            draw: Any = Draws(backend).of_samples("bernoulli")
            keys = (fold(key, first + gate) for gate in range(gates))
            scale = 1 / (1 - rate) if rate < 1 else 0.0
            return [draw(one, shape, dtype, 1 - rate) * scale for one in keys]

        def of_inputs(x: Any, kernel: Any, key: Any) -> Any:
            if not drops:
                return product(x, kernel)
            batch, _, *sizes = f["shape"](x)
            drawn = masks(self.dropout, key, 0, (batch, 1, *sizes))
            pairs = zip(drawn, self._cut(kernel, range(gates), -1), strict=True)
            return f["concatenate"]([product(x * m, one) for m, one in pairs], self._columns_axis)

        def compute(
            weights: Sequence[Any], x: Any, key: Any, begun: Any, *mask: Any
        ) -> tuple[Any, Any]:
            for part in seed_parts(self.seed):
                key = fold(key, part)
            kernel, recurrent, bias = gathered(weights)
            products = of_inputs(x, kernel, key)
            parts = {"recurrent": recurrent, **self._recurrent_parts(bias)}
            if drops_state:
                batch, _, *sizes = f["shape"](products)
                of_state = [batch, *sizes]
                of_state[self._columns_axis] = self.width
                parts["masks"] = masks(self.recurrent_dropout, key, gates, tuple(of_state))
            found: tuple[Any, Any] = run(parts, self._with_bias(products, bias), begun, *mask)
            return found

        return compute

    def _with_bias(self, products: Any, bias: Any) -> Any:
        return products if bias is None else products + self._bias_of_inputs(bias)

    def _loop(self, spec: Spec, columns: int) -> Callable[..., Any]:
        """Return the function of (parts, products, state, mask) that goes through the steps.

        It returns the output and the last state.
        """
        backend, dtype = self._backend(), spec.dtype
        f: Any = backend.functions
        product, by_place = self._product_of_state(spec, columns), self.gives_zeros_by_place
        compile_scan = None if self.unroll else getattr(backend, "compile_scan", None)
        beyond = (1,) * (len(spec.shape) - 2)  # the axes of a step without the batch
        steps_first = (1, 0, *range(2, len(spec.shape)))

        def step(parts: Parts, state: Any, inputs: Any) -> tuple[Any, Any]:
            after = self._step({**parts, "product": product}, state, inputs[0])
            if len(inputs) == 1:
                return after, after[0]
            counts = inputs[1] > 0  # a step that does not count leaves the state as it is
            pairs = zip(after, state, strict=True)
            kept = tuple(f["where"](counts, new, old) for new, old in pairs)
            is_zero = self.zero_output_for_mask and not by_place
            return kept, f["where"](counts, after[0], 0.0) if is_zero else kept[0]

        scan = looped(step, f) if compile_scan is None else compile_scan(step)

        def zeros(of_steps: Any) -> Any:
            of_one = f["reshape"](f["take"](of_steps, _FIRST, 0), f["shape"](of_steps)[1:])
            (one,) = self._cut(of_one, range(1), self._columns_axis)
            return backend.cast(f["less"](one, one), dtype)  # whatever the input is

        def run(parts: Parts, products: Any, begun: Any, *mask: Any) -> tuple[Any, Any]:
            by_step = [f["transpose"](products, steps_first)]
            state = (zeros(by_step[0]),) * self._state_count if begun is None else tuple(begun)
            for flags in mask:
                if flags is not None:
                    counts = f["transpose"](backend.cast(flags, dtype), (1, 0))
                    by_step.append(f["reshape"](counts, (*counts.shape[:1], -1, *beyond)))
            if self.go_backwards:
                by_step = [f["flip"](one, (0,)) for one in by_step]
            state, outputs = scan(parts, state, tuple(by_step))
            if by_place and len(by_step) > 1:
                outputs = f["where"](f["flip"](by_step[1], (0,)) > 0, outputs, 0.0)
            if self.return_sequences:
                return f["transpose"](outputs, steps_first), state
            if not self.zero_output_for_mask or len(by_step) == 1:
                return state[0], state
            last = f["take"](f["flip"](by_step[1], (0,)), _FIRST, 0)
            return f["where"](f["reshape"](last, (-1, *beyond)) > 0, state[0], 0.0), state

        return run

    # For the classes.

    def _blocks_of(self, product: Any) -> list[Any]:
        """Return the part of each gate of a step's product."""
        return self._cut(product, range(self.gates), self._columns_axis)

    def _cut(self, columns: Any, gates: Sequence[int], axis: int) -> list[Any]:
        """Return the columns of each of these gates."""
        take, width = self._backend().functions["take"], self.width
        return [take(columns, _places(gate * width, width), axis) for gate in gates]

    def _fed_back(self, parts: Parts, h: Any, first: int, last: int) -> list[Any]:
        """Return the products of h with these blocks of the recurrent kernel."""
        f: Any = self._backend().functions
        width, recurrent, product = self.width, parts["recurrent"], parts["product"]
        if "masks" in parts:
            blocks = self._cut(recurrent, range(first, last), -1)
            pairs = zip(parts["masks"][first:last], blocks, strict=True)
            return [product(h * mask, block) for mask, block in pairs]
        if last - first < self.gates:
            recurrent = f["take"](recurrent, _places(first * width, (last - first) * width), -1)
        return self._cut(product(h, recurrent), range(last - first), self._columns_axis)

    def _activated(self, activation: Any, x: Any) -> Any:
        if isinstance(activation, Activation):
            return activation.compute(self._backend().functions, x)
        return activation(x)
