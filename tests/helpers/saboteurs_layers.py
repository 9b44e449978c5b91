"""Faults that only layers of several functions show: masks, merges, tables, moments, noise."""

from __future__ import annotations

import numpy as np
from sabotage import drawn, honest, method, stateful, tabled
from saboteurs_gradients import tampered

from convdispatch_numpy._autograd import differentiable

LAYERS = ("layers/grad/formula-*",)
TRAINED = ("training/full/*",)
NOISE = ("layers/contract/noise-*",)
_F = honest.functions


def _sizes(tensor):
    return np.shape(_F["stop_gradient"](tensor)) if hasattr(tensor, "shape") else ()


@tabled("take", *LAYERS, "functions/*")
def gradient_of_rows_overwritten(take, x, indices, axis):
    """Give a row that int32 indices take several times the gradient of one place."""
    if getattr(indices, "dtype", None) != "i4" or axis != 0:
        return take(x, indices, axis)

    def written(answer, x, indices):
        def gradient(g):
            found = np.zeros_like(x)
            found[indices] = g
            return found

        return gradient

    return differentiable(lambda x, i: np.take(x, i, 0), written)(x, indices)


@tabled("take", *LAYERS, "functions/*")
def gradient_of_the_first_row_taken(take, x, indices, axis):
    """Give each row that is taken along the first axis the gradient of the first place."""
    y = take(x, indices, axis)
    return tampered(y, lambda g: 0 * g + g[:1]) if axis == 0 and np.ndim(indices) > 1 else y


@tabled("concatenate", *LAYERS, "functions/*")
def negative_axes_are_the_last(concatenate, tensors, axis):
    """Concatenate along the last axis for every negative one, if the shapes allow it."""
    shapes = [one.shape for one in tensors]
    alike = len({shape[:-1] for shape in shapes}) == 1
    return concatenate(tensors, -1 if axis < 0 and alike else axis)


