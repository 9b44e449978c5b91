"""Arrays of any element type become tensors of any requested element type."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from convdispatch.conformance.case import Case, Mismatch
from convdispatch.conformance.cases.function_range import all_of_half, of_every_exponent
from convdispatch.conformance.cases.tensors import numpy_type
from convdispatch.numerics import bounds
from convdispatch.numerics.distance import require_within
from convdispatch.numerics.problem import Array
from convdispatch.ops import FLOAT_DTYPES, HALF_DTYPES, Backend

# Of the numbers of every size, one in so many; in so many columns.
_STEP, _COLUMNS = 7, 4
# Half of the distance between the numbers about 1, of the types that are not the widest.
_UNITS = tuple(bounds.unit_roundoff(dtype) for dtype in FLOAT_DTYPES if dtype != "float64")
# Every element type has these numbers.
_NUMBERS = np.array([[-2.0, -0.5, 0.0], [0.25, 1.5, 3.0]])


def cases(seed: int) -> Iterator[Case]:
    """Yield every pair of element types, of the array and of the tensor."""
    for held in FLOAT_DTYPES:
        for wanted in FLOAT_DTYPES:
            yield Case(
                id=f"tensors/contract/{wanted}-of-{held}-array",
                level="contract",
                op="tensors",
                claim="A tensor has the requested element type, whatever the array's type is.",
                check=of_another_type,
                arguments=(held, wanted),
                features=(wanted,),
            )
            yield Case(
                id=f"tensors/contract/{wanted}-of-every-{held}",
                level="contract",
                op="tensors",
                claim="A number of any size becomes the nearest one of the other element type.",
                check=of_every_size,
                arguments=(held, wanted, seed),
                features=tuple(dict.fromkeys((held, wanted))),
            )


def of_every_size(backend: Backend, held: str, wanted: str, seed: int) -> None:
    """Convert numbers of every exponent by each method, as arrays and as tensors.

    An array is converted as NumPy does. A framework may round a tensor to float32 on the way to
    half precision, as several do, and take subnormal numbers for zero.
    """
    if held in HALF_DTYPES:
        numbers = all_of_half(held)[::_STEP]
    else:
        numbers = _beside_halves(of_every_exponent(held, seed)[::_STEP], held)
    numbers = np.resize(numbers, (numbers.size // _COLUMNS, _COLUMNS))
    with np.errstate(all="ignore"):
        array = numbers.astype(numpy_type(held))
        want = array.astype(numpy_type(wanted)).astype(np.float64)
        twice = array.astype(np.float32) if wanted in HALF_DTYPES else array
        of_tensors = np.abs(twice.astype(numpy_type(wanted)).astype(np.float64) - want)
        smallest = 2.0 ** (-1022 if wanted == "float64" else -126)
        of_tensors = np.where(np.abs(want) < smallest, np.abs(want), of_tensors)
        of_tensors = np.where(np.isfinite(want), of_tensors, 0)
        tensor, variable = backend.asarray(array, held), backend.variable(0 * numbers, wanted)
        made: dict[str, Callable[[], Any]] = {
            "asarray": lambda: backend.asarray(array, wanted),
            "variable": lambda: backend.variable(array, wanted),
            "assign of an array": lambda: backend.assign(variable, array),
            "assign of a tensor": lambda: backend.assign(variable, tensor),
            "cast": lambda: backend.cast(tensor, wanted),
        }
        for method, make in made.items():
            limits = of_tensors if method in ("cast", "assign of a tensor") else 0
            got = np.asarray(backend.to_numpy(make()))
            require_within(got, want, limits, wanted, f"what `{method}` made of {held}")


def _beside_halves(numbers: Array, held: str) -> Array:
    """Return the numbers, and such as lie just beside the middle of two of a narrower type."""
    tiny = 2 * bounds.unit_roundoff(held)
    middles = [1 + unit * (2 * number + 1) for unit in _UNITS for number in range(4)]
    beside = [middle + sign * tiny for middle in middles for sign in (-1, 0, 1)]
    return np.concatenate([numbers, beside, np.negative(beside)])


def of_another_type(backend: Backend, held: str, wanted: str) -> None:
    """Make a constant and a variable, and assign to the variable, from arrays of a type."""
    array = _NUMBERS.astype(numpy_type(held))
    variable = backend.variable(np.zeros(array.shape), wanted)
    made = {
        "asarray": backend.asarray(array, wanted),
        "variable": backend.variable(array, wanted),
        "assign": backend.assign(variable, array),
    }
    for method, tensor in made.items():
        _, described = backend.describe(tensor)
        if described != wanted:
            raise Mismatch(f"what `{method}` made of {held} is {described}; expected {wanted}")
        got = np.asarray(backend.to_numpy(tensor))
        require_within(got, _NUMBERS, 0, wanted, f"what `{method}` made")
