"""The connectionist loss equals the sum over every way to write the labels."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from convdispatch import keras1, keras2
from convdispatch.errors import InvalidArgument, InvalidType
from convdispatch.keras2 import backend as K

RNG = np.random.default_rng(7)
CLASSES, STEPS = 4, 5
# Labels that repeat, that fill up, none at all, and as many as the steps hold.
LABELS = [[0, 0], [1, 2], [2, 0], [1, 1], [0, 1]]
LENGTHS = [[2], [2], [1], [0], [2]]
INPUTS = [[5], [4], [3], [5], [2]]


def written(way: Any) -> list[int]:
    """Return the labels that a way along the steps writes."""
    merged = [one for one, _ in itertools.groupby(way)]
    return [one for one in merged if one != CLASSES - 1]


def by_hand(p: Any, labels: Any, length: int, steps: int) -> float:
    """Return the loss as the sum over all ways."""
    total = 0.0
    for way in itertools.product(range(CLASSES), repeat=steps):
        if written(way) == list(labels[:length]):
            total += float(np.prod([p[step, one] for step, one in enumerate(way)]))
    return -float(np.log(total))


def probabilities() -> Any:
    """Return rows of probabilities."""
    raw = np.exp(RNG.normal(size=(len(LABELS), STEPS, CLASSES)))
    return (raw / raw.sum(axis=2, keepdims=True)).astype("float32")


@pytest.mark.parametrize("module", [keras1.backend, keras2.backend], ids=["keras1", "keras2"])
def test_the_loss_is_that_of_all_ways(module: Any) -> None:
    """Of arrays, and of symbols in a function."""
    p = probabilities()
    pairs = zip(p, LABELS, LENGTHS, INPUTS, strict=True)
    expected = [[by_hand(q, labels, n[0], steps[0])] for q, labels, n, steps in pairs]
    given = [np.array(LABELS), p, np.array(INPUTS), np.array(LENGTHS)]
    np.testing.assert_allclose(module.eval(module.ctc_batch_cost(*given)), expected, rtol=1e-4)
    shapes = [(2,), (STEPS, CLASSES), (1,), (1,)]
    inputs = [keras2.layers.Input(shape) for shape in shapes]
    loss = K.ctc_batch_cost(*inputs)
    assert loss.shape == (None, 1)
    np.testing.assert_allclose(K.function(inputs, [loss])(given)[0], expected, rtol=1e-4)


def test_a_model_learns_to_write() -> None:
    """As Keras's example of optical characters does, by a `Lambda` that is the loss."""
    layers, models = keras2.layers, keras2.models
    x = layers.Input((STEPS, 3))
    p = layers.Dense(CLASSES, activation="softmax")(x)
    others = [layers.Input((2,)), layers.Input((1,)), layers.Input((1,))]
    cost = layers.Lambda(lambda given: K.ctc_batch_cost(*given), output_shape=(1,))
    model: Any = models.Model([x, *others], cost([others[0], p, *others[1:]]))
    model.compile("adam", {model.output_names[0]: lambda _, found: found})
    arrays = [RNG.normal(size=(5, STEPS, 3)), np.array(LABELS), np.array(INPUTS), np.array(LENGTHS)]
    before = model.train_on_batch(arrays, np.zeros(5))
    for _ in range(20):
        after = model.train_on_batch(arrays, np.zeros(5))
    assert 0 < after < before


def test_the_likeliest_labels_are_read() -> None:
    """Without blanks and repetitions; what is not offered is said."""
    best = [[0, 0, 3, 0, 1], [3, 3, 3, 3, 3], [2, 1, 1, 3, 2]]
    p = np.eye(CLASSES)[best] * 0.9 + 0.025
    (labels,), scores = K.ctc_decode(p, np.array([5, 5, 3]))
    assert labels.tolist() == [[0, 0, 1], [-1, -1, -1], [2, 1, -1]]
    np.testing.assert_allclose(scores, -np.log(0.925) * np.array([[5], [5], [3]]), rtol=1e-5)
    with pytest.raises(InvalidArgument, match="A search by beams is not offered"):
        K.ctc_decode(p, np.array([5, 5, 3]), greedy=False)
    with pytest.raises(InvalidType, match="received a symbolic tensor"):
        K.ctc_decode(keras2.layers.Input((5, 4)), np.array([5]))
