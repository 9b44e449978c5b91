"""Steps that are done in part, auxiliary results that are lost, assignments and wrapped models."""

from __future__ import annotations

import numpy as np
from sabotage import honest, method, stateful

from convdispatch import kit

STEPS = ("steps/*",)
AUX = ("tensors/grad/aux-*",)
ASSIGNED = ("tensors/contract/assign-*", "tensors/contract/integers-assign-*")
WRAPPED = ("wrap/*",)


def running(run_of):
    """Return what replaces `compile_step`: `run_of(step, variables, inputs)`, variables written."""

    def compile_step(_, step):
        checked = kit.checked_step(step, honest.describe)

        def run(variables, inputs):
            values, result = run_of(checked, variables, inputs)
            for variable, value in zip(variables, values, strict=True):
                variable[...] = value
            return variables, result

        return run

    return compile_step


def _apart(tree):
    return kit.map_tree(np.array, tree)


@method("compile_step", *STEPS)
def variables_written_one_by_one(compile_step, step):
    """Write each variable before the next one's new value is read."""

    def run_of(checked, variables, inputs):
        values, result = checked(variables, inputs)
        return values, _apart(result)

    return running(run_of)(compile_step, step)


@method("compile_step", *STEPS)
def results_share_the_variables_memory(compile_step, step):
    """Return a result that changes with the next step."""

    def run_of(checked, variables, inputs):
        values, result = checked(variables, inputs)
        return _apart(values), result

    return running(run_of)(compile_step, step)


@method("compile_step", *STEPS)
def written_before_it_is_checked(compile_step, step):
    """Write the variables before the new values are checked."""

    def run(variables, inputs):
        values, result = step(variables, inputs)
        for variable, value in zip(variables, _apart(list(values)), strict=False):
            variable[...] = value if np.shape(value) == variable.shape else np.ravel(value)[0]
        kit.checked_step(lambda *_: (values, result), honest.describe)(variables, inputs)
        return variables, _apart(result)

    return run


@method("compile_step", *STEPS)
def cleared_before_it_runs(compile_step, step):
    """Clear the variables before the step runs on a copy of them, as donation may."""
    checked = kit.checked_step(step, honest.describe)

    def run(variables, inputs):
        given = [np.array(variable) for variable in variables]
        for variable in variables:
            variable[...] = 0
        values, result = checked(given, inputs)
        for variable, value in zip(variables, _apart(values), strict=True):
            variable[...] = value
        return variables, _apart(result)

    return run


@stateful(*STEPS)
def inputs_of_the_first_step():
    """Use the inputs of the first step in every step."""

    def compile_step(step):
        run, kept = honest.compile_step(step), []

        def running(variables, inputs):
            kept.append(inputs)
            return run(variables, kept[0])

        return running

    return {"compile_step": compile_step}


@stateful(*STEPS)
def variables_of_the_first_step():
    """Use the variables of the first step in every step."""

    def compile_step(step):
        run, kept = honest.compile_step(step), []

        def running(variables, inputs):
            kept.append(variables)
            return run(kept[0], inputs)

        return running

    return {"compile_step": compile_step}


@stateful(*STEPS)
def a_step_for_one_batch_size():
    """Compute no more samples in a step than the first step had."""

    def compile_step(step):
        run, kept = honest.compile_step(step), []

        def running(variables, inputs):
            if not isinstance(inputs, dict) or "y" not in inputs:
                return run(variables, inputs)
            kept.append(len(inputs["x"]))
            cut = {name: inputs[name][: min(kept[0], 2)] for name in ("x", "y")}
            return run(variables, {**inputs, **cut})

        return running

    return {"compile_step": compile_step}


@method("compile_step", *STEPS)
def steps_written_in_half_precision(compile_step, step):
    """Round new float32 values to bfloat16."""

    def run_of(checked, variables, inputs):
        values, result = checked(variables, inputs)
        half = kit.numpy_dtype("bfloat16")
        values = [v.astype(half).astype(v.dtype) if v.dtype == "f4" else np.array(v)
                  for v in map(np.asarray, values)]  # fmt: skip
        return values, _apart(result)

    return running(run_of)(compile_step, step)


@method("compile_step", *STEPS)
def inputs_given_away(compile_step, step):
    """Overwrite the inputs once the step is done."""
    run = compile_step(step)

    def running_over(variables, inputs):
        found = _apart_from(run(variables, inputs), inputs)
        kit.map_tree(_spoil, inputs)
        return found

    return running_over


def _apart_from(found, inputs):
    variables, result = found
    return variables, _apart(result)


def _spoil(array):
    if array.flags.writeable and array.dtype.kind == "f":
        array[...] = np.nan


@method("compile_step", *STEPS)
def counters_in_float32(compile_step, step):
    """Keep the integers of a step in float32."""

    def run_of(checked, variables, inputs):
        values, result = checked(variables, inputs)
        values = [np.asarray(v).astype("f4") if np.asarray(v).dtype.kind == "i" else np.array(v)
                  for v in values]  # fmt: skip
        return values, _apart(result)

    return running(run_of)(compile_step, step)


