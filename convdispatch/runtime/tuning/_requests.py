"""Whether a lowering may ask for the fastest candidate, and whether it may measure to find out.

The environment decides for the whole process, `autotune` for the plans that it makes. A call that
a framework traces never measures.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from convdispatch.errors import ConfigError
from convdispatch.ops import Backend

if TYPE_CHECKING:
    from convdispatch.runtime.tuning._finding import Finding

VARIABLE = "CONVDISPATCH_AUTOTUNE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The request for one lowering."""

    may_measure: bool
    batch: int = 1  # items of the input that is measured
    # The list that receives the result of each op. A caller with a list wants a new measurement,
    # not the cache.
    findings: list[Finding] | None = None


# Use earlier measurements, and make no new ones.
USE = Request(may_measure=False)
_BY_VALUE: dict[str, Request | None] = {
    "": None,
    "0": None,
    "1": Request(may_measure=True),
    "use": USE,
}

_of_block: ContextVar[Request | None] = ContextVar("request", default=None)


def current_request() -> Request | None:
    """Return the current request for a lowering, or None without tuning.

    Raises `ConfigError` if the environment variable has an unknown value.
    """
    value = os.environ.get(VARIABLE, "")
    if value not in _BY_VALUE:
        raise ConfigError(
            f"the environment variable {VARIABLE} cannot be {value!r}. Give '1' (measure each new "
            "op and remember the fastest candidate), 'use' (use what was measured, measure "
            "nothing), or '0' (neither, as when it is unset)."
        )
    return _of_block.get() or _BY_VALUE[value]


@contextmanager
def requested(request: Request) -> Iterator[None]:
    """Put `request` in force for the lowerings of this thread or task."""
    token = _of_block.set(request)
    try:
        yield
    finally:
        _of_block.reset(token)


def outside_trace(backend: Backend, batch: int | None, fn: Callable[[], Any]) -> Any:
    """Call `fn` eagerly, as `Backend.outside_trace` does, and prevent measurements in a trace.

    A user of a compiled function waits for the compiler, and should not also wait for a
    measurement. Outside a trace `fn` measures for inputs of `batch` items, if that is known and no
    other size was requested.
    """
    request = current_request()
    if request is None or not request.may_measure:
        return backend.outside_trace(fn)
    if is_traced(backend):
        request = USE
    elif request.findings is None and batch:
        request = replace(request, batch=batch)
    with requested(request):
        return backend.outside_trace(fn)


def is_traced(backend: Backend) -> bool:
    """Return whether the backend's framework traces the caller instead of computing."""
    probe = backend.functions["abs"](backend.asarray(np.zeros(1, np.float32), "float32"))
    try:
        backend.to_numpy(probe)
    except Exception:  # noqa: BLE001 - frameworks differ in what they raise for a symbol's values
        return True
    return False
