"""Predictions that one process and a group of processes make alike, and what they report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from group_models import BATCH, Numbered, data, network
from group_scopes import rank

from convdispatch import Model, Sequential, layers
from convdispatch.initializers import set_random_seed


def predictions(folder: Path) -> Any:
    """Predict with models that nobody has trained, and whose weights are left to chance."""
    x = data()[0]
    model, batches = _of_chance(network()), [x[:12], x[12:25], x[25:26], x[26:]]
    return {
        "of arrays": model.predict(x, batch_size=BATCH).tolist(),
        "of a last batch of one": model.predict(x[:25], batch_size=BATCH).tolist(),
        "in one batch": model.predict(x, batch_size=100).tolist(),
        "of a generator": model.predict(iter(batches), steps=4).tolist(),
        "of a sequence": model.predict(Numbered()).tolist(),
        "evaluated": model.evaluate(x, data()[1], batch_size=BATCH, verbose=0),
    }


def predictions_briefly(folder: Path) -> Any:
    """Predict for two inputs, one of them with a mask, and two outputs; the last batch has 5."""
    numbers = np.random.default_rng(6).integers(0, 5, size=(29, 4))
    given = {"x": data()[0][:29], "numbers": numbers}
    one, other = _of_chance(_of_two()).predict(given, batch_size=BATCH)
    return {"one": one.tolist(), "other": other.tolist()}


def _of_chance(model: Any) -> Any:
    """Return the model as a script without a seed makes it: other weights on each process."""
    if rank() != "0":
        model.set_weights([weight + 1 for weight in model.get_weights()])
    return model


def _of_two() -> Any:
    set_random_seed(11)
    own: dict[str, Any] = {"dtype": "float64"}
    x = layers.Input((6, 6, 2), name="x", **own)
    numbers = layers.Input((4,), dtype="int32", name="numbers")
    masked = layers.Embedding(5, 3, mask_zero=True, **own)(numbers)
    steps = layers.SimpleRNN(3, **own)(masked)
    both = layers.Concatenate(**own)([layers.Flatten(**own)(x), steps])
    return Model([x, numbers], [layers.Dense(3, **own)(both), steps])


def predictions_of_a_loader(folder: Path) -> Any:
    """Predict for a loader whose sampler gives each process rows of its own, one of them twice."""
    import torch

    x, y, _ = data()
    pairs = torch.utils.data.TensorDataset(torch.from_numpy(x), torch.from_numpy(y))
    sampler: Any = None
    if torch.distributed.is_initialized():
        sampler = torch.utils.data.distributed.DistributedSampler(pairs, shuffle=True)
    loader = torch.utils.data.DataLoader(pairs, 6, sampler=sampler)
    return {"predicted": network().predict(loader).tolist()}


def shares_of_predictions(folder: Path) -> Any:
    """Note of how many rows this process computes the outputs."""
    seen: list[int] = []

    def noting(x: Any) -> Any:
        seen.append(int(x.shape[0]))
        return x

    model = Sequential([layers.Flatten(input_shape=(6, 6, 2)), layers.Dense(3, activation=noting)])
    model.predict(data("float32")[0], batch_size=BATCH)
    return {"rows": seen}


# What every engine makes.
ALIKE = ("predictions", "predictions_briefly")
