"""Steps of training: `train_on_batch` of native tensors, until the loss is known as a number."""

from functools import partial
from pathlib import Path

from . import _base
from ._parts import Workload, part

_RELU = {"activation": "relu"}
CLASSES = 10
# Of the first the way to the framework is most of the time, of the second the convolutions are.
NETWORKS = [
    Workload(
        "two dense layers",
        (part("Dense", units=32, **_RELU), part("Dense", units=CLASSES)),
        (8, 16),
    ),
    Workload(
        "CNN of MNIST",
        (
            part("Conv2D", filters=32, kernel_size=3, **_RELU),
            part("Conv2D", filters=64, kernel_size=3, **_RELU),
            part("MaxPooling2D"),
            part("Flatten"),
            part("Dense", units=128, **_RELU),
            part("Dense", units=CLASSES),
        ),
        (128, 28, 28, 1),
    ),
]
FEW, MANY = 50, 1000  # steps


class _Training(_base.OfBackend):
    """A model that trains on one batch."""

    def step_of(self, backend, network, optimizer):
        """Return the step as a function of no argument, compiled."""
        model = network.make(backend)
        if not hasattr(model, "train_on_batch"):
            raise NotImplementedError("models have no train_on_batch yet")
        from convdispatch import losses, optimizers

        model.build((None, *network.shape[1:]))
        chosen = getattr(optimizers, optimizer)(learning_rate=0.01)
        model.compile(chosen, losses.SparseCategoricalCrossentropy(from_logits=True))
        x = _base.tensor(backend, network.shape)
        y = _base.places(backend, (network.shape[0], 1), CLASSES)
        step = partial(model.train_on_batch, x, y)
        step()
        return step


class Step(_Training):
    """A step's time."""

    params = (_base.BACKENDS, NETWORKS, ["SGD", "Adam"])
    param_names = ("backend", "network", "optimizer")

    def prepare(self, backend, network, optimizer):
        """Return the step."""
        return self.step_of(backend, network, optimizer)

    def time_step(self, *parameters):
        """Make one."""
        self.prepared()


class StepMemory(_Training):
    """The memory of a process that goes on training: it should not grow."""

    unit = "times"

    def prepare(self, backend):
        """Return the step of two dense layers."""
        return self.step_of(backend, NETWORKS[0], "Adam")

    def track_memory_after_many_steps(self, backend):
        """Return that after a thousand steps by that after fifty."""
        found = []
        for steps in (FEW, MANY - FEW):
            for _ in range(steps):
                self.prepared()
            found.append(_resident())
        return found[1] / found[0]


def _resident():
    """Return the resident memory of this process, in pages."""
    path = Path("/proc/self/statm")
    if not path.exists():
        raise NotImplementedError("the memory of a process is read from Linux's /proc")
    return int(path.read_text(encoding="ascii").split()[1])
