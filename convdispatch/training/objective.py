"""The number that a step makes smaller, and the numbers that it reports.

Each output has a loss, which gives a number for each sample or cell. The objective is the weighted
sum of their means, and of the losses that layers report.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias

from convdispatch.formulas.measures import wide
from convdispatch.formulas.reductions import both, of_batch, weighted_mean
from convdispatch.formulas.whole_batch import summed_parts, terms_of
from convdispatch.ops import Backend

# (backend, targets, outputs) -> numbers of samples or cells
Score: TypeAlias = Callable[[Backend, Any, Any], Any]
# The outputs, and by their places what some were before their last activation.
Outputs: TypeAlias = tuple[Sequence[Any], Mapping[int, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A number that is reported and not made smaller."""

    name: str  # as it is reported
    score: Score
    before: Score | None = None  # of what an output was before its last activation, if it is so
    is_weighted: bool = False  # by the sample weights
    # Of a metric that is no mean: the sums of a batch, by (backend, targets, outputs, weights), and
    # what is made of sums.
    sums: Callable[..., Any] | None = None
    value: Callable[[Any], Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The loss and the metrics of one output."""

    name: str  # of the output
    loss: Score | None  # None: the output is not trained
    before: Score | None = None  # of what the output was before its last activation, if it is so
    is_open: bool = False  # whether a function of the user's may name symbols of the model
    source: Any = None  # what the loss was made of, which knows what targets it takes
    weight: float = 1.0
    metrics: tuple[Metric, ...] = ()
    is_temporal: bool = False  # whether sample weights are those of time steps


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """The targets of all outputs, and the rule by which sample weights count.

    counts_zeros: whether samples of weight 0 count in the mean, as in Keras 3.
    is_masked: whether some steps of the outputs may not count.
    """

    targets: tuple[Target, ...]
    counts_zeros: bool
    is_masked: bool = False
    # The places of the outputs that have a loss.
    trained: tuple[int, ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Look up once what every step asks for."""
        places = [place for place, target in enumerate(self.targets) if target.loss is not None]
        object.__setattr__(self, "trained", tuple(places))

    @property
    def before(self) -> list[int]:
        """The places of outputs of which it matters what they were before their activation."""
        wanted = {
            place: (
                self.targets[place].before,
                *(one.before for one in self.targets[place].metrics),
            )
            for place in self.trained
        }
        return [place for place, scores in wanted.items() if any(scores)]

    @property
    def is_open(self) -> bool:
        """Whether a loss or a metric is a function of the user's."""
        return any(target.is_open for target in self.targets)

    @property
    def names(self) -> list[str]:
        """What is reported of a batch, in this order."""
        trained = [self.targets[place] for place in self.trained]
        several = [f"{target.name}_loss" for target in trained] if len(self.targets) > 1 else []
        metrics = [metric.name for target in trained for metric in target.metrics]
        return ["loss", *several, *metrics]

    @property
    def values(self) -> list[Callable[[Any], Any] | None]:
        """For each of `names` what makes the number of sums, None where it is reported as it is.

        Empty where every number is.
        """
        metrics = [metric for place in self.trained for metric in self.targets[place].metrics]
        others = [None] * (len(self.names) - len(metrics))
        found = [*others, *(metric.value for metric in metrics)]
        return found if any(found) else []

    @property
    def counted(self) -> list[int]:
        """The places among `names` of the metrics whose mean is over weights, as in Keras 3.

        A batch reports the sums of these weights after all names: an epoch's mean needs them.
        """
        metrics = [metric for place in self.trained for metric in self.targets[place].metrics]
        start = len(self.names) - len(metrics)
        return [start + n for n, metric in enumerate(metrics) if self._is_counted(metric)]

    def _is_counted(self, metric: Metric) -> bool:
        weighs = metric.is_weighted or self.is_masked
        return self.counts_zeros and weighs and metric.sums is None

    def losses(
        self,
        backend: Backend,
        wanted: Sequence[Any],
        outputs: Outputs,
        weights: Any,
        masks: Sequence[Any],
    ) -> list[Any]:
        """Return the loss of each output that has one."""
        found = []
        for number, place in enumerate(self.trained):
            target, output = self.targets[place], outputs[0][place]
            assert target.loss is not None
            scores = _scored(target.loss, target.before, backend, wanted[number], outputs, place)
            mask = masks[place] if masks else None
            leaves_out = getattr(target.source, "counted", None)
            if leaves_out is not None:
                counted = leaves_out(backend, wanted[number], output)
                mask = both(backend, mask, counted, backend.describe(scores)[1])
            found.append(
                of_batch(
                    terms_of(backend),
                    scores,
                    weights[number],
                    mask,
                    counts_zeros=self.counts_zeros,
                    reduction=getattr(target.source, "reduction", "mean"),
                )
            )
        return found

    def total(self, losses: Sequence[Any], others: Sequence[Any]) -> Any:
        """Return the weighted sum of the outputs' losses and the sum of other losses."""
        parts = [
            loss if self.targets[place].weight == 1.0 else loss * self.targets[place].weight
            for place, loss in zip(self.trained, losses, strict=True)
        ]
        total, *rest = (*parts, *others)
        for part in rest:
            total = total + part
        return total

    def metrics(
        self,
        backend: Backend,
        wanted: Sequence[Any],
        outputs: Outputs,
        weights: Any,
        masks: Sequence[Any],
    ) -> list[Any]:
        """Return the metrics in the order of `names`, then the weights of those in `counted`."""
        found, counts = [], []
        for number, place in enumerate(self.trained):
            for metric in self.targets[place].metrics:
                counted = weights[number] if metric.is_weighted else None
                mask = masks[place] if masks else None
                if metric.sums is not None:
                    output = outputs[0][place]
                    own = both(backend, mask, counted, _wide_dtype(backend, output))
                    compute = partial(_sums, metric, wanted[number], output, own)
                    found.append(summed_parts(backend, compute))
                    continue
                scores = _scored(
                    metric.score, metric.before, backend, wanted[number], outputs, place
                )
                if self._is_counted(metric):
                    mean, count = weighted_mean(terms_of(backend), scores, counted, mask)
                    counts.append(count)
                else:
                    mean = of_batch(
                        terms_of(backend), scores, counted, mask, counts_zeros=self.counts_zeros
                    )
                found.append(mean)
        return [*found, *counts]


def _scored(
    score: Score, before: Score | None, backend: Backend, wanted: Any, outputs: Outputs, place: int
) -> Any:
    """Return the numbers of samples, by what the output was before its activation if it is so."""
    if before is not None and place in outputs[1]:
        return before(backend, wanted, outputs[1][place])
    return score(backend, wanted, outputs[0][place])


def _sums(metric: Metric, wanted: Any, output: Any, weights: Any, backend: Backend) -> Any:
    assert metric.sums is not None
    return metric.sums(backend, wanted, output, weights)


def _wide_dtype(backend: Backend, tensor: Any) -> str:
    return backend.describe(wide(backend, tensor))[1]
