"""The layers of Keras 2.2.4."""

from typing import TYPE_CHECKING

from convdispatch.doors.rows import names_of, rows_of
from convdispatch.facades.inputs import Input
from convdispatch.facades.modules import opener
from convdispatch.formulas.dialects import KERAS2
from convdispatch.keras2.layers import _old as _old
from convdispatch.keras2.layers._cudnn import CuDNNGRU, CuDNNLSTM
from convdispatch.keras2.layers._own import Layer, Wrapper
from convdispatch.keras2.layers._recurrent import (
    RNN,
    GRUCell,
    LSTMCell,
    SimpleRNNCell,
    StackedRNNCells,
)
from convdispatch.keras2.layers._retired import Highway, MaxoutDense, Recurrent
from convdispatch.keras2.layers.advanced_activations import *  # noqa: F403
from convdispatch.keras2.layers.convolutional import *  # noqa: F403  # all rows of the table
from convdispatch.keras2.layers.convolutional_recurrent import *  # noqa: F403
from convdispatch.keras2.layers.core import *  # noqa: F403
from convdispatch.keras2.layers.embeddings import *  # noqa: F403
from convdispatch.keras2.layers.local import *  # noqa: F403
from convdispatch.keras2.layers.merge import *  # noqa: F403
from convdispatch.keras2.layers.noise import *  # noqa: F403
from convdispatch.keras2.layers.normalization import *  # noqa: F403
from convdispatch.keras2.layers.pooling import *  # noqa: F403
from convdispatch.keras2.layers.recurrent import *  # noqa: F403
from convdispatch.keras2.layers.wrappers import *  # noqa: F403
from convdispatch.layers import InputLayer
from convdispatch.symbolic.input_specs import InputSpec

__all__ = [
    "RNN",
    "CuDNNGRU",
    "CuDNNLSTM",
    "GRUCell",
    "Highway",
    "Input",
    "InputLayer",
    "InputSpec",
    "LSTMCell",
    "Layer",
    "MaxoutDense",
    "Recurrent",
    "SimpleRNNCell",
    "StackedRNNCells",
    "Wrapper",
    *names_of(rows_of(KERAS2.layers)),
]

if not TYPE_CHECKING:  # for type checkers there is nothing to find
    __getattr__ = opener(__name__)
