"""Which names a façade knows: the four tables of one Keras, as one value.

Layers are given a vocabulary instead of asking which Keras they belong to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from convdispatch.formulas import activations, constraints, initializers, regularizers


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The names of one Keras.

    >>> activations.get("relu", KERAS1.activations).get_config()
    {'alpha': 0.0, 'max_value': None}
    """

    name: str
    activations: Mapping[str, activations.Activation]
    initializers: Mapping[str, initializers.Factory]
    regularizers: Mapping[str, regularizers.Factory]
    constraints: Mapping[str, constraints.Factory]


KERAS3 = Vocabulary(
    name="keras3",
    activations=activations.KERAS3,
    initializers=initializers.KERAS3,
    regularizers=regularizers.KERAS3,
    constraints=constraints.KERAS3,
)

KERAS2 = Vocabulary(
    name="keras2",
    activations=activations.KERAS2,
    initializers=initializers.KERAS2,
    regularizers=regularizers.KERAS2,
    constraints=constraints.KERAS2,
)

KERAS1 = Vocabulary(
    name="keras1",
    activations=activations.KERAS1,
    initializers=initializers.KERAS1,
    regularizers=regularizers.KERAS1,
    constraints=constraints.KERAS1,
)
