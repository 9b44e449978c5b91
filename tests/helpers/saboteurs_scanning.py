"""Loops over the steps of a sequence that go wrong, forwards or in their gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
from sabotage import honest, stateful, tabled
from saboteurs_gradients import tampered

from convdispatch import kit

RECURRENT = tuple(f"layers/grad/formula-{kind}*" for kind in ("simple", "lstm", "gru", "both"))
STATES = ("layers/grad/formula-state-*", "layers/contract/calls-*")
TRAINED = ("training/full/layer-recurrent-*",)
_F = honest.functions


def scanning(wrong_run):
    """Return the parts whose loops run `wrong_run(step, weights, state, inputs)`."""

    def compile_scan(step):
        return lambda weights, state, inputs: wrong_run(step, weights, state, inputs)

    return {"compile_scan": compile_scan}


def _scan(step, weights, state, inputs):
    return kit.looped(step, _F)(weights, state, inputs)


def _cut(inputs, first, last):
    places = np.arange(first, last)
    return tuple(_F["take"](one, places, 0) for one in inputs)


def _stopped(tree):
    if isinstance(tree, dict):
        return {name: _stopped(part) for name, part in tree.items()}
    if isinstance(tree, list | tuple):
        return type(tree)(map(_stopped, tree))
    return _F["stop_gradient"](tree)


@stateful(*RECURRENT)
def the_last_step_dropped():
    """Leave out the last step of a loop, and return the output before it again."""

    def run(step, weights, state, inputs):
        count = inputs[0].shape[0]
        state, outputs = _scan(step, weights, state, _cut(inputs, 0, count - 1))
        places = np.minimum(np.arange(count), count - 2)
        return state, _F["take"](outputs, places, 0)

    return scanning(run)


@stateful(*RECURRENT)
def the_first_step_dropped():
    """Begin a loop with the second step; the state before it is the first output."""

    def run(step, weights, state, inputs):
        after, outputs = _scan(step, weights, state, _cut(inputs, 1, inputs[0].shape[0]))
        first = _F["reshape"](state[0], (1, *state[0].shape))
        return after, _F["concatenate"]([first, outputs], 0)

    return scanning(run)


@stateful(*RECURRENT)
def steps_in_reverse():
    """Go through the steps from the last to the first."""

    def run(step, weights, state, inputs):
        state, outputs = _scan(step, weights, state, tuple(_F["flip"](x, (0,)) for x in inputs))
        return state, _F["flip"](outputs, (0,))

    return scanning(run)


@stateful(*RECURRENT)
def outputs_of_a_loop_in_reverse():
    """Stack the outputs of the steps from the last to the first."""

    def run(step, weights, state, inputs):
        state, outputs = _scan(step, weights, state, inputs)
        return state, _F["flip"](outputs, (0,))

    return scanning(run)


@stateful(*RECURRENT)
def every_output_is_the_last():
    """Write all outputs of a loop to the same place."""

    def run(step, weights, state, inputs):
        state, outputs = _scan(step, weights, state, inputs)
        count = inputs[0].shape[0]
        return state, _F["take"](outputs, np.full(count, count - 1), 0)

    return scanning(run)


@stateful(*RECURRENT)
def the_second_state_not_carried():
    """Carry the first tensor of a state from step to step, and start the others anew."""

    def run(step, weights, state, inputs):
        first = state

        def wrong(weights, state, inputs):
            return step(weights, (state[0], *first[1:]), inputs)

        return _scan(wrong, weights, state, inputs)

    return scanning(run)


@stateful(*RECURRENT)
def states_carried_in_half_precision():
    """Round the state to bfloat16 between two steps."""
    narrow = kit.numpy_dtype("bfloat16").name

    def run(step, weights, state, inputs):
        def wrong(weights, state, inputs):
            dtype = honest.describe(state[0])[1]
            rounded = tuple(honest.cast(honest.cast(s, narrow), dtype) for s in state)
            return step(weights, rounded, inputs)

        return _scan(wrong, weights, state, inputs)

    return scanning(run)


@stateful(*RECURRENT)
def states_of_float64_carried_in_float32():
    """Round a state of float64 to float32 between two steps."""

    def run(step, weights, state, inputs):
        def wrong(weights, state, inputs):
            dtype = honest.describe(state[0])[1]
            rounded = tuple(honest.cast(honest.cast(s, "float32"), dtype) for s in state)
            return step(weights, rounded, inputs)

        return _scan(wrong, weights, state, inputs)

    return scanning(run)


@stateful(*RECURRENT)
def weights_of_a_loop_are_constants():
    """Let no gradient out of a loop to its weights."""
    return scanning(
        lambda step, weights, state, inputs: _scan(step, _stopped(weights), state, inputs)
    )


@stateful(*RECURRENT)
def gradients_stay_in_their_step():
    """Let no gradient pass from a step to the one before it."""

    def run(step, weights, state, inputs):
        def wrong(weights, state, inputs):
            return step(weights, _stopped(state), inputs)

        return _scan(wrong, weights, state, inputs)

    return scanning(run)


@stateful(*RECURRENT)
def gradients_of_outputs_lost():
    """Pass gradients through the last state of a loop, and not through the outputs."""

    def run(step, weights, state, inputs):
        state, outputs = _scan(step, weights, state, inputs)
        return state, _stopped(outputs)

    return scanning(run)


@stateful(*RECURRENT, *STATES)
def a_loop_begins_with_zeros():
    """Begin each loop with a state of zeros, whatever state is given."""

    def run(step, weights, state, inputs):
        return _scan(step, weights, tuple(one * 0 for one in state), inputs)

    return scanning(run)


@stateful(*RECURRENT)
def the_first_mask_for_all_steps():
    """Give each step the second input of the first step."""

    def run(step, weights, state, inputs):
        first = np.zeros(inputs[0].shape[0], int)
        rest = tuple(_F["take"](one, first, 0) for one in inputs[1:])
        return _scan(step, weights, state, (inputs[0], *rest))

    return scanning(run)


@stateful(*TRAINED)
def a_loop_keeps_its_first_weights():
    """Compute a compiled loop with the weights of the first call."""
    kept: list[Any] = []

    def run(step, weights, state, inputs):
        kept.append({name: np.array(_F["stop_gradient"](one)) for name, one in weights.items()})
        return _scan(step, kept[0], state, inputs)

    return scanning(run)


@tabled("stack", *RECURRENT, "functions/*")
def gradient_of_a_stack_in_reverse(stack, tensors, axis):
    """Give the first of stacked tensors the gradient of the last, and so on."""
    return _turned_back(stack(tensors, axis), axis)


@tabled("flip", *RECURRENT, "functions/*")
def gradient_of_a_flip_not_flipped(flip, x, axes):
    """Return the gradient of a flip along a later axis than the first as it comes."""
    y = flip(x, axes)
    return y if 0 in axes else _turned_back(y, *axes)


def _turned_back(tensor, *axes):
    return tampered(tensor, lambda g: np.flip(g, axes))


@stateful("layers/grad/formula-conv-lstm*", "training/full/layer-conv-lstm*")
def states_of_images_turned():
    """Turn the rows of a state that has rows, between two steps."""

    def run(step, weights, state, inputs):
        def wrong(weights, state, inputs):
            turned = (_F["flip"](s, (1,)) if s.ndim > 2 else s for s in state)
            return step(weights, tuple(turned), inputs)

        return _scan(wrong, weights, state, inputs)

    return scanning(run)
