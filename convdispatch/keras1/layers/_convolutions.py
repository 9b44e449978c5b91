"""Keras 1's convolutions, plain and atrous (dilated)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from convdispatch import layers
from convdispatch.keras1.layers._translation import (
    CONVOLUTION_SPELLING,
    Keras1Layer,
    Layouts,
    Spelling,
    data_format,
    kernel_size,
)
from convdispatch.layers._arguments import as_int
from convdispatch.layers._weights import Layout
from convdispatch.vocabulary import Identifier

_INSERTED_AXIS = Layout(axes=(0, 1, 2, 3), dropped_axis=1)


class AtrousConvolution1D(Keras1Layer, layers.Conv1D):
    """Keras 1's AtrousConvolution1D: over (batch, steps, features), kernel (length, 1, in, out)."""

    spelling: ClassVar[Spelling] = {
        **CONVOLUTION_SPELLING,
        "kernel_size": ("filter_length",),
        "strides": ("subsample_length",),
        "dilation_rate": ("atrous_rate",),
        "data_format": None,
    }
    paddings = ("valid", "same", "full")
    layouts: ClassVar[Layouts] = {"tf": {"kernel": _INSERTED_AXIS}}

    def __init__(
        self,
        nb_filter: int,
        filter_length: int,
        init: Identifier = "glorot_uniform",
        activation: Identifier = None,
        weights: Sequence[Any] | None = None,
        border_mode: str = "valid",
        subsample_length: int = 1,
        atrous_rate: int = 1,
        W_regularizer: Identifier = None,
        b_regularizer: Identifier = None,
        activity_regularizer: Identifier = None,
        W_constraint: Identifier = None,
        b_constraint: Identifier = None,
        bias: bool = True,
        input_dim: int | None = None,
        input_length: int | None = None,
        **options: Any,
    ) -> None:
        self.input_dim = None if input_dim is None else as_int(input_dim, "input_dim")
        self.input_length = None if input_length is None else as_int(input_length, "input_length")
        if input_dim is not None:
            options["input_shape"] = (self.input_length, self.input_dim)
        super().__init__(
            nb_filter,
            kernel_size(filter_length=filter_length),
            strides=as_int(subsample_length, "subsample_length"),
            padding=border_mode,
            data_format="channels_last",
            dilation_rate=as_int(atrous_rate, "atrous_rate"),
            activation=activation,
            use_bias=bias,
            kernel_initializer=init,
            bias_initializer="zero",
            kernel_regularizer=W_regularizer,
            bias_regularizer=b_regularizer,
            activity_regularizer=activity_regularizer,
            kernel_constraint=W_constraint,
            bias_constraint=b_constraint,
            weights=weights,
            **options,
        )

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments under Keras 1's names."""
        return super().get_config() | {
            "input_dim": self.input_dim,
            "input_length": self.input_length,
        }

    @property
    def _fans_ordering(self) -> str:
        # Keras 1.2.2 reads the (length, 1, in, out) kernel as if it were Theano's.
        return "th"


class Convolution1D(AtrousConvolution1D):
    """Keras 1's Convolution1D: over (batch, steps, features), kernel (length, 1, in, out)."""

    spelling: ClassVar[Spelling] = {**AtrousConvolution1D.spelling, "dilation_rate": None}

    def __init__(
        self,
        nb_filter: int,
        filter_length: int,
        init: Identifier = "glorot_uniform",
        activation: Identifier = None,
        weights: Sequence[Any] | None = None,
        border_mode: str = "valid",
        subsample_length: int = 1,
        W_regularizer: Identifier = None,
        b_regularizer: Identifier = None,
        activity_regularizer: Identifier = None,
        W_constraint: Identifier = None,
        b_constraint: Identifier = None,
        bias: bool = True,
        input_dim: int | None = None,
        input_length: int | None = None,
        **options: Any,
    ) -> None:
        super().__init__(
            nb_filter,
            filter_length,
            init,
            activation,
            weights,
            border_mode,
            subsample_length,
            1,
            W_regularizer,
            b_regularizer,
            activity_regularizer,
            W_constraint,
            b_constraint,
            bias,
            input_dim,
            input_length,
            **options,
        )


