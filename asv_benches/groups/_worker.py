"""One process of a measurement: `_worker ENGINE PROCESSES ROUNDS STEPS BATCH FILE`.

Ours and the step by hand take turns in it, on the same rows. Rank 0 writes the seconds of a step.
"""

import contextlib
import json
import os
import sys
import time
from pathlib import Path

# Those whose devices lie in one process; of the others each process has one.
OF_DEVICES = ("jax-mesh", "tensorflow-mirrored")


def main(engine, processes, rounds, steps, batch, file):
    """Measure and, on rank 0, write."""
    count = int(processes)
    rank = _rank()
    _pin(engine, count, rank)
    with _engine(engine, count):
        times = measured(engine.partition("-")[0], int(rounds), int(steps), int(batch))
    if rank == 0:
        Path(file).write_text(json.dumps(times), encoding="utf-8")


def measured(backend, rounds, steps, batch):
    """Return the seconds of a step of each contestant, in each round."""
    import numpy as np

    from asv_benches.groups import by_hand

    drawn = np.random.default_rng(0)
    x = drawn.normal(size=(batch, *by_hand.IMAGE)).astype("float32")
    y = drawn.integers(0, by_hand.CLASSES, size=batch)
    model = ours(backend)
    model.train_on_batch(x, y)  # joins the processes
    contestants = {"ours": model.train_on_batch, "by hand": by_hand.STEPS[backend](batch)}
    for step in contestants.values():
        for _ in range(3):
            step(x, y)
    times = {name: [] for name in contestants}
    for turn in range(rounds):
        for name in list(contestants)[:: 1 if turn % 2 else -1]:
            begun = time.perf_counter()
            for _ in range(steps):
                contestants[name](x, y)
            times[name].append((time.perf_counter() - begun) / steps)
    return times


def ours(backend):
    """Return the compiled model of the measurement."""
    import convdispatch
    from asv_benches.groups.by_hand import CLASSES, IMAGE, RATE
    from convdispatch import Sequential, layers

    convdispatch.set_random_seed(0)
    made = Sequential(
        [
            layers.Conv2D(32, 3, activation="relu", input_shape=IMAGE),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(CLASSES),
        ],
        backend=backend,
    )
    made.compile(
        convdispatch.optimizers.SGD(RATE),
        convdispatch.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return made


def _rank():
    """Return the number of this process, by what any of the launchers has set."""
    if "TF_CONFIG" in os.environ:
        return int(json.loads(os.environ["TF_CONFIG"])["task"]["index"])
    return int(os.environ.get("RANK") or os.environ.get("JAX_PROCESS_ID") or 0)


def _pin(engine, count, rank):
    """Give each process a processor of its own, or all of them to one with several devices."""
    processors = sorted(os.sched_getaffinity(0))
    has_devices = engine in OF_DEVICES
    own = processors[:count] if has_devices else [processors[rank % len(processors)]]
    os.sched_setaffinity(0, own)
    threads = str(count if has_devices else 1)
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NPROC"):
        os.environ[name] = threads
    os.environ["TF_NUM_INTRAOP_THREADS"] = os.environ["TF_NUM_INTEROP_THREADS"] = threads
    # The strategy is made here: a second one, by the backend, might wait for the first for ever.
    os.environ.pop("_CONVDISPATCH_LAUNCHED", None)
    if has_devices:
        os.environ["JAX_NUM_CPU_DEVICES"] = str(count)


@contextlib.contextmanager
def _engine(engine, count):
    """Enter what the script of a user enters: a mesh, a strategy's scope."""
    if engine == "torch":
        import torch

        torch.set_num_threads(1)
        yield
    elif engine == "jax-mesh":
        import jax

        kind = jax.sharding.AxisType.Auto
        jax.set_mesh(jax.make_mesh((count,), ("batch",), axis_types=(kind,)))
        yield
    elif engine.startswith("tensorflow"):
        import tensorflow as tf

        if count == 1:
            yield
        elif engine == "tensorflow-mirrored":
            (cpu,) = tf.config.list_physical_devices("CPU")
            logical = [tf.config.LogicalDeviceConfiguration()] * count
            tf.config.set_logical_device_configuration(cpu, logical)
            names = [f"CPU:{place}" for place in range(count)]
            with tf.distribute.MirroredStrategy(names).scope():
                yield
        else:
            with tf.distribute.MultiWorkerMirroredStrategy().scope():
                yield
    else:
        yield


if __name__ == "__main__":
    main(*sys.argv[1:])
