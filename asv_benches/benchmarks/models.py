"""Whole models: a forward pass, the same compiled, and the gradients of one."""

from . import _base
from ._parts import Workload, part

_RELU = {"padding": "same", "activation": "relu"}

MODELS = [
    Workload(
        "small CNN",
        (
            part("Conv2D", filters=32, kernel_size=3, **_RELU),
            part("Conv2D", filters=64, kernel_size=3, strides=2, **_RELU),
            part("Conv2D", filters=64, kernel_size=3, strides=2, **_RELU),
        ),
        (16, 28, 28, 1),
    ),
    Workload(
        "autoencoder",
        (
            part("Conv2D", filters=16, kernel_size=3, strides=2, **_RELU),
            part("Conv2D", filters=32, kernel_size=3, strides=2, **_RELU),
            part("Conv2DTranspose", filters=16, kernel_size=3, strides=2, **_RELU),
            part("UpSampling2D", size=2),
            part("Conv2D", filters=1, kernel_size=3, padding="same", activation="sigmoid"),
        ),
        (8, 32, 32, 1),
    ),
    Workload(
        "separable",
        (
            part("ZeroPadding2D", padding=1),
            part("Conv2D", filters=16, kernel_size=3, strides=2, activation="relu"),
            part("SeparableConv2D", filters=32, kernel_size=3, **_RELU),
            part("SeparableConv2D", filters=64, kernel_size=3, strides=2, **_RELU),
        ),
        (8, 32, 32, 3),
    ),
    Workload(
        "dilated causal",
        tuple(
            part("Conv1D", filters=32, kernel_size=2, padding="causal", dilation_rate=rate)
            for rate in (1, 2, 4, 8, 16)
        ),
        (8, 256, 1),
    ),
    Workload(
        "volumes",
        (
            part("Conv3D", filters=8, kernel_size=3, **_RELU),
            part("Conv3D", filters=16, kernel_size=3, strides=2, **_RELU),
            part("Conv3DTranspose", filters=8, kernel_size=3, strides=2, **_RELU),
        ),
        (2, 12, 12, 12, 1),
    ),
]


class ModelForward(_base.Forward):
    """A call of a model."""

    params = (_base.BACKENDS, MODELS)
    param_names = ("backend", "model")

    def workload(self, model):
        """Return the model itself."""
        return model


class CompiledModel(_base.OfWorkload):
    """A forward pass of a model that its backend has compiled as a whole."""

    params = (_base.BACKENDS, MODELS)
    param_names = ("backend", "model")

    def workload(self, model):
        """Return the model itself."""
        return model

    def prepare(self, backend, *parameters):
        """Return the backend, the compiled function, and its input."""
        loaded, model, x = super().prepare(backend, *parameters)
        if not hasattr(model, "compile_forward"):
            raise NotImplementedError("models have no compile_forward yet")
        forward = model.compile_forward()
        loaded.synchronize(forward(x))
        return loaded, forward, x

    def time_compiled_forward(self, *parameters):
        """Call it once."""
        backend, forward, x = self.prepared
        backend.synchronize(forward(x))


class ModelGradients(_base.Gradients):
    """The gradients for the input and every weight of a model."""

    params = (_base.BACKENDS, MODELS)
    param_names = ("backend", "model")

    def workload(self, model):
        """Return the model itself."""
        return model
