"""Measured errors as a histogram in SVG: how near to the allowed error a backend comes.

The axis is logarithmic, in units of the allowed error, four bars a decade. Errors too small or too
large for the axis are a bar each. Exact answers, which have no logarithm, are often most of all:
they are for the caption to tell. Colours are classes, for the page's style sheet to give.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

_DECADES = 3  # below 1, the allowed error
_BARS_PER_DECADE = 4
_WIDTH, _GAP, _HEIGHT, _MARGIN = 15, 3, 64, 14
_LABELS = 30  # the space below the bars
_DIGITS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def histogram(errors: Iterable[float], title: str) -> str:
    """Return the SVG of a histogram of errors, in units of what is allowed; zeros are left out."""
    counts = count(errors)
    tallest = max(max(counts), 1)
    step = _WIDTH + _GAP
    width, height = step * len(counts), _MARGIN + _HEIGHT + _LABELS
    bars = [
        _bar(step * index, found, tallest, _range(index, len(counts)))
        for index, found in enumerate(counts)
    ]
    base = _MARGIN + _HEIGHT
    ticks = [
        _text(step * (1 + _BARS_PER_DECADE * decade) - _GAP / 2, base + 13, _power(decade))
        for decade in range(_DECADES + 1)
    ]
    named = _text(width / 2, base + 27, "error in units of the bound")
    line = f'<path class="axis" d="M0 {base + 0.5}H{width}"/>'
    label = f"{title}: {sum(counts)} errors, {counts[-1]} of them above the bound"
    return (
        f'<svg class="histogram" viewBox="-6 0 {width + 12} {height}" width="{width + 12}" '
        f'height="{height}" role="img" aria-label="{_escaped(label)}">'
        + "".join([*bars, line, *ticks, named])
        + "</svg>"
    )


def count(errors: Iterable[float]) -> list[int]:
    """Return how many errors are below the axis, in each bar of it, and above 1; zeros nowhere.

    >>> count([0.0, 1e-9, 0.0011, 0.9, 1.0, 7.0])
    [1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 1]
    """
    bars = _DECADES * _BARS_PER_DECADE
    counts = [0] * (bars + 2)
    for error in errors:
        if error > 1:
            counts[-1] += 1
        elif error > 0:
            counts[max(bars + math.ceil(math.log10(error) * _BARS_PER_DECADE), 0)] += 1
    return counts


def _bar(x: float, found: int, tallest: int, where: str) -> str:
    if not found:
        return ""
    height = max(_HEIGHT * found / tallest, 1.5)
    top = _MARGIN + _HEIGHT - height
    share = _text(x + _WIDTH / 2, top - 3, str(found)) if found == tallest else ""
    return (
        f'<rect class="bar" x="{x}" y="{top:.1f}" width="{_WIDTH}" height="{height:.1f}">'
        f"<title>{where}: {found}</title></rect>{share}"
    )


def _range(index: int, bars: int) -> str:
    """Return in words which errors a bar counts."""
    if index == bars - 1:
        return "above the bound"
    low, high = (10 ** ((index + end + 1 - bars) / _BARS_PER_DECADE) for end in (0, 1))
    return f"{low:.2g} to {high:.2g}" if index else f"up to {high:.2g}"


def _power(decade: int) -> str:
    exponent = decade - _DECADES
    return "10" + str(exponent).translate(_DIGITS) if exponent else "1"


def _text(x: float, y: float, text: str) -> str:
    return f'<text x="{x:g}" y="{y:g}">{text}</text>'


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
