"""Every public layer class as data: its signature, and a value other than the default for each.

A new class or argument needs a value here before the tests of configurations pass.
"""

from __future__ import annotations

import importlib
import inspect
from dataclasses import dataclass
from typing import Any

import numpy as np

from convdispatch import layers
from convdispatch.doors.not_offered import OWN_LAYERS
from convdispatch.engine.layer_options import LAYER_OPTIONS
from convdispatch.layers import Layer
from convdispatch.ops import INTEGER_DTYPES

CHANNELS = 4
SIZES = (9, 8, 7)

# What a class's user may write for an argument, one entry a spatial axis where it says AXES.
AXES: dict[str, tuple[Any, ...]] = {
    "kernel_size": (2, 3, 2),
    "strides": (2, 1, 2),
    "subsample": (2, 1, 2),
    "dilation_rate": (2, 3, 2),
    "atrous_rate": (2, 3, 2),
    "output_padding": (1, 0, 1),
    "output_size": (17, 8, 13),
    "size": (3, 2, 3),
    "cropping": ((1, 2), (2, 1), (0, 3)),
    "pool_size": (3, 2, 3),
}
VALUES: dict[str, Any] = {
    "filters": 8,
    "nb_filter": 8,
    "filter_length": 2,
    "nb_row": 2,
    "nb_col": 3,
    "kernel_dim1": 2,
    "kernel_dim2": 3,
    "kernel_dim3": 2,
    "length": 3,
    "subsample_length": 2,
    "border_mode": "same",
    "data_format": "channels_first",
    "dim_ordering": "th",
    "interpolation": "bilinear",
    "activation": "tanh",
    "use_bias": False,
    "bias": False,
    "groups": 2,
    "depth_multiplier": 2,
    "output_shape": (None, 8, 17, 8),  # fits in either order
    "input_dim": CHANNELS,
    "input_length": SIZES[0],
    "init": "he_uniform",
    "kernel_initializer": "he_uniform",
    "bias_initializer": "ones",
    "depthwise_initializer": "he_uniform",
    "pointwise_initializer": "he_normal",
    "kernel_regularizer": "l2",
    "W_regularizer": "l2",
    "depthwise_regularizer": "l1",
    "pointwise_regularizer": "l2",
    "bias_regularizer": "l1",
    "b_regularizer": "l1",
    "activity_regularizer": "l1",
    "kernel_constraint": "nonneg",
    "W_constraint": "nonneg",
    "depthwise_constraint": "nonneg",
    "pointwise_constraint": "unitnorm",
    "bias_constraint": "maxnorm",
    "b_constraint": "maxnorm",
    "axis": 1,
    "momentum": 0.5,
    "epsilon": 0.01,
    "mode": 2,
    "center": False,
    "scale": False,
    "beta_initializer": "ones",
    "gamma_initializer": "zeros",
    "beta_init": "one",
    "gamma_init": "zero",
    "moving_mean_initializer": "ones",
    "moving_variance_initializer": "zeros",
    "beta_regularizer": "l1",
    "gamma_regularizer": "l2",
    "beta_constraint": "nonneg",
    "gamma_constraint": "maxnorm",
    "rate": 0.25,
    "p": 0.25,
    "mask_value": 2.5,
    "mask_zero": True,
    "l1": 0.5,
    "l2": 0.25,
    "dropout": 0.25,
    "embeddings_initializer": "he_uniform",
    "embeddings_regularizer": "l1",
    "embeddings_constraint": "nonneg",
    "noise_shape": (None, 1, 1, None),
    "seed": 3,
    "units": 8,
    "output_dim": 8,
    "pool_length": 3,
    "stride": 3,
    "keepdims": True,
    "negative_slope": 0.25,
    "alpha": 0.25,
    "theta": 0.5,
    "max_value": 2.0,
    "threshold": 0.5,
    "alpha_initializer": "ones",
    "alpha_regularizer": "l1",
    "alpha_constraint": "nonneg",
    "shared_axes": (1, 2),
    "stddev": 0.25,
    "sigma": 0.25,
    "target_shape": (6, -1),
    "dims": (2, 3, 1),
    "n": 3,
    "recurrent_activation": "tanh",
    "inner_activation": "tanh",
    "recurrent_initializer": "he_uniform",
    "inner_init": "he_uniform",
    "recurrent_regularizer": "l2",
    "U_regularizer": "l2",
    "recurrent_constraint": "nonneg",
    "unit_forget_bias": False,
    "forget_bias_init": "zero",
    "dropout_W": 0.25,
    "recurrent_dropout": 0.5,
    "dropout_U": 0.5,
    "return_sequences": True,
    "return_state": True,
    "go_backwards": True,
    "unroll": True,
    "zero_output_for_mask": True,
    "reset_after": False,
    "consume_less": "gpu",
    "merge_mode": "sum",
}
# What has no configuration of its own to test: a base, and the inputs of models.
_NOT_TESTED = ("Input", "InputLayer", *OWN_LAYERS)


