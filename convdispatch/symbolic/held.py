"""The weights of a layer as variables: symbolic tensors that read and write what the layer holds.

The layer keeps its native tensors. A variable only says which of them is meant, so it has no value
of its own that could grow old.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from convdispatch.engine.declarations import Weight
from convdispatch.engine.layer import Layer
from convdispatch.engine.specs import Spec
from convdispatch.engine.symbols import Call, Symbol
from convdispatch.ops import FLOAT_DTYPES
from convdispatch.symbolic.variables import Variable, VariableLayer

_KEPT = "_weight_symbols"


class HolderLayer(VariableLayer):
    """What reads the weight of another layer: a node without inputs and without weights."""

    def __init__(self, layer: Any, place: int) -> None:
        self._read = layer, place
        kept = layer.dtype if layer.dtype in FLOAT_DTYPES else None
        name = f"{layer.name}_weight_{place}"
        Layer.__init__(self, name=name, dtype=kept, backend=layer.backend)
        self._declarations = (_declared_state(layer._declarations[place]),)
        self._is_made = self._is_settled = True

    @property
    def _variables(self) -> list[Any]:
        layer, place = self._read
        return list(layer._variables[place : place + 1])

    @_variables.setter
    def _variables(self, variables: Any) -> None:
        pass


class HeldVariable(Variable):
    """The weight of a layer, as a symbolic tensor with a value."""

    __slots__ = ("declared",)

    def __init__(self, layer: Any, place: int) -> None:
        declared: Weight = layer._declarations[place]
        node = HolderLayer(layer, place)
        spec = Spec(declared.public_shape, layer.dtype)
        call = Call(node, (), [spec], takes_list=True, gives_list=False)
        Symbol.__init__(self, spec, call, 0)
        call.outputs = (self,)
        node.variable = self
        self._hold(layer, place)
        self.declare(declared)

    def declare(self, declared: Weight) -> None:
        """Take over what the layer says of the weight, which a change of an argument says anew."""
        self.declared = declared
        self.trainable = declared.trainable
        self.regularizer = declared.regularizer
        self.constraint = declared.constraint

    @property
    def name(self) -> str:
        """The name that the layer's Keras gives the weight, such as 'dense_1/kernel:0'."""
        owner, own = self.holder.inner_name(self.declared.name)
        return str(self.holder.dialect.named_weight(owner, own))


def shown(layer: Any, places: Sequence[int]) -> list[Any]:
    """Return the weights of a layer in these places as variables, the same ones each time."""
    kept: dict[int, Any] = vars(layer).setdefault(_KEPT, {})
    declared = layer._declarations
    known = min(len(layer._variables), len(declared))  # none while another thread makes them
    for place in places:
        if place < known:
            kept[place] = _current(kept.get(place), layer, place)
    return [kept[place] for place in places if place < known]


def keep(layer: Any, place: int, variable: Variable) -> None:
    """Let a variable of a script's own be what the layer shows as that weight."""
    vars(layer).setdefault(_KEPT, {})[place] = variable


def _current(variable: Any, layer: Any, place: int) -> Any:
    """Return the variable if it is of that weight still, else a new one."""
    declared = layer._declarations[place]
    if not isinstance(variable, HeldVariable):
        return HeldVariable(layer, place) if variable is None else variable
    if variable.declared is not declared:
        old = variable.declared
        if (old.name, old.public_shape) != (declared.name, declared.public_shape):
            return HeldVariable(layer, place)
        variable.declare(declared)
    return variable


def _declared_state(weight: Weight) -> Weight:
    return Weight(
        name=weight.name,
        shape=weight.public_shape,
        initializer=None,
        trainable=False,
        is_state=True,
    )
