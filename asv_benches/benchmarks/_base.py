"""Common code of a backend's benchmarks: the parameter, the set-up, and waiting for the result.

The base classes are abstract, so asv does not run them as benchmarks.
"""

import functools
from abc import ABC, abstractmethod
from typing import Any

import numpy as np

import convdispatch
from convdispatch.registry import AVAILABLE, registry

BACKENDS = ("numpy", "torch", "tensorflow", "jax")


class OfBackend(ABC):
    """Something of one backend, prepared once a process.

    asv_runner 0.3.2 runs `setup` again before every timed call. What it prepares is kept, so that
    a call is timed with its plan, its weights and the caches of the processor as they are in use.
    """

    params: tuple[Any, ...] = (BACKENDS,)
    param_names: tuple[str, ...] = ("backend",)
    repeat = (5, 20, 2.0)  # samples at least, at most, and seconds
    timeout = 300  # seconds: a cold import of a framework takes many

    def setup(self, backend, *parameters):
        """Prepare the benchmark, or report that the backend is missing."""
        if registry.status(backend) != AVAILABLE:
            raise NotImplementedError(f"{backend} is not installed")
        self.prepared = _prepared(type(self), backend, *parameters)

    @abstractmethod
    def prepare(self, backend, *parameters):
        """Return the function to measure, warmed up."""


class OfWorkload(OfBackend):
    """A layer or a model, built, and a native tensor to call it with."""

    @abstractmethod
    def workload(self, *parameters):
        """Return the `Workload` of these parameters."""

    def prepare(self, backend, *parameters):
        """Return the backend, the layer or model, and its input."""
        workload = self.workload(*parameters)
        model = workload.make(backend)
        rows = getattr(model, "input_dim", None)  # of an embedding
        x = (
            tensor(backend, workload.shape)
            if rows is None
            else places(backend, workload.shape, rows)
        )
        registry.load(backend).synchronize(model(x))  # draws weights, lowers, compiles
        return registry.load(backend), model, x


class Forward(OfWorkload):
    """A call of a layer or model, eagerly, until its values have been computed."""

    def time_forward(self, *parameters):
        """Call it once."""
        backend, model, x = self.prepared
        backend.synchronize(model(x))


class Gradients(OfWorkload):
    """The gradients for input and weights, as NumPy arrays and therefore computed."""

    def prepare(self, backend, *parameters):
        """Return the arguments of a forward pass, differentiated once."""
        prepared = super().prepare(backend, *parameters)
        convdispatch.gradients(*prepared[1:])
        return prepared

    def time_gradients(self, *parameters):
        """Differentiate once."""
        _, model, x = self.prepared
        convdispatch.gradients(model, x)


def tensor(backend: str, shape: tuple[int, ...]) -> Any:
    """Return a float32 tensor of normally distributed numbers, the same in every process."""
    numbers = np.random.default_rng(0).standard_normal(shape, np.float32)
    return registry.load(backend).asarray(numbers, "float32")


def places(backend: str, shape: tuple[int, ...], rows: int) -> Any:
    """Return an int32 tensor of places in a table of so many rows."""
    numbers = np.random.default_rng(0).integers(0, rows, shape)
    return registry.load(backend).asarray(numbers, "int32")


@functools.cache
def _prepared(benchmark: type[OfBackend], backend: str, *parameters: Any) -> Any:
    return benchmark().prepare(backend, *parameters)
