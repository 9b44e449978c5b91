"""`predict` where a group of processes or devices computes it: each one its rows of every batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from convdispatch.engine.plans import revisions_of
from convdispatch.engine.stepping import Stepping
from convdispatch.errors import ConvDispatchError
from convdispatch.formulas.whole_batch import entered
from convdispatch.models._compiled_forward import forward_of
from convdispatch.ops import Backend, Group, NumpyArray, Part, PartialStep
from convdispatch.runtime import selection
from convdispatch.runtime.registry import registry
from convdispatch.support.warnings import warn
from convdispatch.training.groups import Together, facts_of, with_whole_weights


class Divided:
    """A model's outputs, computed by a group."""

    def __init__(self, model: Any, found: Together) -> None:
        self.together = found
        self._layers = list(model._layers)
        self.revisions = revisions_of(self._layers)
        self._takes_list = len(model._flat_graph().inputs) > 1
        self._is_refused = False
        backend = registry.load(model.backend)
        forward = forward_of(backend, self._layers, model._flat_graph())
        self._run = found.compiled(_partial(backend, found.group, forward, self._takes_list))
        if not _is_begun(model):
            found.agree(facts_of(self._layers, None, []))
            with Stepping([layer for layer in self._layers if layer._variables]) as stepping:
                stepping.replace(found.group.begin(stepping.variables))

    def is_of(self, model: Any, found: Together) -> bool:
        """Return whether this is still the model, and its group one like that."""
        own, other = self.together.group, found.group
        return (
            (own.rank, own.size, own.parts) == (other.rank, other.size, other.parts)
            and model._layers == self._layers
            and revisions_of(self._layers) == self.revisions
        )

    def arrays(self, model: Any, rows: Sequence[Any], part: Part) -> list[NumpyArray]:
        """Return the outputs of a whole batch, of which these are this process's rows."""
        if self._is_refused:
            return self._by_layers(model, rows, part)
        values = [variable for layer in self._layers for variable in layer.variables]
        try:
            _, outputs = self._run([], {"x": list(rows), "values": values, "part": part})
        except ConvDispatchError:
            raise
        except Exception as exc:  # noqa: BLE001 - compilers raise whatever they like
            found = self._by_layers(model, rows, part)
            self._is_refused = True
            warn_of_refusal(model, exc)
            return found
        return as_arrays(list(outputs))

    def _by_layers(self, model: Any, rows: Sequence[Any], part: Part) -> list[NumpyArray]:
        found = as_arrays(model(list(rows) if self._takes_list else rows[0]))
        return found if part.is_whole else [self.together.gathered(one) for one in found]

    def joined(self, arrays: Sequence[NumpyArray], numbers: Sequence[int]) -> list[NumpyArray]:
        """Return the rows of all processes in the order of their numbers, each number once.

        numbers: those of this process's rows in the data that the processes divide.
        """
        gathered = self.together.gathered
        places = gathered(np.asarray(numbers[: len(arrays[0])], np.int64))
        _, first = np.unique(places, return_index=True)
        return [gathered(array)[first] for array in arrays]


def divided(model: Any) -> Divided | None:
    """Return what computes a model's outputs in its group, None for this process alone."""
    backend = registry.load(model.backend)
    # By whole weights: those that devices share are gathered by whoever reads them.
    found = with_whole_weights(backend, [v for layer in model._layers for v in layer.variables])
    if found is None or model.stateful:  # which has a state of each sample
        return None
    made: Divided | None = model._divided
    if made is None or not made.is_of(model, found):
        made = model._divided = Divided(model, found)
    return made


def as_arrays(outputs: Any) -> list[NumpyArray]:
    """Return a model's outputs, one or a list of them, as NumPy arrays."""
    several = outputs if isinstance(outputs, list) else [outputs]
    return [selection.to_numpy(one) for one in several]


def warn_of_refusal(model: Any, exc: Exception) -> None:
    """Warn that the backend's compiler has refused a model."""
    lines = [line.strip() for line in str(exc).splitlines() if line.strip()]
    said = f"{type(exc).__name__}: {lines[0]}" if lines else type(exc).__name__
    warn(
        f"{model.name!r} could not be compiled, so `predict` runs it layer by layer, which is "
        f"slower. The compiler of {model.backend!r} said: {said}"
    )


def _is_begun(model: Any) -> bool:
    """Return whether a training has given the model the weights of rank 0 already."""
    known = getattr(model, "_trainer", None)
    return known is not None and known[0].together is not None


def _partial(backend: Backend, group: Group, forward: Any, takes_list: bool) -> PartialStep:
    def compute(values: Sequence[Any], x: Sequence[Any]) -> list[Any]:
        outputs = forward(values, x if takes_list else x[0])
        return outputs if isinstance(outputs, list) else [outputs]

    def of_part(variables: Sequence[Any], batch: Any, others: Any, part: Part | None) -> Any:
        values, x = others["values"], batch["x"]
        if not group.is_divided or part is None or part.is_whole:
            return [], compute(values, x)
        with entered(backend, group, part):
            return [], [group.gather(one, part) for one in compute(values, x)]

    return of_part
