"""How Keras 1.2.2 and Keras 2.2.4 print a model, and what their `summary` takes.

Sources: `Container.summary` of Keras 1.2.2, `Network.summary` of Keras 2.2.4, and the module
`keras.utils.layer_utils` of each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from convdispatch.doors.rows import Method


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """A table: its headings, the width of its lines, and where each column ends.

    ends: as shares of the width.
    """

    headings: tuple[str, ...]
    width: int
    ends: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """How a Keras prints a model.

    of_chain: the table of a model that is one chain of layers.
    of_graph: that of every other model.
    has_inputs_of_stacks: whether a Sequential's own input is there: as a row where it is a layer,
        else as what the first layer is connected to.
    trusts_layers: whether a weight counts as trainable as its layer says, whatever the model says.
    """

    of_chain: Columns
    of_graph: Columns
    has_inputs_of_stacks: bool
    trusts_layers: bool


_HEADINGS = ("Layer (type)", "Output Shape", "Param #")
_OF_GRAPH = (*_HEADINGS, "Connected to")
_ENDS = (0.33, 0.55, 0.67, 1.0)

KERAS1 = Summary(
    of_chain=Columns(headings=_OF_GRAPH, width=100, ends=_ENDS),
    of_graph=Columns(headings=_OF_GRAPH, width=100, ends=_ENDS),
    has_inputs_of_stacks=True,
    trusts_layers=True,
)
KERAS2 = Summary(
    of_chain=Columns(headings=_HEADINGS, width=65, ends=(0.45, 0.85, 1.0)),
    of_graph=Columns(headings=_OF_GRAPH, width=98, ends=_ENDS),
    has_inputs_of_stacks=False,
    trusts_layers=False,
)

# The method of models, which stands beside each Keras's other methods.
KERAS1_METHODS: Mapping[str, Method] = {
    "summary": Method(arguments="line_length: int = 100, positions=None", like="_keras_summary")
}
KERAS2_METHODS: Mapping[str, Method] = {
    "summary": Method(
        arguments="line_length=None, positions=None, print_fn=None", like="_keras_summary"
    )
}
