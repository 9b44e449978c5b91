"""Models as images in files: an SVG of our own, or any format of Graphviz."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from convdispatch.engine.arguments import as_bool
from convdispatch.engine.layer import Layer
from convdispatch.engine.pictured import Details
from convdispatch.engine.specs import Spec
from convdispatch.errors import InvalidArgument, InvalidType
from convdispatch.models._diagrams import OwnStyle, Style, diagram_of
from convdispatch.models._keras_summary import input_of_stack
from convdispatch.models._telling import Telling
from convdispatch.pictures.diagram import DIRECTIONS, Box, Diagram, Line
from convdispatch.pictures.dot import NoGraphvizError, dot_source, rendered
from convdispatch.pictures.svg import drawn
from convdispatch.support.files import write_bytes_atomically
from convdispatch.support.warnings import warn

_SOURCES = ("dot", "gv", "raw")  # Graphviz's language itself


def plot_model(
    model: Any,
    to_file: str | os.PathLike[str] = "model.svg",
    show_shapes: bool = True,
    show_layer_names: bool = True,
    rankdir: str = "TB",
    *,
    show_dtype: bool = True,
) -> None:
    """Write a picture of a model's graph to a file, as a whole or not at all.

    A layer that is called several times, or a nested model, has a box for each call.

    to_file: with '.svg' the picture is our own and needs no other program; with '.dot' it is in
        Graphviz's language; Graphviz makes every other format, such as '.png' or '.pdf'.
    rankdir: where the arrows point: 'TB' down, 'BT' up, 'LR' to the right, 'RL' to the left.

    Raises `ProgramError` where Graphviz is needed and is not installed or fails.

    >>> from convdispatch import Sequential, layers, plot_model
    >>> model = Sequential([layers.Dense(3, input_shape=(4,)), layers.Dense(1)])
    >>> plot_model(model, "model.svg")  # doctest: +SKIP
    """
    details = Details(
        names=as_bool(show_layer_names, "show_layer_names"),
        shapes=as_bool(show_shapes, "show_shapes"),
        dtypes=as_bool(show_dtype, "show_dtype"),
    )
    write(plotted(model, OwnStyle(details=details), rankdir), to_file)


def plotted(model: Any, style: Style, rankdir: Any) -> Diagram:
    """Return the diagram of a model with checked arguments."""
    if rankdir not in DIRECTIONS:
        allowed = ", ".join(map(repr, DIRECTIONS))
        kind = InvalidArgument if isinstance(rankdir, str) else InvalidType
        raise kind(f"`rankdir` must be one of {allowed}; received {rankdir!r}.")
    if not isinstance(model, Telling):
        raise InvalidType(
            f"`model` must be a Sequential or a Model; received {type(model).__name__}."
        )
    return diagram_of(model, style=style, direction=rankdir)


def write(diagram: Diagram, to_file: str | os.PathLike[str]) -> None:
    """Write a diagram to a file in the format of its name's ending, in PNG without one."""
    if not isinstance(to_file, str | os.PathLike):
        raise InvalidType(f"`to_file` must be the name of a file; received {to_file!r}.")
    path = Path(to_file)
    write_bytes_atomically(path, image(diagram, path.suffix[1:] or "png"))


def write_somehow(diagram: Diagram, to_file: str | os.PathLike[str]) -> None:
    """Write a diagram as `write` does; where Graphviz is missing, as SVG beside, with a warning.

    An old script goes on without its picture, which it made for people.
    """
    try:
        write(diagram, to_file)
    except NoGraphvizError as exc:
        beside = Path(to_file).with_suffix(".svg")
        write(diagram, beside)
        warn(f"{exc} Wrote {str(beside)!r} instead.")


def image(diagram: Diagram, form: str) -> bytes:
    """Return a diagram in a format: our own SVG, Graphviz's language, or what Graphviz makes."""
    form = form.lower()
    if form == "svg":
        return drawn(diagram).encode("utf-8")
    source = dot_source(diagram)
    return source.encode("utf-8") if form in _SOURCES else rendered(source, form)


@dataclass(frozen=True, slots=True, kw_only=True)
class KerasStyle:
    """Boxes as Keras 1 and 2 draw them: name and class, the shapes of what is read and returned.

    names_inputs: whether a stack has the box of an input layer.
    """

    shapes: bool
    names: bool
    names_inputs: bool

    def of_call(
        self, layer: Any, inputs: Sequence[Spec], outputs: Sequence[Spec], notes: Sequence[str]
    ) -> Box:
        """Return the box of one call of a layer."""
        inner = getattr(layer, "layer", None)
        name, kind = layer.name, type(layer).__name__
        if isinstance(inner, Layer):  # of a wrapper
            name, kind = f"{name}({inner.name})", f"{kind}({type(inner).__name__})"
        box = self._box(name, kind, inputs or outputs, outputs, str(layer.family))
        return replace(box, is_pile=not isinstance(layer, Layer))

    def of_input(self, model: Any, spec: Spec) -> Box | None:
        """Return the box of an input layer where this Keras has one."""
        if not self.names_inputs:
            return None
        name = input_of_stack(model, model.layers[0])
        return self._box(name, "InputLayer", [spec], [spec], "input")

    def _box(
        self, name: str, kind: str, inputs: Sequence[Spec], outputs: Sequence[Spec], family: str
    ) -> Box:
        lines = (Line(f"input: {_shapes(inputs)}"), Line(f"output: {_shapes(outputs)}"))
        return Box(
            title=Line(name, kind) if self.names else Line(kind),
            lines=lines if self.shapes and outputs else (),
            family=family,
            about=f"{name}: {kind}",
        )


def _shapes(specs: Sequence[Spec]) -> str:
    shapes = [spec.shape for spec in specs]
    return str(shapes[0] if len(shapes) == 1 else shapes)


class Dot:
    """The diagram of a model in place of pydot's object, which Keras's `model_to_dot` returns.

    It needs no pydot. SVG is drawn here; Graphviz makes other images.
    """

    def __init__(self, diagram: Diagram) -> None:
        self._diagram = diagram

    def to_string(self) -> str:
        """Return the diagram in Graphviz's language."""
        return dot_source(self._diagram)

    def create(self, prog: Any = None, format: str = "ps") -> bytes:  # noqa: A002 # pydot's name
        """Return the image in that format; `prog` has no effect."""
        return image(self._diagram, format)

    def write(self, path: Any, prog: Any = None, format: str = "raw") -> bool:  # noqa: A002
        """Write the image to a file, as a whole or not at all; `prog` has no effect."""
        write_bytes_atomically(Path(path), image(self._diagram, format))
        return True

    def _repr_svg_(self) -> str:
        """Return what a notebook shows."""
        return drawn(self._diagram)


def keras_diagram(model: Any, show_shapes: Any, show_layer_names: Any, rankdir: Any) -> Diagram:
    """Return the diagram of a façade's model as its Keras draws it."""
    own = getattr(getattr(model, "dialect", None), "summary", None)
    style = KerasStyle(
        shapes=as_bool(show_shapes, "show_shapes"),
        names=as_bool(show_layer_names, "show_layer_names"),
        names_inputs=own is not None and own.has_inputs_of_stacks,
    )
    return plotted(model, style, rankdir)
