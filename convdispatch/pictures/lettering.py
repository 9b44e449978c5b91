"""How wide text is on a page, and text that is cut to a width and safe for XML.

A page's font is unknown when a picture is drawn. The widths are those of DejaVu Sans, a wide one,
so text fits in every usual font.
"""

from __future__ import annotations

import unicodedata

from convdispatch.support.text import one_line, printable

# Shares of the size of the font.
_WIDTHS = {"ijl'|.,:;!I ": 0.36, 'frt()[]{}-/\\"*': 0.48, "mwMW@%—…": 1.0, "→": 0.86}
_BY_CHARACTER = {one: width for ones, width in _WIDTHS.items() for one in ones}
_MARKUP = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"}  # also in attributes
)
_LOWER, _UPPER, _WIDE = 0.64, 0.76, 1.1
_BOLD = 1.12


def width_of(text: str, size: float, *, is_bold: bool = False) -> float:
    """Return the width of a text in a font of that size, at most."""
    return size * sum(map(_width, text)) * (_BOLD if is_bold else 1.0)


def _width(character: str) -> float:
    known = _BY_CHARACTER.get(character)
    if known is not None:
        return known
    if not character.isascii():
        is_wide = unicodedata.east_asian_width(character) in "WF"
        return _WIDE if is_wide else _UPPER + 0.1
    return _UPPER if character.isupper() else _LOWER


def cut(text: str, width: float, size: float, *, is_bold: bool = False) -> str:
    """Return the text, shortened at its end where it is wider than that."""
    if width_of(text, size, is_bold=is_bold) <= width:
        return text
    kept = text
    while kept and width_of(kept + "…", size, is_bold=is_bold) > width:
        kept = kept[:-1]
    return f"{kept}…"


def clean(text: str) -> str:
    r"""Return other people's text as one line without invisible characters.

    >>> clean("a\n\x00b")
    'a \\x00b'
    """
    return printable(one_line(text))


def escaped(text: str) -> str:
    """Return text as XML and HTML write it, in an attribute too."""
    return text.translate(_MARKUP)  # `html.escape` comes with a table of two thousand entities
