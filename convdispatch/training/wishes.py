"""What a user asks of `compile`, and the objective that it means for a model that is built."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from convdispatch.errors import InvalidArgument, InvalidType
from convdispatch.formulas import losses, metrics, optimizers
from convdispatch.formulas.dialects import Dialect
from convdispatch.formulas.measures import values
from convdispatch.formulas.metric_bases import SummedMetric, value_of
from convdispatch.ops import PartialShape
from convdispatch.symbolic.scoring import scored
from convdispatch.symbolic.stateful_scores import StatefulScore, is_stateful
from convdispatch.training.crossentropies import in_dialect, of_logits
from convdispatch.training.naming import named_apart
from convdispatch.training.objective import Metric, Objective, Score, Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """The arguments of `compile`, with the names of functions looked up as far as possible."""

    dialect: Dialect
    optimizer: Any
    loss: Any
    metrics: Any
    weighted_metrics: Any
    loss_weights: Any
    sample_weight_mode: Any


def wishes_of(
    dialect: Dialect,
    *,
    optimizer: Any,
    loss: Any,
    metrics: Any,
    weighted_metrics: Any,
    loss_weights: Any,
    sample_weight_mode: Any,
    has_own_losses: bool = False,
) -> Wishes:
    """Return the wishes; raise for names that do not exist.

    has_own_losses: whether `add_loss` gave losses to the model or to a layer: it needs no other.
    """
    if optimizer is None or (loss is None and not has_own_losses):
        missing = "optimizer" if optimizer is None else "loss"
        raise InvalidType(f"`{missing}` of `compile` must be a name or an object; received None.")
    found = optimizers.get(optimizer, dialect.optimizers)
    return Wishes(
        dialect=dialect,
        optimizer=found,
        loss=_each(loss, lambda one: losses.get(one, dialect.losses)),
        metrics=_each(metrics, lambda one: _known_metric(one, dialect)),
        weighted_metrics=_each(weighted_metrics, lambda one: _known_metric(one, dialect)),
        loss_weights=loss_weights,
        sample_weight_mode=sample_weight_mode,
    )


def objective_of(
    wishes: Wishes, names: Sequence[str], shapes: Sequence[PartialShape], owner: str
) -> Objective:
    """Return the objective for outputs of these names and shapes."""
    given = _by_output(wishes.loss, names, "loss", owner, repeats=True)
    found = [in_dialect(loss, wishes.dialect) for loss in given]
    weights = _by_output(wishes.loss_weights, names, "loss_weights", owner)
    modes = _by_output(wishes.sample_weight_mode, names, "sample_weight_mode", owner, repeats=True)
    if all(loss is None for loss in found) and wishes.loss is not None:
        raise InvalidArgument(f"`loss` of {owner!r} must have a loss for at least one output.")
    plain = _lists_by_output(wishes.metrics, names, "metrics", owner)
    weighted = _lists_by_output(wishes.weighted_metrics, names, "weighted_metrics", owner)
    targets = tuple(
        Target(
            name=name,
            loss=_score(loss),
            before=_score(of_logits(loss, wishes.dialect)),
            is_open=any(map(_is_users, (loss, *own, *other))),
            source=loss,
            weight=1.0 if weight is None else _number(weight, "loss_weights"),
            metrics=(
                *_metrics(own, loss, shape, wishes.dialect, False),
                *_metrics(other, loss, shape, wishes.dialect, True),
            ),
            is_temporal=_is_temporal(mode),
        )
        for name, shape, loss, weight, mode, own, other in zip(
            names, shapes, found, weights, modes, plain, weighted, strict=True
        )
    )
    targets = named_apart(targets, wishes.dialect, owner)
    return Objective(targets=targets, counts_zeros=wishes.dialect.counts_weightless)


def _score(measure: Any) -> Score | None:
    return None if measure is None else partial(_values, measure)


def _is_users(measure: Any) -> bool:
    """Return whether a loss or a metric is a function of the user's."""
    if isinstance(measure, tuple):  # with the word that it was named by
        return _is_users(measure[1])
    return callable(measure) and not hasattr(measure, "apply")


def _values(measure: Any, backend: Any, wanted: Any, output: Any) -> Any:
    """Return the values of a measure of ours, or of a function of the user's within its scope."""
    if hasattr(measure, "apply"):
        return values(measure, backend, wanted, output)
    return scored(measure, partial(values, measure), backend, wanted, output)


