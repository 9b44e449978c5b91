"""A model on one of a framework's devices, through all doors; as a script, in a process of its own.

`device_doors.py BACKEND DEVICE FOLDER` prints what it finds as JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from convdispatch import Sequential, layers, load_model, use_backend, use_device
from convdispatch.errors import ConvDispatchError
from convdispatch.initializers import set_random_seed
from convdispatch.registry import registry


def network() -> Any:
    """Return a compiled model with state and random masks."""
    set_random_seed(1, portable=True)
    model = Sequential(
        [
            layers.Conv2D(4, 3, activation="relu", input_shape=(8, 8, 2)),
            layers.BatchNormalization(),
            layers.Dropout(0.3),
            layers.Flatten(),
            layers.Dense(3, activation="softmax", kernel_regularizer="l2"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def fitted(model: Any) -> Any:
    """Return the losses of a training with validation."""
    x, y = data()
    return model.fit(x, y, epochs=2, batch_size=8, verbose=0, validation_split=0.2).history["loss"]


def data() -> Any:
    """Return images and classes."""
    return np.random.default_rng(0).normal(size=(20, 8, 8, 2)).astype("float32"), np.arange(20) % 3


def doors(backend: str, device: str, folder: Path) -> dict[str, Any]:
    """Return where tensors are, and how far results are from those on the default device."""
    x, _ = data()
    found: dict[str, Any] = {"devices": registry.load(backend).devices()}
    with use_backend(backend):
        plain = network()
        moved = plain.to(backend, device=device)
        layer = plain.layers[0].to(backend, device=device)
        found["places"] = [str(one.device) for one in (*moved.weights, *layer.weights)]
        found["called"] = str(moved(x).device)
        found["predicted"] = float(abs(moved.predict(x) - plain.predict(x)).max())
        with use_device(device):
            model = network()
            losses = fitted(model)
            model.save(folder / "model.keras")
            loaded = load_model(folder / "model.keras")
        found["places"] += [str(one.device) for one in (*model.weights, *loaded.weights)]
        found["loaded"] = float(abs(loaded.predict(x) - model.predict(x)).max())
        back = loaded.to(backend)
        found["back"] = [str(one.device) for one in back.weights]
        found["losses"] = float(np.abs(np.subtract(losses, fitted(network()))).max())
        try:
            plain.to(backend, device="no such")
        except ConvDispatchError as exc:
            found["error"] = str(exc)
    return found


def main(backend: str, device: str, folder: str) -> None:
    """Print what is found."""
    if backend == "tensorflow":
        import tensorflow as tf

        (cpu,) = tf.config.list_physical_devices("CPU")
        two = [tf.config.LogicalDeviceConfiguration()] * 2
        tf.config.set_logical_device_configuration(cpu, two)
    sys.stdout.write(json.dumps(doors(backend, device, Path(folder))))


if __name__ == "__main__":
    main(*sys.argv[1:])
