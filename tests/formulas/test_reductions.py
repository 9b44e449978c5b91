"""From the values of a batch to the number that training reports, by each Keras's rule."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from places import LEGACY
from precision import in_float64

from convdispatch import losses
from convdispatch.formulas.reductions import of_batch
from convdispatch.ops import Backend

VALUES = [[1.0, 2.0], [3.0, 4.0]]
MASK = [[True, True], [True, False]]
RECORDED = json.loads((LEGACY / "training_keras3.json").read_text())["reduced"]

# Weights, mask, whether zeros count, reduction, and the number by hand.
CASES = [
    (None, None, False, "mean", 2.5),
    ([2.0, 0.0], None, False, "mean", 3.0),  # 1.5 * 2, over the one that counts
    ([2.0, 0.0], None, True, "mean", 1.5),
    ([[1.0, 0.0], [1.0, 2.0]], None, False, "mean", 4.0),  # (1 + 3 + 8) / 3
    ([[1.0, 0.0], [1.0, 2.0]], None, True, "mean", 3.0),
    (None, MASK, False, "mean", 2.0),
    (None, MASK, True, "mean", 2.0),
    ([2.0, 0.0], MASK, False, "mean", 4.0),  # (1 + 2) / 0.75 / 2 * 2, over the one that counts
    ([2.0, 0.0], MASK, True, "mean", 2.0),
    (None, MASK, True, "sum", 6.0),
    ([2.0, 0.0], MASK, True, "sum", 6.0),
    (None, MASK, True, "mean_with_sample_weight", 2.0),
    ([2.0, 1.0], MASK, True, "mean_with_sample_weight", 1.8),  # (2 + 4 + 3) / (2 + 2 + 1)
    (None, None, True, "mean_with_sample_weight", 2.5),
    (None, MASK, True, "none", 2.0),
]


def reduced(backend: Backend, values: Any, weights: Any, mask: Any, **rule: Any) -> float:
    """Return what `of_batch` makes of arrays."""
    tensors: list[Any] = [
        None if array is None else backend.asarray(np.array(array), "float32")
        for array in (values, weights)
    ]
    native: Any = None
    if mask is not None:
        native = backend.functions["greater"](backend.asarray(np.array(mask), "float32"), 0)
    return float(backend.to_numpy(of_batch(backend, *tensors, native, **rule)))


@pytest.mark.parametrize(("weights", "mask", "counts_zeros", "reduction", "expected"), CASES)
def test_number_is_that_of_the_rule(
    backend: Backend,
    weights: Any,
    mask: Any,
    counts_zeros: bool,
    reduction: str,
    expected: float,
) -> None:
    """Weights and masks count as by hand."""
    rule = {"counts_zeros": counts_zeros, "reduction": reduction}
    assert reduced(backend, VALUES, weights, mask, **rule) == pytest.approx(expected, rel=1e-6)


def test_one_number_has_nothing_to_leave_out(backend: Backend) -> None:
    """Keras 1's metrics are numbers already."""
    assert reduced(backend, 3.0, None, MASK, counts_zeros=False) == 3.0


@pytest.mark.parametrize(
    "case",
    [case for case in RECORDED if case["arguments"]["reduction"] not in ("none", None)],
    ids=lambda case: f"{case['name']}-{case['arguments']['reduction']}",
)
def test_class_trains_by_its_reduction(backend: Backend, case: dict[str, Any]) -> None:
    """The reduction of a class of Keras 3 is that of the real one in a batch, too."""
    loss: Any = losses.get({"class_name": case["name"], "config": case["arguments"]})
    with in_float64(backend.name):
        targets, predictions = (
            backend.asarray(np.array(case[key]), "float64") for key in ("targets", "predictions")
        )
        values: Any = loss.apply(backend, targets, predictions)
        shape = np.shape(case["weights"])
        whole = np.broadcast_to(case["weights"], values.shape)
        divided = case["arguments"]["reduction"] == "mean_with_sample_weight"
        weights = backend.asarray(np.array(case["weights"]) if divided else whole, "float64")
        rule = {"counts_zeros": True, "reduction": loss.reduction}
        found = float(backend.to_numpy(of_batch(backend, values, weights, **rule)))
        plain = float(backend.to_numpy(of_batch(backend, values, **rule)))
    assert shape[0] == values.shape[0]
    assert found == pytest.approx(case["weighted"], rel=1e-9)
    assert plain == pytest.approx(case["output"], rel=1e-9)
