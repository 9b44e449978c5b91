"""Faults that a step of few variables hides: a network's has many, and scalars among them."""

from __future__ import annotations

import numpy as np
from sabotage import honest, method, stateful, tabled

from convdispatch.formulas import loss_formulas

TRAINING = ("training/*",)
SCORES = ("functions/*/crossentropy-*",)
FEW = 8


@method("compile_step", *TRAINING, "steps/*")
def eight_variables_written(compile_step, step):
    """Write the first eight variables of a step and leave the others as they were."""
    run = compile_step(step)

    def running(variables, inputs):
        kept = [np.array(variable) for variable in variables[FEW:]]
        returned, result = run(variables, inputs)
        for variable, value in zip(returned[FEW:], kept, strict=True):
            variable[...] = value
        return returned, result

    return running


@method("compile_step", *TRAINING)
def floats_without_axes_not_written(compile_step, step):
    """Leave variables of one float as they were."""
    run = compile_step(step)

    def running(variables, inputs):
        kept = [np.array(variable) for variable in variables]
        returned, result = run(variables, inputs)
        for variable, value in zip(returned, kept, strict=True):
            if not variable.ndim and variable.dtype.kind == "f":
                variable[...] = value
        return returned, result

    return running


@method("value_and_grad", *TRAINING)
def no_gradient_after_the_third(value_and_grad, fn):
    """Return zeros for the gradients of the fourth tensor and of those after it."""
    differentiate = value_and_grad(fn)

    def compute(tensors):
        value, gradients = differentiate(tensors)
        return value, [g if place < 3 else g * 0 for place, g in enumerate(gradients)]

    return compute


@tabled("power", *TRAINING)
def powers_to_one_number_are_products(power, x, y):
    """Multiply a Python number by an exponent without axes."""
    is_scalar = not isinstance(y, int | float) and np.shape(y) == ()
    if isinstance(x, float) and is_scalar:
        return honest.functions["linear"](x * y)
    return power(x, y)


@method("unpack", *TRAINING)
def packs_begin_one_number_late(unpack, packed, tensors):
    """Take a packed tensor apart from its second number on, the first one last."""
    return unpack(np.roll(packed, -1), tensors)


def _crossentropy(of):
    """Return the parts of a backend with a function of its own: `of` the honest one."""

    def honest_one(scores, classes):
        return loss_formulas.sparse_categorical_crossentropy(
            honest.functions, classes, scores, from_logits=True
        )

    return {"functions": {**honest.functions, "crossentropy": of(honest_one)}}


@stateful(*SCORES)
def classes_wrap_around():
    """Count a class that does not exist from the other end, in cross-entropy of the table's own."""
    return _crossentropy(
        lambda one: lambda scores, classes: one(scores, classes % scores.shape[-1])
    )


@stateful(*SCORES)
def crossentropy_overflows():
    """Leave out the shift by the maximum in cross-entropy of the table's own."""
    f = honest.functions

    def computed(_):
        def crossentropy(scores, classes):
            chosen = f["one_hot"](classes, scores.shape[-1], "bool")
            own = f["sum"](f["where"](chosen, scores, 0), axis=(-1,))
            found = f["log"](f["sum"](f["exp"](scores), axis=(-1,))) - own
            return f["where"](f["max"](chosen, axis=(-1,)), found, np.nan)

        return crossentropy

    return _crossentropy(computed)
