"""What a model's file computes under each assumption about what it does not say."""

from __future__ import annotations

import itertools
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from convdispatch.cli._file_arguments import CONVENTIONS
from convdispatch.cli._file_facts import Facts
from convdispatch.cli._output import one_line
from convdispatch.cli._random_inputs import Array, inputs_for, outputs_of
from convdispatch.errors import ConvDispatchError
from convdispatch.models import load_model
from convdispatch.saving.limits import FileLimits

_FIRST = 3  # numbers of the outputs that are shown
_CHOICES = {"trained_on": CONVENTIONS, "dim_ordering": ("th", "tf")}


def runs_of(path: Path, facts: Facts, limits: FileLimits) -> list[dict[str, Any]]:
    """Return a forward pass on the same random input for each assumption.

    `difference` is the largest one from the first outputs of the same shapes.
    """
    choices = [_CHOICES[name] if name in facts.unsaid else (None,) for name in _CHOICES]
    runs, first = [], list[list[Array]]()
    for chosen in itertools.product(*choices):
        assumed = dict(zip(_CHOICES, chosen, strict=True))
        try:
            inputs, outputs = _computed(path, {**assumed, "limits": limits})
        except ConvDispatchError as exc:
            runs.append({**assumed, **_NOTHING, "reason": one_line(str(exc))})
            continue
        alike = next((one for one in first if _shapes(one) == _shapes(outputs)), None)
        first.append(outputs)
        numbers = np.concatenate([one.ravel() for one in outputs]).astype(np.float64)
        is_finite = bool(np.isfinite(numbers).all())
        runs.append(
            {
                **assumed,
                "inputs": _shapes(inputs),
                "shapes": _shapes(outputs),
                "first": numbers[:_FIRST].tolist() if is_finite else [],
                "deviation": float(numbers.std()) if is_finite else None,
                "difference": _difference(alike, outputs) if alike and is_finite else None,
                "reason": None if is_finite else "outputs are infinite or no numbers",
            }
        )
    return runs


_NOTHING: dict[str, Any] = {
    "inputs": [],
    "shapes": [],
    "first": [],
    "deviation": None,
    "difference": None,
}


def _computed(path: Path, wishes: dict[str, Any]) -> tuple[list[Array], list[Array]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what is assumed: that is what is shown
        model = load_model(path, compile=False, backend="numpy", **wishes)
        inputs = inputs_for(model)
        return inputs, outputs_of(model, inputs)


def _shapes(arrays: list[Array]) -> list[list[int]]:
    return [list(array.shape) for array in arrays]


def _difference(first: list[Array], outputs: list[Array]) -> float:
    pairs = zip(first, outputs, strict=True)
    return max(float(np.abs(a - b).max(initial=0.0)) for a, b in pairs)
