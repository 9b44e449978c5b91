"""The small network of MNIST examples: two convolutions, pooling, two dense layers.

Convolutions are ours or the framework's. We have no pooling and no dense layers yet, so the rest
is the same handwritten code for both, as one layer of our model: what is compared is how the
convolutions are dispatched inside a compiled model. Keras 3 has all of its own.
"""

import importlib

import numpy as np

from convdispatch.engine.resolved import Resolved
from convdispatch.layers import Conv2D, Layer
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


class Head(Layer):
    """Pooling and the dense layers, by hand, on native tensors."""

    rank = 2

    def __init__(self, compute, **options):
        super().__init__(**options)
        self.compute = compute

    def resolve(self, spec):
        """Return the shape (batch, classes), and the function."""

        def lower(dtype, activation):
            return lambda weights, inputs: self.compute(inputs)

        return Resolved(output_shape=(None, CLASSES), lower=lower)


def ours(backend, native):
    """Return our model, its head computing with weights that `native` has made tensors of."""
    weights = arrays()
    head = _HEADS[backend]([native(array) for array in weights[4:]])
    model = Sequential(
        [
            Conv2D(32, 3, activation="relu", input_shape=IMAGE, weights=weights[:2]),
            Conv2D(64, 3, activation="relu", weights=weights[2:4]),
            Head(head, name="head"),
        ],
        backend=backend,
    )
    model.build((None, *IMAGE))
    return model


def by_hand(backend, native):
    """Return the whole network written for the framework and compiled by it."""
    weights = arrays()
    return _BY_HAND[backend](weights, _HEADS[backend]([native(array) for array in weights[4:]]))


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


def _torch_head(weights):
    torch = importlib.import_module("torch")
    functional = torch.nn.functional
    first, first_bias, second, second_bias = weights

    def head(x):
        pooled = functional.max_pool2d(x.permute(0, 3, 1, 2), 2).permute(0, 2, 3, 1)
        hidden = torch.relu(torch.addmm(first_bias, pooled.reshape(len(x), -1), first))
        return torch.addmm(second_bias, hidden, second)

    return head


def _torch_by_hand(weights, head):
    torch = importlib.import_module("torch")
    functional = torch.nn.functional
    kernels = [
        torch.from_numpy(array.transpose(3, 2, 0, 1)).contiguous(memory_format=torch.channels_last)
        for array in weights[:4:2]
    ]
    biases = [torch.from_numpy(array) for array in weights[1:4:2]]

    @torch.inference_mode()
    def forward(x):
        y = x.permute(0, 3, 1, 2)
        for kernel, bias in zip(kernels, biases, strict=True):
            y = torch.relu(functional.conv2d(y, kernel, bias))
        return head(y.permute(0, 2, 3, 1))

    return forward


def _tensorflow_head(weights):
    tf = importlib.import_module("tensorflow")
    first, first_bias, second, second_bias = weights

    def head(x):
        pooled = tf.reshape(tf.nn.max_pool2d(x, 2, 2, "VALID"), (-1, FEATURES))
        hidden = tf.nn.relu(tf.nn.bias_add(tf.matmul(pooled, first), first_bias))
        return tf.nn.bias_add(tf.matmul(hidden, second), second_bias)

    return head


def _tensorflow_by_hand(weights, head):
    tf = importlib.import_module("tensorflow")
    variables = [tf.Variable(array) for array in weights[:4]]

    @tf.function(autograph=False)
    def forward(x):
        for kernel, bias in zip(variables[::2], variables[1::2], strict=True):
            x = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(x, kernel, 1, "VALID"), bias))
        return head(x)

    return forward


def _jax_head(weights):
    jax = importlib.import_module("jax")
    lax, jnp = jax.lax, jax.numpy
    first, first_bias, second, second_bias = weights

    def head(x):
        pooled = lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
        hidden = jax.nn.relu(pooled.reshape(-1, FEATURES) @ first + first_bias)
        return hidden @ second + second_bias

    return head


def _jax_by_hand(weights, head):
    jax = importlib.import_module("jax")
    layouts = ("NHWC", "HWIO", "NHWC")
    given = [jax.numpy.asarray(array) for array in weights[:4]]

    @jax.jit
    def forward(variables, x):
        for kernel, bias in zip(variables[::2], variables[1::2], strict=True):
            y = jax.lax.conv_general_dilated(x, kernel, (1, 1), "VALID", dimension_numbers=layouts)
            x = jax.nn.relu(y + bias)
        return head(x)

    return lambda x: forward(given, x)


_HEADS = {"torch": _torch_head, "tensorflow": _tensorflow_head, "jax": _jax_head}
_BY_HAND = {"torch": _torch_by_hand, "tensorflow": _tensorflow_by_hand, "jax": _jax_by_hand}
