"""The drawings of a report's page: a geometry as a grid, errors as a histogram."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from convdispatch.conformance import cases
from convdispatch.conformance.report import CaseRecord, Drawing
from convdispatch.conformance.report.drawing import caption, draw
from convdispatch.conformance.report.histogram import count, histogram
from convdispatch.numerics.problem import Problem, output_shape

START = re.compile(r"M([\d.]+) ([\d.]+)")
# 250 pixels hold the 8 cells of this one at the widest pitch, 18.
STRIDED = Drawing(
    transposed=False,
    input=(6,),
    output=(2,),
    kernel=(3,),
    strides=(2,),
    pads=((2, -1),),
    dilation=(2,),
    groups=1,
    channels_last=True,
)
FLAT = replace(
    STRIDED,
    input=(5, 4),
    output=(3, 3),
    kernel=(3, 2),
    strides=(1, 1),
    pads=((0, 0), (0, 0)),
    dilation=(1, 1),
)
SOLID = replace(
    FLAT,
    input=(3, 5, 4),
    output=(2, 3, 3),
    kernel=(1, 3, 2),
    strides=(2, 1, 1),
    pads=((1, 0), (0, 0), (0, 0)),
    dilation=(1, 1, 1),
)


def squares(svg: str, kind: str) -> list[tuple[int, int]]:
    """Return where the cells and marks of a kind are, (row, column), grid after grid."""
    paths = [one for one in ET.fromstring(svg).iter("path") if one.get("class") == kind]
    corners = [START.findall(path.get("d") or "") for path in paths]
    # A path lies in the cell that it starts in, however far it is inset.
    return [(int(float(y) // 18), int(float(x) // 18)) for found in corners for x, y in found]


def columns(svg: str, kind: str) -> list[int]:
    """Return the columns of the squares of a drawing of one axis."""
    return [column for _, column in squares(svg, kind)]


def test_one_axis_by_hand():
    """Two pads, three cells that are read and two between the taps, one that is cropped."""
    svg = draw(STRIDED)
    assert columns(svg, "pad") == [0, 1]
    assert columns(svg, "cell") == [2, 4, 6, 0, 1]  # the output's two cells come last
    assert columns(svg, "unread") == [3, 5]
    assert columns(svg, "crop") == [7]
    assert columns(svg, "first") == [0, 2, 4, 0]
    assert columns(svg, "last") == [2, 4, 6, 1]
    assert columns(svg, "chosen") == []  # there is none between


def test_the_adjoint_is_read_the_other_way_round():
    """The side with pads is the output; it reads a cell where the taps of one lie."""
    adjoint = replace(STRIDED, transposed=True, input=(2,), output=(6,))
    svg = draw(adjoint)
    assert columns(svg, "cell") == [0, 1, 2, 4, 6]
    assert columns(svg, "unread") == [3, 5, 7]  # what the convolution crops is written by no tap
    assert columns(svg, "first") == [0, 1, 2]  # both cells of the input write there
    assert columns(svg, "last") == [7]
    assert svg.index(">input 2<") < svg.index(">output 6<")


def test_two_axes_by_hand():
    """Rows come first: a kernel of 3 x 2 is higher than wide."""
    svg = draw(FLAT)
    assert squares(svg, "first") == [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1), (0, 0)]
    assert squares(svg, "chosen") == [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (3, 2), (1, 1)]
    assert squares(svg, "last") == [(2, 2), (2, 3), (3, 2), (3, 3), (4, 2), (4, 3), (2, 2)]


def test_three_axes_are_slices():
    """One of pads and three of cells."""
    svg = draw(SOLID)
    assert [one.text for one in ET.fromstring(svg).iter("text")] == [
        *("input 3 × 5 × 4", "plane \N{MINUS SIGN}1", "plane 0", "plane 1", "plane 2"),  # noqa: RUF001 - as it is drawn
        *("output 2 × 3 × 3", "plane 0", "plane 1"),  # noqa: RUF001
    ]
    assert len(squares(svg, "pad")) == 5 * 4
    assert len(squares(svg, "cell")) == 5 * 4 + 2 * 3 * 3
    assert len(squares(svg, "unread")) == 2 * 5 * 4  # the planes that the stride steps over


def test_a_single_placement_is_marked_once():
    """The first cell of the output is the last one, too."""
    whole = replace(STRIDED, output=(1,), kernel=(6,), pads=((0, 0),), dilation=(1,))
    assert columns(draw(whole), "first") == [0, 1, 2, 3, 4, 5, 0]
    assert columns(draw(whole), "last") == columns(draw(whole), "chosen") == []


def test_a_cell_that_is_cropped_on_one_axis_and_a_pad_on_the_other_is_nothing():
    """It is in neither of the two grids that a crop and a pad speak of."""
    svg = draw(replace(FLAT, pads=((-1, 0), (1, 0)), output=(2, 4)))
    assert squares(svg, "crop") == [(0, 1), (0, 2), (0, 3), (0, 4)]
    assert squares(svg, "pad") == [(1, 0), (2, 0), (3, 0), (4, 0)]


IMPOSSIBLE = {
    "too-large-a-pad": replace(STRIDED, pads=((10**30, 0),)),
    "too-large-a-kernel": replace(STRIDED, kernel=(10**12,)),
    "four-axes": replace(FLAT, **dict.fromkeys(("input", "output", "kernel"), (1, 1, 1, 1))),
    "unequal-ranks": replace(FLAT, strides=(1,)),
    "no-stride": replace(STRIDED, strides=(0,)),
    "no-output": replace(STRIDED, output=(0,)),
    "no-axis": Drawing(
        **dict.fromkeys(("input", "output", "kernel", "strides", "pads", "dilation"), ()),
        transposed=False,
        groups=1,
        channels_last=True,
    ),
}


@pytest.mark.parametrize("drawing", IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_what_cannot_be_drawn_is_told(drawing):
    """Without an error: the page has the geometry in words all the same."""
    assert draw(drawing) == ""
    assert caption(drawing).startswith("input ")


def test_the_caption_says_everything():
    """In words, for those who do not see the drawing too."""
    adjoint = replace(SOLID, transposed=True, groups=2, channels_last=False)
    assert caption(adjoint) == (
        "input 3 × 5 × 4, output 2 × 3 × 3, kernel 1 × 3 × 2, stride 2 × 1 × 1, "  # noqa: RUF001
        "pads (1, 0) (0, 0) (0, 0) of the convolution that is transposed, "
        "dilation 1 × 1 × 1, 2 groups, channels first"  # noqa: RUF001
    )


def test_of_long_axes_the_ends_are_drawn():
    """Eight cells at each end, with a gap; the last cell of the output is where it is."""
    svg = draw(replace(FLAT, input=(300, 300), output=(298, 299)))
    starts = [one for one in ET.fromstring(svg).iter("path") if one.get("class") == "last"]
    assert [len(START.findall(one.get("d") or "")) for one in starts] == [3 * 2, 1]
    assert len(START.findall(svg)) < 1500
    assert "300" in svg.partition(">input ")[2][:12]


COUNTS = {
    "none": ([], {}),
    "exact": ([0.0, 0.0], {}),
    "tiny": ([5e-324, 1e-9, 1e-3], {0: 3}),
    "first-bar": ([0.00101, 10**-2.75], {1: 2}),
    "the-bound": ([1.0, 0.57], {12: 2}),
    "a-half": ([0.5], {11: 1}),
    "above": ([1.0000001, 1e300, math.inf], {13: 3}),
}


@pytest.mark.parametrize(("errors", "expected"), COUNTS.values(), ids=COUNTS)
def test_errors_are_counted_by_quarter_decades(errors, expected):
    """From 1/1000 to 1 in twelve bars, and one at either end."""
    found = count(errors)
    assert len(found) == 14
    assert {bar: number for bar, number in enumerate(found) if number} == expected


def test_a_histogram_draws_what_was_counted():
    """One bar each, the tallest with its number, and in words what they mean."""
    svg = histogram([0.5, 0.5, 0.5, 0.02, 3.0, 0.0], "conv1d on <one>")
    root = ET.fromstring(svg)
    bars = list(root.iter("rect"))
    assert [bar.findtext("title") for bar in bars] == [
        "0.018 to 0.032: 1",
        "0.32 to 0.56: 3",
        "above the bound: 1",
    ]
    assert float(bars[1].get("height", "")) == pytest.approx(
        3 * float(bars[0].get("height", "")), 0.01
    )
    assert root.get("aria-label") == "conv1d on <one>: 5 errors, 1 of them above the bound"
    assert next(one.text for one in root.iter("text")) == "3"


def test_the_sizes_are_those_of_the_exact_result() -> None:
    """They are counted; the oracle computes the result, of one case in forty."""
    drawn = 0
    for case in cases.build()[::40]:
        problem = next((one for one in case.arguments if isinstance(one, Problem)), None)
        drawing = CaseRecord.of(case).drawing
        if problem is not None and drawing is not None:
            shape = output_shape(problem)
            assert drawing.output == (shape[1:-1] if drawing.channels_last else shape[2:])
            drawn += 1
    assert drawn > 100
