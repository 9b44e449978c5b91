"""Mistakes with gradients: of the input, of the kernel, of the bias, one or all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import prod
from typing import Any, TypeAlias

import numpy as np

from convdispatch.conformance.diagnosis.mistakes.contents import flipped
from convdispatch.conformance.diagnosis.mistakes.geometry import PADS, STEPS
from convdispatch.conformance.diagnosis.mistakes.mistake import Answer, OfOp, Wrong, possible
from convdispatch.conformance.diagnosis.mistakes.pooling import POOLS
from convdispatch.conformance.diagnosis.mistakes.sampling import RESIZES, UPSAMPLES
from convdispatch.numerics.adjoints import cotangent, gradients, second_gradients
from convdispatch.numerics.forms import Known, form_of
from convdispatch.numerics.problem import Array, Problem, Product
from convdispatch.ops import Conv, ConvTranspose, Dense, Pad, Pool, Resize, Upsample

OfArray: TypeAlias = Callable[[Problem, int], Answer]
# From a problem and a right gradient to the wrong one.
Change: TypeAlias = Callable[[Problem, Array], Array | None]

BY = ("the input", "the kernel", "the bias")  # what a second derivative is taken by
NAMES = ("the input's gradient", "the kernel's gradient", "the bias's gradient")
_ALL = (Conv, ConvTranspose, Dense, Pad, Pool, Resize, Upsample)
_CONVOLUTIONS = (Conv, ConvTranspose)
_WEIGHTED = (Conv, ConvTranspose, Dense)
_STRIDED = (Conv, ConvTranspose, Pool)
_CROPPED, _WINDOWED = (Conv, Pad, Pool), (Pool, Resize, Upsample)
_FACTORS = (("doubling", 2.0), ("halving", 0.5), ("negating", -1.0), ("returning zeros for", 0.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Derivative:
    """A mistake with gradients; in `what`, {} stands for the gradients that are wrong."""

    what: str
    indices: tuple[int, ...]  # of the arrays whose gradients may be wrong by it
    ops: tuple[type, ...]
    numbers: OfArray
    is_loose: bool = False

    def answers(self, problem: Problem) -> Iterator[Wrong]:
        """Yield the wrong gradients, of which one or several may have come back."""
        if not isinstance(problem.op, self.ops):
            return
        found: dict[int, tuple[Array, Array]] = {}
        for index in self.indices:
            if index < len(problem.arrays):
                answer = possible(self.numbers, problem, index)
                if answer is not None:
                    found[index] = answer
        if found:
            yield found


def _of_right(change: Change) -> OfArray:
    """Return a gradient that the right one is changed to, and its bounds with it."""

    def numbers(problem: Problem, index: int) -> Answer:
        right = gradients(problem)[index]
        value, error = change(problem, right.value), change(problem, right.error)
        return None if value is None or error is None else (value, np.abs(error))

    return numbers


def _through(change: Callable[[Problem, Array], Array]) -> OfArray:
    """Return a gradient for another cotangent before the activation: change(problem, it)."""

    def numbers(problem: Problem, index: int) -> Answer:
        if not isinstance(problem.op, Product):
            return None
        form, weight = form_of(problem), cotangent(problem)
        g = form.upstream(weight.reshape(form.before_activation().value.shape))
        wrong = Known(change(problem, g.value), np.abs(change(problem, g.error)))
        return _shaped(form.derivatives(wrong)[index], problem, index)

    return numbers


def _without_slope(problem: Problem, index: int) -> Answer:
    op = problem.op
    if not isinstance(op, Product) or op.activation == "linear":
        return None
    form, weight = form_of(problem), cotangent(problem)
    given = Known.exactly(weight.reshape(form.before_activation().value.shape))
    return _shaped(form.derivatives(given)[index], problem, index)


def _slope_once_more(problem: Problem, index: int) -> Answer:
    op = problem.op
    if not isinstance(op, Product) or op.activation == "linear":
        return None
    form, weight = form_of(problem), cotangent(problem)
    once = form.upstream(weight.reshape(form.before_activation().value.shape))
    return _shaped(
        form.derivatives(form.times(once, form.upstream(np.ones_like(once.value))))[index],
        problem,
        index,
    )


def _of_kernel(change: Callable[[Array], Array]) -> OfArray:
    """Return the gradient that another kernel gives."""

    def numbers(problem: Problem, index: int) -> Answer:
        if not isinstance(problem.op, Product):
            return None
        form, weight = form_of(problem), cotangent(problem)
        g = form.upstream(weight.reshape(form.before_activation().value.shape))
        form.kernel = Known.exactly(change(form.kernel.value))
        return _shaped(form.derivatives(g)[index], problem, index)

    return numbers


def _of_op(change: Callable[[Any, Problem], Any]) -> OfArray:
    """Return the gradient of another op."""

    def numbers(problem: Problem, index: int) -> Answer:
        op = change(problem.op, problem)
        if op is None or op == problem.op:
            return None
        other = gradients(replace(problem, op=op))[index]
        return other.value, other.error

    return numbers


def _shaped(found: Known, problem: Problem, index: int) -> tuple[Array, Array]:
    shape = problem.arrays[index].shape
    return found.value.reshape(shape), found.error.reshape(shape) * (1 + 1e-6)


def _shifted(by: int) -> Change:
    def shift(problem: Problem, gradient: Array) -> Array:
        first = 1 if problem.channels_last else 2
        axes = tuple(range(first, first + gradient.ndim - 2))
        return np.roll(gradient, (by,) * len(axes), axes)

    return shift


def _shifted_where_strided(problem: Problem, gradient: Array) -> Array | None:
    strides = getattr(problem.op, "strides", ())
    first = 1 if problem.channels_last else 2
    axes = [axis for axis, stride in enumerate(strides, first) if stride > 1]
    return np.roll(gradient, 1, axes[0]) if axes else None


def _shifted_where_padded(problem: Problem, gradient: Array) -> Array | None:
    pads = getattr(problem.op, "pads", ())
    first = 1 if problem.channels_last else 2
    axes = [axis for axis, (low, _) in enumerate(pads, first) if low > 0]
    return np.roll(gradient, 1, axes[0]) if axes else None


def _flipped_cells(problem: Problem, g: Array) -> Array:
    first = 1 if getattr(problem.op, "channels_last", True) else 2
    return np.flip(g, tuple(range(first, first + g.ndim - 2)))


def _reversed(problem: Problem, index: int) -> Answer:
    other = gradients(problem)[-1 - index]
    return other.value, other.error


def _first_sample_alone(_: Problem, g: Array) -> Array:
    kept = np.zeros_like(g)
    kept[:1] = g[:1]
    return kept


def _interleaved(problem: Problem, gradient: Array) -> Array | None:
    groups = getattr(problem.op, "groups", 1)
    if groups == 1:
        return None
    count = gradient.shape[-1]
    return gradient[..., np.arange(count).reshape(-1, groups).T.ravel()]


def _swapped(_: Problem, gradient: Array) -> Array | None:
    other = gradient.swapaxes(-1, -2)
    return other if other.shape == gradient.shape else None


def _cropped_ones(problem: Problem, gradient: Array) -> Array | None:
    """Give 1 to the cells that negative pads crop."""
    op: Any = problem.op
    if min(map(min, op.pads)) >= 0 or isinstance(op, ConvTranspose):
        return None
    wrong = np.ones_like(gradient)
    first = 1 if problem.channels_last else 2
    index: list[Any] = [slice(None)] * gradient.ndim
    for axis, (low, high) in enumerate(op.pads, first):
        index[axis] = slice(max(-low, 0), gradient.shape[axis] + min(high, 0))
    wrong[tuple(index)] = gradient[tuple(index)]
    return wrong


def _times(factor: float) -> Change:
    return lambda _, gradient: factor * gradient


def _of_second(factor: float) -> OfArray:
    def numbers(problem: Problem, index: int) -> Answer:
        right = second_gradients(problem)[index]
        return factor * right.value, np.abs(factor) * right.error

    return numbers


def _by_window(power: int) -> Change:
    def scaled(problem: Problem, gradient: Array) -> Array | None:
        op = problem.op
        if isinstance(op, Pool):
            size = prod(op.size)
        elif isinstance(op, Upsample):
            size = prod(op.factors)
        elif isinstance(op, Resize):
            read = problem.input_shape[1:-1] if op.channels_last else problem.input_shape[2:]
            size = max(prod(op.output_size) // prod(read), 1)
        else:
            return None
        return gradient * float(size) ** power if size > 1 else None

    return scaled


def _mistake(
    what: str, indices: tuple[int, ...], ops: tuple[type, ...], numbers: OfArray
) -> Derivative:
    return Derivative(what=what, indices=indices, ops=ops, numbers=numbers)


FIRST: tuple[Derivative, ...] = (
    _mistake(
        "averaging {} over the batch",
        (0, 1, 2),
        _WEIGHTED,
        _of_right(lambda p, g: g / p.input_shape[0] if p.input_shape[0] > 1 else None),
    ),
    _mistake(
        "summing {} over the first sample alone", (1, 2), _WEIGHTED, _through(_first_sample_alone)
    ),
    _mistake("computing {} for the first sample alone", (0,), _ALL, _of_right(_first_sample_alone)),
    _mistake("computing {} with the kernel flipped", (0,), _CONVOLUTIONS, _of_kernel(flipped())),
    _mistake("flipping {}", (1,), _CONVOLUTIONS, _of_right(lambda _, g: flipped()(g))),
    _mistake("exchanging the channel axes of {}", (1,), _WEIGHTED, _of_right(_swapped)),
    _mistake("writing the groups of {} by turns", (1,), _CONVOLUTIONS, _of_right(_interleaved)),
    _mistake("giving cells that are cropped 1 in {}", (0,), _CROPPED, _of_right(_cropped_ones)),
    _mistake("moving {} one cell up", (0,), _ALL, _of_right(_shifted(-1))),
    _mistake("moving {} one cell down", (0,), _ALL, _of_right(_shifted(1))),
    _mistake(
        "moving {} one cell down where strides are larger than 1",
        (0,),
        _STRIDED,
        _of_right(_shifted_where_strided),
    ),
    _mistake(
        "moving {} one cell down where pads come first",
        (0,),
        (*_CROPPED, ConvTranspose),
        _of_right(_shifted_where_padded),
    ),
    _mistake("flipping {}", (0,), _CONVOLUTIONS, _of_right(_flipped_cells)),
    _mistake(
        "computing {} of a flipped cotangent", (0, 1), _CONVOLUTIONS, _through(_flipped_cells)
    ),
    _mistake("returning gradients in reverse order of the tensors", (0, 1, 2), _ALL, _reversed),
    _mistake("leaving the activation's slope out of {}", (0, 1, 2), _WEIGHTED, _without_slope),
    _mistake(
        "multiplying {} by the activation's slope twice", (0, 1, 2), _WEIGHTED, _slope_once_more
    ),
    _mistake("dividing {} by the size of the window", (0,), _WINDOWED, _of_right(_by_window(-1))),
    _mistake("multiplying {} by the size of the window", (0,), _WINDOWED, _of_right(_by_window(1))),
    *(
        _mistake(f"{verb} {{}}", (0, 1, 2), _ALL, _of_right(_times(factor)))
        for verb, factor in _FACTORS
    ),
    *(
        _mistake(f"{mistake.what} in {{}}", (0, 1, 2), mistake.ops, _of_op(variant.change))
        for mistake in (*PADS, *STEPS, *POOLS, *RESIZES, *UPSAMPLES)
        for variant in mistake.variants
        if isinstance(variant, OfOp)
    ),
)
SECOND: tuple[Derivative, ...] = tuple(
    _mistake(f"{verb} the second derivative by {{}}", (0, 1, 2), _ALL, _of_second(factor))
    for verb, factor in _FACTORS
)
