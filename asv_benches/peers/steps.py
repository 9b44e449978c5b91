"""Steps of training: ours, the same written by hand with the framework's own optimizer, Keras 3's.

Two networks: the small one of MNIST examples with a batch of 128, and two dense layers with a batch
of 8, where the way to the framework is most of the time. All contestants get native tensors and
return the loss before the step as a number.
"""

import importlib
from functools import partial

import numpy as np

from asv_benches.peers import cnn

RATE = 0.01
CASES = (("cnn", "sgd"), ("cnn", "adam"), ("tiny", "adam"))
TINY_FEATURES, TINY_HIDDEN = 16, 32


class Network:
    """The layers of one network, and a batch for it."""

    def __init__(self, name):
        self.name = name
        self.has_images = name == "cnn"
        drawn = np.random.default_rng(0)
        self.batch = 128 if self.has_images else 8
        shape = cnn.IMAGE if self.has_images else (TINY_FEATURES,)
        self.x = drawn.standard_normal((self.batch, *shape), np.float32)
        self.classes = drawn.integers(0, cnn.CLASSES, size=self.batch).astype("int32")

    def arrays(self):
        """Return the weights: kernel and bias of each layer."""
        if self.has_images:
            return cnn.arrays()
        drawn = np.random.default_rng(1)
        found = []
        for shape in ((TINY_FEATURES, TINY_HIDDEN), (TINY_HIDDEN, cnn.CLASSES)):
            found += [drawn.normal(0, 0.2, shape).astype("float32"), np.zeros(shape[1], "float32")]
        return found


def contestants(name, optimizer, backend):
    """Return the steps of one network by name; Keras 3 trains nothing on NumPy."""
    network = Network(name)
    makers = {"ours": ours, "raw": by_hand} | ({} if backend == "numpy" else {"keras": keras})
    return {who: make(network, backend, optimizer) for who, make in makers.items()}


def ours(network, backend, optimizer):
    """Return our step."""
    from convdispatch import layers, losses, models, optimizers
    from convdispatch.registry import registry

    if network.has_images:
        model = cnn.ours(backend)
    else:
        dense = [layers.Dense(TINY_HIDDEN, activation="relu"), layers.Dense(cnn.CLASSES)]
        model = models.Sequential(dense, backend=backend)
        model.build((None, TINY_FEATURES))
        model.set_weights(network.arrays())
    chosen = {"sgd": optimizers.SGD, "adam": optimizers.Adam}[optimizer](learning_rate=RATE)
    model.compile(chosen, losses.SparseCategoricalCrossentropy(from_logits=True))
    loaded = registry.load(backend)
    x = loaded.asarray(network.x, "float32")
    y = loaded.asarray(network.classes[:, None], "int32")
    return partial(model.train_on_batch, x, y)


def keras(network, backend, optimizer):
    """Return Keras 3's step."""
    keras = importlib.import_module("keras")
    layers = keras.layers
    if network.has_images:
        model = cnn.keras_model()
    else:
        dense = [layers.Dense(TINY_HIDDEN, activation="relu"), layers.Dense(cnn.CLASSES)]
        model = keras.Sequential([keras.Input((TINY_FEATURES,)), *dense])
        model.set_weights(network.arrays())
    chosen = {"sgd": keras.optimizers.SGD, "adam": keras.optimizers.Adam}[optimizer]
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(chosen(learning_rate=RATE), loss)
    x = keras.ops.convert_to_tensor(network.x)
    y = keras.ops.convert_to_tensor(network.classes)
    return lambda: float(model.train_on_batch(x, y))


def by_hand(network, backend, optimizer):
    """Return the step written for the framework."""
    return _BY_HAND[backend](network, optimizer)


def _torch(network, optimizer):
    torch = importlib.import_module("torch")
    functional = torch.nn.functional
    weights = [torch.from_numpy(array) for array in network.arrays()]
    if network.has_images:
        for place in (0, 2):
            kernel = weights[place].permute(3, 2, 0, 1)
            weights[place] = kernel.contiguous(memory_format=torch.channels_last)
    weights = [weight.clone().requires_grad_() for weight in weights]
    chosen = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[optimizer](weights, lr=RATE)
    x, classes = torch.from_numpy(network.x), torch.from_numpy(network.classes).long()

    def forward(y):
        rest = weights
        if network.has_images:
            y = y.permute(0, 3, 1, 2)
            for kernel, bias in (weights[:2], weights[2:4]):
                y = torch.relu(functional.conv2d(y, kernel, bias))
            y, rest = functional.max_pool2d(y, 2).permute(0, 2, 3, 1).flatten(1), weights[4:]
        hidden = torch.relu(torch.addmm(rest[1], y, rest[0]))
        return torch.addmm(rest[3], hidden, rest[2])

    def step():
        chosen.zero_grad()
        loss = functional.cross_entropy(forward(x), classes)
        loss.backward()
        chosen.step()
        return loss.item()

    return step


