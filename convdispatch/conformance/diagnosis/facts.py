"""A fact about a case, of which a table of cases and rules over it are made."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

# Kinds of facts, the more general and more telling ones first: where two facts are true of the
# same cases, the one of the earlier kind is named.
SUBJECT = 0  # what is computed: 'conv2d', 'pooling'
ASKED = 1  # what is asked of it: 'gradients'
PROPERTY = 2  # of its op, its numbers or its memory: 'low pad != high pad'
AMOUNT = 3  # 'more than 16 samples'
NAMED = 4  # a word of the case's id
CLAIM = 5  # the whole claim

_MORE = "more than "
_AMOUNT = re.compile(rf"{_MORE}(\d+) (.*)")


@dataclass(slots=True)
class Facts:
    """What is known about one case."""

    words: dict[str, int] = field(default_factory=dict)  # each with its kind
    amounts: dict[str, int] = field(default_factory=dict)  # the largest of each
    is_drawn: bool = False  # many geometries, drawn anew: any property may be among them

    def has(self, word: str) -> bool:
        """Say whether a fact is true, an amount such as 'more than 16 samples' among them."""
        if word in self.words or not word.startswith(_MORE):
            return word in self.words
        amount = _AMOUNT.fullmatch(word)
        return amount is not None and self.amounts.get(amount[2], -1) > int(amount[1])

    def say(self, kind: int, words: Iterable[str]) -> None:
        """Enter facts of one kind."""
        for word in words:
            self.words.setdefault(word, kind)

    def count(self, amounts: dict[str, int]) -> None:
        """Enter amounts, of which the largest counts."""
        for name, amount in amounts.items():
            self.amounts[name] = max(amount, self.amounts.get(name, amount))
