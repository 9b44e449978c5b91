"""All ways to compute an op here: the backend's own, and the plugins' offers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from convdispatch.ops import Backend, Op, Signature, Tensor
from convdispatch.runtime.registry import registry
from convdispatch.support import foreign

# The name of a backend's only way, if the backend names no ways.
OWN = "own"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Functions of native tensors that compute one op, by name."""

    functions: Mapping[str, Callable[..., Tensor]]
    usual: str  # the one that computes the op without tuning
    reference: str  # the backend's own choice, with which the others must agree
    left_out: Mapping[str, str]  # why a candidate is not among them


def candidates(
    backend: Backend, op: Op, signature: Signature, *, is_supported: bool
) -> Candidates | None:
    """Return the candidates, or None if there is none.

    `is_supported` says whether the backend itself can compute the op; if not, plugins may.
    """
    left_out: dict[str, str] = {}
    offers = _offers(backend, op, signature, left_out)
    own = _own(backend, op, signature, left_out) if is_supported else {}
    functions = dict(own)
    usual = reference = next(iter(own), None)
    for place, (plugin, offer) in enumerate(offers.items()):
        name = f"{plugin} (plugin)" if plugin in own else plugin
        if place and not own:  # no plugin judges another
            left_out[name] = "has nothing to agree with: the backend does not support the op"
            continue
        functions[name] = offer
        # Without tuning, the offer of the plugin that is called first is used.
        usual = name if place == 0 else usual
        reference = reference or name
    if usual is None or reference is None:
        return None
    return Candidates(functions=functions, usual=usual, reference=reference, left_out=left_out)


def said(exc: Exception) -> str:
    """Describe what a candidate raised."""
    return f"raised {foreign.said(exc)}"


def _own(
    backend: Backend, op: Op, signature: Signature, left_out: dict[str, str]
) -> dict[str, Callable[..., Tensor]]:
    """Return the backend's own ways, its own choice first."""
    ask: Any = getattr(backend, "candidates", None)
    if ask is not None:
        try:
            named = dict(foreign.call(ask, op, signature))
        except Exception as exc:  # noqa: BLE001 - the op can be computed without candidates
            left_out["the backend's candidates"] = said(exc)
        else:
            if named:
                return named
    return {OWN: foreign.call(backend.lower, op, signature)}


def _offers(
    backend: Backend, op: Op, signature: Signature, left_out: dict[str, str]
) -> dict[str, Callable[..., Tensor]]:
    """Return each plugin's offer by the plugin's name, in the order in which they are asked."""
    found = {}
    for name, ask in registry.lowering_plugins().items():
        try:
            offer = ask(backend=backend, op=op, signature=signature)
        except Exception as exc:  # noqa: BLE001 - a foreign plugin that fails is left out, and said
            left_out[name] = said(exc)
            continue
        if offer is not None:
            found[name] = offer
    return found
