"""The processes of a command on this machine, as a backend's distribution engine starts them."""

from __future__ import annotations

import contextlib
import importlib
import socket
from collections.abc import Callable, Sequence

from convdispatch.errors import InvalidArgument
from convdispatch.ops import Launched
from convdispatch.runtime.registry import registry


def launched(name: str, command: Sequence[str], count: int) -> list[Launched]:
    """Return the processes to start; raise `InvalidArgument` for a backend without an engine."""
    entries = registry.entries()
    engines = {
        other: entry.info.launch
        for other, entry in entries.items()
        if entry.info is not None and entry.info.launch is not None
    }
    if name not in engines:
        raise InvalidArgument(
            f"the backend {name!r} has no engine for several processes; those that have one: "
            f"{', '.join(sorted(engines)) or 'none'}. Choose one by `--backend`."
        )
    module, _, function = engines[name].partition(":")
    launch: Callable[..., list[Launched]] = getattr(importlib.import_module(module), function)
    return launch(command, count, free_ports(count))


def free_ports(count: int) -> list[int]:
    """Return ports of this machine that nobody listens at."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("localhost", 0))
        return [one.getsockname()[1] for one in sockets]
