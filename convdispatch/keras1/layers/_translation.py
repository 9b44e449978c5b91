"""What every layer of Keras 1 translates: its names, its orderings, its kernels' axes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeAlias

from convdispatch import layers
from convdispatch.engine import layer_options
from convdispatch.engine.arguments import as_choice, as_int
from convdispatch.engine.declarations import Layout, Weight
from convdispatch.formulas import initializers
from convdispatch.formulas.vocabulary import KERAS1
from convdispatch.ops import NumpyArray
from convdispatch.types import DataFormat

DATA_FORMATS: Mapping[str, DataFormat | None] = {
    "th": "channels_first",
    "tf": "channels_last",
    "default": None,
}
DIM_ORDERINGS: dict[str, str] = {word: ordering for ordering, word in DATA_FORMATS.items() if word}

Spelling: TypeAlias = dict[str, str | tuple[str, ...] | None]
Layouts: TypeAlias = dict[str, dict[str, Layout]]

CONVOLUTION_SPELLING: Spelling = {
    "filters": "nb_filter",
    "kernel_size": ("nb_row", "nb_col"),
    "strides": "subsample",
    "padding": "border_mode",
    "data_format": "dim_ordering",
    "use_bias": "bias",
    "kernel_initializer": "init",
    "kernel_regularizer": "W_regularizer",
    "kernel_constraint": "W_constraint",
    "bias_regularizer": "b_regularizer",
    "bias_constraint": "b_constraint",
    "bias_initializer": None,
    "dilation_rate": None,
    "groups": None,
}


class Keras1Layer(layers.Layer):
    """What makes a layer one of Keras 1's."""

    vocabulary = KERAS1
    door = "convdispatch.keras1.layers"
    # Per dim_ordering and weight, where Keras 1 stores the axes in another order than Keras 2.
    layouts: ClassVar[Layouts] = {}
    data_format: str

    def __new__(cls, *arguments: Any, **keywords: Any) -> Self:
        """Refuse names that are not Keras 1's before the constructor would translate them twice."""
        if layer_options.is_constructed_here(cls):
            layer_options.require_own_keywords(cls, keywords)
        return super().__new__(cls)

    if not TYPE_CHECKING:  # type checkers know no words of Keras 1

        def __getattr__(self, name: str) -> Any:
            """Return an argument by Keras 1's name of it, where no attribute has that name."""
            for argument, spelled in self.spelling.items():
                if name == spelled:
                    return getattr(self, argument)
                if isinstance(spelled, tuple) and name in spelled:
                    return getattr(self, argument)[spelled.index(name)]
            raise AttributeError(
                f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self
            )

    @classmethod
    def _stem(cls) -> str:
        # Keras 1 put no underscores: zeropadding2d_1, not zero_padding2d_1.
        return cls.__name__.lower()

    @property
    def dim_ordering(self) -> str:
        """Keras 1's word for the data format: 'th' or 'tf'."""
        return DIM_ORDERINGS[self.data_format]

    def in_own_words(self, argument: str, value: object) -> object:
        """Return a value of this package's argument as users of Keras 1 write it."""
        if argument == "data_format" and isinstance(value, str):
            return DIM_ORDERINGS.get(value.lower(), value)
        return value

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments under Keras 1's names."""
        config: dict[str, Any] = {}
        for argument, value in super().get_config().items():
            spelled = self.spelling.get(argument, argument)
            if isinstance(spelled, tuple):
                config.update(zip(spelled, value, strict=True))
            elif argument == "data_format" and spelled is not None:
                config[spelled] = self.dim_ordering
            elif spelled is not None:
                config[spelled] = value
        return config

    def _layout(self, weight: str) -> Layout | None:
        return self.layouts.get(self.dim_ordering, {}).get(weight)

    def _draw(self, weight: Weight) -> NumpyArray:
        return initializers.draw(
            weight.initializer, weight.public_shape, dim_ordering=self._fans_ordering
        )

    @property
    def _fans_ordering(self) -> str:
        """The dim_ordering by which Keras 1 reads a kernel's fans."""
        return self.dim_ordering


def kernel_size(**sizes: object) -> tuple[int, ...]:
    """Return the sizes that Keras 1 takes one by one, each checked under its own name."""
    return tuple(as_int(size, argument) for argument, size in sizes.items())


def data_format(dim_ordering: object) -> DataFormat | None:
    """Return Keras 2's word for a dim_ordering; None for 'default', the configured one."""
    return DATA_FORMATS[as_choice(dim_ordering, tuple(DATA_FORMATS), "dim_ordering")]
