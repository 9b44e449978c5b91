"""The small network of MNIST examples: two convolutions, pooling, two dense layers.

Ours, Keras 3's, and the same written by hand for each framework, all of the same weights.
"""

import importlib

import numpy as np

from convdispatch.layers import Conv2D, Dense, Flatten, MaxPooling2D
from convdispatch.models import Sequential

IMAGE = (28, 28, 1)
CLASSES, HIDDEN, FEATURES = 10, 128, 12 * 12 * 64


def images(batch):
    """Return that many images as an array."""
    return np.random.default_rng(0).standard_normal((batch, *IMAGE), np.float32)


def arrays():
    """Return the weights: kernel and bias of each of the four layers."""
    generator = np.random.default_rng(1)
    shapes = [(3, 3, 1, 32), (3, 3, 32, 64), (FEATURES, HIDDEN), (HIDDEN, CLASSES)]
    found = []
    for shape in shapes:
        scale = np.sqrt(2 / np.prod(shape[:-1]))
        found.append(generator.normal(0, scale, shape).astype(np.float32))
        found.append(generator.normal(0, 0.1, shape[-1:]).astype(np.float32))
    return found


def ours(backend):
    """Return our model."""
    model = Sequential(
        [
            Conv2D(32, 3, activation="relu"),
            Conv2D(64, 3, activation="relu"),
            MaxPooling2D(),
            Flatten(),
            Dense(HIDDEN, activation="relu"),
            Dense(CLASSES),
        ],
        backend=backend,
    )
    model.build((None, *IMAGE))
    model.set_weights(arrays())
    return model


def by_hand(backend):
    """Return the network written for the framework and compiled by it."""
    return _BY_HAND[backend](arrays())


def keras_model():
    """Return Keras 3's model with the same weights."""
    keras = importlib.import_module("keras")
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input(IMAGE),
            layers.Conv2D(32, 3, activation="relu"),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(HIDDEN, activation="relu"),
            layers.Dense(CLASSES),
        ]
    )
    model.set_weights(arrays())
    return model


def _torch(weights):
    torch = importlib.import_module("torch")
    functional = torch.nn.functional
    tensors = [torch.from_numpy(array) for array in weights]
    for place in (0, 2):
        kernel = tensors[place].permute(3, 2, 0, 1)
        tensors[place] = kernel.contiguous(memory_format=torch.channels_last)
    first, first_bias, second, second_bias = tensors[4:]

    @torch.inference_mode()
    def forward(x):
        y = x.permute(0, 3, 1, 2)
        for kernel, bias in (tensors[:2], tensors[2:4]):
            y = torch.relu(functional.conv2d(y, kernel, bias))
        pooled = functional.max_pool2d(y, 2).permute(0, 2, 3, 1)
        hidden = torch.relu(torch.addmm(first_bias, pooled.reshape(len(x), -1), first))
        return torch.addmm(second_bias, hidden, second)

    return forward


def _tensorflow(weights):
    tf = importlib.import_module("tensorflow")
    variables = [tf.Variable(array) for array in weights]
    first, first_bias, second, second_bias = variables[4:]

    @tf.function(autograph=False)
    def forward(x):
        for kernel, bias in (variables[:2], variables[2:4]):
            x = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(x, kernel, 1, "VALID"), bias))
        pooled = tf.reshape(tf.nn.max_pool2d(x, 2, 2, "VALID"), (-1, FEATURES))
        hidden = tf.nn.relu(tf.nn.bias_add(tf.matmul(pooled, first), first_bias))
        return tf.nn.bias_add(tf.matmul(hidden, second), second_bias)

    return forward


def _jax(weights):
    jax = importlib.import_module("jax")
    lax, jnp = jax.lax, jax.numpy
    layouts = ("NHWC", "HWIO", "NHWC")
    given = [jnp.asarray(array) for array in weights]

    @jax.jit
    def forward(variables, x):
        for kernel, bias in (variables[:2], variables[2:4]):
            y = lax.conv_general_dilated(x, kernel, (1, 1), "VALID", dimension_numbers=layouts)
            x = jax.nn.relu(y + bias)
        first, first_bias, second, second_bias = variables[4:]
        pooled = lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
        hidden = jax.nn.relu(pooled.reshape(-1, FEATURES) @ first + first_bias)
        return hidden @ second + second_bias

    return lambda x: forward(given, x)


_BY_HAND = {"torch": _torch, "tensorflow": _tensorflow, "jax": _jax}
