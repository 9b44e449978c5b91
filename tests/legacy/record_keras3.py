"""Records what Keras 3's losses, metrics, optimizers and schedules compute, for the tests.

`python tests/legacy/record_keras3.py` needs Keras 3 and its TensorFlow backend, the only one on
which Keras 3 computes in float64: on the others its operators round to float32.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import numpy as np
import tensorflow as tf

HERE = Path(__file__).parent
RANDOM = np.random.default_rng(15)

VALUES = RANDOM.normal(size=(2, 3, 4)).round(3)
NEAR = (VALUES + RANDOM.normal(size=VALUES.shape)).round(3)
POSITIVE = RANDOM.uniform(0.05, 3.0, size=(3, 4)).round(3)
PART = RANDOM.dirichlet(np.ones(4), size=(3,)).round(3)
ONE_HOT = np.eye(4)[[2, 0, 3]]
CLASSES = np.array([2, 0, 3])
SIGNS = np.sign(VALUES[0])
BITS = (VALUES[0] > 0).astype(float)
LOGITS = NEAR[1]
SCORES = np.array([[0.1, 0.2, 0.6, 0.1], [0.25, 0.5, 0.15, 0.1], [0.3, 0.15, 0.5, 0.05]])
CHANCES = RANDOM.uniform(0.01, 0.99, size=(3, 4)).round(3)

Case = tuple[str, Any, Any, dict[str, Any]]

REGRESSION = (
    *("mean_squared_error", "mean_absolute_error", "mean_absolute_percentage_error"),
    *("cosine_similarity", "huber", "log_cosh"),
)
LOSSES: list[Case] = [
    *((name, VALUES, NEAR, {}) for name in REGRESSION),
    ("mean_squared_logarithmic_error", POSITIVE, POSITIVE[::-1] - 0.5, {}),
    ("cosine_similarity", VALUES, NEAR, {"axis": 1}),
    ("huber", VALUES, NEAR, {"delta": 0.3}),
    ("hinge", SIGNS, VALUES[1], {}),
    ("hinge", BITS, VALUES[1], {}),
    ("squared_hinge", SIGNS, VALUES[1], {}),
    ("squared_hinge", BITS, VALUES[1], {}),
    ("categorical_hinge", ONE_HOT, VALUES[1], {}),
    ("kl_divergence", PART, PART[::-1], {}),
    ("poisson", POSITIVE, POSITIVE[::-1], {}),
    ("binary_crossentropy", BITS, CHANCES, {}),
    ("binary_crossentropy", BITS, LOGITS, {"from_logits": True}),
    ("binary_crossentropy", BITS, CHANCES, {"label_smoothing": 0.2}),
    ("binary_crossentropy", BITS, CHANCES, {"axis": 0}),
    ("categorical_crossentropy", ONE_HOT, PART, {}),
    ("categorical_crossentropy", ONE_HOT, CHANCES, {}),
    ("categorical_crossentropy", ONE_HOT, LOGITS, {"from_logits": True}),
    ("categorical_crossentropy", ONE_HOT, PART, {"label_smoothing": 0.1}),
    ("categorical_crossentropy", ONE_HOT[:, :3], PART[:, :3], {"axis": 0}),
    ("sparse_categorical_crossentropy", CLASSES, PART, {}),
    ("sparse_categorical_crossentropy", CLASSES, LOGITS, {"from_logits": True}),
    ("sparse_categorical_crossentropy", CLASSES[:, None], PART, {}),
    ("sparse_categorical_crossentropy", CLASSES, PART, {"ignore_class": 0}),
]
METRICS: list[Case] = [
    ("binary_accuracy", BITS, CHANCES, {}),
    ("binary_accuracy", BITS, CHANCES, {"threshold": 0.8}),
    ("categorical_accuracy", ONE_HOT, SCORES, {}),
    ("sparse_categorical_accuracy", CLASSES, SCORES, {}),
    ("sparse_categorical_accuracy", CLASSES[:, None], SCORES, {}),
    ("top_k_categorical_accuracy", ONE_HOT, SCORES, {"k": 2}),
    ("sparse_top_k_categorical_accuracy", CLASSES, SCORES, {"k": 2}),
    ("sparse_top_k_categorical_accuracy", CLASSES, SCORES, {"k": 4}),
]
WEIGHTS = np.array([2.0, 0.0, 0.5])
REDUCED: list[tuple[str, Any, Any, dict[str, Any]]] = [
    (name, targets, predictions, {**arguments, "reduction": reduction})
    for name, targets, predictions, arguments in (
        ("MeanSquaredError", VALUES, NEAR, {}),
        ("Huber", VALUES[0], NEAR[0], {"delta": 0.5}),
        ("SparseCategoricalCrossentropy", CLASSES, LOGITS, {"from_logits": True}),
    )
    for reduction in ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none", None)
]


def losses(cases: list[Case], module: Any, with_gradient: bool) -> list[dict[str, Any]]:
    """Return what functions of targets and predictions give, and the slopes of its sum."""
    found = []
    for name, *given, arguments in cases:
        function, (targets, predictions) = getattr(module, name), map(tf.constant, given)

        if "top_k" in name:  # TensorFlow's in_top_k refuses float64
            predictions = tf.cast(predictions, "float32")
        entry = {"name": name, "arguments": arguments, "targets": targets}
        entry["predictions"] = predictions
        with tf.GradientTape() as tape:
            tape.watch(predictions)
            entry["output"] = function(targets, predictions, **arguments)
        if with_gradient:
            entry["gradient"] = tape.gradient(entry["output"], predictions)
        found.append(entry)
    return found


def reduced() -> list[dict[str, Any]]:
    """Return what classes of losses give, without and with weights of samples."""
    found = []
    for name, *given, arguments in REDUCED:
        targets, predictions = map(tf.constant, given)
        loss = getattr(keras.losses, name)(**arguments, dtype="float64")
        cells = len(predictions.shape) - 1  # Keras wants an axis of weights for each axis of values
        weights = WEIGHTS[: len(targets)].reshape((-1, 1)[:cells])
        config = {key: value for key, value in loss.get_config().items() if key != "dtype"}
        entry = {"name": name, "arguments": arguments, "targets": targets}
        entry |= {"predictions": predictions, "weights": weights, "config": config}
        entry["output"] = loss(targets, predictions)
        entry["weighted"] = loss(targets, predictions, sample_weight=weights)
        found.append(entry)
    return found


START = [VALUES[0], NEAR[0, 0]]
GRADIENTS = [
    [RANDOM.normal(size=(3, 4)).round(3), RANDOM.normal(size=(4,)).round(3) * 3] for _ in range(4)
]
FAST = {"learning_rate": 0.125, "epsilon": 0.0625}
MOMENTS = {"beta_1": 0.5, "beta_2": 0.75}
OPTIMIZERS: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in ("SGD", "RMSprop", "Adagrad", "Adadelta", "Adam")),
    *((name, {}) for name in ("AdamW", "Adamax", "Nadam")),
    # Numbers that float32 has: that is how Keras 3 keeps most of them.
    ("SGD", {"learning_rate": 0.125, "momentum": 0.75}),
    ("SGD", {"learning_rate": 0.125, "momentum": 0.75, "nesterov": True}),
    ("SGD", {"learning_rate": 0.125, "nesterov": True}),
    ("SGD", {"learning_rate": 0.125, "weight_decay": 0.25}),
    ("SGD", {"learning_rate": 0.125, "clipnorm": 1.0}),
    ("SGD", {"learning_rate": 0.125, "clipvalue": 0.5}),
    ("SGD", {"learning_rate": 0.125, "global_clipnorm": 1.0}),
    ("RMSprop", {**FAST, "rho": 0.75}),
    ("RMSprop", {**FAST, "rho": 0.75, "momentum": 0.5, "centered": True}),
    ("Adagrad", {**FAST, "initial_accumulator_value": 0.5}),
    ("Adadelta", {**FAST, "rho": 0.75}),
    ("Adam", {**FAST, **MOMENTS}),
    ("Adam", {**FAST, **MOMENTS, "amsgrad": True, "clipnorm": 1.0}),
    ("AdamW", {**FAST, **MOMENTS, "weight_decay": 0.25, "amsgrad": True}),
    ("Adamax", {**FAST, **MOMENTS}),
    ("Nadam", {**FAST, **MOMENTS}),
]


def optimizers() -> list[dict[str, Any]]:
    """Return the weights after each of some updates, and the optimizer's own at the end."""
    found = []
    for name, arguments in OPTIMIZERS:
        keras.utils.clear_session()  # or the names would be numbered
        optimizer = getattr(keras.optimizers, name)(**arguments)
        variables = [keras.Variable(array, dtype="float64") for array in START]
        after = []
        for gradients in GRADIENTS:
            optimizer.apply([tf.constant(g) for g in gradients], variables)
            after.append([variable.numpy() for variable in variables])
        found.append(
            {
                "name": name,
                "arguments": arguments,
                "config": optimizer.get_config(),
                "after": after,
                "variables": [variable.numpy() for variable in optimizer.variables],
            }
        )
    return found


