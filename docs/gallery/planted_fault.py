"""A planted fault, and the report that finds it.

A backend of twenty lines: NumPy's, but where the pads of a convolution differ it has them the wrong
way round, a fault that real frameworks had. Most convolutions stay right. The conformance suite is
run on it as its author would do it, and says which cases fail, what they share, and the smallest
input that shows it.
"""

import os
import subprocess
import sys
from pathlib import Path

from convdispatch.layers import Conv1D

PLUGIN = """
import copy
from dataclasses import replace

from convdispatch.hookspecs import hookimpl
from convdispatch.ops import BackendInfo, Capabilities, Conv
from convdispatch_numpy import INFO
from convdispatch_numpy._backend import backend as honest


class Planted:
    name = "planted"

    def __getattr__(self, name):
        return getattr(honest, name)

    def lower(self, op, signature):
        if isinstance(op, Conv):
            op = replace(op, pads=tuple((high, low) for low, high in op.pads))
        return honest.lower(op, signature)


backend = Planted()


@hookimpl
def convdispatch_backends():
    return [replace(INFO, name="planted", load="planted:backend")]
"""

Path("planted.py").write_text(PLUGIN)
about = Path("planted-1.0.dist-info")
about.mkdir()
(about / "METADATA").write_text("Metadata-Version: 2.1\nName: planted\nVersion: 1.0\n")
(about / "entry_points.txt").write_text("[convdispatch]\nplanted = planted\n")

command = [sys.executable, "-m", "convdispatch", "conformance", "--backend", "planted"]
command += ["--case", "conv1d/core/*"]
paths = os.pathsep.join(filter(None, [".", *sys.path]))
done = subprocess.run(
    command, env={**os.environ, "PYTHONPATH": paths, "XDG_CACHE_HOME": "."}, capture_output=True,
    text=True, check=False,
)  # fmt: skip
assert done.returncode == 1, done.stderr
print(done.stdout)

# What is right: one pad, after the data. The planted fault reads it before the data.
Conv1D(1, 3, strides=2, padding="same", name="right").picture(
    (4,), values=True, convention="tensorflow"
).save("right.svg")
