"""How several processes on this machine are started: by torchrun. Imports no framework."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from convdispatch.ops import Launched


def launch(command: Sequence[str], count: int, ports: Sequence[int]) -> list[Launched]:
    """Return torchrun's own process, which starts the others."""
    torchrun = [sys.executable, "-m", "convdispatch_torch._torchrun", "--standalone", "--no-python"]
    return [Launched([*torchrun, f"--nproc-per-node={count}", *command], {})]
