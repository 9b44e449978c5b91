"""Records how compiled models train on after loading: `record_training_on.py tf_keras NAME...`.

`KERAS_BACKEND=jax python tests/legacy/record_training_on.py keras` does it by Keras 3. Each is
NAME.h5 or NAME.keras, and NAME.npz: input, targets, and after loading the losses of four steps, the
loss of an evaluation after them, and the weights.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent / "training_on"
FLOATX = "float64"


def stack(
    keras: Any, *layers: Any, shape: tuple[int, ...] = (5,), frozen: tuple[int, ...] = ()
) -> Any:
    """Return a stack of layers, of which some are frozen."""
    model = keras.Sequential([keras.layers.Input(shape), *layers])
    for place in frozen:
        model.layers[place].trainable = False
    return model


def plain(keras: Any) -> Any:
    """Return two dense layers."""
    of = keras.layers.Dense
    return stack(keras, of(4, activation="tanh"), of(3, activation="softmax"))


def ended(keras: Any, activation: str) -> Any:
    """Return a dense layer with an activation."""
    return stack(keras, keras.layers.Dense(3, activation=activation))


def frozen_base(keras: Any) -> Any:
    """Return a stack whose first part, a model with a normalization, is frozen."""
    of = keras.layers
    base = stack(keras, of.Dense(4), of.BatchNormalization(momentum=0.6))
    return stack(keras, base, of.Dense(3, activation="softmax"), frozen=(0,))


def all_frozen(keras: Any) -> Any:
    """Return a stack that nothing is trained of."""
    of = keras.layers
    layers = of.BatchNormalization(momentum=0.6), of.Dense(3, activation="softmax")
    return stack(keras, *layers, frozen=(0, 1))


def normalized(keras: Any) -> Any:
    """Return a convolution and a normalization of images."""
    of = keras.layers
    layers = (of.Conv2D(3, 3), of.BatchNormalization(momentum=0.6), of.Flatten(), of.Dense(3))
    return stack(keras, *layers, of.Softmax(), shape=(5, 5, 2))


def penalized(keras: Any) -> Any:
    """Return a frozen layer with a penalty."""
    of, l2 = keras.layers, keras.regularizers.l2(0.1)
    layers = of.Dense(4, kernel_regularizer=l2), of.Dense(3, activation="softmax")
    return stack(keras, *layers, frozen=(0,))


def cases(keras: Any) -> Mapping[str, tuple[Any, Any, Any, float]]:
    """Return by name a model, a loss, an optimizer, and how large the weights are."""
    new, loss = keras.optimizers, "categorical_crossentropy"
    sparse, binary = "sparse_categorical_crossentropy", "binary_crossentropy"
    found: dict[str, tuple[Any, Any, Any, float]] = {
        "nadam": (plain(keras), loss, new.Nadam(0.05), 0.7),
        "amsgrad": (plain(keras), loss, new.Adam(0.05, amsgrad=True), 0.7),
        "rmsprop": (plain(keras), loss, new.RMSprop(0.05, momentum=0.4, centered=True), 0.7),
        "adadelta": (plain(keras), loss, new.Adadelta(1.0), 0.7),
        "adagrad": (plain(keras), loss, new.Adagrad(0.1), 0.7),
        "adamax": (plain(keras), loss, new.Adamax(0.05), 0.7),
        "frozen_base": (frozen_base(keras), loss, new.Adam(0.05), 0.7),
        "penalized": (penalized(keras), loss, new.SGD(0.1, momentum=0.5, nesterov=True), 0.7),
    }
    if keras.__name__ == "keras":
        return {f"keras3_{name}": one for name, one in found.items()}
    old = keras.optimizers.legacy
    return {
        **found,
        "nadam_in_zip": found["nadam"],
        "all_frozen": (all_frozen(keras), loss, new.SGD(0.1), 0.7),
        "normalized": (normalized(keras), loss, new.SGD(0.05), 0.7),
        "certain": (ended(keras, "softmax"), loss, new.SGD(0.1), 60.0),
        "certain_of_classes": (ended(keras, "softmax"), sparse, new.SGD(0.1), 60.0),
        "certain_of_bits": (ended(keras, "sigmoid"), binary, new.SGD(0.1), 60.0),
        "bits_of_softmax": (ended(keras, "softmax"), binary, new.SGD(0.1), 0.7),
        "no_probabilities": (ended(keras, "softplus"), sparse, new.SGD(0.01), 0.7),
        "no_bits": (ended(keras, "hard_sigmoid"), binary, new.SGD(0.01), 2.0),
        "old_nadam": (plain(keras), loss, old.Nadam(0.05), 0.7),
        "old_rmsprop": (plain(keras), loss, old.RMSprop(0.05, clipnorm=0.1), 0.7),
        "old_centered": (plain(keras), loss, old.RMSprop(0.05, centered=True), 0.7),
        "old_momentum": (plain(keras), loss, old.RMSprop(0.05, momentum=0.4, centered=True), 0.7),
        "old_adagrad": (plain(keras), loss, old.Adagrad(0.1, decay=0.1), 0.7),
        "old_amsgrad": (plain(keras), loss, old.Adam(0.05, amsgrad=True), 0.7),
    }


def targets(loss: str, shape: tuple[int, ...], draw: Any) -> Any:
    """Return targets that the loss takes."""
    classes = draw.integers(0, shape[-1], size=shape[0])
    if loss.startswith("sparse"):
        return classes
    return np.eye(shape[-1])[classes] if loss[0] == "c" else draw.integers(0, 2, shape) * 1.0


def record(keras: Any, name: str, make: Callable[[], tuple[Any, Any, Any, float]]) -> None:
    """Write the files of one model."""
    model, loss, optimizer, size = make()
    draw = np.random.default_rng(7)
    for weight in model.weights:
        value = draw.normal(size=tuple(weight.shape)) * size
        is_variance = "variance" in f"{getattr(weight, 'path', '')}{weight.name}"
        weight.assign(np.abs(value) + 0.5 if is_variance else value)
    x = draw.normal(size=(4, *model.input_shape[1:]))
    t = targets(loss, (4, 3), draw)
    # Metrics that are made in the first step change how tf_keras's Nadam counts.
    model.compile(optimizer, loss, metrics=["mse"] if name == "nadam_in_zip" else None)
    for _ in range(2):
        model.train_on_batch(x, t)
    is_zip = keras.__name__ == "keras" or name == "nadam_in_zip"
    path = HERE / f"{name}.{'keras' if is_zip else 'h5'}"
    model.save(path)
    again = keras.models.load_model(path)
    losses = [float(np.ravel(again.train_on_batch(x, t))[0]) for _ in range(4)]
    after = float(np.ravel(again.test_on_batch(x, t))[0])
    weights = {f"w{place:03d}": one for place, one in enumerate(again.get_weights())}
    np.savez(path.with_suffix(".npz"), x=x, t=t, losses=losses, after=after, **weights)


def main(package: str, *names: str) -> None:
    """Write those that are named, or all."""
    HERE.mkdir(exist_ok=True)
    keras: Any = importlib.import_module(package)
    for name in cases(keras):
        if not names or name in names:
            # In float64, but where TensorFlow has a kernel for float32 alone, and of Keras 3.
            is_narrow = name == "normalized" or package == "keras"
            keras.backend.set_floatx("float32" if is_narrow else FLOATX)
            record(keras, name, lambda name=name: cases(keras)[name])


if __name__ == "__main__":
    main(*sys.argv[1:])
