"""`kit.rounding`: half precision in the framework's own element types."""

import numpy as np

from convdispatch import kit


class Type:
    """An element type that refuses to be compared with anything else, as MLX's do."""

    def __init__(self, name):
        self.name = name

    def __eq__(self, other):
        if not isinstance(other, Type):
            raise TypeError(f"no element type: {other!r}")
        return self.name == other.name

    def __hash__(self):
        return hash(self.name)


class Number:
    """A tensor of one number."""

    def __init__(self, value, dtype):
        self.value, self.dtype = value, dtype


HALF, SINGLE = Type("half"), Type("single")


def cast(tensor, dtype):
    """Round to as many bits as NumPy's element type has."""
    kind = np.float16 if dtype == HALF else np.float32
    return Number(float(kind(tensor.value)), dtype)


def added_twice(x, y):
    """Compute x + y + y in the tensors' type, rounding after each sum."""
    step = cast(Number(x.value + getattr(y, "value", y), x.dtype), x.dtype)
    return cast(Number(step.value + getattr(y, "value", y), x.dtype), x.dtype)


_, ROUNDED = kit.rounding(halves=(HALF,), single=SINGLE, cast=cast)


def test_types_are_compared_with_types_alone():
    """A Python number beside a tensor has none; 2048 + 1 + 1 is 2050 where it is rounded once."""
    twice = ROUNDED(added_twice)
    x, one = Number(2048.0, HALF), Number(1.0, HALF)
    assert (twice(x, 1.0).value, twice(x, 1.0).dtype.name) == (2050, "half")
    assert (twice(x, one).value, added_twice(x, one).value) == (2050, 2048)


def test_other_types_are_computed_as_they_are():
    """Nothing is cast, and tensors of two types are left to the function."""
    x = Number(2048.0, SINGLE)
    assert ROUNDED(lambda a, b: (a, b))(x, 1.0) == (x, 1.0)
    y = Number(1.0, HALF)
    assert ROUNDED(lambda a, b: (a, b))(x, y) == (x, y)
