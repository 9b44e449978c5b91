"""Layouts computed from the coordinates: nothing overlaps, and every link joins its boxes."""

from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import given, settings
from random_graphs import all_to_all, chain, diagrams

from convdispatch.pictures.diagram import DIRECTIONS, Box, Diagram, Line, Link
from convdispatch.pictures.layout import Layout, Point, Rectangle, laid_out
from convdispatch.pictures.order import ordered
from convdispatch.pictures.places import rising
from convdispatch.pictures.ranks import ranked

NEAR = 1e-6


def layout_of(diagram: Diagram) -> Layout:
    """Return the layout of a diagram whose boxes are as high as they have lines."""
    return laid_out(diagram, [(150.0, 30.0 + 17.0 * len(box.lines)) for box in diagram.boxes])


def overlap(one: Rectangle, other: Rectangle) -> bool:
    """Return whether two rectangles share more than an edge."""
    return (
        one.x + one.width > other.x + NEAR
        and other.x + other.width > one.x + NEAR
        and one.y + one.height > other.y + NEAR
        and other.y + other.height > one.y + NEAR
    )


def around(one: Point, other: Point) -> Rectangle:
    """Return the rectangle that has these corners."""
    x, y = min(one.x, other.x), min(one.y, other.y)
    return Rectangle(x, y, abs(one.x - other.x), abs(one.y - other.y))


def is_on_side(point: Point, box: Rectangle, side: str) -> bool:
    """Return whether a point lies on a side of a box, its corners excluded."""
    x, y, width, height = box
    level, along, low, size = {
        "top": (y, point.y, x, width),
        "bottom": (y + height, point.y, x, width),
        "left": (x, point.x, y, height),
        "right": (x + width, point.x, y, height),
    }[side]
    place = point.x if side in ("top", "bottom") else point.y
    return abs(level - along) < NEAR and low < place < low + size


SIDES = {  # where links leave, and where they arrive
    "TB": ("bottom", "top"),
    "BT": ("top", "bottom"),
    "LR": ("right", "left"),
    "RL": ("left", "right"),
}


@given(diagrams())
@settings(max_examples=150, derandomize=True, deadline=None)
def test_boxes_do_not_overlap(diagram: Diagram) -> None:
    """And all lie on the page."""
    layout = layout_of(diagram)
    for one, other in itertools.combinations(layout.boxes, 2):
        assert not overlap(one, other)
    for box in layout.boxes:
        assert box.x >= 0
        assert box.y >= 0
        assert box.x + box.width <= layout.width
        assert box.y + box.height <= layout.height


@given(diagrams())
@settings(max_examples=150, derandomize=True, deadline=None)
def test_lines_cross_no_box(diagram: Diagram) -> None:
    """A line lies within the rectangles that its four points span, and no box does."""
    layout = layout_of(diagram)
    for curve in itertools.chain(*layout.curves):
        for start, end in itertools.pairwise(curve.points):
            assert 0 <= start.x <= layout.width
            assert 0 <= start.y <= layout.height
            for box in layout.boxes:
                assert not overlap(around(start, end), box)


@given(diagrams())
@settings(max_examples=150, derandomize=True, deadline=None)
def test_every_link_joins_its_boxes(diagram: Diagram) -> None:
    """From each box, along the lines, one arrives at the boxes that it is linked to alone."""
    layout = layout_of(diagram)
    leave, arrive = SIDES[diagram.direction]
    curves = list(itertools.chain(*layout.curves))
    assert sum(curve.has_head for curve in curves) == len(diagram.links)
    for number, box in enumerate(layout.boxes):
        reached = []
        pending = [curve for curve in curves if is_on_side(curve.points[0], box, leave)]
        while pending:
            curve = pending.pop()
            end = curve.points[-1]
            if curve.has_head:
                reached += [
                    place
                    for place, other in enumerate(layout.boxes)
                    if is_on_side(end, other, arrive)
                ]
            else:
                pending += [other for other in curves if other.points[0] == end]
        wanted = sorted(link.target for link in diagram.links if link.source == number)
        assert sorted(reached) == wanted


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_links_point_in_their_direction(direction: str) -> None:
    """Down, up, to the right or to the left; a chain is straight."""
    diagram = Diagram(boxes=chain(3).boxes, links=chain(3).links, direction=direction)
    layout = layout_of(diagram)
    axis = 1 if direction in ("TB", "BT") else 0
    places = [box[axis] for box in layout.boxes]
    assert places == sorted(places, reverse=direction in ("BT", "RL"))
    assert len({box[1 - axis] for box in layout.boxes}) == 1
    assert all(curve.points[1][1 - axis] == curve.points[2][1 - axis] for [curve] in layout.curves)


