"""The layers, with the names of Keras 2 and the additions of Keras 3."""

from typing import TYPE_CHECKING

from convdispatch.doors.elsewhere import finder
from convdispatch.engine.layer import Layer
from convdispatch.layers import (
    advanced_activations,
    convolutional,
    convolutional_recurrent,
    core,
    embeddings,
    local,
    merge,
    noise,
    normalization,
    pooling,
    recurrent,
    wrappers,
)
from convdispatch.layers._input import Input, InputLayer
from convdispatch.layers.advanced_activations import *  # noqa: F403
from convdispatch.layers.convolutional import *  # noqa: F403  # the doors name them in __all__
from convdispatch.layers.convolutional_recurrent import *  # noqa: F403
from convdispatch.layers.core import *  # noqa: F403
from convdispatch.layers.embeddings import *  # noqa: F403
from convdispatch.layers.local import *  # noqa: F403
from convdispatch.layers.merge import *  # noqa: F403
from convdispatch.layers.noise import *  # noqa: F403
from convdispatch.layers.normalization import *  # noqa: F403
from convdispatch.layers.pooling import *  # noqa: F403
from convdispatch.layers.recurrent import *  # noqa: F403
from convdispatch.layers.wrappers import *  # noqa: F403

__all__ = ["Input", "InputLayer", "Layer"]
__all__ += advanced_activations.__all__
__all__ += convolutional.__all__
__all__ += convolutional_recurrent.__all__
__all__ += core.__all__
__all__ += embeddings.__all__
__all__ += local.__all__
__all__ += merge.__all__
__all__ += noise.__all__
__all__ += normalization.__all__
__all__ += pooling.__all__
__all__ += recurrent.__all__
__all__ += wrappers.__all__

if not TYPE_CHECKING:  # for type checkers there is nothing to find
    __getattr__ = finder(__name__)
