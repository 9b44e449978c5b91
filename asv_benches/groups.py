"""A step of training on several processes: ours, and a hand-written loop on the same engine.

    torchrun --nproc_per_node 2 asv_benches/groups.py --rounds 20

The two take turns within each process, on the same model and the same rows, so that what else the
machine does slows both. Rank 0 prints the median quotient of their times, an image's time, and that
of one process alone on the whole batch (`--alone` in one process).
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

import convdispatch
from convdispatch import Sequential, layers

IMAGE, CLASSES = (32, 32, 3), 10


def model(backend: str) -> Any:
    """Return the model of the measurement."""
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
        convdispatch.optimizers.SGD(0.01),
        convdispatch.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return made


def by_hand(batch: int) -> Callable[[Any, Any], None]:
    """Return a step as users of the engine write it, on `DistributedDataParallel`."""
    net = torch.nn.Sequential(
        torch.nn.Conv2d(3, 32, 3),
        torch.nn.ReLU(),
        torch.nn.Conv2d(32, 32, 3),
        torch.nn.ReLU(),
        torch.nn.MaxPool2d(2),
        torch.nn.Conv2d(32, 64, 3),
        torch.nn.ReLU(),
        torch.nn.Flatten(),
        torch.nn.Linear(64 * 12 * 12, CLASSES),
    )
    is_together = torch.distributed.is_initialized()
    wrapped: Any = torch.nn.parallel.DistributedDataParallel(net) if is_together else net
    optimizer = torch.optim.SGD(net.parameters(), 0.01)
    rank, size = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    rows = slice(rank * batch // size, (rank + 1) * batch // size)

    def step(x: Any, y: Any) -> None:
        images = torch.from_numpy(x[rows]).permute(0, 3, 1, 2)
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(wrapped(images), torch.from_numpy(y[rows]))
        loss.backward()
        optimizer.step()
        loss.item()

    return step


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--batch", type=int, default=64)
    given = parser.parse_args()
    torch.set_num_threads(1)
    drawn = np.random.default_rng(0)
    x = drawn.normal(size=(given.batch, *IMAGE)).astype("float32")
    y = drawn.integers(0, CLASSES, size=given.batch)
    ours = model("torch")
    ours.train_on_batch(x, y)  # joins the processes
    contestants = {"ours": ours.train_on_batch, "by hand": by_hand(given.batch)}
    for step in contestants.values():
        step(x, y)
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for turn in range(given.rounds):
        for name in list(contestants)[:: 1 if turn % 2 else -1]:
            begun = time.perf_counter()
            for _ in range(given.steps):
                contestants[name](x, y)
            times[name].append((time.perf_counter() - begun) / given.steps)
    if os.environ.get("RANK", "0") == "0":
        quotients = [one / other for one, other in zip(*times.values(), strict=True)]
        processes = os.environ.get("WORLD_SIZE", "1")
        image = statistics.median(times["ours"]) / given.batch * 1e6
        low, middle, high = np.percentile(quotients, [25, 50, 75])
        sys.stdout.write(
            f"{processes} processes: ours / by hand {middle:.3f} (quartiles {low:.3f} to "
            f"{high:.3f}), {image:.0f} microseconds an image\n"
        )


if __name__ == "__main__":
    main()
