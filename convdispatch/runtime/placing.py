"""A backend whose tensors are on one device of several: 'torch@cuda:0' in the place of 'torch'.

It is a backend of its own to everything above: layers are bound to it by this name, so that no call
asks where anything is. What differs is where arrays go, which the backend itself knows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from convdispatch.errors import InvalidArgument, InvalidType
from convdispatch.ops import Backend

ON_DEVICE = "@"  # between the names of a backend and of its device


def name_on(backend: str, device: Any) -> str:
    """Return the name of the backend on a device; without one, the backend's own.

    >>> name_on("torch", "cuda:0"), name_on("torch@cuda:0", "cpu"), name_on("torch", None)
    ('torch@cuda:0', 'torch@cpu', 'torch')
    """
    if device is None:
        return backend
    if not isinstance(device, str) or not device:
        raise InvalidType(
            f"`device` must be the name of a device, such as 'cpu'; received {device!r}. "
            "`convdispatch doctor` lists the devices of each backend."
        )
    return f"{backend.partition(ON_DEVICE)[0]}{ON_DEVICE}{device}"


def placed(backend: Backend, device: str) -> Backend:
    """Return the backend with its tensors on a device of this machine.

    Raises `InvalidArgument` for a device that there is not, and names those that there are.
    """
    make: Callable[[str], Backend | None] | None = getattr(backend, "on_device", None)
    found = None if make is None else make(device)
    if found is None:
        devices: Callable[[], list[str]] = getattr(backend, "devices", lambda: ["cpu"])
        known = ", ".join(map(repr, devices()))
        raise InvalidArgument(
            f"the backend {backend.name!r} has no device {device!r} on this machine; it has "
            f"{known}. Give one of these, or none for the framework's default."
        )
    found.name = f"{backend.name}{ON_DEVICE}{device}"
    return found
