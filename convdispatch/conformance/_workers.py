"""A process that runs cases of one backend, as its parent sees it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from convdispatch._child_process import ChildProcess

# The problems are tiny, and there is a worker for each processor: with threads of its own in each,
# a framework spent 190 seconds on what takes it 18.
_ONE_THREAD = {"OMP_NUM_THREADS": "1"}


class Worker(ChildProcess):
    """A process that runs cases of one backend: send it their ids."""

    def __init__(
        self, backend: str, *, seed: int, wants_scripts: bool, settings: Mapping[str, str]
    ) -> None:
        """Start it. `settings` are environment variables; the user's own values win."""
        # The process sees the modules that this one sees, whatever folder it is started in.
        seen = {"PYTHONPATH": os.pathsep.join(sys.path)}
        environ = {**_ONE_THREAD, **settings, **os.environ, **seen}
        module = "convdispatch.conformance._worker"
        arguments = [backend, str(seed), str(int(wants_scripts))]
        super().__init__([sys.executable, "-P", "-m", module, *arguments], environ)
