"""The names by which metrics are reported: no two are alike."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from convdispatch.errors import InvalidArgument
from convdispatch.formulas.dialects import Dialect
from convdispatch.training.objective import Metric, Target


def named_apart(targets: Sequence[Target], dialect: Dialect, owner: str) -> tuple[Target, ...]:
    """Return the targets with the whole name of each metric, with a number where it is taken.

    Keras 3 names the weighted metrics of all outputs after the others.
    """
    several = len(targets) > 1
    trained = [target for target in targets if target.loss is not None]
    reserved = {"loss", *(f"{target.name}_loss" for target in trained if several)}
    chosen: dict[tuple[int, int], str] = {}
    order = [
        (place, number, target.name if several else "", metric)
        for place, target in enumerate(targets)
        if target.loss is not None
        for number, metric in enumerate(target.metrics)
    ]
    if not dialect.names_weighted_metrics:
        order.sort(key=lambda one: one[3].is_weighted)
    for place, number, output, metric in order:
        name = _whole(output, metric, dialect, chosen.values())
        if name in reserved:
            raise InvalidArgument(
                f"a metric of {owner!r} must not be named as the loss that is reported; received "
                f"the name {name!r}. Give the metric another name."
            )
        chosen[place, number] = name
    return tuple(
        replace(
            target,
            metrics=tuple(
                replace(metric, name=chosen.get((place, number), metric.name))
                for number, metric in enumerate(target.metrics)
            ),
        )
        for place, target in enumerate(targets)
    )


def _whole(output: str, metric: Metric, dialect: Dialect, taken: Collection[str]) -> str:
    """Return the name with its output's, and with what tells it from those that are taken."""
    start = f"{output}_" if output else ""
    name = start + metric.name
    if metric.is_weighted and (dialect.names_weighted_metrics or name in taken):
        name = f"{start}weighted_{metric.name}"
    same, number = name, 0
    while name in taken:
        number += 1
        name = f"{same}_{number}"
    return name
