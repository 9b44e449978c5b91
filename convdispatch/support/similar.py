"""Guess the known word behind a misspelled one, only if a typing error explains the difference."""

from __future__ import annotations

from collections.abc import Sequence

# Parts of a name without a meaning of their own: `num_filters`, `activation_fn`.
_IDLE = {"n", "nb", "num", "number", "of", "fn", "function", "value"}
# Words of one library for things that another library names differently.
_FAMILIES = (("kernel_", "depthwise_"), ("depthwise_", "kernel_"))


def similar(word: str, known: Sequence[str]) -> list[str]:
    """Return the one known name that `word` probably means, or nothing.

    >>> similar("pading", ["padding", "strides"])
    ['padding']
    >>> similar("input_dim", ["input_dtype", "input_shape"])
    []
    """
    for prefix, other in _FAMILIES:
        slip = _slipped(other + word.removeprefix(prefix), known) if word.startswith(prefix) else []
        if slip and not _slipped(word, known):
            return slip
    return _slipped(word, known) or _shortened(word, known)


def _slipped(word: str, known: Sequence[str]) -> list[str]:
    """Return the name that is a letter or two away, of two as near the first."""
    most = min(2, len(word) // 4)
    near = sorted((_distance(word, name), place) for place, name in enumerate(known))
    return [known[place] for distance, place in near[:1] if distance <= most]


def _shortened(word: str, known: Sequence[str]) -> list[str]:
    """Return the only name that has the word's parts, idle ones left out, and perhaps more."""
    parts = set(word.split("_")) - _IDLE
    found = [name for name in known if parts and parts <= set(name.split("_"))]
    return found if len(found) == 1 else []


def _distance(a: str, b: str) -> int:
    """Return how many letters to insert, remove, change or exchange with a neighbour."""
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, left in enumerate(a, start=1):
        before, last, row = row, before, [i]
        for j, right in enumerate(b, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (left != right))
            if i > 1 and j > 1 and left == b[j - 2] and a[i - 2] == right:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1]
