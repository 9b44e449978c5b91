"""How several processes on this machine are started: by TF_CONFIG. Imports no framework."""

from __future__ import annotations

import json
from collections.abc import Sequence

from convdispatch.ops import Launched

# The processes that `launch` starts have it: they make a strategy themselves.
LAUNCHED = "_CONVDISPATCH_LAUNCHED"


def launch(command: Sequence[str], count: int, ports: Sequence[int]) -> list[Launched]:
    """Return the workers, which know each other by their environment."""
    workers = {"worker": [f"localhost:{port}" for port in ports]}
    configs = [
        {"cluster": workers, "task": {"type": "worker", "index": rank}} for rank in range(count)
    ]
    return [
        Launched(list(command), {"TF_CONFIG": json.dumps(one), LAUNCHED: "1"}) for one in configs
    ]