@dataclass(frozen=True)
class LayerClass:
    """One public class of one façade."""

    door: str  # 'layers', 'keras1' or 'keras2'
    name: str

    def __str__(self) -> str:
        return f"{self.door}.{self.name}"

    @property
    def type(self) -> type[Layer]:
        """The class itself."""
        found: type[Layer] = getattr(module(self.door), self.name)
        return found

    @property
    def rank(self) -> int:
        """The spatial axes of an input: those of images where the class takes any number."""
        return getattr(self.type, "rank", 2)

    @property
    def arguments(self) -> list[str]:
        """The names that the constructor states, `weights` excepted: no configuration has it."""
        every = inspect.signature(self._stating).parameters
        # A state from one batch to the next needs batches of a known size: tests of its own.
        without_choice = {"stateful"}
        if self.name.startswith("LocallyConnected"):
            without_choice |= {"padding", "border_mode"}
        return [name for name in every if name not in (*LAYER_OPTIONS, *without_choice)]

    @property
    def required(self) -> list[str]:
        """The arguments without a default."""
        every = inspect.signature(self._stating).parameters
        return [name for name in self.arguments if every[name].default is inspect.Parameter.empty]

    @property
    def _stating(self) -> type[Layer]:
        """Return the class whose constructor states what a configuration has."""
        row: Any = getattr(self.type, "row", None)
        same: type[Layer] = getattr(layers, self.name, self.type)  # but for what announces an input
        return same if self.door == "keras2" and row.arguments is None else self.type

    @property
    def is_ordered_first(self) -> bool:
        """Whether the values put the channels on axis 1."""
        return bool({"data_format", "dim_ordering"} & set(self.arguments))

    def value(self, argument: str) -> Any:
        """Return a legal value other than the default."""
        rank = self.rank
        if argument == "padding":
            pads = tuple((axis + 1, 2) for axis in range(rank))
            if (self.door, self.name) == ("keras1", "ZeroPadding3D"):
                return (1, 2, 3)
            if (self.door, self.name) == ("keras1", "ZeroPadding2D"):
                return (1, 2, 3, 4)
            is_reshaping = self.name.startswith("ZeroPadding")
            return (pads if rank > 1 else pads[0]) if is_reshaping else "same"
        if argument == "strides" and "Pooling" in self.name:  # by default the window's size
            return (3, 1, 3)[:rank] if rank > 1 else 3
        if argument == "activation" and ("LSTM" in self.name or self.name in ("GRU", "SimpleRNN")):
            return "softsign"
        if argument == "layer":
            inner = "SimpleRNN" if self.name == "Bidirectional" else "Dense"
            return getattr(module(self.door), inner)(8, name="inner", backend="numpy")
        if argument == "backward_layer":
            same = {"go_backwards": True, "name": "back", "backend": "numpy"}
            return module(self.door).SimpleRNN(8, **same)
        if argument == "reset_after" and self.door == "keras2":
            return True
        if argument in AXES:
            values = AXES[argument][:rank]
            return values if rank > 1 else values[0]
        return VALUES[argument]

    def values(self, *, without: tuple[str, ...] = ()) -> dict[str, Any]:
        """Return a value for every argument but those named."""
        return {name: self.value(name) for name in self.arguments if name not in without}

    def shape(self, *, channels_first: bool, batch: int | None = 3) -> tuple[int | None, ...]:
        """Return an input shape."""
        if self.name == "Embedding":  # of rows
            return (batch, SIZES[0])
        sizes = SIZES[: self.rank]
        steps = (3,) if self.name.startswith("ConvLSTM") else ()
        step = (CHANNELS, *sizes) if channels_first else (*sizes, CHANNELS)
        return (batch, *steps, *step)


def numbers(layer: Layer, shape: tuple[int, ...]) -> Any:
    """Return an input for the layer: floats, or integers for which an embedding has rows."""
    random = np.random.default_rng(0)
    if layer.input_dtype in INTEGER_DTYPES:
        return random.integers(0, CHANNELS, shape)
    return random.normal(size=shape).astype("float32")


def module(door: str) -> Any:
    """Return the module from which users import a façade's layers."""
    return importlib.import_module(
        "convdispatch.layers" if door == "layers" else f"convdispatch.{door}.layers"
    )


def classes(*doors: str) -> list[LayerClass]:
    """Return every public class of the façades that takes one input, each by one name."""
    names = {door: [n for n in module(door).__all__ if n not in _NOT_TESTED] for door in doors}
    found = [LayerClass(door, name) for door in doors for name in names[door]]
    layers_alone = [entry for entry in found if isinstance(entry.type, type)]  # not functions
    own = [entry for entry in layers_alone if entry.type.__name__ == entry.name]
    return [entry for entry in own if not entry.type.takes_list]


EVERY_CLASS = classes("layers", "keras1", "keras2")
assert len(EVERY_CLASS) == 64 + 56 + 66, "a class has come or gone"
