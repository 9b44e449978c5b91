"""What a model shows a person: a table of its layers, and a picture of its graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from convdispatch import pictures
from convdispatch.engine.pictured import counted, window_of
from convdispatch.errors import InvalidType
from convdispatch.formulas.keywords import names_keywords
from convdispatch.models._calls import all_nested_in
from convdispatch.models._diagrams import diagram_of
from convdispatch.models._keras_summary import keras_lines
from convdispatch.models._summary import summary_lines
from convdispatch.models._summary_rows import weights_of
from convdispatch.training import Trainable

_WITH_WINDOW = ("convolution", "pooling", "shaping")  # families of layers
_MOST_WINDOWS = 40  # in a notebook's cell


class Telling(Trainable):
    """A model that can be printed and drawn."""

    family: ClassVar[str] = "model"  # as of layers: what a picture has a colour for

    @property
    def class_name(self) -> str:
        """The name of the class in documents and pictures."""
        return type(self).__name__

    @property
    def kind_shown(self) -> str:
        """The class, as a picture shows it."""
        return self.class_name

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the picture, and those of nested models."""
        parts = [
            pictures.folded(f"{one.kind_shown} {one.name}", pictures.drawn(diagram_of(one)))
            for one in all_nested_in(self)
        ]
        parts += _windows(self)
        return pictures.page_of(
            f"{self.kind_shown} {self.name}",
            f"on {self.backend}: {_facts(self)}",
            pictures.drawn(diagram_of(self)),
            parts=parts,
        )

    @names_keywords
    def summary(self, print_fn: Callable[[str], None] | None = None) -> None:
        """Print the layers with their output shapes, parameter counts and, in a graph, inputs."""
        write = _printing(print_fn)
        for line in summary_lines(self):
            write(line)

    def _keras_summary(
        self,
        line_length: Any = None,
        positions: Any = None,
        print_fn: Callable[[str], None] | None = None,
    ) -> None:
        """Print the layers as this Keras does.

        line_length: the width of the lines; None takes this Keras's.
        positions: where each column ends, as shares of the width or in characters.
        """
        write = _printing(print_fn)
        assert self.dialect.summary is not None
        for line in keras_lines(
            self, self.dialect.summary, line_length=line_length, positions=positions
        ):
            write(line)


def _windows(model: Any) -> list[str]:
    """Return the picture of what each layer's window does, folded: those of the first layers."""
    parts: list[str] = []
    for layer in model.layers:
        if layer.family not in _WITH_WINDOW or len(parts) == _MOST_WINDOWS:
            continue
        picture = window_of(layer)
        if picture is not None:
            parts.append(pictures.folded(f"What {layer.name} reads", picture))
    return parts


def _printing(print_fn: Any) -> Callable[[str], None]:
    """Return the function that prints a line."""
    if print_fn is not None and not callable(print_fn):
        raise InvalidType(
            f"`print_fn` must be a function of a line, such as `print`; received {print_fn!r}."
        )
    return print_fn or print


def _facts(model: Any) -> str:
    layers = counted(len(model.layers), "layer")
    if not model.built:
        return f"{layers}, not built yet"
    trained, frozen = weights_of(model)
    rest = f", {frozen:,} of them not trainable" if frozen else ""
    return f"{layers}, {counted(trained + frozen, 'parameter')}{rest}"
