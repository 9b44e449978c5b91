"""One model on a group of processes, each of which computes its rows of the batch.

What a process leaves to chance is that of rank 0: the weights, as in every training, and the input.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from convdispatch.engine.layer import Layer
from convdispatch.errors import InvalidArgument, UnsupportedOp
from convdispatch.layers import Input
from convdispatch.models import Model
from convdispatch.models.parts import AnyModel, computing_dtype, input_dtypes
from convdispatch.numerics.comparison import REPETITIONS, Comparison, built_inputs, judged
from convdispatch.numerics.rounding import model_with_bounds
from convdispatch.ops import NumpyArray
from convdispatch.runtime import selection
from convdispatch.runtime.registry import registry
from convdispatch.support.foreign import call, said
from convdispatch.training.groups import Together, together


def group_of(name: str) -> Together:
    """Return this process's group on a backend; raise `InvalidArgument` where it is alone."""
    found = together(registry.load(name), [])
    if found is None:
        raise InvalidArgument(
            f"this process computes alone on {name!r}. Start the comparison by `convdispatch "
            "compare FILE.py --nproc 2`, which makes a group of processes."
        )
    return found


def built_together(group: Together, build: Callable[[], tuple[Any, Any]]) -> tuple[Any, Any]:
    """Return the model and the input that the function makes; raise on all what fails on one."""
    failed, built = None, (None, None)
    try:
        built = build()
    except Exception as exc:  # noqa: BLE001 - it is raised below
        failed = exc
    group.tell_failure(failed)
    return built


def compare_together(group: Together, model: AnyModel, x: Any, name: str) -> Comparison:
    """Run a model on a group of processes; measure the gathered outputs as `compare` does.

    Rank 0 alone computes the exact outputs; what the others return has no figures.
    """
    _, inputs = built_together(group, lambda: (None, built_inputs(model, x)))
    group.agree({"shapes of inputs": [[*one.shape, one.dtype.name] for one in inputs]})
    inputs = [group.of_rank_0(one) for one in inputs]
    try:
        return call(_compared, group, model, inputs, name)
    except UnsupportedOp as exc:
        return Comparison(backend=name, status="unsupported", reason=str(exc))
    except Exception as exc:  # noqa: BLE001 - the model and `x` are right: all have built them
        return Comparison(backend=name, status="outside", reason=said(exc))


def _compared(group: Together, model: AnyModel, x: list[NumpyArray], name: str) -> Comparison:
    moved = _as_model(model.to(name), x)
    given = x if len(x) > 1 else x[0]
    found = Comparison(backend=name, status="ok")

    def outputs() -> list[NumpyArray]:
        predicted = moved.predict(given, batch_size=len(x[0]), verbose=0)
        return predicted if isinstance(predicted, list) else [predicted]

    def timed() -> float:
        begun = time.perf_counter()
        outputs()
        return time.perf_counter() - begun

    first, seconds = outputs(), [timed() for _ in range(REPETITIONS)]
    if group.rank == 0:
        right = model_with_bounds(moved, x, computing_dtype(moved))
        found = judged(name, first, right, iter(seconds).__next__)
    group.group.exchange(b"")  # the others wait for the exact outputs
    return found


def _as_model(model: AnyModel, x: list[NumpyArray]) -> Any:
    """Return a model, which has `predict`, also of a single layer."""
    if not isinstance(model, Layer):
        return model
    dtypes = input_dtypes(model, len(x))
    takes_list = len(x) > 1 or not getattr(model, "takes_one", True)
    with selection.use_backend(model.backend):
        inputs = [Input(one.shape[1:], dtype=dtype) for one, dtype in zip(x, dtypes, strict=True)]
        return Model(inputs, model(inputs if takes_list else inputs[0]))