def _known_metric(given: Any, dialect: Dialect) -> Any:
    """Return a metric, a word that depends on the loss as it is; raise for one that is unknown."""
    if isinstance(given, str) and given in metrics.SHORT:
        return given
    if is_stateful(given):
        return StatefulScore(given)
    found = metrics.get(given, dialect.metrics)
    return (given, found) if isinstance(given, str) else found


def _each(given: Any, function: Callable[[Any], Any]) -> Any:
    """Return the function of each item of a list or a dictionary, also of nested ones."""
    if given is None:
        return None
    if isinstance(given, list | tuple):
        return [_each(one, function) for one in given]
    if isinstance(given, Mapping) and "class_name" not in given:
        return {name: _each(one, function) for name, one in given.items()}
    return function(given)


def _by_output(
    given: Any, names: Sequence[str], argument: str, owner: str, *, repeats: bool = False
) -> list[Any]:
    """Return one item for each output, from a list, a dictionary or one item for all."""
    if given is None:
        return [None] * len(names)
    if isinstance(given, Mapping):
        _require_names(given, names, argument, owner)
        return [given.get(name) for name in names]
    if isinstance(given, list | tuple):
        if len(given) != len(names):
            raise InvalidArgument(
                f"`{argument}` of {owner!r} must have one item for each of its outputs "
                f"{_listed(names)}; received {len(given)}."
            )
        return list(given)
    if len(names) > 1 and not repeats:
        raise InvalidArgument(
            f"`{argument}` of {owner!r} must be a list or a dictionary for its outputs "
            f"{_listed(names)}; received {given!r}."
        )
    return [given] * len(names)


def _lists_by_output(given: Any, names: Sequence[str], argument: str, owner: str) -> list[Any]:
    """Return a list for each output: one list is for all, a list of lists has one for each."""
    if given is None:
        return [[]] * len(names)
    if isinstance(given, Mapping):
        _require_names(given, names, argument, owner)
        return [_as_list(given.get(name)) for name in names]
    listed = _as_list(given)
    if listed and all(isinstance(one, list) for one in listed):
        return [_as_list(one) for one in _by_output(listed, names, argument, owner)]
    return [listed] * len(names)


def _metrics(
    listed: Sequence[Any],
    loss: Any,
    shape: PartialShape,
    dialect: Dialect,
    is_weighted: bool,
) -> list[Metric]:
    found = []
    for one in listed:
        name, given = _named(one, loss, shape, dialect)
        score = in_dialect(given, dialect)
        sums, value = None, None
        if isinstance(score, SummedMetric):
            sums, value = score.sums, partial(value_of, score)
        found.append(
            Metric(
                name=name,
                score=partial(_values, score),
                before=_score(of_logits(score, dialect)),
                is_weighted=is_weighted,
                sums=sums,
                value=value,
            )
        )
    return found


def _named(given: Any, loss: Any, shape: PartialShape, dialect: Dialect) -> tuple[str, Any]:
    """Return a metric's name in reports, and the metric."""
    if isinstance(given, str):  # a word that depends on the loss
        targets = shape[:-1] if getattr(loss, "of_classes", False) else shape
        name = metrics.suited(given, dialect.metrics, targets=targets, predictions=shape, loss=loss)
        short = dialect.short_metrics.get(metrics.SHORT[given], given)
        return short, metrics.get(name, dialect.metrics)
    if isinstance(given, tuple):
        word, metric = given
        return (word if dialect.keeps_metric_words else _name(metric)), metric
    return _name(given), given


def _name(metric: Any) -> str:
    return str(getattr(metric, "__name__", None) or getattr(metric, "name", type(metric).__name__))


def _require_names(given: Any, names: Sequence[str], argument: str, owner: str) -> None:
    for name in given:
        if name not in names:
            raise InvalidArgument(
                f"`{argument}` of {owner!r} must name its outputs {_listed(names)}; received "
                f"{name!r}."
            )


def _is_temporal(mode: Any) -> bool:
    if mode not in (None, "temporal"):
        raise InvalidArgument(
            f"`sample_weight_mode` must be None or 'temporal'; received {mode!r}."
        )
    return bool(mode == "temporal")


def _number(value: Any, argument: str) -> float:
    if isinstance(value, bool) or not hasattr(value, "__float__"):
        raise InvalidType(f"`{argument}` must be numbers; received {value!r}.")
    return float(value)


def _as_list(given: Any) -> list[Any]:
    if given is None:
        return []
    return list(given) if isinstance(given, list | tuple) and not _is_pair(given) else [given]


def _is_pair(given: Any) -> bool:
    return isinstance(given, tuple)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names))
