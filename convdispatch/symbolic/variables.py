"""Variables: symbolic tensors that have a value, which may be set."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np

from convdispatch.engine import scopes
from convdispatch.engine.declarations import Weight
from convdispatch.engine.layer import Layer
from convdispatch.engine.plans import Plan, PlanTable
from convdispatch.engine.resolved import Effects
from convdispatch.engine.scopes import Scope
from convdispatch.engine.specs import Spec
from convdispatch.engine.symbols import Call, Symbol
from convdispatch.engine.whole import written
from convdispatch.errors import InvalidArgument, InvalidShape
from convdispatch.ops import FLOAT_DTYPES, NumpyArray
from convdispatch.runtime import selection
from convdispatch.runtime.registry import registry
from convdispatch.symbolic.computing import available, type_name
from convdispatch.symbolic.shapes import SHAPES, Shaped


class VariableLayer(Layer):
    """The holder of a variable that belongs to no layer: a node that reads nothing."""

    takes_list = True
    takes_one = False
    supports_masking = True
    uses_phase = False
    variable: Any = None

    def __init__(self, value: NumpyArray, dtype: str, name: str | None) -> None:
        kept = dtype if dtype in FLOAT_DTYPES else None
        super().__init__(dtype=kept, name=name)
        backend = registry.load(self.backend)
        dtype = available(backend, dtype)
        made: Any = backend.outside_trace(lambda: backend.variable(value, dtype))
        self._variables = [made]
        shape = tuple(np.shape(value))
        # A state: of no file, and of no `get_weights`.
        self._declarations = (
            Weight(name="value", shape=shape, initializer=None, trainable=False, is_state=True),
        )
        self._is_made = self._is_settled = True

    def __setattr__(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    @classmethod
    def _stem(cls) -> str:
        return "variable"

    @property
    def output_shape(self) -> Any:
        """The shape of the value."""
        return self.output_specs([]).shape

    def build(self, input_shape: Any) -> None:
        """Do nothing: the value is there."""

    def output_specs(self, specs: Any) -> Any:
        """Return the spec of the value."""
        return Spec(*self._backend().describe(self._variables[0]))

    def makes_mask(self, masked: Sequence[bool]) -> bool:
        """Return that a variable has no mask."""
        return False

    def computed_in(self, scope: Scope, inputs: Any) -> Any:
        """Return the value in a computation."""
        return self.variable.value_in(scope)

    def plan_for(self, inputs: Any) -> Plan:
        """Return what reads the value."""
        return Plan(
            layer=self.name,
            backend=self.backend,
            input_shape=(),
            dtype=self.dtype,
            ops=(),
            computed_by=(),
            function=lambda weights, inputs: weights[0],
        )

    def training_for(self, inputs: Any) -> Any:
        """Return what reads the value in training."""
        return lambda weights, inputs, key: (weights[0], Effects())

    def inference_for(self, inputs: Any) -> Any:
        """Return what reads the value."""
        return self.training_for(inputs)

    def apply(self, weights: Any, inputs: Any, *mask: Any) -> Any:
        """Return the value among the weights."""
        return weights[0]

    def apply_training(self, weights: Any, inputs: Any, key: Any, *mask: Any) -> Any:
        """Return the value among the weights."""
        return weights[0], Effects()

    def apply_inference(self, weights: Any, inputs: Any, *mask: Any) -> Any:
        """Return the value among the weights."""
        return weights[0], Effects()


class Variable(Symbol):
    """A symbolic tensor with a value: one of its own, or that of a layer's weight."""

    __slots__ = ("_read_by", "constraint", "holder", "index", "regularizer", "trainable", "wished")

    def __init__(self, value: NumpyArray, dtype: str, name: str | None = None) -> None:
        layer = VariableLayer(value, dtype, name)
        spec: Spec = layer.output_specs([])
        call = Call(layer, (), [spec], takes_list=True, gives_list=False)
        super().__init__(spec, call, 0)
        call.outputs = (self,)
        layer.variable = self
        self._hold(layer, 0, name)

    def _hold(self, holder: Any, index: int, name: str | None = None) -> None:
        """Begin with the value that a layer holds."""
        self.wished = name
        self.holder: Any = holder  # whose `_variables` has the value
        self.index = index
        self.trainable = True
        self.regularizer: Any = None
        self.constraint: Any = None
        self._read_by: weakref.WeakSet[Any] = weakref.WeakSet()

    @property
    def name(self) -> str:
        """The name that the variable was given, or its layer's."""
        return self.wished or str(self.call.layer.name)

    @property
    def native(self) -> Any:
        """The native tensor that holds the value now."""
        return self.holder._present()[self.index]

    def value_in(self, scope: Scope) -> Any:
        """Return the value in a computation."""
        if scope.backend is SHAPES:
            return Shaped(self.spec.shape, self.spec.dtype)
        given = scope.weights.get(self.holder)
        if given is not None:
            return given[self.index]
        if scope.owner is not None:
            self._read_by.add(scope.owner)
        native = self.native
        if scope.backend.owns(native):
            return native
        return scope.backend.asarray(selection.as_array(native), self.spec.dtype)

    def get_value(self, borrow: bool = False) -> NumpyArray:
        """Return the value as an array, as Theano's variables do."""
        return np.array(selection.to_numpy(self.native))

    def set_value(self, value: Any, borrow: bool = False) -> None:
        """Give the variable a value of its shape."""
        array = selection.as_array(value)
        if array.shape != self.spec.shape:
            raise InvalidShape(
                f"the variable {self.name!r} has shape {self.spec.shape}; received a value of "
                f"shape {array.shape}."
            )
        self.assign(array)

    def assign(self, value: Any) -> None:
        """Take an array, or a native tensor, of its shape."""
        with written([self.holder]):
            self.holder._assign([self.index], [value])
        for layer in self._read_by:  # what was compiled has the old value
            layer._plans = PlanTable(layer._plans)

    def numpy(self) -> NumpyArray:
        """Return the value as an array."""
        return self.get_value()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        """Return the value, for NumPy's functions; within a computation it is a tensor."""
        if scopes.current() is not None:
            return super().__array__()
        return np.asarray(self.get_value(), dtype)

    def eval(self, session: Any = None) -> NumpyArray:
        """Return the value as an array, as TensorFlow's variables do."""
        return self.get_value()

    def move_to(self, holder: Any, index: int) -> None:
        """Be a weight of a layer from now on; its value is there already."""
        self.holder, self.index = holder, index

    def __repr__(self) -> str:
        return f"<variable {self.name!r}, shape {self.shape}, {self.dtype}>"


def variable_of(value: Any, dtype: str | None = None, name: str | None = None) -> Variable:
    """Return a variable with that value; None takes the configured element type."""
    if isinstance(value, Symbol) and not isinstance(value, Variable):
        raise InvalidArgument(
            f"a variable starts with numbers; received {value!r}, which has none yet."
        )
    array = value.get_value() if isinstance(value, Variable) else selection.as_array(value)
    own = selection.floatx() if dtype is None else dtype
    return Variable(array, type_name(own), name)
