"""Random diagrams for tests of drawings: boxes of random sizes, links forward only."""

from __future__ import annotations

from hypothesis import strategies as st

from convdispatch.pictures.diagram import DIRECTIONS, Box, Diagram, Line, Link


@st.composite
def diagrams(draw: st.DrawFn) -> Diagram:
    """Return a diagram of up to a dozen boxes, each with up to two outputs."""
    count = draw(st.integers(1, 12))
    lines = draw(st.lists(st.integers(0, 3), min_size=count, max_size=count))
    pairs = [(source, target) for target in range(count) for source in range(target)]
    chosen = draw(st.lists(st.sampled_from(pairs), max_size=20)) if pairs else []
    outputs = draw(st.lists(st.integers(0, 1), min_size=len(chosen), max_size=len(chosen)))
    return Diagram(
        boxes=tuple(
            Box(title=Line(f"box{number}", "Kind"), lines=(Line("text"),) * own)
            for number, own in enumerate(lines)
        ),
        links=tuple(
            Link(source, target, output)
            for (source, target), output in zip(chosen, outputs, strict=True)
        ),
        direction=draw(st.sampled_from(DIRECTIONS)),
    )


def chain(count: int) -> Diagram:
    """Return boxes in a row, each linked to the next one."""
    return Diagram(
        boxes=tuple(Box(title=Line(f"box{number}")) for number in range(count)),
        links=tuple(Link(number, number + 1) for number in range(count - 1)),
    )


def all_to_all(count: int) -> Diagram:
    """Return boxes of which each is linked to every later one."""
    links = (Link(a, b) for b in range(count) for a in range(b))
    return Diagram(boxes=chain(count).boxes, links=tuple(links))
