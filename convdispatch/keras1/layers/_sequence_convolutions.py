"""Keras 1's convolutions of sequences, plain and atrous (dilated)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Unpack

from convdispatch import layers
from convdispatch.engine.arguments import as_int
from convdispatch.engine.constructor_signature import OptionsBesideWeights
from convdispatch.engine.declarations import Layout
from convdispatch.keras1.layers._translation import (
    CONVOLUTION_SPELLING,
    Keras1Layer,
    Layouts,
    Spelling,
    kernel_size,
)
from convdispatch.types import (
    ActivationLike,
    ConstraintLike,
    InitializerLike,
    Padding,
    RegularizerLike,
)

_INSERTED_AXIS = Layout(axes=(0, 1, 2, 3), dropped_axis=1)


class AtrousConvolution1D(Keras1Layer, layers.Conv1D):
    """Convolve sequences with a dilated kernel.

        input   (batch, steps, channels)
        output  (batch, new steps, nb_filter)
        kernel  (filter_length, 1, channels, nb_filter)
        bias    (nb_filter,)

    'valid', 'same' and 'full' give the sizes of `convdispatch.layers.Conv1D`.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank, for channels that the layer was not built for,
    and for fewer cells than the kernel reaches over; `InvalidType` for integers and for a tensor
    of another framework.

    Source: Keras 1.2.2 `AtrousConvolution1D`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import AtrousConvolution1D
    >>> layer = AtrousConvolution1D(1, 2, atrous_rate=2, bias=False,
    ...                             weights=[np.array([1.0, 10]).reshape(2, 1, 1, 1)])
    >>> layer(np.array([1.0, 2, 3, 4]).reshape(1, 4, 1)).ravel()
    array([31., 42.])
    """

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
        init: InitializerLike = "glorot_uniform",
        activation: ActivationLike = None,
        weights: Sequence[Any] | None = None,
        border_mode: Padding = "valid",
        subsample_length: int = 1,
        atrous_rate: int = 1,
        W_regularizer: RegularizerLike = None,
        b_regularizer: RegularizerLike = None,
        activity_regularizer: RegularizerLike = None,
        W_constraint: ConstraintLike = None,
        b_constraint: ConstraintLike = None,
        bias: bool = True,
        input_dim: int | None = None,
        input_length: int | None = None,
        **options: Unpack[OptionsBesideWeights],
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
    """Convolve sequences: a kernel slides over the steps.

        input   (batch, steps, channels)
        output  (batch, new steps, nb_filter)
        kernel  (filter_length, 1, channels, nb_filter)
        bias    (nb_filter,)

    'valid', 'same' and 'full' give the sizes of `convdispatch.layers.Conv1D`.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank, for channels that the layer was not built for,
    and for fewer cells than the kernel reaches over; `InvalidType` for integers and for a tensor
    of another framework.

    Source: Keras 1.2.2 `Convolution1D`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import Convolution1D
    >>> layer = Convolution1D(1, 2, bias=False, weights=[np.array([1.0, 10]).reshape(2, 1, 1, 1)])
    >>> layer(np.array([1.0, 2, 3]).reshape(1, 3, 1)).ravel()
    array([21., 32.])
    """

    spelling: ClassVar[Spelling] = {**AtrousConvolution1D.spelling, "dilation_rate": None}

    def __init__(
        self,
        nb_filter: int,
        filter_length: int,
        init: InitializerLike = "glorot_uniform",
        activation: ActivationLike = None,
        weights: Sequence[Any] | None = None,
        border_mode: Padding = "valid",
        subsample_length: int = 1,
        W_regularizer: RegularizerLike = None,
        b_regularizer: RegularizerLike = None,
        activity_regularizer: RegularizerLike = None,
        W_constraint: ConstraintLike = None,
        b_constraint: ConstraintLike = None,
        bias: bool = True,
        input_dim: int | None = None,
        input_length: int | None = None,
        **options: Unpack[OptionsBesideWeights],
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
