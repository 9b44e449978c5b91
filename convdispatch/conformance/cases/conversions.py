"""Arrays of any element type become tensors of any requested element type."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from convdispatch.conformance.case import Case, Mismatch
from convdispatch.conformance.cases.tensors import numpy_type
from convdispatch.numerics.distance import require_within
from convdispatch.ops import FLOAT_DTYPES, Backend

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
