"""A conjunction of facts as a phrase: 'gradients of conv2d with stride > 1 and crop'."""

from __future__ import annotations

from collections.abc import Sequence

from convdispatch.conformance.diagnosis.facts import AMOUNT, ASKED, CLAIM, NAMED, PROPERTY, SUBJECT


def sentence(words: Sequence[str], kinds: Sequence[int]) -> str:
    """Return the phrase.

    >>> sentence(["gradients", "conv2d", "crop", "a bias"], [ASKED, SUBJECT, PROPERTY, PROPERTY])
    'gradients: conv2d with crop and a bias'
    """

    def of(*wanted: int) -> list[str]:
        return [word for word, kind in zip(words, kinds, strict=True) if kind in wanted]

    subject = " and ".join(of(SUBJECT)) or "any op"
    told = [f"{' and '.join(of(ASKED))}: " if of(ASKED) else "", subject]
    if properties := of(PROPERTY, AMOUNT):
        told.append(f" with {' and '.join(properties)}")
    if named := of(NAMED):
        told.append(f" named {' and '.join(named)}")
    if claims := of(CLAIM):
        told.append(f" that claims {' and '.join(map(repr, claims))}")
    return "".join(told)
