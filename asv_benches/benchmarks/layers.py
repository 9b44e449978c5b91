"""A forward pass of each kind of layer on each backend, its plan made before."""

import numpy as np

from convdispatch import layers
from convdispatch.registry import AVAILABLE, registry

BACKENDS = ["numpy", "torch", "tensorflow", "jax"]
SIGNAL, IMAGE, VOLUME = (8, 256, 32), (8, 28, 28, 32), (2, 12, 12, 12, 16)

# Each with the shape of its input.
LAYERS = {
    "Conv1D": (lambda **o: layers.Conv1D(32, 3, padding="causal", **o), SIGNAL),
    "Conv2D": (lambda **o: layers.Conv2D(32, 3, padding="same", **o), IMAGE),
    "Conv2D 1x1": (lambda **o: layers.Conv2D(64, 1, **o), IMAGE),
    "Conv2D strided": (lambda **o: layers.Conv2D(32, 3, strides=2, padding="same", **o), IMAGE),
    "Conv2D grouped": (lambda **o: layers.Conv2D(32, 3, groups=4, **o), IMAGE),
    "Conv3D": (lambda **o: layers.Conv3D(16, 3, padding="same", **o), VOLUME),
    "Conv2DTranspose": (
        lambda **o: layers.Conv2DTranspose(32, 3, strides=2, padding="same", **o),
        IMAGE,
    ),
    "DepthwiseConv2D": (lambda **o: layers.DepthwiseConv2D(3, padding="same", **o), IMAGE),
    "SeparableConv2D": (lambda **o: layers.SeparableConv2D(32, 3, padding="same", **o), IMAGE),
    "UpSampling2D": (lambda **o: layers.UpSampling2D(2, interpolation="bilinear", **o), IMAGE),
    # So small that what is measured is the way there.
    "Conv2D tiny": (lambda **o: layers.Conv2D(8, 3, **o), (1, 8, 8, 4)),
}


class Forward:
    """A layer called with a native float32 tensor, until its values have been computed."""

    params = (BACKENDS, list(LAYERS))
    param_names = ("backend", "layer")

    def setup(self, backend, layer):
        """Make the layer and its plan, or say that the backend is missing."""
        if registry.status(backend) != AVAILABLE:
            raise NotImplementedError(f"{backend} is not installed")
        make, shape = LAYERS[layer]
        self.backend = registry.load(backend)
        self.layer = make(backend=backend, dtype="float32")
        numbers = np.random.default_rng(0).normal(size=shape)
        self.x = self.backend.asarray(numbers, "float32")
        self.time_forward(backend, layer)  # lowers and compiles, which is not to be timed

    def time_forward(self, backend, layer):
        """One call."""
        self.backend.synchronize(self.layer(self.x))
