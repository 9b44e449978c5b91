"""`autotune`: measure the candidates of every op of a model, on this machine and for one input."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convdispatch.engine.masks import compute
from convdispatch.engine.specs import Spec
from convdispatch.errors import InvalidArgument
from convdispatch.models.parts import (
    AnyModel,
    build_for,
    native_inputs,
    parts_of,
    require_model,
)
from convdispatch.runtime import tuning
from convdispatch.runtime.registry import registry
from convdispatch.support.tables import table
from convdispatch.support.terminal import line_width


@dataclass(frozen=True, slots=True, kw_only=True)
class TunedOp:
    """One op of a layer, and its measurements."""

    layer: str
    op: str  # the op and its shapes, as the cache knows them
    winner: tuning.Winner | None = None  # None where nothing was measured
    reason: str = ""  # why not

    @property
    def gain(self) -> float:
        """Return how many times as fast as without tuning the op is now, by medians."""
        if self.winner is None:
            return 1.0
        now = self.winner.medians[self.winner.name]
        return self.winner.medians[self.winner.usual] / now if now else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuned:
    """The result of `autotune`. Its text is a table, with the reasons for candidates left out."""

    ops: tuple[TunedOp, ...]
    batch: int
    path: Path  # of the cache file

    @property
    def gain(self) -> float:
        """How many times as fast as before all measured ops together are, by medians."""
        winners = [op.winner for op in self.ops if op.winner is not None]
        before = math.fsum(winner.medians[winner.usual] for winner in winners)
        now = math.fsum(winner.medians[winner.name] for winner in winners)
        return before / now if now else 1.0

    def __str__(self) -> str:
        rows = [row for op in self.ops for row in _rows(op)]
        headers = ("layer", "op", "candidate", "median", "chosen", "gain")
        reasons = [
            f"left out for {op.layer}: {name!r} {reason}"
            for op in self.ops
            if op.winner is not None
            for name, reason in op.winner.left_out.items()
        ]
        total = f"All measured ops together: {self.gain:.2f} times as fast (batch {self.batch})."
        return "\n".join([table(headers, rows, limit=line_width(sys.stdout)), *reasons, total])


def autotune(model: AnyModel, x: Any) -> Tuned:
    """Find the fastest candidate of each op of `model` for an input like `x`, and use it.

    The model computes that way from now on, for any batch size and inputs of the shape and element
    type of `x`. The winners are kept in the cache file for processes that ask for them.

    Raises `InvalidArgument` where a framework traces the call, and what the model raises for `x`.
    """
    require_model(model)
    backend = registry.load(model.backend)
    if tuning.is_traced(backend):
        raise InvalidArgument(
            "`autotune` was called while the framework traces a function, where there is nothing "
            "to measure. Call it once before, with an input of the same shape."
        )
    inputs = native_inputs(model, x)
    # Where it raises, nothing is measured.
    specs = [Spec(*backend.describe(tensor)) for tensor in inputs]
    if getattr(model, "takes_list", False):
        build_for(model, [spec.shape for spec in specs])
    parts = parts_of(model)
    parts.output_specs(specs)
    batch = max(specs[0].shape[0] or 0, 1)
    findings: list[tuning.Finding] = []
    request = tuning.Request(may_measure=True, batch=batch, findings=findings)
    ops: list[TunedOp] = []

    def call(place: int, layer: Any, x: Any, *mask: Any) -> Any:
        with tuning.requested(request):
            layer.replan(x)
            outputs = layer(x, *mask)
        ops.extend(
            TunedOp(layer=layer.name, op=found.key, winner=found.winner, reason=found.reason)
            for found in findings[len(ops) :]
        )
        return outputs

    compute(parts.graph, call, inputs)
    return Tuned(ops=tuple(ops), batch=batch, path=tuning.cache().path)


def _rows(op: TunedOp) -> list[tuple[str, ...]]:
    """Return a row for each candidate, the fastest first."""
    title = op.op[: op.op.index(")") + 1]  # the op, the element type and the input's shape
    if op.winner is None:
        return [(op.layer, title, op.reason, "", "", "")]
    ordered = sorted(op.winner.medians.items(), key=lambda item: item[1])
    rows: list[tuple[str, ...]] = []
    for place, (name, median) in enumerate(ordered):
        is_chosen = name == op.winner.name
        names = (op.layer, title) if place == 0 else ("", "")
        gain = f"{op.gain:.2f}" if is_chosen else ""
        rows.append((*names, name, f"{median * 1e3:.4g} ms", "*" if is_chosen else "", gain))
    return rows