RATES: list[tuple[str, dict[str, Any]]] = [
    ("ExponentialDecay", {"decay_steps": 10, "decay_rate": 0.5}),
    ("ExponentialDecay", {"decay_steps": 10, "decay_rate": 0.5, "staircase": True}),
    ("InverseTimeDecay", {"decay_steps": 10, "decay_rate": 0.5}),
    ("InverseTimeDecay", {"decay_steps": 10, "decay_rate": 0.5, "staircase": True}),
    ("PolynomialDecay", {"decay_steps": 10, "end_learning_rate": 0.01, "power": 2.0}),
    ("PolynomialDecay", {"decay_steps": 10, "cycle": True}),
    ("CosineDecay", {"decay_steps": 10, "alpha": 0.1}),
    ("CosineDecay", {"decay_steps": 10, "warmup_target": 0.9, "warmup_steps": 5}),
    ("CosineDecayRestarts", {"first_decay_steps": 6, "alpha": 0.1}),
    ("CosineDecayRestarts", {"first_decay_steps": 6, "t_mul": 1.0, "m_mul": 0.5}),
    ("CosineDecayRestarts", {"first_decay_steps": 4, "t_mul": 1.5, "m_mul": 0.5}),
]
STEPS = (0, 1, 5, 6, 9, 10, 11, 20, 23, 50)


