"""Steps of training by processes, each on a processor of its own, on each distribution engine.

`python -m asv_benches.groups` makes the same measurement and prints it as a table.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from convdispatch.registry import AVAILABLE, registry

ENGINES = ("torch", "jax", "jax-mesh", "tensorflow", "tensorflow-mirrored")
COUNTS = (1, 2, 4)
ROUNDS = 6
ROOT = Path(__file__).parents[2]


class _Processes:
    """A network of three convolutions, on a batch of 64 images of 32 x 32."""

    params = (ENGINES, COUNTS)
    param_names = ("engine", "processes")
    timeout = 900  # seconds: four cold imports of a framework, and its compiler, take many

    def setup(self, engine, processes):
        """Report that the backend is missing."""
        if registry.status(engine.partition("-")[0]) != AVAILABLE:
            raise NotImplementedError(f"{engine} is not installed")

    def measured(self, engine, processes):
        """Return the figures of the command."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "figures.json"
            wanted = ["--engine", engine, "--processes", str(processes), "--rounds", str(ROUNDS)]
            command = [sys.executable, "-m", "asv_benches.groups", *wanted, "--json", str(file)]
            subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
            return json.loads(file.read_text(encoding="utf-8"))[0]


class Image(_Processes):
    """The time of an image in a step."""

    unit = "seconds"

    def track_seconds(self, engine, processes):
        """Return that of all processes together."""
        return self.measured(engine, processes)["image"]


class Overhead(_Processes):
    """Our step by one that is written by hand on the same engine, in turn."""

    unit = "ratio"

    def track_ratio(self, engine, processes):
        """Return the median of the rounds."""
        return self.measured(engine, processes)["overhead"]
