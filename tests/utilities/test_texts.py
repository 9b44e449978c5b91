"""Words as numbers: tables by hand, after Keras 2.2.4's documentation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from convdispatch import keras2
from convdispatch.errors import InvalidArgument

TEXT: Any = keras2.preprocessing.text  # type: ignore[attr-defined]  # made of a table
SEQUENCE: Any = keras2.preprocessing.sequence  # type: ignore[attr-defined]  # made of a table
TEXTS = ["The cat sat on the mat.", "The dog sat; the dog ran!"]


def test_words_are_numbered_by_how_frequent_they_are() -> None:
    """The same number of times: in the order in which they came."""
    tokenizer = TEXT.Tokenizer()
    tokenizer.fit_on_texts(TEXTS)
    assert tokenizer.word_index == {
        "the": 1, "sat": 2, "dog": 3, "cat": 4, "on": 5, "mat": 6, "ran": 7,
    }  # fmt: skip
    assert tokenizer.texts_to_sequences(["the cat flew"]) == [[1, 4]]
    assert tokenizer.sequences_to_texts([[1, 3]]) == ["the dog"]
    assert (tokenizer.document_count, tokenizer.word_docs["dog"]) == (2, 1)


def test_rare_words_are_left_out_or_marked() -> None:
    """By `num_words`, and by `oov_token`, which is number 1."""
    tokenizer = TEXT.Tokenizer(num_words=3)
    tokenizer.fit_on_texts(TEXTS)
    assert tokenizer.texts_to_sequences(["the cat sat"]) == [[1, 2]]
    tokenizer = TEXT.Tokenizer(oov_token="?")
    tokenizer.fit_on_texts(TEXTS)
    assert tokenizer.texts_to_sequences(["the bird"]) == [[2, 1]]
    assert TEXT.Tokenizer(nb_words=5).num_words == 5  # as Keras 1 calls it


@pytest.mark.parametrize(
    ("mode", "row"),
    [
        ("binary", [0, 1, 1, 0]),
        ("count", [0, 2, 1, 0]),
        ("freq", [0, 2 / 3, 1 / 3, 0]),
        ("tfidf", [0, (1 + np.log(2)) * np.log(1 + 2 / 3), np.log(1 + 2 / 2), 0]),
    ],
)
def test_texts_are_rows_of_numbers(mode: str, row: list[float]) -> None:
    """Of each word: whether, how often, its share, or how telling it is."""
    tokenizer = TEXT.Tokenizer()
    tokenizer.fit_on_texts(["a a b", "a c"])
    assert tokenizer.word_index == {"a": 1, "b": 2, "c": 3}
    np.testing.assert_allclose(tokenizer.texts_to_matrix(["a a b"], mode=mode)[0], row)


def test_letters_may_be_counted() -> None:
    """And small letters kept apart from great ones."""
    tokenizer = TEXT.Tokenizer(char_level=True, lower=False)
    tokenizer.fit_on_texts(["aAa"])
    assert tokenizer.texts_to_sequences(["Aa"]) == [[2, 1]]
    with pytest.raises(InvalidArgument, match="`fit_on_texts` before"):
        TEXT.Tokenizer(num_words=3).texts_to_matrix(["a"], mode="tfidf")


def test_words_may_be_hashed() -> None:
    """MD5 of 'cat' is d077f244def8a70e5ea758bd8352fcd8."""
    expected = int("d077f244def8a70e5ea758bd8352fcd8", 16) % 9 + 1
    assert TEXT.hashing_trick("Cat", 10, "md5") == [expected]
    assert all(1 <= number < 10 for number in TEXT.one_hot("a b c", 10))


def test_pairs_of_near_words_are_told_from_any_pairs() -> None:
    """Label 1 is for words at most `window_size` apart."""
    couples, labels = SEQUENCE.skipgrams([1, 2, 3], 10, window_size=1, shuffle=False)
    assert couples[:4] == [[1, 2], [2, 1], [2, 3], [3, 2]]
    assert labels == [1] * 4 + [0] * 4


def test_windows_of_a_series_come_with_the_step_after() -> None:
    """In batches by number."""
    series = np.arange(6)[:, None]
    batches = SEQUENCE.TimeseriesGenerator(series, series, length=2, batch_size=3)
    assert len(batches) == 2
    x, y = batches[0]
    assert x[..., 0].tolist() == [[0, 1], [1, 2], [2, 3]]
    assert y[:, 0].tolist() == [2, 3, 4]
    assert batches[1][1].tolist() == [[5]]
