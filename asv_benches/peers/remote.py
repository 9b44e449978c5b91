"""A contestant in a process of its own, timed there: two frameworks' threads never meet.

Threads of OpenBLAS and of OpenMP spin for a while after their work; in one process, or without a
pause between two, each would be measured beside the other's.
"""

import json
import subprocess
import sys
from dataclasses import asdict

from asv_benches.peers import contestants
from asv_benches.peers.timing import seconds


class Remote:
    """torch's own convolution of a shape, in another process."""

    def __init__(self):
        self._process = subprocess.Popen(
            [sys.executable, "-m", "asv_benches.peers.remote"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def prepare(self, shape):
        """Make the convolution of that shape, instead of the one before."""
        self._ask({"shape": asdict(shape)})

    def seconds(self, number):
        """Return the seconds of a call, in the mean of that number of calls."""
        return self._ask({"number": number})

    def close(self):
        """End the process."""
        self._process.communicate()

    def _ask(self, question):
        print(json.dumps(question), file=self._process.stdin, flush=True)
        return float(self._process.stdout.readline())


def serve():
    """Answer each line of the standard input with a number."""
    import torch

    from convdispatch.registry import registry

    call = None
    for line in sys.stdin:
        question = json.loads(line)
        if "shape" in question:
            shape = contestants.Shape(**question["shape"])
            x = registry.load("torch").asarray(shape.image(), "float32")
            layer = contestants.ours("torch", shape, x)
            call = torch.inference_mode()(contestants.raw("torch", shape, layer, x))
            print(0.0, flush=True)
        else:
            print(seconds(call, question["number"]), flush=True)


if __name__ == "__main__":
    serve()
