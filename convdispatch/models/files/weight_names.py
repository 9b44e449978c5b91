"""The names of weights in files: '<layer>/<weight>' in Keras 2 and 3, '<layer>_<letter>' in 1."""

from __future__ import annotations

from convdispatch.engine.layer import Layer

# What Keras 1 called weights, where that is not what they are called now.
KERAS1_NAMES = {
    "kernel": "W",
    "bias": "b",
    "recurrent_kernel": "U",
    "embeddings": "W",
    "alpha": "alphas",
    "moving_mean": "running_mean",
    "moving_variance": "running_std",  # a variance all the same
}


def is_named(stored: str, layer: Layer, weight: str) -> bool:
    """Return whether an array has the name of that weight of that layer.

    >>> from convdispatch.layers import Dense
    >>> [is_named(name, Dense(1, name="d"), "kernel") for name in ("a/d/kernel:0", "d_W", "d_b")]
    [True, True, False]
    """
    plain = stored.removesuffix(":0")
    known = (f"{layer.name}/{weight}", f"{layer.name}_{KERAS1_NAMES.get(weight, weight)}")
    return any(plain == name or plain.endswith(f"/{name}") for name in known)