def schedules() -> list[dict[str, Any]]:
    """Return the learning rates of schedules at some steps."""
    module = keras.optimizers.schedules
    made = [
        (getattr(module, name)(0.5, **arguments), {"initial_learning_rate": 0.5, **arguments})
        for name, arguments in RATES
    ]
    pieces = {"boundaries": [5, 10], "values": [1.0, 0.5, 0.1]}
    made.append((module.PiecewiseConstantDecay(**pieces), pieces))
    return [
        {
            "name": type(schedule).__name__,
            "arguments": arguments,
            "config": schedule.get_config(),
            "rates": [[step, float(schedule(step))] for step in STEPS],
        }
        for schedule, arguments in made
    ]


def plain(value: Any) -> Any:
    """Return a value as JSON has it."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, tf.Tensor | np.ndarray | np.generic):
        return np.array(value).tolist()
    return value


if __name__ == "__main__":
    keras.config.set_floatx("float64")
    recorded = {
        "oracle": f"Keras {keras.__version__} on TensorFlow, float64",
        "losses": losses(LOSSES, keras.losses, with_gradient=True),
        "metrics": losses(METRICS, keras.metrics, with_gradient=False),
        "reduced": reduced(),
        "start": START,
        "gradients": GRADIENTS,
        "optimizers": optimizers(),
        "schedules": schedules(),
    }
    (HERE / "training_keras3.json").write_text(json.dumps(plain(recorded), indent=None) + "\n")
