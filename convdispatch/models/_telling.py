"""What a model tells a person about itself: a table of its layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from convdispatch.models._keras_summary import keras_lines
from convdispatch.models._summary import summary_lines
from convdispatch.training import Trainable


class Telling(Trainable):
    """A model that can be printed."""

    def summary(self, print_fn: Callable[[str], None] | None = None) -> None:
        """Print the layers with their output shapes, parameter counts and, in a graph, inputs."""
        write = print_fn or print
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
        write = print_fn or print
        assert self.dialect.summary is not None
        for line in keras_lines(
            self, self.dialect.summary, line_length=line_length, positions=positions
        ):
            write(line)
