"""What a backend declares that it cannot do is refused before it is asked, with its reason."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import cast

from convdispatch.conformance.case import Case, Mismatch
from convdispatch.conformance.cases.conv_rows import problems
from convdispatch.conformance.cases.geometries import GEOMETRIES
from convdispatch.errors import UnsupportedOp
from convdispatch.numerics.problem import Problem
from convdispatch.ops import (
    DECLINABLE,
    FLOAT_DTYPES,
    REQUIRED_FUNCTIONS,
    Backend,
    Op,
    Pad,
    Signature,
    Tensor,
    Upsample,
    features,
)
from convdispatch.runtime import dispatch
from convdispatch.runtime.registry import registry

# Beside the features of ops: what is asked of a backend and not of its `lower`.
_OF_BACKENDS = (*DECLINABLE, *REQUIRED_FUNCTIONS, "second_order", "nonfinite_weights")


def cases(seed: int) -> Iterator[Case]:
    """Yield one case about all that the backend under test declares."""
    yield Case(
        id="layers/contract/declared-unsupported",
        level="contract",
        op="layers",
        claim=(
            "Each op with a feature that the backend declares unsupported is refused with that "
            "reason before the backend is asked; a backend that declares none passes."
        ),
        check=refused,
    )


def refused(backend: Backend) -> None:
    """Lower an op for each declared feature, with something in the place of the backend's `lower`.

    A declaration that no op has would never be seen by a user: it is a fault as well.
    """
    entry = registry.entries().get(backend.name)
    declared: Mapping[str, str] = {}
    if entry is not None and entry.info is not None:
        declared = entry.info.capabilities.unsupported
    for feature in declared:
        if {feature.partition(":")[0], feature.rpartition(":")[2]}.intersection(_OF_BACKENDS):
            continue
        using = [one for one in _problems() if feature in features(one.op, one.signature)]
        if not using:
            raise Mismatch(
                f"{feature!r} is declared unsupported, but is no feature of an op, so that nothing "
                "is ever refused for it. `convdispatch.ops.features` spells them."
            )
        for problem in using:
            _require_refused(problem, backend.name, declared)


class _Deaf:
    """Has the backend's name, and must not be asked to lower anything."""

    def __init__(self, name: str) -> None:
        self.name = name

    def lower(self, op: Op, signature: Signature) -> Callable[..., Tensor]:
        raise Mismatch(f"the backend was asked for {op!r}, of which it declares a feature")


def _require_refused(problem: Problem, name: str, declared: Mapping[str, str]) -> None:
    used = [one for one in features(problem.op, problem.signature) if one in declared]
    deaf = cast("Backend", _Deaf(name))
    if registry.offer(deaf, problem.op, problem.signature) is not None:
        return  # a plugin computes it in the backend's place
    try:
        dispatch.lower(deaf, problem.op, problem.signature)
    except UnsupportedOp as exc:
        if not any(declared[feature] in str(exc) for feature in used):
            raise Mismatch(f"the refusal gives no declared reason: {exc}") from exc
        return
    raise Mismatch(f"{problem.op!r} was lowered, though {used} is declared unsupported")


def _problems() -> Iterator[Problem]:
    """Yield ops that have every feature between them, in both layouts and each element type."""
    for dtype in FLOAT_DTYPES:
        for geometry in GEOMETRIES:
            yield from problems(geometry, dtype=dtype)
        for rank, is_last in itertools.product((1, 2, 3), (True, False)):
            ops: list[Pad | Upsample] = [Pad(pads=((1, 1),) * rank, channels_last=is_last)]
            for interpolation in ("nearest", "bilinear")[: 2 if rank == 2 else 1]:
                ops.append(_twice(rank, interpolation, is_last))
            for op in ops:
                yield Problem(op=op, input_shape=(1,) * (rank + 2), dtype=dtype)


def _twice(rank: int, interpolation: str, is_last: bool) -> Upsample:
    return Upsample(factors=(2,) * rank, interpolation=interpolation, channels_last=is_last)
