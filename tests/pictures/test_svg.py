"""The SVG itself: whole, safe, and with text that fits its boxes."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from random_graphs import chain

from convdispatch.pictures.diagram import DIRECTIONS, Box, Diagram, Line, Link
from convdispatch.pictures.lettering import cut, width_of
from convdispatch.pictures.svg import FAMILIES, drawn

SVG = "{http://www.w3.org/2000/svg}"
EVIL = '</text><script>alert("x")</script>&\x00\x1b[31m\u202e\n'


def parsed(diagram: Diagram) -> ET.Element:
    """Return the picture's root; what is no XML raises."""
    return ET.fromstring(drawn(diagram))


def texts(root: ET.Element) -> list[str]:
    """Return the lines of text."""
    return [one.text or "" for one in root.iter(f"{SVG}text")]


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_picture_has_what_the_diagram_has(direction: str) -> None:
    """A rectangle for each box, an arrow head for each link, and the words."""
    diagram = Diagram(boxes=chain(4).boxes, links=chain(4).links, direction=direction)
    root = parsed(diagram)
    assert texts(root) == ["box0", "box1", "box2", "box3"]
    assert len(list(root.iter(f"{SVG}rect"))) == 4
    heads = [one for one in root.iter(f"{SVG}path") if one.get("class") == "head"]
    assert sum(one.get("d", "").count("Z") for one in heads) == 3


def test_other_people_s_text_is_text() -> None:
    """Markup, quotes and invisible characters in a name, a tooltip or a description."""
    box = Box(title=Line(EVIL, EVIL), lines=(Line(EVIL),), about=EVIL)
    root = parsed(Diagram(boxes=(box,), about=EVIL))
    shown = r'</text><script>alert("x")</script>&\x00\x1b[31m\u202e'
    assert root.get("aria-label") == shown
    assert [one.text for one in root.iter(f"{SVG}title")] == [shown]
    assert not list(root.iter(f"{SVG}script"))
    assert all(shown.startswith(text.rstrip("…")) for text in texts(root))


def test_text_stays_in_its_box() -> None:
    """By the widths of a wide font; a long line is cut, and its right part moves down."""
    wide = Box(title=Line("m" * 60, "Kind"), lines=(Line("(None, 4)", "float32"),))
    root = parsed(Diagram(boxes=(wide, Box(title=Line("short", "W" * 60)))))
    for group in root.iter(f"{SVG}g"):
        box = group.find(f"{SVG}rect")
        assert box is not None
        left, width = float(box.get("x", 0)), float(box.get("width", 0))
        for text in group.iter(f"{SVG}text"):
            is_title = text.get("class") == "title"
            size = width_of(text.text or "", 13 if is_title else 12, is_bold=is_title)
            start = float(text.get("x", 0)) - (size if text.get("text-anchor") else 0)
            assert left < start
            assert start + size < left + width
    assert texts(root)[1:4] == ["(None, 4)", "Kind", "float32"]


def test_text_on_one_line_does_not_meet() -> None:
    """What does not fit beside other text is on a line of its own."""
    title = Line("batch_normalization_10", "BatchNormalization")
    root = parsed(Diagram(boxes=(Box(title=title, lines=(Line("(None, 4)", "float32"),)),)))
    lines: dict[str, list[str]] = {}
    for text in root.iter(f"{SVG}text"):
        lines.setdefault(text.get("y", ""), []).append(text.text or "")
    assert list(lines.values()) == [
        ["batch_normalization_10"],
        ["(None, 4)", "BatchNormalization"],
        ["float32"],
    ]


def test_a_pile_has_a_second_edge() -> None:
    """What has more inside."""
    one, two = (
        parsed(Diagram(boxes=(Box(title=Line("x"), is_pile=pile),))) for pile in (False, True)
    )
    assert len(list(two.iter(f"{SVG}rect"))) == len(list(one.iter(f"{SVG}rect"))) + 1


def test_every_family_has_a_colour_of_its_own() -> None:
    """That is on the box's left."""
    assert len(set(FAMILIES.values())) == len(FAMILIES) > 10
    picture = drawn(Diagram(boxes=(Box(title=Line("x"), family="dense"),)))
    assert FAMILIES["dense"] in picture


def test_a_picture_is_readable_on_light_and_on_dark() -> None:
    """Its own colours, and others where the viewer prefers dark; nothing comes from elsewhere."""
    picture = drawn(chain(2))
    assert "prefers-color-scheme:dark" in picture
    assert "http" not in picture.replace("http://www.w3.org/2000/svg", "")


def test_an_empty_diagram_is_a_picture() -> None:
    """Without anything on it."""
    assert texts(parsed(Diagram(boxes=(), links=()))) == []


def test_cut_text_says_so() -> None:
    """By an ellipsis, which fits too."""
    assert cut("abc", 100, 12) == "abc"
    short = cut("abcdefghij" * 5, 100, 12)
    assert short.endswith("…")
    assert width_of(short, 12) <= 100 < width_of(short[:-1] + "abc…", 12)


def test_two_links_between_the_same_boxes_are_two_lines() -> None:
    """Each arrives at a place of its own."""
    root = parsed(Diagram(boxes=chain(2).boxes, links=(Link(0, 1), Link(0, 1))))
    [head] = [one.get("d", "") for one in root.iter(f"{SVG}path") if one.get("class") == "head"]
    tips = {part.split("L")[0] for part in head.split("Z") if part}
    assert len(tips) == 2
