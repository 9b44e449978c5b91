"""A picture with a heading and a table, as a piece of HTML for a notebook."""

from __future__ import annotations

from collections.abc import Sequence

from convdispatch.pictures.lettering import clean, escaped

_LONGEST = 120  # characters of a value


def page_of(
    heading: str,
    facts: str,
    picture: str,
    *,
    rows: Sequence[tuple[str, str]] = (),
    weights: Sequence[tuple[str, str]] = (),
    parts: Sequence[str] = (),
) -> str:
    """Return a heading with facts beside it, the picture, tables of names and values, and parts.

    A tall picture scrolls. The tables, of arguments and of weights, and the parts, which are such
    pieces, are folded.
    """
    return "".join(
        [
            f'<div style="margin:4px 0"><div><b>{_text(heading)}</b> {_text(facts)}</div>\n',
            f'<div style="overflow:auto;max-height:42em">{picture}</div>\n',
            _folded("Arguments", _table(rows)) if rows else "",
            _folded("Weights", _table(weights)) if weights else "",
            *parts,
            "</div>\n",
        ]
    )


def folded(heading: str, contents: str) -> str:
    """Return something that a click on its heading unfolds."""
    return _folded(_text(heading), contents)


def _folded(heading: str, contents: str) -> str:
    return f"<details><summary>{heading}</summary>{contents}</details>\n"


def _table(rows: Sequence[tuple[str, str]]) -> str:
    cells = "".join(
        f'<tr><td style="text-align:left">{_text(name)}</td>'
        f'<td style="text-align:left">{_text(value)}</td></tr>'
        for name, value in rows
    )
    return f"<table>{cells}</table>"


def _text(text: str) -> str:
    whole = clean(text)
    short = whole if len(whole) <= _LONGEST else f"{whole[:_LONGEST]}…"
    return escaped(short)
