"""The weights of a layer whose class a script defines: it makes variables, and the layer has them.

While the script's `build` runs they are variables of their own; then the layer holds their values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from convdispatch.engine.declarations import Weight, checked_values
from convdispatch.engine.layer import Layer
from convdispatch.errors import InvalidArgument, InvalidShape, InvalidType
from convdispatch.formulas import constraints, initializers, regularizers
from convdispatch.formulas.regularizers import penalty
from convdispatch.layers._scoped_function import DRAWS
from convdispatch.ops import NumpyArray
from convdispatch.symbolic.added import Added
from convdispatch.symbolic.declaring import as_weight, names_of, renamed
from convdispatch.symbolic.held import HeldVariable, keep, shown
from convdispatch.symbolic.state import eval as value_of
from convdispatch.symbolic.variables import Variable, variable_of
from convdispatch.symbolic.weight_arguments import by_name


class OwnWeights(Added):
    """A layer with the weights that a script makes for it."""

    _is_building = False
    _draws = False
    _spans: dict[Any, slice]
    _part_of: Any = None  # the recurrent layer that holds the weights of a cell
    _stage = 2  # attributes are the script's: none is an argument that changes something

    def _begin(self) -> None:
        own = vars(self)
        own.setdefault("_trained", [])
        own.setdefault("_kept", [])
        own.setdefault("_losses", [])
        own.setdefault("_noted", [])
        own.setdefault("_updates", [])
        own.setdefault("_draws", False)

    def __setattr__(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    # What scripts call and set.

    def add_weight(self, *given: Any, **named: Any) -> Variable:
        """Return a new weight of the layer, with a value by the initializer.

        Arguments by place are in Keras 1's order where the first is a shape, else in Keras 2's.
        """
        return self._new_weight(**by_name(given, named))

    def _new_weight(
        self,
        name: Any = None,
        shape: Any = None,
        dtype: Any = None,
        initializer: Any = None,
        regularizer: Any = None,
        trainable: bool = True,
        constraint: Any = None,
    ) -> Variable:
        if shape is None:
            raise InvalidArgument(
                f"`shape` of a weight of {self.name!r} must be given; received None."
            )
        if not isinstance(shape, int) and None in shape:
            raise InvalidShape(
                f"a weight of {self.name!r} needs a known size on every axis; received "
                f"{tuple(shape)}. State the sizes of the input that it depends on."
            )
        sizes = (shape,) if isinstance(shape, int) else tuple(int(size) for size in shape)
        chosen = "glorot_uniform" if initializer is None else initializer
        made = self._new_variable(chosen, sizes, dtype, name)
        tables = self.dialect
        made.regularizer = regularizers.get(regularizer, tables.regularizers)
        made.constraint = constraints.get(constraint, tables.constraints)
        (self._trained if trainable else self._kept).append(made)
        return made

    def _new_variable(self, initializer: Any, shape: Any, dtype: Any, name: Any) -> Variable:
        function = initializers.get(initializer, self.dialect.initializers)
        assert function is not None
        if isinstance(function, initializers.Initializer):
            value: Any = initializers.draw(function, shape)
        else:
            value = initializers.draw(lambda sizes: _array_of(function, sizes), shape)
        return variable_of(value, dtype or self.dtype, name)

    @property
    def trainable_weights(self) -> list[Any]:
        """The weights that a trainer may change: variables until the layer is built."""
        if self._is_made and not self._is_building:
            return super().trainable_weights
        return list(self._trained) if self.trainable else []

    @trainable_weights.setter
    def trainable_weights(self, weights: Sequence[Any]) -> None:
        self._trained = self._as_variables_of(weights)

    @property
    def non_trainable_weights(self) -> list[Any]:
        """The other weights."""
        if self._is_made and not self._is_building:
            return super().non_trainable_weights
        return [*([] if self.trainable else self._trained), *self._kept]

    @non_trainable_weights.setter
    def non_trainable_weights(self, weights: Sequence[Any]) -> None:
        self._kept = self._as_variables_of(weights)

    @property
    def weights(self) -> list[Any]:
        """All weights."""
        if self._is_made and not self._is_building:
            return super().weights
        return [*self._trained, *self._kept]

    @property
    def initial_weights(self) -> Any:
        """The arrays that the constructor was given as `weights`, None for none."""
        return self._initial_weights

    @initial_weights.setter
    def initial_weights(self, weights: Any) -> None:
        self._initial_weights = weights

    @initial_weights.deleter
    def initial_weights(self) -> None:
        self._initial_weights = None

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Give the weights new values: all of them or, if one does not fit, none."""
        if not self._is_building and self._part_of is None:
            super().set_weights(weights)
            return
        own: list[Any] = [*self._trained, *self._kept]
        declared = [as_weight(one, str(place), True) for place, one in enumerate(own)]
        for one, value in zip(own, checked_values(weights, declared, owner=self.name), strict=True):
            one.assign(value)

    @property
    def declared_weights(self) -> tuple[Weight, ...]:
        """The declarations; what a frozen layer within this one has is not trained."""
        return tuple(
            replace(weight, trainable=weight.trainable and self._may_train(place))
            for place, weight in enumerate(self._declarations)
        )

    def _may_train(self, place: int) -> bool:
        """Return whether no layer within this one that has the weight is frozen."""
        for inner, span in self._spans.items():
            if place in range(span.start, span.stop) and not inner.trainable:
                return False
        return True

    @property
    def losses(self) -> list[Any]:
        """The penalties of the weights and what the last call added."""
        if self._part_of is None:
            return super().losses
        backend = self._backend()
        weights = [one for one in self.weights if one.regularizer is not None]
        return [penalty(one.regularizer, backend, one.native) for one in weights]

    def get_weights(self) -> list[NumpyArray]:
        """Return the weights as NumPy arrays; of a cell, those that its layer holds."""
        if self._part_of is None:
            return super().get_weights()
        return [one.get_value() for one in self.weights]

    def _begin_within(self, holder: Any) -> None:
        """Make weights from now on that another layer holds, as those of a cell."""
        self._forget()
        self._part_of, self._is_building = holder, True

    def _as_variables_of(self, weights: Sequence[Any]) -> list[Any]:
        """Return weights as variables; an array that is an attribute becomes one there, too."""
        return [self._as_variable(one) for one in weights]

    def _as_variable(self, weight: Any) -> Any:
        if isinstance(weight, Variable):
            return weight  # its own, or that of another layer
        if any(weight is own for inner in self._inner_layers() for own in inner._variables):
            return weight  # of a layer that this one is made of
        if isinstance(weight, np.ndarray):
            made = variable_of(weight, self.dtype)
            for name, value in list(vars(self).items()):
                if value is weight:
                    object.__setattr__(self, name, made)
                    made.wished = name
            return made
        raise InvalidType(
            f"the weights of {self.name!r} must be variables, which `add_weight` and `variable` "
            f"return; received {type(weight).__name__}."
        )

    def _inner_layers(self) -> list[Any]:
        """Return the layers that the script keeps as attributes, alone or in lists."""
        found: dict[int, Any] = {}
        for name, value in vars(self).items():
            if name.startswith("_") and name in _OWN:
                continue
            for one in value if isinstance(value, list | tuple) else [value]:
                if isinstance(one, Layer) and one is not self:
                    found[id(one)] = one
        return list(found.values())

    # The values, once the layer is built.

    def _take_weights(self) -> None:
        """Hold the values of the variables, and of the layers that this one is made of."""
        variables = [one for one in (*self._trained, *self._kept) if _is_own(one)]
        trained = {id(one) for one in self._trained}
        names = names_of([one.wished for one in variables], self.name)
        declared = [
            as_weight(one, name, id(one) in trained)
            for one, name in zip(variables, names, strict=True)
        ]
        values = [one.native for one in variables]
        backend = self._backend()
        self._spans = {}
        for inner in self._used_layers:
            start = len(declared)
            for weight in inner.declared_weights:
                name = f"{inner.name}_{weight.name}"
                declared.append(renamed(weight, name, trainable=weight.trainable))
            values += inner._variables
            self._spans[inner] = slice(start, len(declared))
        if self._draws:
            declared.append(DRAWS)
            values.append(backend.variable(np.zeros((), "float32"), "float32"))
        self._variables, self._declarations = values, tuple(declared)
        for place, one in enumerate(variables):
            one.move_to(self, place)
            keep(self, place, one)

    def _shown(self, places: Sequence[int]) -> list[Any]:
        """Return the weights in these places as variables: those of the script."""
        return shown(self, places)

    def _forget(self) -> None:
        super()._forget()
        vars(self).update(_trained=[], _kept=[], _losses=[], _noted=[], _updates=[], _draws=False)
        self._used_layers: list[Any] = []
        self._spans = {}
        self._programs: dict[Any, Any] = {}


_OWN = ("_part_of", "_used_layers", "_stacks", "_programs", "_spans", "_weight_symbols")


def _is_own(weight: Any) -> bool:
    """Return whether it is a variable that the script made, not the weight of another layer."""
    return isinstance(weight, Variable) and not isinstance(weight, HeldVariable)


def _array_of(function: Any, shape: Any) -> NumpyArray:
    made = function(shape)
    found: NumpyArray = value_of(made) if hasattr(made, "call") else np.asarray(made)
    return found
