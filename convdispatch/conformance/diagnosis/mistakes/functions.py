"""Mistakes with one function of a backend's table: formulas that lose digits, overflow, or mix up.

A row of the suite is an expression of several functions. It is evaluated with one of them replaced.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from convdispatch.conformance.cases.function_rows import REFERENCE
from convdispatch.conformance.diagnosis.mistakes.mistake import Wrong
from convdispatch.numerics import bounds
from convdispatch.numerics.problem import Array, round_to

_ULPS = 8  # by which computed numbers of a wrong formula may differ from these
_COMPUTED = ("float16", "float32", "float64")  # NumPy's own types


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What a case asks of the functions."""

    expression: Callable[..., Any]
    arrays: tuple[Array, ...]
    dtype: str
    right: Array
    limits: Array


@dataclass(frozen=True, slots=True)
class OfFunction:
    """A mistake with the function of that name."""

    what: str
    name: str
    formula: Callable[..., Any]
    is_loose: bool = False

    def answers(self, asked: Asked) -> Iterator[Wrong]:
        """Yield the wrong numbers: computed in float64, and in the element type."""
        for dtype in ("float64", asked.dtype) if asked.dtype in _COMPUTED else ("float64",):
            found = self._evaluated(asked, dtype)
            if found is not None and _differs(*found, asked):
                yield {0: found}

    def _evaluated(self, asked: Asked, dtype: str) -> tuple[Array, Array] | None:
        table = {**REFERENCE, self.name: self.formula}
        arrays = [array.astype(dtype) for array in asked.arrays]
        # A formula may be impossible for these numbers or options; then nobody used it.
        with contextlib.suppress(Exception), np.errstate(all="ignore"):
            found = np.asarray(asked.expression(table, *arrays), np.float64)
            found = round_to(found, asked.dtype)
            unit = bounds.unit_roundoff(asked.dtype)
            return found, _ULPS * unit * np.where(np.isfinite(found), np.abs(found), 0)
        return None


def _differs(found: Array, allowed: Array, asked: Asked) -> bool:
    if found.shape != asked.right.shape:
        return True
    with np.errstate(invalid="ignore"):
        is_near = np.abs(found - asked.right) <= allowed + asked.limits
    is_same = (found == asked.right) | (np.isnan(found) & np.isnan(asked.right))
    return not bool((is_near | is_same).all())


def _grown(x: Array) -> Array:
    return np.asarray(np.exp(x) / (1 + np.exp(x)))


def _axes(axis: Any) -> Any:
    return tuple(axis) if isinstance(axis, list) else axis


def _reduced(name: str, change: Callable[..., dict[str, Any]]) -> Callable[..., Any]:
    """Return the reduction with other options: change(axis=..., keepdims=...)."""

    def reduced(x: Array, axis: Any = None, keepdims: bool = False) -> Any:
        return REFERENCE[name](x, **change(axis=_axes(axis), keepdims=keepdims))

    return reduced


def _one_by_one(name: str) -> Callable[..., Any]:
    """Add up in the type of the numbers, one after the other."""

    def reduced(x: Array, axis: Any = None, keepdims: bool = False) -> Any:
        if axis is None:
            x, axis = x.reshape(-1), 0
        axes = np.atleast_1d(axis)
        total, count = x, 1
        for one in axes:
            count *= x.shape[one]
            total = np.add.accumulate(total, int(one)).take([-1], int(one))
        total = total / total.dtype.type(count) if name == "mean" else total
        return total if keepdims else total.squeeze(tuple(int(one) for one in axes))

    return reduced


def _first_axis_alone(x: Array, axis: Any = None, keepdims: bool = False) -> Any:
    """Divide by the number of cells along the first of several axes."""
    total = np.sum(x, axis=_axes(axis), keepdims=keepdims)
    return total / (x.shape[axis[0]] if isinstance(axis, tuple) and axis else x.size)


def _of_finite(choose: Callable[..., Any]) -> Callable[..., Any]:
    def reduced(x: Array, axis: Any = None, keepdims: bool = False) -> Any:
        return choose(x, axis=_axes(axis), keepdims=keepdims)

    return reduced


def _last_largest(x: Array, axis: int) -> Any:
    return x.shape[axis] - 1 - np.argmax(np.flip(x, axis), axis)


def _square_transposed(a: Array, b: Array) -> Any:
    is_square = b.ndim > 1 and b.shape[-1] == b.shape[-2]
    return np.matmul(a, b.swapaxes(-1, -2) if is_square else b)


def _wrapped(indices: Any, depth: int, dtype: str) -> Any:
    return REFERENCE["one_hot"](np.asarray(indices) % depth, depth, dtype)


def _inverse(x: Array, axes: Any = None) -> Any:
    return np.transpose(x) if axes is None else np.transpose(x, np.argsort(np.mod(axes, x.ndim)))


def _in_order(x: Array, indices: Any, axis: int) -> Any:
    return np.take(x, np.sort(indices, axis=None).reshape(np.shape(indices)), axis)


def _joined(xs: Any, axis: int) -> Any:
    return np.concatenate(list(xs)[::-1], axis)


def _stacked(xs: Any, axis: int) -> Any:
    return np.stack(list(xs)[::-1], axis)


