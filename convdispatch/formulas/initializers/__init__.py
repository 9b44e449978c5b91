"""The initializers of Keras 1, 2 and 3: their names, and how a layer draws from any of them.

All draw with NumPy in float64, so that one seed gives every backend the same bits; casting and
moving them to a backend are the caller's. `KERAS3` is what `convdispatch.layers` reads; `KERAS2`
(2.2.4, with the class names that 2.3 and later save) and `KERAS1` (1.2.2) are the façades'.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias, cast

import numpy as np

from convdispatch.errors import InvalidShape, InvalidType
from convdispatch.formulas import lookup
from convdispatch.formulas.initializers import _legacy as legacy
from convdispatch.formulas.initializers._by_shape import (
    Constant,
    Identity,
    Initializer,
    Ones,
    Orthogonal,
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    Zeros,
    checked_shape,
)
from convdispatch.formulas.initializers._legacy import KERAS1, fans_keras1, fans_keras2
from convdispatch.formulas.initializers._variance_scaling import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    VarianceScaling,
    compute_fans,
)
from convdispatch.formulas.random import Float64Array, set_random_seed
from convdispatch.runtime import selection

__all__ = [
    "KERAS1",
    "KERAS2",
    "KERAS3",
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "compute_fans",
    "draw",
    "fans_keras1",
    "fans_keras2",
    "get",
    "serialize",
    "set_random_seed",
]

Factory: TypeAlias = Callable[..., Initializer]
Function: TypeAlias = Callable[..., object]  # a user's function of the shape

_PLAIN: Mapping[str, Factory] = {
    "Zeros": Zeros,
    "zeros": Zeros,
    "zero": Zeros,
    "Ones": Ones,
    "ones": Ones,
    "one": Ones,
    "Constant": Constant,
    "constant": Constant,
    "RandomNormal": RandomNormal,
    "random_normal": RandomNormal,
    "normal": RandomNormal,
    "RandomUniform": RandomUniform,
    "random_uniform": RandomUniform,
    "uniform": RandomUniform,
    "TruncatedNormal": TruncatedNormal,
    "truncated_normal": TruncatedNormal,
    "Orthogonal": Orthogonal,
    "orthogonal": Orthogonal,
    "GlorotNormal": GlorotNormal,
    "GlorotUniform": GlorotUniform,
    "HeNormal": HeNormal,
    "HeUniform": HeUniform,
    "LecunNormal": LecunNormal,
    "LecunUniform": LecunUniform,
}

KERAS3: Mapping[str, Factory] = {
    **_PLAIN,
    "glorot_normal": GlorotNormal,
    "glorot_uniform": GlorotUniform,
    "he_normal": HeNormal,
    "he_uniform": HeUniform,
    "lecun_normal": LecunNormal,
    "lecun_uniform": LecunUniform,
    "VarianceScaling": VarianceScaling,
    "variance_scaling": VarianceScaling,
    "Identity": Identity,
    "identity": Identity,
    "IdentityInitializer": Identity,
    "OrthogonalInitializer": Orthogonal,
}

KERAS2: Mapping[str, Factory] = {
    **_PLAIN,
    "glorot_normal": legacy.glorot_normal,
    "glorot_uniform": legacy.glorot_uniform,
    "he_normal": legacy.he_normal,
    "he_uniform": legacy.he_uniform,
    "lecun_normal": legacy.lecun_normal,
    "lecun_uniform": legacy.lecun_uniform,
    "VarianceScaling": legacy.VarianceScalingKeras2,
    "Identity": legacy.IdentityKeras2,
    "identity": legacy.IdentityKeras2,
}


def get(identifier: object, table: Mapping[str, Factory] = KERAS3) -> Initializer | Function | None:
    """Return the initializer that `identifier` stands for in `table`.

    A name, a dictionary with 'class_name' and 'config', an `Initializer` or its class, or a
    callable, which is passed through; see `draw` for how it will be called. None stays None.

    >>> get("he_normal")
    HeNormal(seed=None, input_axes=None, output_axes=None)
    """
    if identifier is None:
        return None
    found = lookup.resolve(identifier, table, kind="initializer", base=Initializer)
    return cast("Initializer | Function", found)


def serialize(initializer: Initializer | Function | None) -> object:
    """Return the configuration; for a foreign callable it is its name.

    >>> serialize(Ones())
    {'class_name': 'Ones', 'config': {}}
    """
    return lookup.serialize(initializer)


def draw(
    initializer: Initializer | Function,
    shape: Sequence[int],
    *,
    dim_ordering: str | None = None,
) -> Float64Array:
    """Return initial weights in float64 from one of ours or from a user's function.

    A user's function is called with the shape. It is given `dtype`, `name` and `dim_ordering` by
    keyword where its signature requires them, the last one also where it is merely accepted.
    Raises `InvalidShape` where it returns another shape than asked for.

    >>> draw(lambda shape: [[1, 2]], (1, 2))
    array([[1., 2.]])
    """
    checked = checked_shape(shape)
    if isinstance(initializer, Initializer) and _is_ours(initializer):
        return initializer.values(checked, dim_ordering=dim_ordering)
    function = cast("Function", initializer)
    keywords = _keywords(function, dim_ordering)
    return _checked_values(function(checked, **keywords), function, checked)


def _is_ours(initializer: Initializer) -> bool:
    # A user's subclass may override `__call__`, as Keras documents, instead of `values`.
    return type(initializer).__call__ is Initializer.__call__


def _keywords(function: Function, dim_ordering: str | None) -> dict[str, object]:
    offered = {"dtype": "float64", "name": None, "dim_ordering": dim_ordering}
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):  # some builtins have none
        return {}
    wanted = [name for name in offered if name in parameters]
    required = [n for n in wanted if parameters[n].default is inspect.Parameter.empty]
    also = ["dim_ordering"] if dim_ordering is not None and "dim_ordering" in wanted else []
    return {name: offered[name] for name in {*required, *also}}


# A function in the manner of Keras returns a variable, or another symbolic tensor: who knows
# symbolic tensors says here which those are, and how they are computed.
_of_symbols: list[tuple[Callable[[object], bool], Callable[[object], object]]] = []


def take_symbols(
    is_symbolic: Callable[[object], bool], evaluate: Callable[[object], object]
) -> None:
    """Let functions that make the first values of weights return symbolic tensors."""
    _of_symbols[:] = [(is_symbolic, evaluate)]


def _checked_values(values: object, initializer: Function, shape: tuple[int, ...]) -> Float64Array:
    name = repr(lookup.name_of(initializer))
    for is_symbolic, evaluate in _of_symbols:
        values = evaluate(values) if is_symbolic(values) else values
    array = selection.as_array(values)
    if array.dtype.kind in "cOSUmM":
        raise InvalidType(
            f"initializer {name} returned values of type {array.dtype}, allowed are real numbers. "
            f"Return an array of the shape {shape} that it was called with."
        )
    if array.shape != shape:
        raise InvalidShape(
            f"initializer {name} returned an array of shape {array.shape}, it was called with "
            f"{shape}. Return an array of the shape that is asked for."
        )
    return np.array(array, np.float64)
