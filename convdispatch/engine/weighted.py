"""The weights of a layer: making them, reading and setting them, their losses and constraints."""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from convdispatch.engine.declarations import (
    Weight,
    checked_values,
    lasting,
    own_arrays,
    require_as_many,
)
from convdispatch.engine.tensors import natives, require_native
from convdispatch.engine.undrawn import is_undrawn
from convdispatch.engine.whole import Unfinished, held, read_whole, written
from convdispatch.formulas import initializers
from convdispatch.formulas.regularizers import penalty
from convdispatch.ops import Backend, NumpyArray, Tensor
from convdispatch.runtime.completion import variable_of
from convdispatch.runtime.registry import registry
from convdispatch.support.locks import Lock

_Make = Callable[[Backend, NumpyArray, str], Tensor]


def _copied(backend: Backend, value: NumpyArray, dtype: str) -> Tensor:
    return backend.variable(value, dtype)


class Weighted:
    """An object with weights, declared by name and shape, and held as tensors of one backend."""

    _write: Unfinished | None = None

    def __init__(
        self,
        *,
        name: str,
        dtype: str,
        trainable: bool,
        backend: str,
        initial_weights: Sequence[Any] | None,
    ) -> None:
        self.name = name
        self.dtype = dtype
        self.trainable = trainable
        self.backend = backend
        self._keep_initial_weights(initial_weights)
        self._be_alone()
        self._forget()

    def _keep_initial_weights(self, weights: Any) -> None:
        self._initial_weights = own_arrays(weights)

    def _be_alone(self) -> None:
        """Share nothing with the original of this copy, and do not wait for its threads."""
        self._lock = Lock()  # of those that make the weights or write them
        self._stacks: weakref.WeakSet[Any] = weakref.WeakSet()  # the models that it is in
        self._calls: list[Any] = []  # with symbols

    def _forget(self) -> None:
        """Forget the weights."""
        self._is_settled = False
        self._is_made = False
        self._declarations: tuple[Weight, ...] = ()
        self._variables: list[Tensor] = []
        self._activity_losses: list[Tensor] = []

    @property
    def variables(self) -> list[Any]:
        """The native tensors that `apply` takes: the weights in the order of `get_weights`.

        Those of a state stand behind the weights of their layer.
        """
        return list(self._present())

    @property
    def weights(self) -> list[Any]:
        """The native tensors that hold the weights, without those of a state."""
        return self._shown(self._places(are_states=False))

    @property
    def declared_weights(self) -> tuple[Weight, ...]:
        """The layer's declarations of its weights: name, shape and the user's options."""
        return self._declarations

    @property
    def trainable_weights(self) -> list[Any]:
        """The variables that a trainer may change."""
        return self._variables_that(are_trainable=True)

    @property
    def non_trainable_weights(self) -> list[Any]:
        """The variables that a trainer must not change: moving means and similar ones, or all."""
        return self._variables_that(are_trainable=False)

    def _variables_that(self, *, are_trainable: bool) -> list[Any]:
        return self._shown(self.places_that(are_trainable=are_trainable))

    def places_that(self, *, are_trainable: bool) -> list[int]:
        """Return the places, among the variables, of the weights that a trainer may change."""
        return [
            place
            for place, weight in enumerate(self.declared_weights)
            if (self.trainable and weight.trainable) == are_trainable and not weight.is_state
        ]

    def _shown(self, places: Sequence[int]) -> list[Any]:
        """Return the weights in these places as users get them: here the native tensors."""
        present = list(self._present())  # none while another thread makes them
        return [present[place] for place in places if place < len(present)]

    def _present(self) -> list[Any]:
        """Return the variables; first gather them where devices have parts of them."""
        write = self._write
        if write is not None and write.is_left_over:
            with held([self]):
                pass
        return self._variables

    def ensure_built(self, purpose: str) -> None:
        """Make the weights if there are none; `purpose` names the caller that needs them."""
        raise NotImplementedError

    def get_weights(self) -> list[NumpyArray]:
        """Return the weights as NumPy arrays in Keras's layout."""
        values = read_whole([self], self._copied_values)
        return [values[place] for place in self._places(are_states=False)]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Give the weights new values: all of them or, if one does not fit, none.

        Threads that compute with the layer meanwhile see the old values or the new ones.
        """
        self.ensure_built("set_weights")
        values = checked_values(weights, lasting(self._declarations), owner=self.name)
        with written([self]):
            self._assign(self._places(are_states=False), values)

    def count_params(self) -> int:
        """Return how many numbers the weights hold."""
        self.ensure_built("count_params")
        return sum(math.prod(weight.shape) for weight in lasting(self._declarations))

    def apply_constraints(self) -> None:
        """Project the weights onto their constraints, as a trainer does after each update."""
        constrained = [
            i for i, weight in enumerate(self._declarations) if weight.constraint is not None
        ]
        if not constrained:
            return
        with held([self]):  # project exactly the values that are read here
            projected = [self._projected(index) for index in constrained]
            with written([self]):
                self._assign(constrained, projected)

    def _projected(self, index: int) -> NumpyArray:
        constraint: Any = self._declarations[index].constraint
        return self._backend().to_numpy(constraint(self._variables[index]))

    @property
    def losses(self) -> list[Any]:
        """The regularization losses: those of the weights, then that of the last output.

        Each is a native scalar through which gradients reach the variables. As in Keras 1 and 2
        the activity loss is summed over the batch, not averaged; under a tracing compiler it
        belongs to that trace.
        """
        return read_whole([self], self._weight_losses) + self._activity_losses

    def penalties(self, weights: Sequence[Any]) -> list[Any]:
        """Return the regularization losses of other weights: a pure function, beside `apply`."""
        self.ensure_built("penalties")
        require_as_many(weights, self._declarations, owner=self.name)
        held = natives(weights)
        require_native(self._backend(), held, owner=self.name)
        return self._penalties(held)

    def _weight_losses(self) -> list[Any]:
        return self._penalties(self._variables)

    def _penalties(self, weights: Sequence[Any]) -> list[Any]:
        backend = self._backend()
        return [
            penalty(weight.regularizer, backend, tensor)
            for weight, tensor in zip(self._declarations, weights, strict=True)
            if weight.regularizer is not None
        ]

    def inner_name(self, weight: str) -> tuple[str, str]:
        """Return the names of the layer that a weight is of, which a wrapper has, and its own."""
        return self.name, weight

    def _variable(self, name: str) -> Any:
        places = [i for i, weight in enumerate(self._declarations) if weight.name == name]
        return next(iter(self._shown(places)), None)

    def _places(self, *, are_states: bool) -> list[int]:
        """Return the places of the states, or of all else, among the variables."""
        return [
            place
            for place, weight in enumerate(self._declarations)
            if weight.is_state == are_states
        ]

    def _assign(self, indices: Iterable[int], values: Iterable[NumpyArray]) -> None:
        backend = self._backend()
        for index, value in zip(indices, values, strict=True):
            self._variables[index] = backend.assign(self._variables[index], value)

    def _copied_values(self) -> list[NumpyArray]:
        backend = self._backend()
        variables = self._variables
        read: Any = backend.outside_trace(
            lambda: [np.array(backend.to_numpy(variable), order="C") for variable in variables]
        )
        return list(read)

    def _restore(self, values: Sequence[NumpyArray]) -> None:
        self._assign(range(len(values)), values)

    def _start_values(self, declarations: Sequence[Weight]) -> list[NumpyArray]:
        if self._initial_weights is not None:
            return checked_values(self._initial_weights, declarations, owner=self.name)
        return [self._draw(weight) for weight in declarations]

    def _draw(self, weight: Weight) -> NumpyArray:
        return initializers.draw(weight.initializer, weight.public_shape)

    def fill(self, values: Sequence[NumpyArray]) -> None:
        """Make the variables of a layer that was built without weights.

        Nobody else may use the arrays from now on.
        """
        declarations = self._declarations
        checked = checked_values(values, lasting(declarations), owner=self.name)
        self._declare(declarations, checked, variable_of)

    def _make_variables(self, declarations: tuple[Weight, ...]) -> None:
        if is_undrawn():
            self._variables, self._declarations = [None] * len(declarations), declarations
            return
        self._declare(declarations, self._start_values(lasting(declarations)))

    def _declare(
        self,
        declarations: tuple[Weight, ...],
        values: Sequence[NumpyArray],
        make: _Make = _copied,
    ) -> None:
        """Make the variables of these values; states begin with zeros."""
        following = iter(values)
        given = [
            np.zeros(weight.public_shape) if weight.is_state else next(following)
            for weight in declarations
        ]
        self._variables = self._as_variables(given, make)
        self._declarations = declarations
        self._initial_weights = None

    def _as_variables(self, values: Sequence[NumpyArray], make: _Make = _copied) -> list[Tensor]:
        if not values:
            return []
        backend = self._backend()
        made: Any = backend.outside_trace(
            lambda: [make(backend, value, self.dtype) for value in values]
        )
        return list(made)

    def _backend(self) -> Backend:
        return registry.load(self.backend)
