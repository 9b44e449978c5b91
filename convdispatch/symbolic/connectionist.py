"""Connectionist temporal classification: labels of a sequence without their places.

The loss is the negative logarithm of the probability of all ways to write the labels along the
steps, with blanks, the last class, between and repeated labels merged (Graves et al., 2006).
"""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np

from convdispatch.errors import InvalidArgument, InvalidShape, InvalidType
from convdispatch.runtime import selection
from convdispatch.symbolic.operations import operation
from convdispatch.symbolic.shapes import Shaped

__all__ = ["ctc_batch_cost", "ctc_decode"]

_NEVER = -1e30  # the logarithm of no probability, in float32, too


@operation
def ctc_batch_cost(o: Any, y_true: Any, y_pred: Any, input_length: Any, label_length: Any) -> Any:
    """Return the loss of each sample, (batch, 1).

    y_true: (batch, most labels), of which the first `label_length` count.
    y_pred: (batch, steps, classes), after a softmax; the last class is the blank.
    """
    found = o.floats(y_pred)
    batch, steps, classes = o.static(found)
    most = o.static(o.tensor(y_true))[1]
    if o.is_abstract:
        return Shaped((batch, 1), o.dtype(found))
    if steps is None or most is None or classes is None:
        raise InvalidShape(
            "`ctc_batch_cost` needs known numbers of steps, of classes and of labels; received "
            f"`y_pred` of shape {(batch, steps, classes)} and {most} labels."
        )
    f, dtype = o.f, o.dtype(found)
    labels = o.cast(o.tensor(y_true), "int32")
    given = f["log"](found + selection.epsilon())
    given = given - f["log"](f["sum"](f["exp"](given), (2,), keepdims=True))
    places = _places(o, labels, classes, dtype)
    scores = f["matmul"](given, f["transpose"](places, (0, 2, 1)))  # of each place at each step
    may_skip = _may_skip(o, labels, dtype)
    alpha = _first(o, scores[:, 0], most)
    ends = o.cast(f["reshape"](o.tensor(input_length), (-1, 1)), dtype)
    for step in range(1, steps):
        moved = _moved(o, alpha, scores[:, step], may_skip)
        alpha = f["where"](step < ends, moved, alpha)
    counts = o.cast(f["reshape"](o.tensor(label_length), (-1,)), "int32")
    width = 2 * most + 1
    last = f["one_hot"](counts * 2, width, dtype)
    before = f["one_hot"](counts * 2 - 1, width, dtype)  # no place where there are no labels
    kept = f["where"](last + before > 0, alpha, _NEVER)
    greatest = f["max"](kept, (1,), keepdims=True)
    return -(greatest + f["log"](f["sum"](f["exp"](kept - greatest), (1,), keepdims=True)))


def _places(o: Any, labels: Any, classes: int, dtype: str) -> Any:
    """Return (batch, places, classes): blank, label, blank, label, ..., blank."""
    f = o.f
    own = f["one_hot"](labels, classes, dtype)
    blank = f["one_hot"](labels * 0 + (classes - 1), classes, dtype)
    pairs = f["stack"]([blank, own], 2)
    batch, most = o.sizes(labels)
    whole = f["reshape"](pairs, (batch, 2 * most, classes))
    return f["concatenate"]([whole, blank[:, :1]], 1)


def _may_skip(o: Any, labels: Any, dtype: str) -> Any:
    """Return 1 for each label that may follow the one before it without a blank."""
    f = o.f
    differs = f["where"](f["not_equal"](labels[:, 1:], labels[:, :-1]), 1.0, 0.0)
    differs = o.cast(differs, dtype)
    first = o.cast(labels[:, :1] * 0, dtype)
    own = f["concatenate"]([first, differs], 1)
    batch, most = o.sizes(labels)
    whole = f["reshape"](f["stack"]([own * 0, own], 2), (batch, 2 * most))
    return f["concatenate"]([whole, first], 1)


def _first(o: Any, scores: Any, most: int) -> Any:
    """Return the logarithms before the second step: the first blank, or the first label."""
    begins = np.zeros((1, 2 * most + 1), "float32")
    begins[0, :2] = 1
    flags = o.backend.asarray(begins, o.dtype(scores))
    return o.f["where"](flags + scores * 0 > 0, scores, _NEVER)


def _moved(o: Any, alpha: Any, scores: Any, may_skip: Any) -> Any:
    f = o.f
    none = alpha[:, :1] * 0 + _NEVER
    by_one = f["concatenate"]([none, alpha[:, :-1]], 1)
    by_two = f["concatenate"]([none, none, alpha[:, :-2]], 1)
    by_two = f["where"](may_skip > 0, by_two, _NEVER)
    ways = [alpha, by_one, by_two]
    greatest = reduce(lambda a, b: f["where"](a > b, a, b), ways)
    total = reduce(lambda a, b: a + b, [f["exp"](way - greatest) for way in ways])
    return greatest + f["log"](total) + scores


def ctc_decode(
    y_pred: Any,
    input_length: Any,
    greedy: bool = True,
    beam_width: int = 100,
    top_paths: int = 1,
) -> tuple[list[Any], Any]:
    """Return the labels of the likeliest class at each step, and the scores of the samples.

    The labels are an array (batch, most labels), filled up with -1. It takes numbers alone.
    """
    if not greedy or top_paths != 1:
        raise InvalidArgument(
            f"`ctc_decode` takes the likeliest class of each step; received greedy={greedy!r} and "
            f"top_paths={top_paths!r}. A search by beams is not offered."
        )
    if hasattr(y_pred, "call"):
        raise InvalidType(
            "`ctc_decode` takes numbers, because how many labels there are depends on them; "
            "received a symbolic tensor. Give it what `model.predict` returned."
        )
    found = selection.as_array(y_pred)
    lengths = selection.as_array(input_length).ravel().astype(int)
    blank = found.shape[2] - 1
    rows, scores = [], []
    for sample, length in zip(found, lengths, strict=True):
        best = sample[:length].argmax(axis=1)
        kept = best[np.concatenate([[True], best[1:] != best[:-1]])] if length else best
        rows.append(kept[kept != blank])
        scores.append(-np.log(sample[:length].max(axis=1) + selection.epsilon()).sum())
    most = max((len(row) for row in rows), default=0)
    labels = np.full((len(rows), most), -1, "int64")
    for place, row in enumerate(rows):
        labels[place, : len(row)] = row
    return [labels], np.array(scores, found.dtype)[:, None]
