"""What the classes of metrics have in common: they take batches, and give a number of all of them.

A `SummedMetric` is no mean of what batches give: it adds up numbers of each batch, such as how many
hits there are, and makes its value of the sums.
"""

from __future__ import annotations

from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from convdispatch.formulas import lookup
from convdispatch.formulas.measures import Measure
from convdispatch.formulas.reductions import weights_of
from convdispatch.ops import Backend, Tensor
from convdispatch.runtime import selection

Array: TypeAlias = NDArray[np.float64]


class Metric(lookup.Configured):
    """A number of all samples that it was given, whatever the sizes of the batches."""

    name: str

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Add a batch and return the value so far."""
        self.update_state(y_true, y_pred, sample_weight)
        return self.result()

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch of tensors of any backend, weighted if weights are given."""
        raise NotImplementedError

    def result(self) -> Any:
        """Return the value of what was added, 0.0 before anything was."""
        raise NotImplementedError

    def reset_state(self) -> None:
        """Forget what was added."""
        raise NotImplementedError

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.get_config().items())
        return f"{type(self).__name__}({arguments})"


class SummedMetric(Metric):
    """A metric whose value is made of sums over all samples.

    A step of a model returns the sums of its batch, and the value is made where it is read.
    """

    own_name: ClassVar[str]
    _sums: Array | None

    def __init__(self, name: str | None, dtype: object, **config: object) -> None:
        """Take what `get_config` returns. `dtype` has no effect: predictions keep theirs."""
        del dtype
        self.name = self.own_name if name is None else str(name)
        self._config = config
        self._measure = Measure(name=self.name, function=_no_values)  # which fits targets
        self.reset_state()

    def sums(self, backend: Backend, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        """Return the numbers of one batch that are added up, as one native tensor."""
        raise NotImplementedError

    def value(self, sums: Array) -> Array:
        """Return the value of sums over batches, in double precision."""
        raise NotImplementedError

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch of tensors of any backend, weighted if weights are given."""
        backend = selection.backend_of(y_pred)
        found = backend.to_numpy(self.sums(backend, y_true, y_pred, sample_weight))
        added = np.asarray(found, np.float64)
        self._sums = added if self._sums is None else self._sums + added

    def result(self) -> Any:
        """Return the value of what was added, 0.0 before anything was."""
        return 0.0 if self._sums is None else value_of(self, self._sums)

    def reset_state(self) -> None:
        """Forget what was added."""
        self._sums = None

    def get_config(self) -> dict[str, object]:
        """Return the constructor's arguments."""
        return {"name": self.name, **self._config}


def value_of(metric: Any, sums: Array) -> Any:
    """Return a metric's value of the sums, as a float where it is one number."""
    with np.errstate(all="ignore"):  # a quotient by 0 is 0, or NaN as in Keras
        found = np.asarray(metric.value(np.asarray(sums, np.float64)))
    return found if found.ndim else float(found)


def weighed(backend: Backend, sample_weight: Any, like: Any) -> Any:
    """Return the weights of samples with an axis for each axis of a tensor, 1.0 for none."""
    return 1.0 if sample_weight is None else weights_of(backend, sample_weight, like)


def ratio(part: Array, whole: Array) -> Array:
    """Return the quotient, 0 where the divisor is 0, as Keras 3 does."""
    none = np.equal(whole, 0)
    quotient: Array = np.where(none, 0.0, part / np.where(none, 1.0, whole))
    return quotient


def _no_values(*arguments: Any) -> Any:
    raise NotImplementedError("a summed metric has no values of single samples")
