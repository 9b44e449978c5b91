"""`matmul` of matrices of every kind of shape; a square one shows whether it was transposed."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import numpy as np

from convdispatch.conformance.case import Case, Measured
from convdispatch.numerics import bounds
from convdispatch.numerics.distance import require_within
from convdispatch.numerics.problem import round_to
from convdispatch.ops import FLOAT_DTYPES, Backend, Shape

_SHAPES: dict[str, tuple[Shape, Shape]] = {
    "squares": ((3, 3), (3, 3)),
    "row-by-square": ((1, 3), (3, 3)),
    "column-by-row": ((4, 1), (1, 3)),
    "inner": ((1, 5), (5, 1)),
    "long": ((2, 300), (300, 3)),
    "stack-by-square": ((2, 4, 3), (3, 3)),
    "stacks": ((2, 3, 4), (2, 4, 5)),
    "stack-of-stacks": ((2, 2, 3, 4), (4, 3)),
    "empty-stack": ((0, 3, 4), (4, 2)),
}
# In half precision it matters how long a sum is, and not what shape the matrices have.
_IN_HALF = ("squares", "long")


def cases(seed: int) -> Iterator[Case]:
    """Yield every pair of shapes, some of them in every element type."""
    for slug in _SHAPES:
        for dtype in FLOAT_DTYPES if slug in _IN_HALF else ("float32", "float64"):
            yield Case(
                id=f"functions/contract/matmul-of-{slug}-{dtype}",
                level="contract",
                op="functions",
                claim="A matrix product is NumPy's, within the rounding bound.",
                check=product,
                arguments=(slug, dtype, seed),
                features=(dtype,),
            )


def product(backend: Backend, slug: str, dtype: str, seed: int) -> Measured:
    """Multiply, and compare with the exact product."""
    rng = np.random.default_rng((seed, zlib.crc32(slug.encode())))
    a, b = (round_to(rng.standard_normal(shape), dtype) for shape in _SHAPES[slug])
    tensors = [backend.asarray(array, dtype) for array in (a, b)]
    got = np.asarray(backend.to_numpy(backend.functions["matmul"](*tensors)))
    absolute, length = np.abs(a) @ np.abs(b), a.shape[-1]
    limits = sum(bounds.conv_bound(absolute, length, each) for each in (dtype, "float64"))
    return require_within(got, a @ b, np.asarray(limits), dtype, "the product")
