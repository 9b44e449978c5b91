"""A step of training as users of each distribution engine write it, without this library.

Each function returns a step of a whole batch of NumPy arrays, of which this process computes its
rows, and which waits for the loss. The network is that of `ours` in `_worker`.
"""

import os

import numpy as np

IMAGE, CLASSES, RATE = (32, 32, 3), 10, 0.01
KERNELS = ((3, 3, 3, 32), (3, 3, 32, 32), (3, 3, 32, 64))
FLAT = 12 * 12 * 64


def _arrays():
    drawn = np.random.default_rng(0)
    shapes = [*KERNELS, (FLAT, CLASSES)]
    return [
        array.astype("float32")
        for shape in shapes
        for array in (drawn.normal(0, 0.05, shape), np.zeros(shape[-1]))
    ]


def of_torch(batch):
    """Return the step of `DistributedDataParallel`, or of one process without it."""
    import torch

    conv = [torch.nn.Conv2d(shape[2], shape[3], 3) for shape in KERNELS]
    act = torch.nn.ReLU
    net = torch.nn.Sequential(
        *(conv[0], act(), conv[1], act(), torch.nn.MaxPool2d(2), conv[2], act()),
        *(torch.nn.Flatten(), torch.nn.Linear(FLAT, CLASSES)),
    )
    is_together = torch.distributed.is_initialized()
    wrapped = torch.nn.parallel.DistributedDataParallel(net) if is_together else net
    optimizer = torch.optim.SGD(net.parameters(), RATE)
    rank, size = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    rows = slice(rank * batch // size, (rank + 1) * batch // size)

    def step(x, y):
        images = torch.from_numpy(x[rows]).permute(0, 3, 1, 2)
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(wrapped(images), torch.from_numpy(y[rows]))
        loss.backward()
        optimizer.step()
        loss.item()

    return step


def of_jax(batch):
    """Return the step of `jax.sharding`, over all devices of all processes."""
    import jax
    from jax import lax
    from jax.sharding import Mesh, NamedSharding, PartitionSpec

    mesh = Mesh(np.array(jax.devices()), ("batch",))
    same, divided = (NamedSharding(mesh, PartitionSpec(*axes)) for axes in ((), ("batch",)))
    rank, size = jax.process_index(), jax.process_count()
    own = slice(rank * batch // size, (rank + 1) * batch // size)

    def forward(weights, x):
        for place in range(3):
            kernel, bias = weights[2 * place : 2 * place + 2]
            numbers = ("NHWC", "HWIO", "NHWC")
            x = lax.conv_general_dilated(x, kernel, (1, 1), "VALID", dimension_numbers=numbers)
            x = jax.nn.relu(x + bias)
            if place == 1:
                x = lax.reduce_window(x, -np.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
        return x.reshape(x.shape[0], -1) @ weights[6] + weights[7]

    def loss_of(weights, x, y):
        found = jax.nn.log_softmax(forward(weights, x)) * jax.nn.one_hot(y, CLASSES)
        return -found.sum(axis=-1).mean()

    def update(weights, x, y):
        loss, slopes = jax.value_and_grad(loss_of)(weights, x, y)
        return [w - RATE * slope for w, slope in zip(weights, slopes, strict=True)], loss

    compiled = jax.jit(update, donate_argnums=0, out_shardings=same)
    place = jax.make_array_from_process_local_data
    held = [place(same, array) for array in _arrays()]

    def step(x, y):
        nonlocal held
        held, loss = compiled(held, place(divided, x[own]), place(divided, y[own]))
        float(loss)

    return step


def of_tensorflow(batch):
    """Return the step of the strategy of this scope."""
    import tensorflow as tf

    strategy = tf.distribute.get_strategy()
    count = strategy.num_replicas_in_sync
    each = batch // count
    resolver = strategy.cluster_resolver
    workers = len(resolver.cluster_spec().as_dict().get("worker", [])) if resolver else 1
    here = count // max(workers, 1)
    rank = resolver.task_id if workers > 1 else 0
    own = slice(rank * here * each, (rank + 1) * here * each)
    with strategy.scope():
        held = [tf.Variable(array) for array in _arrays()]

    def forward(x):
        for place in range(3):
            kernel, bias = held[2 * place : 2 * place + 2]
            x = tf.nn.relu(tf.nn.conv2d(x, kernel, 1, "VALID") + bias)
            if place == 1:
                x = tf.nn.max_pool2d(x, 2, 2, "VALID")
        return tf.reshape(x, (each, FLAT)) @ held[6] + held[7]

    def write(strategy, slopes):
        for variable, slope in zip(held, slopes, strict=True):
            strategy.extended.update(variable, lambda v, s: v.assign_sub(RATE * s), args=(slope,))

    def of_replica(x, y):
        context = tf.distribute.get_replica_context()
        number = int(tf.get_static_value(context.replica_id_in_sync_group)) - rank * here
        rows = slice(number * each, (number + 1) * each)
        with tf.GradientTape() as tape:
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(y[rows], forward(x[rows]))
            loss = tf.reduce_mean(losses)
        slopes = tape.gradient(loss, held)
        mean = tf.distribute.ReduceOp.MEAN
        context.merge_call(write, args=(context.all_reduce(mean, slopes),))
        return context.all_reduce(mean, loss)

    @tf.function(autograph=False)
    def run(x, y):
        return strategy.experimental_local_results(strategy.run(of_replica, args=(x, y)))[0]

    def step(x, y):
        float(run(tf.constant(x[own]), tf.constant(y[own])))

    return step


STEPS = {"torch": of_torch, "jax": of_jax, "tensorflow": of_tensorflow}
