"""How several processes on this machine are started: JAX has variables. Imports no framework."""

from __future__ import annotations

from collections.abc import Sequence

from convdispatch.ops import Launched


def launch(command: Sequence[str], count: int, ports: Sequence[int]) -> list[Launched]:
    """Return the processes, which know each other by their environment."""
    shared = {
        "JAX_COORDINATOR_ADDRESS": f"localhost:{ports[0]}",
        "JAX_NUM_PROCESSES": str(count),
    }
    return [
        Launched(list(command), {**shared, "JAX_PROCESS_ID": str(rank)}) for rank in range(count)
    ]
