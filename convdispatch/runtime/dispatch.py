"""From a resolved op to the callable that computes it.

Called only at lowering, never per call: the layers keep the returned function.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from convdispatch.errors import BackendBroken, PluginError, UnsupportedOp
from convdispatch.ops import Backend, Op, Signature, Tensor, declined_feature, op_name
from convdispatch.runtime import tuning
from convdispatch.runtime.completion import refusal
from convdispatch.runtime.registry import registry
from convdispatch.runtime.resolving import lower_resolved, resolve
from convdispatch.support.foreign import call

# What computes an op, besides the candidates that autotune chooses by name.
BACKEND, PLUGIN = "its own choice", "a plugin"


def lower(backend: Backend, op: Op, signature: Signature) -> Callable[..., Tensor]:
    """Lower `op`, by a plugin's offer if there is one, else by the backend itself.

    Raises `UnsupportedOp` with the backend's own reason, before calling it, if no plugin offers a
    function and the backend declares a feature of the op unsupported. If tuning is on, the fastest
    candidate is used instead. The backend receives the op after `resolving`. Raises `InvalidShape`
    for sizes that no array can have.
    """
    return lower_by(backend, op, signature)[1]


def lower_by(backend: Backend, op: Op, signature: Signature) -> tuple[str, Callable[..., Tensor]]:
    """Lower `op` as `lower` does, and name what computes it: BACKEND, PLUGIN or a candidate."""
    found: list[str] = []

    def lower_one(op: Op, signature: Signature) -> Callable[..., Tensor]:
        by, function = _lower_by(backend, op, signature)
        found.append(by)
        return function

    function = lower_resolved(resolve(op, signature), lower_one, backend)
    return found[0], function


def _lower_by(backend: Backend, op: Op, signature: Signature) -> tuple[str, Callable[..., Tensor]]:
    request = tuning.current_request()
    if request is not None:
        is_supported = _unsupported(backend, op, signature) is None
        fastest = tuning.choice(backend, op, signature, request=request, is_supported=is_supported)
        if fastest is not None:
            return fastest
    offered = registry.offer(backend, op, signature)
    if offered is not None:
        return PLUGIN, offered
    require_supported(backend, op, signature)
    try:
        return BACKEND, call(backend.lower, op, signature)
    except PluginError as exc:
        raise BackendBroken(f"the backend {backend.name!r} lowers no {op_name(op)}: {exc}") from exc


def require_supported(backend: Backend, op: Op, signature: Signature) -> None:
    """Raise `UnsupportedOp` if the backend declares a feature of the op unsupported."""
    refusal = _unsupported(backend, op, signature)
    if refusal is not None:
        raise refusal


def require_feature(backend: Backend, feature: str) -> None:
    """Raise `UnsupportedOp` if the backend declines this part, by its name in `DECLINABLE`."""
    reason = declined(backend).get(feature)
    if reason is not None:
        raise refusal(backend.name, feature, reason)


def declined(backend: Backend) -> Mapping[str, str]:
    """Return the features that the backend declares unsupported, each with the reason."""
    entry = registry.described(backend.name)
    if entry is None or entry.info is None:
        return {}
    return entry.info.capabilities.unsupported


def _unsupported(backend: Backend, op: Op, signature: Signature) -> UnsupportedOp | None:
    unsupported = declined(backend)
    feature = declined_feature(op, signature, unsupported)
    if feature is None:
        return None
    return refusal(backend.name, feature, unsupported[feature])
