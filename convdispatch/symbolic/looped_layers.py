"""The common part of recurrent layers whose step a script writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from convdispatch.engine.arguments import as_bool
from convdispatch.errors import InvalidArgument, InvalidShape
from convdispatch.symbolic.arrays import expand_dims, tile
from convdispatch.symbolic.custom import CustomLayer
from convdispatch.symbolic.filling import zeros_like
from convdispatch.symbolic.looping import Steps, looped, recorded_steps
from convdispatch.symbolic.reducing import sum as sum_of
from convdispatch.symbolic.variables import Variable, variable_of

FLAGS = ("return_sequences", "return_state", "go_backwards", "stateful", "unroll")


class Looping(CustomLayer):
    """A layer that repeats a step of a script's along axis 1 of its input."""

    return_sequences: bool
    return_state: bool
    go_backwards: bool
    stateful: bool
    unroll: bool
    zero_output_for_mask: bool
    _num_constants = 0

    def __init__(self, **options: Any) -> None:
        for name in FLAGS:
            setattr(self, name, as_bool(options.pop(name, False), name))
        given = options.pop("zero_output_for_mask", False)
        self.zero_output_for_mask = as_bool(given, "zero_output_for_mask")
        self.input_dim = options.pop("input_dim", None)
        self.input_length = options.pop("input_length", None)
        if self.input_dim and options.get("input_shape") is None:
            options["input_shape"] = (self.input_length, self.input_dim)
        super().__init__(**options)
        self.supports_masking = True
        self.takes_mask = True
        self._steps: list[Steps] = []
        self._kept_states: list[Variable] = []

    # What a subclass says of its steps.

    def state_sizes(self) -> list[tuple[int, ...]]:
        """Return the shape of each state without the batch."""
        raise NotImplementedError

    def step_of(self, x: Any, states: list[Any], constants: list[Any], training: Any) -> Any:
        """Return the output of a step and the new states."""
        raise NotImplementedError

    def constants_of(self, x: Any, training: Any) -> list[Any]:
        """Return symbols that are the same at each step, behind those of the caller."""
        return []

    def prepared(self, x: Any) -> Any:
        """Return what the steps are taken from."""
        return x

    # Calls.

    def __call__(  # type: ignore[override] # it takes what Keras's takes, and no other options
        self,
        inputs: Any,
        initial_state: Any = None,
        constants: Any = None,
        mask: Any = None,
        training: Any = None,
    ) -> Any:
        """Apply the layer; states to begin with, and constants, may stand behind the input."""
        given = _several(inputs)
        if constants is not None:
            self._num_constants = len(_several(constants))
        whole = [*given, *_several(initial_state), *_several(constants)]
        options = {} if training is None else {"training": training}
        return super().__call__(whole if len(whole) > 1 else inputs, mask, **options)

    def call(self, inputs: Any, mask: Any = None, training: Any = None) -> Any:
        """Return the outputs for symbols: the input, or a list that begins with it."""
        x, *rest = _several(inputs)
        count = len(rest) - self._num_constants
        begun, constants = rest[:count], rest[count:]
        states = begun or list(self._kept_states) or self._begun(x)
        if begun and len(states) != len(self.state_sizes()):
            raise InvalidArgument(
                f"{self._title} has {len(self.state_sizes())} states; received {len(states)} to "
                "begin with."
            )
        constants = [*constants, *self.constants_of(x, training)]
        x = self.prepared(x)
        steps = recorded_steps(
            lambda one, states, same: self.step_of(one, states, same, training),
            x,
            states,
            constants,
            go_backwards=self.go_backwards,
            gives_zeros=self.zero_output_for_mask,
            name=self.name,
        )
        self._steps.append(steps)
        flags = mask[0] if isinstance(mask, list) else mask
        last, outputs, new = looped(steps, x, states, constants, flags)
        if self._kept_states:
            self.add_update(list(zip(self._kept_states, new, strict=True)))
        output = outputs if self.return_sequences else last
        return [output, *new] if self.return_state else output

    def get_initial_state(self, inputs: Any) -> list[Any]:
        """Return the states to begin with: zeros for each sample of the input."""
        axes = list(range(1, len(inputs.shape)))
        zeros = sum_of(zeros_like(inputs), axis=axes)
        made = []
        for sizes in self.state_sizes():
            one = zeros
            for _ in sizes:
                one = expand_dims(one)
            made.append(tile(one, [1, *sizes]))
        return made

    def _begun(self, x: Any) -> list[Any]:
        return list(self.get_initial_state(x))

    # States that stay.

    @property
    def states(self) -> list[Any]:
        """The states that a stateful layer keeps, None for each where there are none."""
        return list(self._kept_states) or [None] * len(self.state_sizes())

    @property
    def carries_state(self) -> bool:
        """Whether a call changes what the next one begins with."""
        return bool(self.stateful) or super().carries_state

    def reset_states(self, states: Any = None) -> None:
        """Begin the next sequence with zeros, or with these arrays."""
        if not self.stateful:
            raise InvalidArgument(f"{self._title} is not stateful, so it has no state to reset.")
        self.ensure_built("reset_states")
        given = [0.0] * len(self._kept_states) if states is None else _several(states)
        if len(given) != len(self._kept_states):
            raise InvalidArgument(
                f"{self._title} has {len(self._kept_states)} states; received {len(given)}."
            )
        for one, value in zip(self._kept_states, given, strict=True):
            one.set_value(one.get_value() * 0 if isinstance(value, float) else value)

    def _make_states(self, shape: Sequence[int | None]) -> None:
        if not self.stateful:
            return
        if shape[0] is None:
            raise InvalidShape(
                f"{self._title} is stateful, so the size of its batches must be known: state it "
                f"as `batch_input_shape=` or `Input(batch_shape=...)`; received the shape {shape}."
            )
        whole = [(shape[0], *sizes) for sizes in self.state_sizes()]
        self._kept_states = [variable_of(np.zeros(one), self.dtype, "state") for one in whole]
        self._kept.extend(self._kept_states)

    def _take_weights(self) -> None:
        super()._take_weights()
        kept = {one.index for one in self._kept_states}
        self._declarations = tuple(
            replace(weight, is_state=True) if place in kept else weight
            for place, weight in enumerate(self._declarations)
        )

    def _layers_within(self, program: Any) -> list[Any]:
        return [*super()._layers_within(program), *(one for s in self._steps for one in s.layers)]

    def _forget(self) -> None:
        super()._forget()
        self._steps, self._kept_states = [], []

    def reads_mask(self, count: int) -> bool:
        """Return whether a call that reads so many tensors is given the mask of the first."""
        return count == 1 or self.dialect.keeps_masks_beside_states

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return the mask of the output: the input's where the steps are returned."""
        own = mask[0] if isinstance(mask, list) else mask
        made = own if self.return_sequences else None
        return [made, *[None] * len(self.state_sizes())] if self.return_state else made

    def makes_mask(self, masked: Sequence[bool]) -> bool:
        """Return whether the output has a mask."""
        return bool(self.return_sequences) and masked[0]

    def get_config(self) -> dict[str, Any]:
        """Return what every layer takes, and how the steps are returned."""
        zeros = {"zero_output_for_mask": True} if self.zero_output_for_mask else {}
        return super().get_config() | {name: getattr(self, name) for name in FLAGS} | zeros


def _several(given: Any) -> list[Any]:
    if given is None:
        return []
    return list(given) if isinstance(given, list | tuple) else [given]
