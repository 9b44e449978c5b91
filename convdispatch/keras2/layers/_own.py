"""The bases of a script's own layers, in the words of Keras 2."""

from __future__ import annotations

from typing import ClassVar

from convdispatch import models
from convdispatch.engine.layer import Layer as AnyLayer
from convdispatch.facades.bases import Base
from convdispatch.formulas.dialects import KERAS2, Dialect
from convdispatch.layers._merging import MergeLayer
from convdispatch.layers._wrapping import Wrapper as AnyWrapper
from convdispatch.symbolic.custom import CustomLayer
from convdispatch.symbolic.own_merging import CustomMerging
from convdispatch.symbolic.wrappers import CustomWrapper


class Layer(CustomLayer, metaclass=Base):
    """The base of a script's own layers, which define `build(input_shape)` and `call(x)`."""

    dialect: ClassVar[Dialect] = KERAS2
    door: ClassVar[str] = "convdispatch.keras2.layers"
    covers = (AnyLayer, models.Sequential, models.Model)


class Wrapper(CustomWrapper, metaclass=Base):
    """The base of a script's own layers around a layer."""

    dialect: ClassVar[Dialect] = KERAS2
    door: ClassVar[str] = "convdispatch.keras2.layers"
    covers = (AnyWrapper,)


class _Merge(CustomMerging, metaclass=Base):
    """The base of a script's own merging layers, which define `_merge_function(inputs)`."""

    dialect: ClassVar[Dialect] = KERAS2
    door: ClassVar[str] = "convdispatch.keras2.layers"
    covers = (MergeLayer,)
