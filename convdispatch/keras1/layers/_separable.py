"""Keras 1's separable convolution."""

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
from convdispatch.layers._weights import Layout
from convdispatch.vocabulary import Identifier

_THEANO_KERNEL = Layout(axes=(2, 3, 1, 0))


class SeparableConvolution2D(Keras1Layer, layers.SeparableConv2D):
    """Keras 1's SeparableConvolution2D, on every backend.

    Kernels: (rows, cols, in, multiplier) and (1, 1, in * multiplier, out); 'th': (multiplier, in,
    rows, cols) and (out, in * multiplier, 1, 1).
    """

    spelling: ClassVar[Spelling] = {
        **CONVOLUTION_SPELLING,
        "depthwise_initializer": "init",
        "pointwise_initializer": None,
    }
    layouts: ClassVar[Layouts] = {
        "th": {"depthwise_kernel": _THEANO_KERNEL, "pointwise_kernel": _THEANO_KERNEL}
    }

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
        depth_multiplier: int = 1,
        dim_ordering: str = "default",
        depthwise_regularizer: Identifier = None,
        pointwise_regularizer: Identifier = None,
        b_regularizer: Identifier = None,
        activity_regularizer: Identifier = None,
        depthwise_constraint: Identifier = None,
        pointwise_constraint: Identifier = None,
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
            depth_multiplier=depth_multiplier,
            activation=activation,
            use_bias=bias,
            depthwise_initializer=init,
            pointwise_initializer=init,
            bias_initializer="zero",
            depthwise_regularizer=depthwise_regularizer,
            pointwise_regularizer=pointwise_regularizer,
            bias_regularizer=b_regularizer,
            activity_regularizer=activity_regularizer,
            depthwise_constraint=depthwise_constraint,
            pointwise_constraint=pointwise_constraint,
            bias_constraint=b_constraint,
            weights=weights,
            **options,
        )
