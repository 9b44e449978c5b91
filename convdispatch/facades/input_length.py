"""`input_dim` and `input_length`, by which Keras 1 and 2 announce a layer's input."""

from __future__ import annotations

from typing import Any

from convdispatch import layers
from convdispatch.engine.arguments import as_int
from convdispatch.errors import InvalidArgument


class InputByLength(layers.Layer):
    """A layer of sequences that may be told its input's channels, and its steps beside them."""

    def __init__(
        self, *, input_dim: int | None = None, input_length: int | None = None, **options: Any
    ) -> None:
        self.input_dim = None if input_dim is None else as_int(input_dim, "input_dim")
        self.input_length = None if input_length is None else as_int(input_length, "input_length")
        if self.input_dim is not None:
            options["input_shape"] = (self.input_length, self.input_dim)
        elif self.input_length is not None:
            raise InvalidArgument("`input_length` needs `input_dim` beside it; received none.")
        super().__init__(**options)


class InputByWidth(layers.Layer):
    """A layer of rows of numbers that may be told how many there are."""

    def __init__(self, *, input_dim: int | None = None, **options: Any) -> None:
        self.input_dim = None if input_dim is None else as_int(input_dim, "input_dim")
        if self.input_dim is not None:
            options["input_shape"] = (self.input_dim,)
        super().__init__(**options)