def test_a_shortcut_leaves_the_main_way_straight() -> None:
    """The boxes lie below each other, and the shortcut runs straight past them."""
    links = (*chain(6).links, Link(1, 4))
    layout = layout_of(Diagram(boxes=chain(6).boxes, links=links))
    assert len({round(box.x, 3) for box in layout.boxes}) == 1
    bends = {point.x for curve in layout.curves[1] if not curve.has_head for point in curve.points}
    beside = {x for x in bends if x > layout.boxes[0].x + layout.boxes[0].width}
    assert len(beside) == 1


def test_branches_lie_evenly_below_what_they_share() -> None:
    """A shorter branch counts like the others: what joins them lies in their middle."""
    # 0 to 1, 2, 3; the first goes on to 4, as do 5 and 6 after the others.
    links = [(0, 1), (0, 2), (0, 3), (2, 4), (3, 5), (1, 6), (4, 6), (5, 6)]
    boxes = tuple(Box(title=Line(str(number))) for number in range(7))
    layout = layout_of(Diagram(boxes=boxes, links=tuple(Link(*pair) for pair in links)))
    middles = [box.x + box.width / 2 for box in layout.boxes]
    assert middles[0] == pytest.approx(sum(middles[1:4]) / 3)
    assert middles[6] == pytest.approx(middles[0])
    assert middles[4] == pytest.approx(middles[2])


def test_a_late_input_lies_just_before_what_reads_it() -> None:
    """Not at the top, with a line past everything."""
    links = (Link(0, 2), Link(2, 3), Link(3, 4), Link(1, 4))
    layout = layout_of(Diagram(boxes=chain(5).boxes, links=links))
    assert layout.boxes[1].y == layout.boxes[3].y


def test_crossings_are_avoided() -> None:
    """Where another order has none."""
    # Two chains, the second begun on the left of the first.
    graph = ranked(6, [Link(0, 3), Link(1, 2), Link(2, 5), Link(3, 4)])
    first, second, third = ordered(graph)
    assert [[0, 1].index(node) for node in first] == [[3, 2].index(node) for node in second]
    assert [[3, 2].index(node) for node in second] == [[4, 5].index(node) for node in third]


@pytest.mark.parametrize(
    ("targets", "weights", "wanted"),
    [
        ([3.0, 1.0], [1.0, 1.0], [2.0, 2.0]),
        ([3.0, 1.0], [3.0, 1.0], [2.5, 2.5]),
        ([1.0, 2.0, 3.0], [1.0, 1.0, 1.0], [1.0, 2.0, 3.0]),
        ([3.0, 2.0, 1.0, 9.0], [1.0, 1.0, 1.0, 1.0], [2.0, 2.0, 2.0, 9.0]),
        ([], [], []),
    ],
)
def test_rising_values_are_the_nearest_ones(
    targets: list[float], weights: list[float], wanted: list[float]
) -> None:
    """By hand: values that would fall share their weighted mean."""
    assert rising(targets, weights) == wanted


@pytest.mark.parametrize(
    ("diagram", "seconds"),
    [(chain(1000), 1.0), (all_to_all(60), 1.0), (all_to_all(200), 10.0)],
    ids=["chain", "all-to-all", "more-than-anybody-draws"],
)
def test_a_layout_is_quick(diagram: Diagram, seconds: float) -> None:
    """Also of a thousand boxes, or of two thousand links."""
    begun = time.perf_counter()
    layout_of(diagram)
    assert time.perf_counter() - begun < seconds


def test_nothing_is_a_page_without_boxes() -> None:
    """An empty diagram has a layout too."""
    assert layout_of(Diagram(boxes=())).boxes == ()
