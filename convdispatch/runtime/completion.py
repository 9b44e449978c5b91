"""Add what a backend leaves out: defaults, NumPy's functions, refusals with its own reasons.

This happens once, when the backend is loaded, and on the object itself, so that its own methods
find the additions too. A complete backend stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, NoReturn

import numpy as np

from convdispatch.errors import UnsupportedOp
from convdispatch.kit import map_tree, numpy_functions, over_tensors
from convdispatch.ops import (
    DECLINABLE,
    REQUIRED_FUNCTIONS,
    Backend,
    BackendInfo,
    NumpyArray,
    Tensor,
)

_NAMES = (*Backend.__annotations__, *(name for name in vars(Backend) if not name.startswith("_")))
_MARK = "_completed_by_convdispatch"  # the names that were added


def lacking(backend: Any, info: BackendInfo) -> list[str]:
    """Return the required names that the backend neither has nor declines."""
    declined = info.capabilities.unsupported
    may_lack = {DECLINABLE[feature] for feature in declined if feature in DECLINABLE}
    own = _own_names(backend)
    missing = [name for name in _NAMES if name not in {*own, *may_lack, *_DEFAULTS}]
    if "functions" in declined or "functions" not in own:
        return missing
    known = {*backend.functions, *declined}
    return missing + [f"functions[{name!r}]" for name in REQUIRED_FUNCTIONS if name not in known]


def complete(backend: Any, info: BackendInfo) -> None:
    """Add what the backend lacks. An object that accepts no attribute raises its own error."""
    own = _own_names(backend)
    for name in _marked(backend):  # by an earlier loading, for what was declined then
        delattr(backend, name)
    added = dict(_added(backend, info, own))
    for name, part in added.items():
        setattr(backend, name, part)
    if added:
        setattr(backend, _MARK, frozenset(added))


def variable_of(backend: Backend, array: NumpyArray, dtype: str) -> Tensor:
    """Return a variable with the numbers of an array that nobody else uses, or will change.

    Where the default makes the variable of a copy, the array itself is as good.
    """
    is_default = "variable" in _marked(backend)
    is_plain = array.flags.owndata and array.flags.c_contiguous and array.flags.writeable
    return (backend.asarray if is_default and is_plain else backend.variable)(array, dtype)


def refusal(name: str, feature: str, reason: str) -> UnsupportedOp:
    """Return the error that tells a user what the backend of that name does not support."""
    return UnsupportedOp(f"the backend {name!r} does not support {feature}: {reason}")


def as_reported(declined: Mapping[str, str]) -> dict[str, str]:
    """Return the features that a backend declines, with the reasons for reports.

    The reasons say if NumPy's functions replace its own.
    """
    reasons = dict(declined)
    if "functions" in reasons:
        reasons["functions"] = f"NumPy's are called, not the engine's own: {reasons['functions']}"
    return reasons


def _marked(backend: Any) -> Iterable[str]:
    """Return what was added to this object: one that it hands attributes on from has its own."""
    marked: Iterable[str] = getattr(backend, "__dict__", {}).get(_MARK, ())
    return marked


def _own_names(backend: Any) -> set[str]:
    added = _marked(backend)
    return {name for name in _NAMES if name not in added and hasattr(backend, name)}


def _added(backend: Any, info: BackendInfo, own: set[str]) -> Iterable[tuple[str, Any]]:
    """Yield each attribute that the backend lacks, with its replacement."""
    declined = info.capabilities.unsupported
    for name, default in _DEFAULTS.items():
        if name not in own:
            yield name, partial(default, backend)
    for feature, name in DECLINABLE.items():
        if name not in own and feature in declined and name != "functions":
            refuse = _refusing(refusal(info.name, feature, declined[feature]))
            yield name, _Refused(refuse) if name == "random" else refuse
    functions = getattr(backend, "functions", {}) if "functions" in own else {}
    completed = _completed_functions(backend, info, functions)
    if completed.keys() != functions.keys() or _declines_a_type(functions, declined):
        yield "functions", completed


def _completed_functions(
    backend: Any, info: BackendInfo, functions: Mapping[str, Any]
) -> Mapping[str, Any]:
    declined = info.capabilities.unsupported
    table = dict(functions)
    if "functions" in declined:
        plain = numpy_functions(lambda name, function: function)
        table = {name: over_tensors(one, backend) for name, one in plain.items()} | table
    for feature in declined:
        name, _, dtype = feature.partition(":")
        if name not in REQUIRED_FUNCTIONS:
            continue
        refuse = _refusing(refusal(info.name, feature, declined[feature]))
        table[name] = _refusing_type(table[name], dtype, refuse, backend) if dtype else refuse
    return table


def _declines_a_type(functions: Iterable[str], declined: Iterable[str]) -> bool:
    return any(feature.partition(":")[0] in functions for feature in declined)


def _refusing_type(
    function: Callable[..., Any], dtype: str, refuse: Callable[..., Any], backend: Any
) -> Callable[..., Any]:
    """Return the function, which refuses tensors of that element type."""

    def require_other(given: Any) -> None:
        if backend.owns(given) and backend.describe(given)[1] == dtype:
            refuse()

    def call(*arguments: Any, **options: Any) -> Any:
        map_tree(require_other, (arguments, options))
        return function(*arguments, **options)

    return call


def _refusing(error: UnsupportedOp) -> Callable[..., NoReturn]:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise type(error)(*error.args)  # a new one, because a raised error keeps its callers alive

    return refuse


class _Refused(Mapping[str, Any]):
    """A table whose entries all raise when they are looked up."""

    def __init__(self, refuse: Callable[..., NoReturn]) -> None:
        self._refuse = refuse

    def __getitem__(self, name: str) -> NoReturn:
        self._refuse()

    def __iter__(self) -> NoReturn:
        self._refuse()

    def __len__(self) -> int:
        return 0


def _variable(backend: Any, value: Any, dtype: str) -> Any:
    return backend.asarray(np.array(value), dtype)


def _assign(backend: Any, variable: Any, value: Any) -> Any:
    numbers = backend.to_numpy(value) if backend.owns(value) else value
    return backend.asarray(np.array(numbers), backend.describe(variable)[1])


def _cast(backend: Any, tensor: Any, dtype: str) -> Any:
    return backend.asarray(backend.to_numpy(tensor), dtype)


def _synchronize(backend: Any, tensor: Any) -> None:
    backend.to_numpy(tensor)


def _outside_trace(backend: Any, fn: Callable[[], object]) -> object:
    return fn()


_DEFAULTS: Mapping[str, Callable[..., Any]] = {
    "variable": _variable,
    "assign": _assign,
    "cast": _cast,
    "synchronize": _synchronize,
    "outside_trace": _outside_trace,
}