def _tensorflow(network, optimizer):
    tf = importlib.import_module("tensorflow")
    weights = [tf.Variable(array) for array in network.arrays()]
    slots = [tuple(tf.Variable(tf.zeros_like(w)) for _ in range(2)) for w in weights]
    count = tf.Variable(0.0)
    x, classes = tf.constant(network.x), tf.constant(network.classes)

    def forward(y):
        rest = weights
        if network.has_images:
            for kernel, bias in (weights[:2], weights[2:4]):
                y = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(y, kernel, 1, "VALID"), bias))
            y = tf.reshape(tf.nn.max_pool2d(y, 2, 2, "VALID"), (-1, cnn.FEATURES))
            rest = weights[4:]
        hidden = tf.nn.relu(tf.matmul(y, rest[0]) + rest[1])
        return tf.matmul(hidden, rest[2]) + rest[3]

    def update(weight, gradient, own, powers):
        if optimizer == "sgd":
            weight.assign_sub(RATE * gradient)
            return
        tf.raw_ops.ResourceApplyAdam(
            var=weight.handle, m=own[0].handle, v=own[1].handle, beta1_power=powers[0],
            beta2_power=powers[1], lr=RATE, beta1=0.9, beta2=0.999, epsilon=1e-7, grad=gradient,
        )  # fmt: skip

    @tf.function(autograph=False)
    def compiled(x, classes):
        count.assign_add(1.0)
        with tf.GradientTape() as tape:
            scores = tf.nn.sparse_softmax_cross_entropy_with_logits(classes, forward(x))
            loss = tf.reduce_mean(scores)
        powers = 0.9**count, 0.999**count
        for weight, gradient, own in zip(weights, tape.gradient(loss, weights), slots, strict=True):
            update(weight, gradient, own, powers)
        return loss

    return lambda: float(compiled(x, classes))


def _jax(network, optimizer):
    jax = importlib.import_module("jax")
    jnp, lax = jax.numpy, jax.lax
    layouts = ("NHWC", "HWIO", "NHWC")

    def loss_of(weights, y, classes):
        rest = weights
        if network.has_images:
            for kernel, bias in (weights[:2], weights[2:4]):
                y = lax.conv_general_dilated(y, kernel, (1, 1), "VALID", dimension_numbers=layouts)
                y = jax.nn.relu(y + bias)
            window = (1, 2, 2, 1)
            y = lax.reduce_window(y, -jnp.inf, lax.max, window, window, "VALID")
            y, rest = y.reshape(-1, cnn.FEATURES), weights[4:]
        scores = jax.nn.relu(y @ rest[0] + rest[1]) @ rest[2] + rest[3]
        found = jax.nn.log_softmax(scores)
        return -jnp.take_along_axis(found, classes[:, None], axis=1).mean()

    @partial(jax.jit, donate_argnums=(0, 1, 2))
    def compiled(weights, slots, count, x, classes):
        loss, gradients = jax.value_and_grad(loss_of)(weights, x, classes)
        if optimizer == "sgd":
            new = [w - RATE * g for w, g in zip(weights, gradients, strict=True)]
            return new, slots, count, loss
        count = count + 1
        slots = [
            (0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g)
            for (m, v), g in zip(slots, gradients, strict=True)
        ]
        rate = RATE * jnp.sqrt(1 - 0.999**count) / (1 - 0.9**count)
        new = [
            w - rate * m / (jnp.sqrt(v) + 1e-7) for w, (m, v) in zip(weights, slots, strict=True)
        ]
        return new, slots, count, loss

    weights = [jnp.asarray(array) for array in network.arrays()]
    state = [weights, [(jnp.zeros_like(w), jnp.zeros_like(w)) for w in weights], jnp.zeros(())]
    x, classes = jnp.asarray(network.x), jnp.asarray(network.classes)

    def step():
        *state[:], loss = compiled(*state, x, classes)
        return float(loss)

    return step


_BY_HAND = {"numpy": _torch, "torch": _torch, "tensorflow": _tensorflow, "jax": _jax}
