"""The layers of Keras 1.2.2."""

from typing import TYPE_CHECKING

from convdispatch.doors.rows import names_of, rows_of
from convdispatch.facades.inputs import Input
from convdispatch.facades.modules import opener
from convdispatch.formulas.dialects import KERAS1
from convdispatch.keras1.layers._merge import Merge, merge
from convdispatch.keras1.layers._own import Layer, Wrapper
from convdispatch.keras1.layers._retired import (
    Highway,
    MaxoutDense,
    ParametricSoftplus,
    Recurrent,
    SReLU,
    TimeDistributedDense,
)
from convdispatch.keras1.layers.advanced_activations import *  # noqa: F403
from convdispatch.keras1.layers.convolutional import *  # noqa: F403  # all rows of the table
from convdispatch.keras1.layers.convolutional_recurrent import *  # noqa: F403
from convdispatch.keras1.layers.core import *  # noqa: F403
from convdispatch.keras1.layers.embeddings import *  # noqa: F403
from convdispatch.keras1.layers.local import *  # noqa: F403
from convdispatch.keras1.layers.noise import *  # noqa: F403
from convdispatch.keras1.layers.normalization import *  # noqa: F403
from convdispatch.keras1.layers.pooling import *  # noqa: F403
from convdispatch.keras1.layers.recurrent import *  # noqa: F403
from convdispatch.keras1.layers.wrappers import *  # noqa: F403
from convdispatch.layers import InputLayer
from convdispatch.symbolic.input_specs import InputSpec

__all__ = [
    "Highway",
    "Input",
    "InputLayer",
    "InputSpec",
    "Layer",
    "MaxoutDense",
    "Merge",
    "ParametricSoftplus",
    "Recurrent",
    "SReLU",
    "TimeDistributedDense",
    "Wrapper",
    "merge",
    *names_of(rows_of(KERAS1.layers)),
]

if not TYPE_CHECKING:  # for type checkers there is nothing to find
    __getattr__ = opener(__name__)
