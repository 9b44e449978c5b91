"""A model as a diagram: a box for each call of a layer, a link for each tensor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from convdispatch.engine.pictured import ALL_DETAILS, Details, box_of, tensor_box
from convdispatch.engine.specs import Spec
from convdispatch.models._calls import Calls, calls_of
from convdispatch.pictures.diagram import Box, Diagram, Link


class Style(Protocol):
    """How boxes look."""

    def of_call(
        self, layer: Any, inputs: Sequence[Spec], outputs: Sequence[Spec], notes: Sequence[str]
    ) -> Box:
        """Return the box of one call of a layer, without tensors while shapes are not known."""

    def of_input(self, model: Any, spec: Spec) -> Box | None:
        """Return the box of what a stack without an input layer is given, None for none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnStyle:
    """Boxes with the names, the shapes and the element types that details ask for."""

    details: Details = ALL_DETAILS

    def of_call(
        self, layer: Any, inputs: Sequence[Spec], outputs: Sequence[Spec], notes: Sequence[str]
    ) -> Box:
        """Return the box of one call of a layer."""
        return box_of(layer, inputs, outputs, details=self.details, notes=notes)

    def of_input(self, model: Any, spec: Spec) -> Box | None:
        """Return the box of what a stack is given."""
        return tensor_box("input", spec, details=self.details)


OWN = OwnStyle()


def diagram_of(model: Any, *, style: Style = OWN, direction: str = "TB") -> Diagram:
    """Return the diagram of a model; without tensors where its input shape is not known yet."""
    about = f"{type(model).__name__} {model.name}"
    if not model.built:
        boxes: Sequence[Box] = [style.of_call(one, (), (), ()) for one in model.layers]
        links = [Link(number, number + 1) for number in range(len(boxes) - 1)]
    else:
        boxes, links = _of_calls(model, calls_of(model), style)
    return Diagram(boxes=tuple(boxes), links=tuple(links), direction=direction, about=about)


def _of_calls(model: Any, calls: Calls, style: Style) -> tuple[list[Box], list[Link]]:
    boxes: list[Box] = []
    links: list[Link] = []
    places: list[tuple[int, int] | None] = []  # of each tensor: its box, and which output it is
    for origin, spec in zip(calls.origins, calls.inputs, strict=False):
        box = None
        if origin.layer is not None:
            box = style.of_call(origin.layer, (), [spec], ())
        elif not calls.calls[0].layer.is_input:  # which has a box of its own
            box = style.of_input(model, spec)
        places.append(None if box is None else (len(boxes), 0))
        boxes += [] if box is None else [box]
    for called, notes in zip(calls.calls, _notes(calls), strict=True):
        target = len(boxes)
        read = [places[number] for number in called.reads]
        links += [Link(one[0], target, one[1]) for one in read if one is not None]
        places += [(target, output) for output in range(len(called.outputs))]
        boxes.append(style.of_call(called.layer, called.inputs, called.outputs, notes))
    return boxes, links


def _notes(calls: Calls) -> list[list[str]]:
    """Return what else there is to say about each call."""
    total = Counter(id(one.layer) for one in calls.calls)
    seen: Counter[int] = Counter()
    number = len(calls.inputs)  # of the tensor that the call writes first
    notes = []
    for called in calls.calls:
        layer, own = id(called.layer), []
        seen[layer] += 1
        if total[layer] > 1:
            own.append(f"shared, call {seen[layer]} of {total[layer]}")
        written = range(number, number + len(called.outputs))
        number += len(called.outputs)
        if len(calls.outputs) > 1:
            own += [
                f"output {place} of {len(calls.outputs)}"
                for place, one in enumerate(calls.outputs, 1)
                if one in written
            ]
        notes.append(own)
    return notes
