"""A contestant in a process of its own, timed there: two frameworks' threads never meet.

Threads of OpenBLAS and of OpenMP spin for a while after their work; in one process, or without a
pause between two, each would be measured beside the other's.
"""

import json
import os
import subprocess
import sys
from dataclasses import asdict
from functools import partial

from asv_benches.peers import contestants
from asv_benches.peers.timing import seconds


class Remote:
    """NumPy's layer, or torch's own convolution, in another process: a context manager.

    Alone, or with the gradients for input and kernel of the sum of the squares.
    """

    def __init__(self, backend, **environ):
        self._backend = backend
        self._process = subprocess.Popen(
            [sys.executable, "-m", "asv_benches.peers.remote", backend],
            env={**os.environ, **environ},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self._process.communicate()  # it ends with its input

    def prepare(self, shape):
        """Make the convolution of that shape, instead of the one before."""
        self._ask({"shape": asdict(shape)})

    def seconds(self, number):
        """Return the seconds of a call, in the mean of that number of calls."""
        return self._ask({"number": number})

    def _ask(self, question):
        print(json.dumps(question), file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        if not answer:
            status = self._process.wait()
            raise RuntimeError(f"the process that times {self._backend} ended with status {status}")
        return float(answer)


def serve(backend):
    """Answer each line of the standard input with a number."""
    call = None
    for line in sys.stdin:
        question = json.loads(line)
        if "shape" in question:
            call = _CALLS[backend](contestants.Shape(**question["shape"]))
            print(0.0, flush=True)
        else:
            print(seconds(call, question["number"]), flush=True)


def _numpy(shape):
    x = shape.image()
    return partial(contestants.ours("numpy", shape, x), x)


def _torch(shape):
    import torch

    from convdispatch.registry import registry

    x = registry.load("torch").asarray(shape.image(), "float32")
    layer = contestants.ours("torch", shape, x)
    return torch.inference_mode()(contestants.raw("torch", shape, layer, x))


def _numpy_gradients(shape):
    from convdispatch.registry import registry

    loaded, x = registry.load("numpy"), shape.image()
    layer = contestants.ours("numpy", shape, x)
    total = loaded.functions["sum"]

    def loss(tensors):
        y = layer.apply(tensors[1:], tensors[0])
        return total(y * y), ()

    return partial(loaded.value_and_grad(loss), [x, *layer.variables])


def _torch_gradients(shape):
    import torch

    from convdispatch.registry import registry

    x = registry.load("torch").asarray(shape.image(), "float32").requires_grad_()
    layer = contestants.ours("torch", shape, x)
    convolve, kernel = contestants.torch_convolution(shape, layer)
    kernel.requires_grad_()

    def step():
        y = convolve(x.permute(0, 3, 1, 2), kernel)
        return torch.autograd.grad((y * y).sum(), [x, kernel])

    return step


_CALLS = {
    "numpy": _numpy,
    "torch": _torch,
    "numpy, gradients": _numpy_gradients,
    "torch, gradients": _torch_gradients,
}

if __name__ == "__main__":
    serve(sys.argv[1])