class AtrousConvolution2D(Keras1Layer, layers.Conv2D):
    """Keras 1's AtrousConvolution2D; kernel (rows, cols, in, out), 'th': (out, in, rows, cols)."""

    spelling: ClassVar[Spelling] = {**CONVOLUTION_SPELLING, "dilation_rate": "atrous_rate"}
    layouts: ClassVar[Layouts] = {"th": {"kernel": Layout(axes=(2, 3, 1, 0))}}

    def __init__(
        self,
        nb_filter: int,
        nb_row: int,
        nb_col: int,
        init: Identifier = "glorot_uniform",
        activation: Identifier = None,
        weights: Sequence[Any] | None = None,
        border_mode: str = "valid",
        subsample: Sequence[int] = (1, 1),
        atrous_rate: Sequence[int] = (1, 1),
        dim_ordering: str = "default",
        W_regularizer: Identifier = None,
        b_regularizer: Identifier = None,
        activity_regularizer: Identifier = None,
        W_constraint: Identifier = None,
        b_constraint: Identifier = None,
        bias: bool = True,
        **options: Any,
    ) -> None:
        super().__init__(
            nb_filter,
            kernel_size(nb_row=nb_row, nb_col=nb_col),
            strides=subsample,
            padding=border_mode,
            data_format=data_format(dim_ordering),
            dilation_rate=atrous_rate,
            activation=activation,
            use_bias=bias,
            kernel_initializer=init,
            bias_initializer="zero",
            kernel_regularizer=W_regularizer,
            bias_regularizer=b_regularizer,
            activity_regularizer=activity_regularizer,
            kernel_constraint=W_constraint,
            bias_constraint=b_constraint,
            weights=weights,
            **options,
        )


class Convolution2D(AtrousConvolution2D):
    """Keras 1's Convolution2D; kernel (rows, cols, in, out), 'th': (out, in, rows, cols)."""

    spelling = CONVOLUTION_SPELLING

    def __init__(
        self,
        nb_filter: int,
        nb_row: int,
        nb_col: int,
        init: Identifier = "glorot_uniform",
        activation: Identifier = None,
        weights: Sequence[Any] | None = None,
        border_mode: str = "valid",
        subsample: Sequence[int] = (1, 1),
        dim_ordering: str = "default",
        W_regularizer: Identifier = None,
        b_regularizer: Identifier = None,
        activity_regularizer: Identifier = None,
        W_constraint: Identifier = None,
        b_constraint: Identifier = None,
        bias: bool = True,
        **options: Any,
    ) -> None:
        super().__init__(
            nb_filter,
            nb_row,
            nb_col,
            init,
            activation,
            weights,
            border_mode,
            subsample,
            (1, 1),
            dim_ordering,
            W_regularizer,
            b_regularizer,
            activity_regularizer,
            W_constraint,
            b_constraint,
            bias,
            **options,
        )


class Convolution3D(Keras1Layer, layers.Conv3D):
    """Keras 1's Convolution3D; kernel (d1, d2, d3, in, out), 'th': (out, in, d1, d2, d3)."""

    spelling: ClassVar[Spelling] = {
        **CONVOLUTION_SPELLING,
        "kernel_size": ("kernel_dim1", "kernel_dim2", "kernel_dim3"),
    }
    layouts: ClassVar[Layouts] = {"th": {"kernel": Layout(axes=(2, 3, 4, 1, 0))}}

    def __init__(
        self,
        nb_filter: int,
        kernel_dim1: int,
        kernel_dim2: int,
        kernel_dim3: int,
        init: Identifier = "glorot_uniform",
        activation: Identifier = None,
        weights: Sequence[Any] | None = None,
        border_mode: str = "valid",
        subsample: Sequence[int] = (1, 1, 1),
        dim_ordering: str = "default",
        W_regularizer: Identifier = None,
        b_regularizer: Identifier = None,
        activity_regularizer: Identifier = None,
        W_constraint: Identifier = None,
        b_constraint: Identifier = None,
        bias: bool = True,
        **options: Any,
    ) -> None:
        super().__init__(
            nb_filter,
            kernel_size(kernel_dim1=kernel_dim1, kernel_dim2=kernel_dim2, kernel_dim3=kernel_dim3),
            strides=subsample,
            padding=border_mode,
            data_format=data_format(dim_ordering),
            activation=activation,
            use_bias=bias,
            kernel_initializer=init,
            bias_initializer="zero",
            kernel_regularizer=W_regularizer,
            bias_regularizer=b_regularizer,
            activity_regularizer=activity_regularizer,
            kernel_constraint=W_constraint,
            bias_constraint=b_constraint,
            weights=weights,
            **options,
        )