def _from_the_end(x: Array, axis: int) -> Any:
    return np.flip(np.cumsum(np.flip(x, axis), axis), axis)


def _by_name(name: str, *rows: tuple[str, Callable[..., Any]]) -> list[OfFunction]:
    return [OfFunction(f"in {name!r}, {what}", name, formula) for what, formula in rows]


def _clipped(x: Array, low: Any, high: Any) -> Any:
    return np.fmin(np.fmax(x, low), high)


FUNCTIONS: tuple[OfFunction, ...] = tuple(
    one
    for rows in (
        _by_name(
            "sigmoid",
            ("computing exp(x) / (1 + exp(x)), which overflows", _grown),
            ("computing (1 + tanh(x / 2)) / 2", lambda x: (1 + np.tanh(x / 2)) / 2),
            ("computing 1 / (1 + exp(-x)) in the element type", lambda x: 1 / (1 + np.exp(-x))),
            ("clipping x / 6 + 1/2, the hard sigmoid", lambda x: np.clip(x / 6 + 0.5, 0, 1)),
        ),
        _by_name(
            "tanh",
            ("computing 2 / (1 + exp(-2 x)) - 1", lambda x: 2 / (1 + np.exp(-2 * x)) - 1),
            ("returning a small x itself", lambda x: np.where(np.abs(x) < 0.02, x, np.tanh(x))),
        ),
        _by_name(
            "erf",
            ("computing 1 - erfc(x)", lambda x: 1 - REFERENCE["erfc"](x).astype(x.dtype)),
            ("computing tanh(2 x / sqrt(pi))", lambda x: np.tanh(x * 2 / np.sqrt(np.pi))),
        ),
        _by_name("erfc", ("computing 1 - erf(x)", lambda x: 1 - REFERENCE["erf"](x))),
        _by_name("log1p", ("computing log(1 + x)", lambda x: np.log(1 + x))),
        _by_name("expm1", ("computing exp(x) - 1", lambda x: np.exp(x) - 1)),
        _by_name("relu", ("returning 0 for NaN", lambda x: np.where(x > 0, x, 0))),
        _by_name("maximum", ("leaving out NaN", np.fmax)),
        _by_name("minimum", ("leaving out NaN", np.fmin)),
        _by_name("clip", ("replacing NaN with a limit", _clipped)),
        _by_name("sign", ("returning 1 for zero", lambda x: np.where(x == 0, 1, np.sign(x)))),
        _by_name("abs", ("adding and subtracting x", lambda x: np.abs(x) + (x - x))),
        _by_name(
            "sqrt", ("returning 0 for negative numbers", lambda x: np.sqrt(np.where(x < 0, 0, x)))
        ),
        _by_name("log", ("limiting x to 1e-7", lambda x: np.log(np.where(x == 0, 1e-7, x)))),
        _by_name("power", ("computing exp(y * log(x))", lambda x, y: np.exp(y * np.log(x)))),
        _by_name("where", ("exchanging the two choices", lambda c, x, y: np.where(c, y, x))),
        _by_name("flip", ("reversing the first axis alone", lambda x, axes: np.flip(x, axes[:1]))),
        _by_name(
            "transpose",
            ("applying the inverse permutation", _inverse),
        ),
        _by_name(
            "reshape",
            (
                "letting the first axis vary fastest",
                lambda x, shape: np.reshape(x, shape, order="F"),
            ),
        ),
        _by_name(
            "matmul",
            ("transposing the second factor", _square_transposed),
            (
                "using the first matrix of a stack for all",
                lambda a, b: np.matmul(np.broadcast_to(a[:1], a.shape) if a.ndim > 2 else a, b),
            ),
        ),
        _by_name("concatenate", ("putting the last tensor first", _joined)),
        _by_name("stack", ("putting the last tensor first", _stacked)),
        _by_name(
            "take",
            (
                "taking the cells in ascending order",
                _in_order,
            ),
        ),
        _by_name(
            "argmax",
            ("returning the last of several maxima", _last_largest),
            ("leaving out NaN", lambda x, axis: np.nanargmax(x, axis)),
        ),
        _by_name("one_hot", ("counting an index out of range from the other end", _wrapped)),
        _by_name(
            "cumsum",
            ("summing from the last number", _from_the_end),
            (
                "adding up in the element type",
                lambda x, axis: np.add.accumulate(x, axis),
            ),
        ),
        _by_name("pad", ("padding with zeros", lambda x, pads, value=0.0: np.pad(x, pads))),
        *(
            _by_name(
                name,
                (
                    "dropping the axes in spite of keepdims",
                    _reduced(name, lambda axis, **_: {"axis": axis}),
                ),
                (
                    "reducing all axes",
                    _reduced(name, lambda keepdims, **_: {"keepdims": keepdims}),
                ),
                ("leaving out NaN", _of_finite(ignoring)),
                *(
                    [("adding up in the element type, one by one", _one_by_one(name))]
                    if name != "max"
                    else []
                ),
            )
            for name, ignoring in (("max", np.nanmax), ("mean", np.nanmean), ("sum", np.nansum))
        ),
        _by_name("mean", ("dividing by the size of the first axis", _first_axis_alone)),
    )
    for one in rows
)
