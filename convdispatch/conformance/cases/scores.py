"""Cross-entropy of scores, by the table's own `crossentropy` where a backend has one.

The frontend computes it from other functions elsewhere, so the claims hold for every backend.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from convdispatch.conformance.case import Case, Mismatch
from convdispatch.conformance.cases.stepping import require_values
from convdispatch.formulas import loss_functions
from convdispatch.ops import Backend

_LOSS = loss_functions.sparse_categorical_crossentropy.with_parameters(from_logits=True)
_SCORES = np.array([[0.5, -1.25, 2.0], [0.0, 0.0, 0.0], [-3.0, 1.5, 0.25], [1.0, 4.0, -2.5]])
_CLASSES = np.array([2, 0, 0, 1])
# By their name: scores and classes. A class that does not exist is NaN.
_GIVEN: dict[str, tuple[Any, Any]] = {
    "rows": (_SCORES, _CLASSES),
    "steps": (_SCORES.reshape(2, 2, 3), _CLASSES.reshape(2, 2)),
    "far-apart": (_SCORES * 4096.0, np.array([2, 1, 1, 1])),
    "unknown-class": (_SCORES, np.array([2, 3, -1, 1])),
    "minus-a-hundred": (_SCORES, np.array([2, -100, 0, 1])),
    "empty": (_SCORES[:0], _CLASSES[:0]),
}


def cases(seed: int) -> Iterator[Case]:
    """Yield the values and the gradients of each; `seed` draws nothing."""
    for slug in _GIVEN:
        for dtype in ("float32", "float64"):
            yield _case(f"functions/full/crossentropy-{slug}-{dtype}", "full", values, slug, dtype)
            id_ = f"functions/grad/crossentropy-{slug}-{dtype}"
            yield _case(id_, "grad", gradients, slug, dtype, "gradients")


def are_known(slug: str) -> bool:
    """Say whether all classes of that name exist."""
    scores, classes = _GIVEN[slug]
    return bool(np.isin(classes, np.arange(scores.shape[-1])).all())


def values(backend: Backend, slug: str, dtype: str) -> None:
    """Compare each loss with -log of the softmax at the class."""
    scores, classes = _GIVEN[slug]
    found: Any = _LOSS.compute(
        backend.functions, backend.asarray(classes, "int32"), backend.asarray(scores, dtype)
    )
    wanted, is_class, _ = _by_hand(scores, classes)
    got = np.array(backend.to_numpy(found))
    if got.shape != wanted.shape or not np.array_equal(np.isnan(got), ~is_class):
        raise Mismatch(f"crossentropy is {got.tolist()}; expected {wanted.tolist()}")
    known: Any = backend.asarray(np.where(is_class, got, 0.0), dtype)
    # The largest of these losses is 16,384: as a part of it, so that one limit serves all.
    size = max(1.0, float(np.abs(wanted[is_class]).max(initial=0.0)))
    require_values(
        backend, [known / size], [np.where(is_class, wanted, 0.0) / size], dtype, "crossentropy"
    )


def gradients(backend: Backend, slug: str, dtype: str) -> None:
    """Compare the slopes of the sum of the known classes' losses, 0 for the others."""
    scores, classes = _GIVEN[slug]
    functions: Any = backend.functions
    native = backend.asarray(classes, "int32")
    _, is_class, wanted = _by_hand(scores, classes)
    chosen = backend.asarray(is_class, "bool")

    def loss(tensors: Any) -> Any:
        found = _LOSS.compute(functions, native, tensors[0])
        return functions["sum"](functions["where"](chosen, found, 0)), None

    _, found = backend.value_and_grad(loss)([backend.variable(scores, dtype)])
    require_values(backend, found, [wanted], dtype, "the gradient of crossentropy")


def _by_hand(scores: Any, classes: Any) -> tuple[Any, Any, Any]:
    """Return the losses, which of the classes exist, and the gradient by the scores."""
    shifted = scores - scores.max(axis=-1, keepdims=True, initial=-np.inf)
    powers = np.exp(shifted)
    total = powers.sum(axis=-1, keepdims=True)
    is_chosen = classes[..., None] == np.arange(scores.shape[-1])
    is_class = is_chosen.any(axis=-1)
    logarithms = shifted - np.log(total)
    found = np.where(is_class, -np.where(is_chosen, logarithms, 0.0).sum(axis=-1), np.nan)
    return found, is_class, np.where(is_class[..., None], powers / total - is_chosen, 0.0)


def _case(id_: str, level: str, check: Any, slug: str, dtype: str, *features: str) -> Case:
    return Case(
        id=id_,
        level=level,
        op="functions",
        claim="Cross-entropy of scores is -log(softmax) at the class; NaN for a class of none.",
        check=check,
        arguments=(slug, dtype),
        features=("functions", dtype, *features),
    )
