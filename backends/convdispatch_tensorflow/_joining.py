"""How this process joins the other workers of a strategy, where a launcher has started it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from convdispatch.errors import GroupFailed
from convdispatch.kit import group_timeout
from convdispatch_tensorflow._framework import tf
from convdispatch_tensorflow._group import TensorflowGroup, workers_of
from convdispatch_tensorflow._launching import LAUNCHED

_launched: list[Any] = []  # the strategy of a process that `convdispatch run` has started


def initialize() -> None:
    """Make a strategy over all workers where `convdispatch run` has started this one.

    A script may have made such a strategy already, and a second one would wait for ever.
    """
    config = tf.__internal__.eager_context.get_config()
    if not os.environ.get(LAUNCHED) or config.experimental.collective_group_leader:
        return
    options = tf.distribute.experimental.CommunicationOptions(timeout_seconds=group_timeout())
    try:
        made = tf.distribute.MultiWorkerMirroredStrategy(communication_options=options)
    except RuntimeError as exc:
        raise GroupFailed(
            "this process is one of several workers, which have to meet before TensorFlow computes "
            "anything, and the script has computed already, or has made a strategy of one process. "
            f"The engine said: {exc}. Make the first layer, or the model's "
            "`tf.distribute.MultiWorkerMirroredStrategy()`, before all else."
        ) from exc
    _launched.append(made)
    # tensorflow 2.21 crashes: `MultiWorkerMirroredStrategy()`, then `MirroredStrategy()`.
    tf.distribute.MirroredStrategy = _OfOneProcess


class _OfOneProcess(tf.distribute.MirroredStrategy):  # type: ignore[misc]  # it has no types
    """What a script gets that makes a strategy of one process in one of several."""

    def __init__(self, *_: object, **__: object) -> None:
        raise _refusal("a MirroredStrategy, which is of one process")


def joined(backend: Any, variables: Sequence[Any]) -> TensorflowGroup | None:
    """Return the replicas of the strategy of this scope, or of the one that the variables have."""
    strategy = tf.distribute.get_strategy() if tf.distribute.has_strategy() else None
    for variable in variables:
        strategy = strategy or getattr(variable, "distribute_strategy", None)
    strategy = strategy or next(iter(_launched), None)
    found = None if strategy is None else TensorflowGroup(backend, strategy)
    if os.environ.get(LAUNCHED):
        _require_all_workers(found)
    return found if found is not None and found.parts > 1 else None


def _require_all_workers(found: TensorflowGroup | None) -> None:
    """Raise `GroupFailed` where a script trains by a strategy of fewer workers than there are."""
    workers = workers_of(tf.distribute.cluster_resolver.TFConfigClusterResolver())
    if found is not None and found.size == workers:
        return
    raise _refusal("no strategy" if found is None else f"a {found.kind}, which is of one process")


def _refusal(received: str) -> GroupFailed:
    workers = workers_of(tf.distribute.cluster_resolver.TFConfigClusterResolver())
    return GroupFailed(
        f"{workers} workers train this model by one strategy of all of them; received {received}. "
        "Make none in the script, and the launcher's is taken; or make the model in the scope of "
        "`tf.distribute.MultiWorkerMirroredStrategy()`; or start one process."
    )
