"""Text that others wrote, made fit for a line of a terminal, of a log or of a file.

A name that a plugin chose may hold anything: escape codes that move a terminal's cursor, marks that
turn the order of letters round, and halves of characters that no encoding has.
"""

from __future__ import annotations


def one_line(text: str) -> str:
    """Return `text` with every run of white space made one space."""
    return " ".join(text.split())


def printable(text: str) -> str:
    r"""Return `text` with each character that cannot be seen as Python writes it in a string.

    >>> printable("red: \x1b[31m")
    'red: \\x1b[31m'
    """
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else _escaped(one) for one in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
