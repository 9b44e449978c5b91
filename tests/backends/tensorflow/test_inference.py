"""TensorFlow's compiled forward passes: one trace for all batch sizes, and not ever more traces."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from convdispatch import Sequential
from convdispatch.layers import Conv1D, Conv2D
from convdispatch.registry import registry

TWO_TAPS = [np.array([[[1.0]], [[10.0]]]), np.array([100.0])]
X = np.array([[[1.0], [2.0], [3.0]]], np.float32)
ANSWER = [121.0, 132.0]  # 1 + 10 * 2 + 100, 2 + 10 * 3 + 100


@pytest.fixture
def inference(all_backends: tuple[str, ...]) -> Any:
    """Return the module, skipped where TensorFlow is missing."""
    if "tensorflow" not in all_backends:
        pytest.skip("its backend is not installed")
    from convdispatch_tensorflow import _inference

    return _inference


def test_batch_sizes_share_a_trace(inference: Any, recwarn: pytest.WarningsRecorder) -> None:
    """Of an unknown batch, though one came first."""
    traced = []

    def seen(outputs: Any) -> Any:
        traced.append(outputs.shape[0])
        return outputs

    layer = Conv1D(1, 2, input_shape=(3, 1), weights=TWO_TAPS, activation=seen)
    forward = Sequential([layer], backend="tensorflow").compile_forward()
    results = [forward(np.repeat(X, batch, axis=0)).numpy() for batch in range(1, 12)]
    assert traced == [None]
    assert [result.ravel().tolist() for result in results] == [
        ANSWER * batch for batch in range(1, 12)
    ]
    assert [str(warning.message) for warning in recwarn] == []


@pytest.mark.parametrize("batch", [0, None])
def test_a_batch_without_samples_has_the_right_shape(inference: Any, batch: int | None) -> None:
    """Whether it is known to be empty or not: TensorFlow's own kernels give it the input's."""
    import tensorflow as tf

    layer = Conv2D(4, 3, input_shape=(9, 9, 3))
    forward = Sequential([layer], backend="tensorflow").compile_forward()
    assert forward(np.zeros((2, 9, 9, 3), np.float32)).shape == (2, 7, 7, 4)
    signature = [tf.TensorSpec((batch, 9, 9, 3))]
    whole = tf.function(lambda x: forward(x) + 1, input_signature=signature)
    assert whole(tf.zeros((0, 9, 9, 3))).shape == (0, 7, 7, 4)
    assert forward(np.zeros((0, 9, 9, 3), np.float32)).shape == (0, 7, 7, 4)


def test_a_variable_is_an_input(inference: Any) -> None:
    """With the numbers that it has now."""
    variable = registry.load("tensorflow").variable(X, "float32")
    doubled = inference.Inference(lambda x: 2 * x)
    assert doubled(variable).numpy().ravel().tolist() == [2.0, 4.0, 6.0]
    variable.assign(X + 1)
    assert doubled(variable).numpy().ravel().tolist() == [4.0, 6.0, 8.0]


def test_traces_are_bounded(inference: Any) -> None:
    """The latest stay; one that has gone is made again."""
    traced = []

    def doubled(x: Any) -> Any:
        traced.append(x.shape[1])
        return 2 * x

    run = inference.Inference(doubled)
    sizes = range(1, inference.KEPT + 2)
    asarray = registry.load("tensorflow").asarray
    for size in [*sizes, 2, 1]:
        result = run(asarray(np.ones((1, size)), "float32"))
        assert result.numpy().tolist() == [[2.0] * size]
    assert traced == [*sizes, 1]
    assert len(run._traces) == inference.KEPT


def test_what_is_traced_may_be_a_part_of_more(inference: Any) -> None:
    """Of another trace, whose batch is not known either."""
    import tensorflow as tf

    run = inference.Inference(lambda x: 2 * x)
    whole = tf.function(lambda x: run(x) + 1, input_signature=[tf.TensorSpec((None, 2))])
    assert whole(tf.ones((3, 2))).numpy().tolist() == [[3.0, 3.0]] * 3
