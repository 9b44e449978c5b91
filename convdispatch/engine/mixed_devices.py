"""What is said where the tensors of one call are on several devices.

It is asked where the call has failed already: a framework may well compute with such tensors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from convdispatch.errors import InvalidArgument


def require_one_device(
    title: str, weights: Sequence[Any], inputs: Sequence[Any], failure: Exception
) -> None:
    """Raise `InvalidArgument`, caused by the failure, where the tensors are on several devices."""
    of_weights, of_inputs = _devices(weights), _devices(inputs)
    if len(of_weights | of_inputs) < 2:
        return
    said = [f"inputs on {_listed(of_inputs)}"]
    if of_weights:
        said.insert(0, f"weights on {_listed(of_weights)}")
    raise InvalidArgument(
        f"{title} computes with tensors of one device; received {', '.join(said)}. Move the "
        "inputs first, as their framework says, or the layer by `to(backend, device=...)`."
    ) from failure


def _devices(tensors: Sequence[Any]) -> set[str]:
    """Return where the tensors are, by the attribute that the array API gives them."""
    found = set()
    for one in tensors:
        try:
            found.add(str(one.device))
        except Exception:  # noqa: BLE001 - one that is being traced may be nowhere
            continue
    return found - {""}


def _listed(devices: set[str]) -> str:
    return " and ".join(repr(one) for one in sorted(devices)) or "none"
