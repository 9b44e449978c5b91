"""Make other people's text safe for a line of a terminal, a log or a file.

A name that a plugin chose may contain anything: escape codes that move a terminal's cursor, marks
that reverse the order of letters, and surrogates that no encoding has.
"""

from __future__ import annotations


def one_line(text: str) -> str:
    """Return `text` with every run of white space made one space."""
    return " ".join(text.split())


def printable(text: str) -> str:
    r"""Return `text` with each invisible character escaped as Python writes it in a string.

    >>> printable("red: \x1b[31m")
    'red: \\x1b[31m'
    """
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else _escaped(one) for one in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
