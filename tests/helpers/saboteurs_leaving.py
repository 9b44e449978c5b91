"""Backends that change the process, take what they do not know, or have wrong candidates."""

from __future__ import annotations

import random
import warnings
from dataclasses import replace

import numpy as np
from sabotage import honest, method

from convdispatch.ops import FLOAT_DTYPES, INTEGER_DTYPES
from convdispatch_numpy._autograd import is_traced

LEAVES = ("*/contract/leaves-*", "*/contract/quiet-*")
CANDIDATES = ("*/contract/candidates-*",)
_KNOWN = (*FLOAT_DTYPES, *INTEGER_DTYPES)


@method("lower", *LEAVES)
def generator_reseeded(lower, op, signature):
    """Seed NumPy's global generator."""
    np.random.seed(0)
    return lower(op, signature)


@method("lower", *LEAVES)
def python_generator_used(lower, op, signature):
    """Draw a number with Python's global generator."""
    random.random()
    return lower(op, signature)


@method("lower", *LEAVES)
def errors_ignored_for_good(lower, op, signature):
    """Switch NumPy's warnings about overflow and invalid numbers off for good."""
    np.seterr(all="ignore")
    return lower(op, signature)


@method("lower", *LEAVES)
def warnings_ignored_for_good(lower, op, signature):
    """Filter out all warnings of the process."""
    warnings.simplefilter("ignore")
    return lower(op, signature)


@method("lower", *LEAVES)
def numbers_printed_otherwise(lower, op, signature):
    """Set NumPy's options for printing where the element type is float64."""
    if signature.dtype == "float64":
        np.set_printoptions(precision=17)
    return lower(op, signature)


@method("lower", *LEAVES)
def warns_at_every_call(lower, op, signature):
    """Warn whenever an op is lowered."""
    warnings.warn("this is slow", RuntimeWarning, stacklevel=1)
    return lower(op, signature)


@method("owns", "tensors/contract/owns-*")
def traced_tensors_denied(owns, value):
    """Deny tensors that are being differentiated."""
    return owns(value) and not is_traced(value)


@method("asarray", "tensors/contract/*")
def unknown_type_is_float32(asarray, value, dtype):
    """Make float32 of a type that no op has."""
    return asarray(value, dtype if dtype in _KNOWN else "float32")


@method("lower", "*/errors/unknown-*")
def unknown_activation_left_out(lower, op, signature):
    """Leave out an activation of an unknown name."""
    if getattr(op, "activation", "linear") not in ("linear", "relu", "sigmoid", "tanh"):
        op = replace(op, activation="linear")
    return lower(op, signature)


@method("candidates", *CANDIDATES)
def candidate_that_raises(candidates, op, signature):
    """Offer a candidate that raises when it is called."""

    def fail(*tensors):
        raise RuntimeError("not here")

    return {**candidates(op, signature), "other": fail}


@method("candidates", *CANDIDATES)
def candidate_without_its_last_channel(candidates, op, signature):
    """Offer a candidate whose last number is zero in convolutions of many channels."""
    found = dict(candidates(op, signature))
    compute = next(iter(found.values()))

    def spoilt(*tensors):
        y = compute(*tensors)
        if isinstance(y, np.ndarray) and y.size:
            y = y.copy()
            y[(-1,) * y.ndim] = 0
        return y

    is_large = bool(signature.weight_shapes) and signature.weight_shapes[0][-1] > 8
    return {**found, "other": spoilt} if is_large else found


@method("candidates", *CANDIDATES)
def candidate_without_gradients(candidates, op, signature):
    """Offer a candidate that hides its computation from autodiff."""
    found = dict(candidates(op, signature))
    compute = next(iter(found.values()))
    stop = honest.functions["stop_gradient"]
    return {**found, "other": lambda *tensors: stop(compute(*tensors))}
