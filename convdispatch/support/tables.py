"""Tables and sentences that fit the width of a terminal.

In a table that is too wide, long texts are wrapped at blanks and after punctuation. If that does
not help, the columns move below one another, in blocks that begin with the same columns. Nothing is
omitted.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence

from convdispatch.support.text import one_line, printable

_GAP = 2
_LONG = 24  # from this length on a cell is a text that may be wrapped
_NARROW, _WORD = 16, 32  # characters that a text gets at least, and that a word of it may ask for
_BREAK_AFTER = re.compile(r"(?<=[/,;:=|_.)-])")


def table(
    headers: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    limit: int | None,
    indent: int = 0,
    keys: int = 1,
) -> str:
    """Return the rows under their headers, in lines of at most `limit` characters.

    `indent` is what the caller will put before each line.

    A cell is one line, whatever white space it has, and its invisible characters are escaped. The
    first `keys` columns are in every block.
    """
    cells = [[printable(one_line(cell)) for cell in line] for line in (headers, *rows)]
    filled = [
        place
        for place, column in enumerate(zip(*cells, strict=True))
        if place < keys or any(column)
    ]
    lines = [[line[place] for place in filled] for line in cells]
    natural = _widths(lines)
    if limit is None or _total(natural) <= limit - indent:
        return "\n".join(_set(lines, natural))
    room = max(limit - indent, _NARROW)
    narrowed = _narrowed(lines, natural, room)
    blocks = []
    for chosen in _blocks(narrowed, room, keys):
        widths = _forced([narrowed[place] for place in chosen], room)
        blocks.append("\n".join(_set([[line[p] for p in chosen] for line in lines], widths)))
    return "\n\n".join(blocks)


def fitted(text: str, limit: int | None) -> str:
    """Return the text with lines wrapped at blanks that are longer than `limit` characters.

    Wrapped lines are indented. A word that is longer than a line, such as a path, stays whole, so
    that it can be copied.
    """
    if limit is None:
        return text
    return "\n".join(piece for line in text.split("\n") for piece in _wrapped(line, limit))


def _wrapped(line: str, limit: int) -> list[str]:
    if len(line) <= limit:
        return [line]
    indent = line[: len(line) - len(line.lstrip())]
    return textwrap.wrap(
        line.strip(),
        limit,
        initial_indent=indent,
        subsequent_indent=f"{indent}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _widths(lines: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(len, column)) for column in zip(*lines, strict=True)]


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + _GAP * (len(widths) - 1)


def _narrowed(lines: Sequence[Sequence[str]], natural: Sequence[int], room: int) -> list[int]:
    """Return widths with which the table fits, if wrapping its texts is enough; else the least."""
    least = [
        max(_NARROW, min(_WORD, max(map(_longest_word, column)))) if width > _LONG else width
        for width, column in zip(natural, zip(*lines, strict=True), strict=True)
    ]
    widths = list(natural)
    while _total(widths) > room:
        slack = [width - low for width, low in zip(widths, least, strict=True)]
        widest = max(range(len(widths)), key=lambda place: (slack[place] > 0, widths[place]))
        if slack[widest] <= 0:
            break
        widths[widest] -= min(slack[widest], _total(widths) - room)
    return widths


def _longest_word(cell: str) -> int:
    return max(map(len, cell.split()), default=0)


def _blocks(widths: Sequence[int], room: int, keys: int) -> Iterator[list[int]]:
    """Yield the places of the columns of each block."""
    block = list(range(keys))
    for place in range(keys, len(widths)):
        if len(block) > keys and _total([widths[one] for one in (*block, place)]) > room:
            yield block
            block = list(range(keys))
        block.append(place)
    yield block


def _forced(widths: list[int], room: int) -> list[int]:
    """Return widths that fit if not even two columns do: shrink the widest column."""
    while (excess := _total(widths) - room) > 0 and max(widths) > 1:
        widest = widths.index(max(widths))
        widths[widest] = max(widths[widest] - excess, max(widths) // 2, 1)
    return widths


def _set(lines: Sequence[Sequence[str]], widths: Sequence[int]) -> Iterator[str]:
    """Yield the lines, cells that are too long going on in the lines below."""
    for line in lines:
        cells = [_pieces(cell, width) for cell, width in zip(line, widths, strict=True)]
        for number in range(max(map(len, cells))):
            pieces = (cell[number] if number < len(cell) else "" for cell in cells)
            padded = (piece.ljust(width) for piece, width in zip(pieces, widths, strict=True))
            yield (" " * _GAP).join(padded).rstrip()


def _pieces(cell: str, width: int) -> list[str]:
    """Return the cell in lines of at most that width."""
    if len(cell) <= width:
        return [cell]
    pieces = [""]
    for word in cell.split():
        for number, part in enumerate(_parts(word, width)):
            blank = "" if number or not pieces[-1] else " "
            if len(pieces[-1]) + len(blank) + len(part) <= width:
                pieces[-1] += blank + part
            else:
                pieces.append(part)
    return pieces if pieces[0] else pieces[1:]


def _parts(word: str, width: int) -> list[str]:
    """Return the word whole or, if it is too long for a line, in parts that fit."""
    if len(word) <= width:
        return [word]
    return [
        part[start : start + width]
        for part in _BREAK_AFTER.split(word)
        for start in range(0, len(part), width)
    ]
