"""Texts as numbers of words, as Keras counts and numbers them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from convdispatch.engine.arguments import as_choice
from convdispatch.errors import InvalidArgument

FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'


def text_to_word_sequence(
    text: str, filters: str = FILTERS, lower: bool = True, split: str = " "
) -> list[str]:
    """Return the words of a text, without the signs in `filters`.

    >>> text_to_word_sequence("A cat, a hat.")
    ['a', 'cat', 'a', 'hat']
    """
    text = text.lower() if lower else text
    bare = text.translate(dict.fromkeys(map(ord, filters), split))
    return [word for word in bare.split(split) if word]


def hashing_trick(
    text: str,
    n: int,
    hash_function: str | Callable[[str], int] | None = None,
    filters: str = FILTERS,
    lower: bool = True,
    split: str = " ",
) -> list[int]:
    """Return a number from 1 to n - 1 for each word: of a hash, so that two words may share one.

    hash_function: 'md5' or a function; Python's own otherwise, which differs from run to run.
    """
    number: Callable[[str], int] = hash
    if hash_function == "md5":
        number = _md5
    elif callable(hash_function):
        number = hash_function
    words = text_to_word_sequence(text, filters, lower, split)
    return [number(word) % (n - 1) + 1 for word in words]


def _md5(word: str) -> int:
    return int(hashlib.md5(word.encode(), usedforsecurity=False).hexdigest(), 16)


def one_hot(
    text: str, n: int, filters: str = FILTERS, lower: bool = True, split: str = " "
) -> list[int]:
    """Return a number from 1 to n - 1 for each word, by Python's own hash."""
    return hashing_trick(text, n, None, filters, lower, split)


class Tokenizer:
    """Numbers words by how frequent they are in the texts that it is fitted on, from 1.

    num_words: the number from which words are left out, the rare ones.
    oov_token: a word that stands in the place of unknown ones; it has number 1.

    >>> tokenizer = Tokenizer()
    >>> tokenizer.fit_on_texts(["the cat", "the hat"])
    >>> tokenizer.texts_to_sequences(["the hat and the cat"])
    [[1, 3, 1, 2]]
    """

    def __init__(
        self,
        num_words: int | None = None,
        filters: str = FILTERS,
        lower: bool = True,
        split: str = " ",
        char_level: bool = False,
        oov_token: str | None = None,
        document_count: int = 0,
        **kwargs: Any,
    ) -> None:
        self.num_words: int | None = kwargs.pop("nb_words", num_words)  # Keras 1's name of it
        if kwargs:
            raise InvalidArgument(f"unknown argument `{next(iter(kwargs))}` of Tokenizer.")
        self.filters, self.lower, self.split = filters, lower, split
        self.char_level, self.oov_token = char_level, oov_token
        self.document_count = document_count
        self.word_counts: dict[str, int] = {}
        self.word_docs: Counter[str] = Counter()
        self.word_index: dict[str, int] = {}
        self.index_word: dict[int, str] = {}
        self.index_docs: dict[int, int] = {}

    @property
    def nb_words(self) -> int | None:
        """Keras 1's name of `num_words`."""
        return self.num_words

    def _words(self, text: Any) -> list[str]:
        if self.char_level or isinstance(text, list):
            if not self.lower:
                return list(text)
            lowered: Any = text.lower() if isinstance(text, str) else [w.lower() for w in text]
            return list(lowered)
        return text_to_word_sequence(text, self.filters, self.lower, self.split)

    def fit_on_texts(self, texts: Iterable[Any]) -> None:
        """Count the words of texts, and number them."""
        for text in texts:
            self.document_count += 1
            words = self._words(text)
            for word in words:
                self.word_counts[word] = self.word_counts.get(word, 0) + 1
            self.word_docs.update(set(words))
        counted = sorted(self.word_counts.items(), key=lambda pair: pair[1], reverse=True)
        ordered = [word for word, _ in counted]
        if self.oov_token is not None:
            ordered = [self.oov_token, *(word for word in ordered if word != self.oov_token)]
        self.word_index = {word: number for number, word in enumerate(ordered, 1)}
        self.index_word = {number: word for word, number in self.word_index.items()}
        self.index_docs = {self.word_index[word]: n for word, n in self.word_docs.items()}

    def fit_on_sequences(self, sequences: Iterable[Sequence[int]]) -> None:
        """Count in how many sequences each number is."""
        for one in sequences:
            self.document_count += 1
            for number in set(one):
                self.index_docs[number] = self.index_docs.get(number, 0) + 1

    def texts_to_sequences(self, texts: Iterable[Any]) -> list[list[int]]:
        """Return the numbers of the words of each text; unknown words are left out."""
        return list(self.texts_to_sequences_generator(texts))

    def texts_to_sequences_generator(self, texts: Iterable[Any]) -> Iterator[list[int]]:
        """Yield the numbers of the words of each text."""
        unknown = None if self.oov_token is None else self.word_index.get(self.oov_token)
        for text in texts:
            found = []
            for word in self._words(text):
                number = self.word_index.get(word)
                is_known = number is not None and (not self.num_words or number < self.num_words)
                kept = number if is_known else unknown
                if kept is not None:
                    found.append(kept)
            yield found

    def sequences_to_texts(self, sequences: Iterable[Sequence[int]]) -> list[str]:
        """Return texts of the words with those numbers."""
        return list(self.sequences_to_texts_generator(sequences))

    def sequences_to_texts_generator(self, sequences: Iterable[Sequence[int]]) -> Iterator[str]:
        """Yield texts of the words with those numbers."""
        for one in sequences:
            yield " ".join(self.index_word[n] for n in one if n in self.index_word)

    def texts_to_matrix(self, texts: Iterable[Any], mode: str = "binary") -> Any:
        """Return a row of numbers for each text: see `sequences_to_matrix`."""
        return self.sequences_to_matrix(self.texts_to_sequences(texts), mode)

    def sequences_to_matrix(self, sequences: Sequence[Sequence[int]], mode: str = "binary") -> Any:
        """Return a row for each text, with a number for each word.

        'binary': whether it is there; 'count': how often; 'freq': its share; 'tfidf': how often,
        weighed by how few texts have it.
        """
        mode = as_choice(mode, ("binary", "count", "freq", "tfidf"), "mode")
        width = self.num_words or len(self.word_index) + 1
        if width == 1:
            raise InvalidArgument("`num_words` must be given, or `fit_on_texts` be called before.")
        if mode == "tfidf" and not self.document_count:
            raise InvalidArgument("`mode` 'tfidf' needs `fit_on_texts` before.")
        rows = np.zeros((len(sequences), width))
        for place, one in enumerate(sequences):
            for word, count in Counter(n for n in one if n < width).items():
                rows[place, word] = self._weight(mode, word, count, len(one))
        return rows

    def _weight(self, mode: str, word: int, count: int, length: int) -> float:
        if mode == "tfidf":
            rarity = np.log(1 + self.document_count / (1 + self.index_docs.get(word, 0)))
            return float((1 + np.log(count)) * rarity)
        return {"binary": 1.0, "count": float(count), "freq": count / length}[mode]
