"""Calls of layers with a state: one that the caller gives, and one that stays between calls.

A layer that keeps its state has a weight for it. Its functions are pure all the same: they return
the state after the last step as an effect, and a call, a compiled model or a step of training
stores it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from convdispatch.engine.arguments import as_partial_shape
from convdispatch.engine.declarations import Weight
from convdispatch.engine.layer import Layer
from convdispatch.engine.masked_layer import MaskedLayer
from convdispatch.engine.resolved import Resolved
from convdispatch.engine.specs import Shapes, Spec, Specs, listed, shapes_of
from convdispatch.engine.symbols import Symbol, symbols_in
from convdispatch.engine.tensors import as_native
from convdispatch.engine.whole import held, read_whole
from convdispatch.errors import InvalidArgument, InvalidShape
from convdispatch.layers._given_states import (
    as_state,
    fits,
    is_one_a_sample,
    is_tensor,
    mask_of_first,
    real_arrays,
    require_floating,
    shapes_without_batch,
    wrong_samples,
)
from convdispatch.ops import Backend, PartialShape

NAMES = ("state_h", "state_c")


class WithState(MaskedLayer):
    """A layer whose calls begin with a state, of zeros unless there is another one.

    It is called with a tensor, or with a list of the tensor and the state to begin with.
    """

    @property
    def _returns_state(self) -> bool:
        """Whether the last state is among the outputs."""
        raise NotImplementedError

    _state_count: ClassVar[int]  # tensors of a state

    @property
    def states(self) -> list[Any]:
        """The tensors that a stateful layer keeps; None for each where there are none yet."""
        kept = self._places(are_states=True) if self.built else []
        return self._shown(kept) or [None] * self._state_count

    # Calls.

    def __call__(self, inputs: Any, mask: Any = None, initial_state: Any = None) -> Any:
        """Apply the layer, with a mask of the steps and a state to begin with if they are given.

        `initial_state` is a tensor or a list of them, or stands in a list behind the input: all of
        them symbols, or none. Raises as other layers, `InvalidType` for a mask that is not of
        bools, `InvalidShape` for one of other samples or steps and for a state of another shape,
        and `InvalidArgument` for a mask beside symbols.
        """
        is_alone = mask is None and initial_state is None and not isinstance(inputs, list | tuple)
        if is_alone and not self.carries_state and not self._returns_state:
            return Layer.__call__(self, inputs)
        given = self._with_state(inputs, initial_state)
        symbols = symbols_in(given)
        if symbols is not None:
            self._require_no_mask(mask)
            one = symbols[0].spec if isinstance(given, Symbol) else None
            return self._recorded(symbols, one or [symbol.spec for symbol in symbols])
        native = self._as_native(self._backend(), given)
        x = native
        if isinstance(native, list):
            x, mask = native[0], mask_of_first(mask)
            self._require_a_state_for_each_sample(native)
        flags = self._flags_of(mask, x)
        self._require_settled(native)
        compute = self._carried if self.carries_state else self._read
        outputs = compute(native, *flags)
        if self.activity_regularizer is not None:
            self._activity_losses = self.activity_penalties(outputs, self._backend())
        return outputs

    def _read(self, native: Any, *mask: Any) -> Any:
        function = self.plan_for(native).function
        return read_whole([self], lambda: function(self._variables, native, *mask))

    def _carried(self, native: Any, *mask: Any) -> Any:
        """Return the outputs, and keep the state after the last step."""
        with held([self]):
            outputs, effects = self.inference_for(native)(self._variables, native, None, *mask)
            self.carry(effects.updates)
        return outputs

    def carry(self, updates: Mapping[str, Any]) -> None:
        """Begin the next call with these new values of the state, by the names of its weights.

        The layer's lock is held. Raises `InvalidArgument` while a framework traces the caller.
        """
        backend, variables = self._backend(), self._variables
        names = [weight.name for weight in self._declarations]
        pairs = [(names.index(name), new) for name, new in updates.items()]

        def assigned() -> list[Any]:
            return [backend.assign(variables[place], new) for place, new in pairs]

        try:
            values: Any = backend.outside_trace(assigned)
        except Exception as exc:
            raise InvalidArgument(
                f"{self._title} keeps its state from one call to the next, which a function that "
                f"{self.backend} traces cannot do. Call `functional().inference`, which returns "
                "the new state, or `model.compile_forward()`, which carries it."
            ) from exc
        # In place: a new list would tell other threads of new weights.
        for (place, _), value in zip(pairs, values, strict=True):
            variables[place] = value

    def reset_states(self, states: Any = None) -> None:
        """Begin the next sequence with zeros, or with these arrays.

        Raises `InvalidArgument` for a layer that is not stateful, `InvalidShape` for arrays of
        other shapes, `InvalidType` for what is not of real numbers.
        """
        self._require_stateful()
        self.ensure_built("reset_states")
        places = self._places(are_states=True)
        declared = [self._declarations[place] for place in places]
        values = [np.zeros(weight.shape) for weight in declared]
        if states is not None:
            given = list(states) if isinstance(states, list | tuple) else [states]
            values = self._as_states(given, declared)
        with held([self]):
            pairs = zip(declared, values, strict=True)
            self.carry({weight.name: value for weight, value in pairs})

    def reset_state(self) -> None:
        """Begin the next sequence with zeros: Keras 3's name of `reset_states`."""
        self.reset_states()

    def _require_stateful(self) -> None:
        if not self.carries_state:
            raise InvalidArgument(
                f"{self._title} keeps no state that could be reset. Make it with "
                f"`{self.spelled('stateful')}=True`."
            )

    def _as_states(self, given: Sequence[Any], declared: Sequence[Weight]) -> list[Any]:
        shapes = [weight.shape for weight in declared]
        if len(given) != len(declared):
            raise InvalidArgument(
                f"`states` of {self._title} must be {len(shapes)} arrays of shapes {shapes}; "
                f"received {len(given)}."
            )
        values = real_arrays(self._backend(), given, self._title)
        found = [tuple(value.shape) for value in values]
        if found != shapes:
            raise InvalidShape(
                f"`states` of {self._title} must have the shapes {shapes}; received {found}."
            )
        return values

    # What a call is given.

    def _with_state(self, inputs: Any, initial_state: Any) -> Any:
        """Return the input, or a list of the input and the tensors of the state."""
        is_list = isinstance(inputs, list | tuple) and any(map(is_tensor, inputs))
        if not is_list and initial_state is None:
            return inputs
        x, *begun = inputs if is_list else [inputs]
        if initial_state is not None:
            if begun:
                raise InvalidArgument(
                    f"{self._title} is given a state twice: behind the input and as "
                    "`initial_state`. Leave one of them out."
                )
            is_several = isinstance(initial_state, list | tuple)
            begun = list(initial_state) if is_several else [initial_state]
        return [x, *begun] if begun else x

    def _as_native(self, backend: Backend, inputs: Any) -> Any:
        if isinstance(inputs, list | tuple) and any(map(is_tensor, inputs)):
            x = as_native(backend, inputs[0], self.dtype)
            return [x, *(as_state(backend, one, backend.describe(x)[1]) for one in inputs[1:])]
        return super()._as_native(backend, inputs)

    def _specs_of(self, inputs: Any) -> Specs:
        if not isinstance(inputs, list):
            return super()._specs_of(inputs)
        describe = self._backend().describe
        return [Spec(*describe(one)) for one in inputs]

    def _specs_for(self, shapes: Any) -> Specs:
        if not isinstance(shapes, list | tuple) or not any(
            isinstance(one, list | tuple) for one in shapes
        ):
            return super()._specs_for(shapes)
        return [Spec(as_partial_shape(one, "input_shape"), self.dtype) for one in shapes]

    def resolved(self, specs: Specs) -> Resolved:
        """Return the result of `resolve` for inputs of such specs.

        That of a state's batch is not kept: the batch is a size of the state.
        """
        require_floating(listed(specs)[1:], self._title)
        if not self.carries_state:
            kept, key = self._plans.resolved, shapes_without_batch(specs)
            resolved = kept.get(key) or kept.keep(key, self.resolve(specs))
        else:
            resolved = self.resolve(specs)
        self._require_as_built(shapes_of(specs))
        return resolved

    def _checked_masks(self, native: Any, masks: Sequence[Any]) -> Sequence[Any]:
        is_list = isinstance(native, list)
        own = [mask_of_first(mask) for mask in masks] if is_list else masks
        return super()._checked_masks(native, own)

    def _require_settled(self, native: Any) -> None:
        if not self._is_settled:
            shapes = shapes_of(self._specs_of(native))
            if not self.carries_state:  # whose batch is a size of the state
                is_list = isinstance(shapes, list)
                whole = [(None, *shape[1:]) for shape in (shapes if is_list else [shapes])]
                shapes = whole if is_list else whole[0]
            self._settled_variables(shapes)

    # What a state is.

    def _require_batch(self, inputs: Any, kept: Any) -> None:
        """Raise `InvalidShape` for a batch of another size than that of the state."""
        describe = self._backend().describe
        size, batch = describe(inputs)[0][0], describe(kept)[0][0]
        if None not in (size, batch) and size != batch:
            raise InvalidShape(
                f"{self._title} is stateful and keeps a state for {batch} samples; received a "
                f"batch of {size}. Give it batches of {batch}, also the last one."
            )

    def _require_a_state_for_each_sample(self, native: Sequence[Any]) -> None:
        """Raise `InvalidShape` for states of another number of samples than the input has."""
        specs = self._specs_of(native)
        if not is_one_a_sample(specs):
            self.resolved(specs)  # first says what else does not fit
            raise wrong_samples(specs, self._title)
        if self.carries_state and self._is_settled:
            self._require_batch(native[0], self._variables[self._places(are_states=True)[0]])

    def _require_states(self, given: Sequence[Spec], sizes: Sequence[PartialShape]) -> None:
        """Raise unless no state is given or each of its tensors, with these sizes of a sample."""
        if not given:
            return
        wanted = [(None, *one) for one in sizes]
        if len(given) != len(wanted):
            raise InvalidArgument(
                f"`initial_state` of {self._title} must be {len(wanted)} tensors of shapes "
                f"{wanted}; received {len(given)}."
            )
        pairs = zip(given, wanted, strict=True)
        if not all(fits(one.shape, shape) for one, shape in pairs):
            raise InvalidShape(
                f"`initial_state` of {self._title} must have the shapes {wanted}; received "
                f"{[one.shape for one in given]}."
            )

    def _declared_state(self, shape: PartialShape, sizes: Sequence[PartialShape]) -> Sequence[Any]:
        """Return the weights that keep a state between calls, for an input of that shape."""
        if not self.carries_state:
            return ()
        if shape[0] is None or any(None in one for one in sizes):
            raise InvalidShape(
                f"{self._title} is stateful, so the size of its batches must be known: state it, "
                "as `batch_input_shape=(batch, steps, features)` of the first layer or as "
                f"`Input(batch_shape=...)`; received the shape {shape}."
            )
        return [
            Weight(
                name=name,
                shape=(shape[0], *(size or 0 for size in own)),
                initializer="zeros",
                trainable=False,
                is_state=True,
            )
            for name, own in zip(NAMES, sizes, strict=False)
        ]


def sequence_of(shapes: Shapes) -> Any:
    """Return the shape of the input, the first where a state is given with it."""
    return shapes[0] if isinstance(shapes, list) else shapes