@method("compile_step", *STEPS)
def keys_of_a_step_unread(compile_step, step):
    """Replace every key among the inputs with 0."""
    run = compile_step(step)

    def running_over(variables, inputs):
        is_key = getattr(inputs, "dtype", None) == "i4"
        return run(variables, np.zeros_like(inputs) if is_key else inputs)

    return running_over


@method("value_and_grad", *AUX)
def aux_forgotten(value_and_grad, fn):
    """Return no auxiliary results."""
    differentiate = value_and_grad(fn)

    def compute(tensors):
        (value, _), gradients = differentiate(tensors)
        return (value, None), gradients

    return compute


@stateful(*AUX)
def aux_of_the_first_call():
    """Return the auxiliary results of the first call."""

    def value_and_grad(fn):
        differentiate, kept = honest.value_and_grad(fn), []

        def compute(tensors):
            (value, aux), gradients = differentiate(tensors)
            kept.append(aux)
            return (value, kept[0]), gradients

        return compute

    return {"value_and_grad": value_and_grad}


@method("value_and_grad", *AUX)
def aux_as_lists(value_and_grad, fn):
    """Return tuples among the auxiliary results as lists."""
    differentiate = value_and_grad(fn)

    def listed(tree):
        if isinstance(tree, dict):
            return {name: listed(part) for name, part in tree.items()}
        return [listed(part) for part in tree] if isinstance(tree, list | tuple) else tree

    def compute(tensors):
        (value, aux), gradients = differentiate(tensors)
        return (value, listed(aux)), gradients

    return compute


@method("value_and_grad", *AUX)
def aux_rounded_to_float32(value_and_grad, fn):
    """Return auxiliary results of float64 in float32."""
    differentiate = value_and_grad(fn)

    def narrow(tensor):
        return tensor.astype("f4") if getattr(tensor, "dtype", None) == "f8" else tensor

    def compute(tensors):
        (value, aux), gradients = differentiate(tensors)
        return (value, kit.map_tree(narrow, aux)), gradients

    return compute


@method("value_and_grad", *AUX)
def aux_differentiated_too(value_and_grad, fn):
    """Add the first auxiliary result to the value that is differentiated."""
    total = honest.functions["sum"]

    def both(tensors):
        value, aux = fn(tensors)
        return (value + total(aux), aux) if hasattr(aux, "shape") else (value, aux)

    return value_and_grad(both)


@method("assign", *ASSIGNED)
def assigned_by_reference(assign, variable, value):
    """Return the assigned tensor itself if it has the variable's element type."""
    is_alike = getattr(value, "dtype", None) == variable.dtype
    return value if is_alike else assign(variable, value)


@method("assign", *ASSIGNED)
def cleared_before_it_is_assigned(assign, variable, value):
    """Clear the variable before the new value is read."""
    variable[...] = 0
    return assign(variable, value)


@method("assign", *ASSIGNED)
def float64_assigned_by_way_of_float32(assign, variable, value):
    """Assign float64 through float32, which rounds twice on the way to half precision."""
    wide = np.asarray(value)
    return assign(variable, wide.astype("f4") if wide.dtype == "f8" else wide)


@method("assign", *ASSIGNED)
def assigned_type_kept(assign, variable, value):
    """Give the variable the element type of an assigned bfloat16 value."""
    return (
        np.array(value) if np.asarray(value).dtype.name == "bfloat16" else assign(variable, value)
    )


@method("assign", *ASSIGNED)
def scalars_not_assigned(assign, variable, value):
    """Ignore assignments to a variable without axes."""
    return assign(variable, value) if variable.ndim else variable


class _Changed:
    """A model with some attributes replaced."""

    def __init__(self, model, **changed):
        self._model = model
        self._changed = changed

    def __getattr__(self, name):
        return self._changed[name] if name in self._changed else getattr(self._model, name)


@method("wrap", *WRAPPED)
def every_weight_is_trained(wrap, model):
    """Report every weight as trainable."""
    named = {path: (value, True) for path, (value, _) in model.named_weights().items()}
    return wrap(_Changed(model, named_weights=lambda: named))


@method("wrap", *WRAPPED)
def weights_named_by_their_last_part(wrap, model):
    """Name each weight by the last part of its path."""
    apply, weights = wrap(model)
    return apply, {path.rpartition("/")[2]: value for path, value in weights.items()}


@method("wrap", *WRAPPED)
def weights_of_a_wrapped_model_are_copies(wrap, model):
    """Hold copies of the model's tensors."""
    apply, weights = wrap(model)
    return apply, {path: np.array(value) for path, value in weights.items()}


@method("wrap", *WRAPPED)
def updates_forgotten(wrap, model):
    """Drop the new values of weights that training returns."""
    training = getattr(model, "training", None)
    if training is None:
        return wrap(model)
    return wrap(_Changed(model, training=lambda *given: (training(*given)[0], {})))


@method("wrap", *WRAPPED)
def trained_by_inference(wrap, model):
    """Train every model by its `apply`."""
    return wrap(_Changed(model, training=None))


@method("wrap", *WRAPPED)
def given_weights_unread(wrap, model):
    """Compute with the model's own weights, whatever weights are given."""
    own = {path: value for path, (value, _) in model.named_weights().items()}
    return wrap(_Changed(model, apply=lambda weights, inputs: model.apply(own, inputs)))