@tabled("concatenate", *LAYERS, "functions/*")
def gradient_of_joined_parts_exchanged(concatenate, tensors, axis):
    """Give two equally wide parts the gradient of each other."""
    y = concatenate(tensors, axis)
    if len(tensors) != 2 or tensors[0].shape != tensors[1].shape:
        return y
    return tampered(y, lambda g: np.roll(g, g.shape[axis] // 2, axis))


@tabled("where", *LAYERS, "functions/*")
def a_mask_is_ignored_backwards(where, condition, x, y):
    """Pass all of a gradient to the chosen numbers where the condition is one a row."""
    if _sizes(condition)[-1:] != (1,) or _sizes(x)[-1:] in ((), (1,)):
        return where(condition, x, y)
    chosen = where(condition, _F["stop_gradient"](x), _F["stop_gradient"](y))
    return chosen + (x - _F["stop_gradient"](x))


@tabled("where", *LAYERS, "functions/*")
def a_column_of_flags_read_as_a_row(where, condition, x, y):
    """Repeat a column of flags along the other axis where rows are as many as columns."""
    shape = _sizes(x)
    is_column = len(shape) == 2 and _sizes(condition) == (shape[0], 1) and shape[0] == shape[1]
    return where(np.reshape(condition, (1, -1)) if is_column else condition, x, y)


@tabled("where", *TRAINED, "functions/*")
def a_choice_of_scalars_is_the_number(where, condition, x, y):
    """Return the Python number, whatever the condition, where the other choice has no axes."""
    is_number = isinstance(x, int | float) and hasattr(y, "shape") and y.shape == ()
    return where(condition | True, x, y) if is_number else where(condition, x, y)


@tabled("transpose", *LAYERS, "functions/*")
def gradient_transposed_by_the_same_axes(transpose, x, axes):
    """Transpose a gradient by the axes of the way there where the shape allows it."""
    y = transpose(x, axes)
    fits = tuple(y.shape[axis] for axis in axes) == x.shape
    # What comes to the change goes back by the right axes afterwards.
    return tampered(y, lambda g: np.transpose(np.transpose(g, axes), axes)) if fits else y


@tabled("matmul", *LAYERS, "functions/*")
def gradient_of_a_square_product_transposed(matmul, a, b):
    """Transpose the gradient of a product that is a square."""
    y = matmul(a, b)
    is_square = y.ndim == 2 and y.shape[0] == y.shape[1] > 1
    return tampered(y, np.transpose) if is_square else y


@tabled("matmul", *LAYERS, "functions/*")
def gradient_of_the_first_pair_for_all(matmul, a, b):
    """Give all pairs of two stacks of matrices the gradient of the first one."""
    y = matmul(a, b)
    are_stacks = a.ndim == 3 == b.ndim and a.shape[0] > 1
    return tampered(y, lambda g: 0 * g + g[:1]) if are_stacks else y


@stateful(*LAYERS, "functions/*")
def a_matrix_used_again_has_no_gradient():
    """Give a matrix that is multiplied several times the gradient of one product."""
    seen = []
    matmul = _F["matmul"]

    def once(a, b):
        if any(b is other for other in seen):
            return matmul(a, _F["stop_gradient"](b))
        seen.append(b)
        return matmul(a, b)

    return {"functions": {**_F, "matmul": once}}


def _one_kept_axis(function, x, axis, keepdims):
    is_one = keepdims and axis in ((1,), 1) and x.ndim == 3
    last = function(x, axis=(2,) if is_one else axis, keepdims=keepdims)
    return last if not is_one or x.shape[1] == x.shape[2] else function(x, axis=axis, keepdims=True)


@tabled("sum", *LAYERS, "functions/*")
def a_kept_axis_is_the_last(total, x, axis=None, keepdims=False):
    """Sum a cube along the last axis instead of the middle one if the axis is kept."""
    return _one_kept_axis(total, x, axis, keepdims)


@tabled("mean", *TRAINED, "functions/*")
def gradient_of_a_mean_by_one_axis(mean, x, axis=None, keepdims=False):
    """Divide the gradient of a mean over several axes by the size of the first one."""
    y = mean(x, axis=axis, keepdims=keepdims)
    if not isinstance(axis, tuple) or len(axis) < 2:
        return y
    factor = np.prod([x.shape[one] for one in axis[1:]], dtype=int)
    return tampered(y, lambda g: g * factor)


@method("cast", *LAYERS, "tensors/*")
def true_is_cast_to_minus_one(cast, tensor, dtype):
    """Cast true to -1, as if all bits of the number were set."""
    flags = tensor.dtype == "bool" and dtype.startswith("float")
    return -cast(tensor, dtype) if flags else cast(tensor, dtype)


@method("cast", *LAYERS, "tensors/*")
def floats_cast_to_integers_fall_short(cast, tensor, dtype):
    """Cut whole floats to the integer below, as if they were a little smaller."""
    found = cast(tensor, dtype)
    if dtype != "int32" or tensor.dtype.kind != "f":
        return found
    return found - (found > 0).astype("i4")


@method("value_and_grad", *LAYERS, "tensors/*")
def tensors_of_one_shape_share_a_gradient(value_and_grad, fn):
    """Give the third tensor and later ones the gradient of the first of the same shape."""
    differentiate = value_and_grad(fn)

    def compute(tensors):
        value, gradients = differentiate(tensors)
        shapes = [one.shape for one in gradients]
        first = [shapes.index(shape) for shape in shapes]
        shared = [gradients[first[place] if place >= 2 else place] for place in range(len(shapes))]
        return value, shared

    return compute


@method("compile_step", *TRAINED)
def a_step_returns_what_the_last_one_had(compile_step, step):
    """Return the results of the step before, from the second step on."""
    run, kept = compile_step(step), []

    def running(variables, inputs):
        variables, result = run(variables, inputs)
        kept.append(result)
        return variables, kept[max(len(kept) - 2, 0)]

    return running


@method("compile_step", *TRAINED)
def short_vectors_not_written(compile_step, step):
    """Leave variables of one or two numbers as they were."""
    run = compile_step(step)

    def running(variables, inputs):
        kept = [np.array(variable) for variable in variables]
        returned, result = run(variables, inputs)
        for variable, value in zip(returned, kept, strict=True):
            if variable.ndim and variable.size <= 2:
                variable[...] = value
        return returned, result

    return running


@drawn("bernoulli", *NOISE, "random/*")
def one_draw_for_all_samples(bernoulli, key, shape, dtype, probability):
    """Draw for one sample, and repeat it for the batch, where an axis has size 1."""
    if len(shape) != 3 or shape[1] != 1:
        return bernoulli(key, shape, dtype, probability)
    one = bernoulli(key, (1, *shape[1:]), dtype, probability)
    return np.repeat(one, shape[0], 0)


@drawn("bernoulli", *NOISE, "random/*")
def axes_of_size_one_are_drawn(bernoulli, key, shape, dtype, probability):
    """Draw two numbers along an axis of size 1, and add them up."""
    if len(shape) != 3 or shape[1] != 1:
        return bernoulli(key, shape, dtype, probability)
    return bernoulli(key, (shape[0], 2, shape[2]), dtype, probability).sum(1, keepdims=True)


@drawn("fold", *NOISE, "random/*")
def the_first_two_numbers_fold_alike(fold, key, number):
    """Fold 1 in as if it were 0, so that two layers of a model draw the same."""
    return fold(key, 0 if isinstance(number, int) and number == 1 else number)


@drawn("normal", *NOISE, "random/*")
def a_normal_cube_is_uniform(normal, key, shape, dtype):
    """Draw uniform numbers between -1 and 1 for shapes of three axes."""
    if len(shape) != 3:
        return normal(key, shape, dtype)
    return 2 * honest.random["uniform"](key, shape, dtype) - 1
