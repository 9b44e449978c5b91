"""What a backend declares unsupported is refused with its reason before the backend is called."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, cast

import numpy as np

from convdispatch.conformance.case import Case, Mismatch
from convdispatch.conformance.cases.conv_rows import problems
from convdispatch.conformance.cases.geometries import GEOMETRIES
from convdispatch.conformance.cases.unknown_sizes import of_unknown_sizes
from convdispatch.errors import UnsupportedOp
from convdispatch.numerics.problem import Problem
from convdispatch.ops import (
    DECLINABLE,
    FLOAT_DTYPES,
    REQUIRED_FUNCTIONS,
    Backend,
    Dense,
    Op,
    Pad,
    Pool,
    Resize,
    Signature,
    Tensor,
    Upsample,
    declined_feature,
)
from convdispatch.runtime import dispatch
from convdispatch.runtime.registry import registry

# Beside the features of ops: what is asked of a backend and not of its `lower`.
_OF_BACKENDS = (*DECLINABLE, *REQUIRED_FUNCTIONS, "second_order", "nonfinite_weights", "subnormals")


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
    for feature in DECLINABLE:
        yield Case(
            id=f"layers/contract/declined-{feature}",
            level="contract",
            op="layers",
            claim=(
                f"A backend that declines {feature!r} refuses it with `UnsupportedOp` and the "
                "declared reason; a backend that does not decline it passes."
            ),
            check=declined_method,
            arguments=(feature,),
        )


def refused(backend: Backend) -> None:
    """Lower an op for each declared feature, with another object in place of the backend.

    A declaration that no op has would never be seen by a user: it is a fault as well.
    """
    declared = dispatch.declined(backend)
    for feature in declared:
        if {feature.partition(":")[0], feature.rpartition(":")[2]}.intersection(_OF_BACKENDS):
            continue
        using = [
            (op, signature)
            for op, signature in _lowered()
            if declined_feature(op, signature, [feature]) is not None
        ]
        if not using:
            raise Mismatch(
                f"{feature!r} is declared unsupported, but no op has that feature, so nothing "
                "is ever refused for it. `convdispatch.ops.features` lists the features of an op."
            )
        for op, signature in using:
            _require_refused(op, signature, backend.name, declared)


def declined_method(backend: Backend, feature: str) -> None:
    """Use what the backend declines, as the frontend does and directly.

    Declined functions are computed by NumPy's, between tensors of the backend.
    """
    reason = dispatch.declined(backend).get(feature)
    if reason is None:
        return
    if feature == "functions":
        tripled = backend.functions["sum"](backend.asarray(np.ones((3, 2)), "float32"), axis=(0,))
        if not backend.owns(tripled) or np.asarray(backend.to_numpy(tripled)).tolist() != [3, 3]:
            raise Mismatch(
                f"in the place of a declined function there is none that sums: {tripled}"
            )
        return
    asks: list[Callable[[Any], object]] = [partial(dispatch.require_feature, feature=feature)]
    if not hasattr(type(backend), DECLINABLE[feature]):  # one that is being written may be there
        asks.append(_ASKS[feature])
    for ask in asks:
        try:
            ask(backend)
        except UnsupportedOp as exc:
            if reason not in str(exc):
                raise Mismatch(f"the refusal of {feature!r} gives another reason: {exc}") from exc
        else:
            raise Mismatch(f"{feature!r} is declined ({reason}), but exists nevertheless")


_ASKS: Mapping[str, Callable[[Any], object]] = {
    "random": lambda backend: backend.random["uniform"],
    "compile": lambda backend: backend.compile(lambda x: x),
    "gradients": lambda backend: backend.value_and_grad(lambda tensors: (tensors[0], None)),
    "compile_step": lambda backend: backend.compile_step(lambda variables, inputs: (variables, 0)),
    "wrap": lambda backend: backend.wrap(None),
}


class _Deaf:
    """Has the backend's name, and must not be asked to lower anything."""

    def __init__(self, name: str) -> None:
        self.name = name

    def lower(self, op: Op, signature: Signature) -> Callable[..., Tensor]:
        raise Mismatch(f"the backend was asked for {op!r}, of which it declares a feature")


def _require_refused(op: Op, signature: Signature, name: str, declared: Mapping[str, str]) -> None:
    used = [one for one in declared if declined_feature(op, signature, [one])]
    deaf = cast("Backend", _Deaf(name))
    if registry.offer(deaf, op, signature) is not None:
        return  # a plugin computes it in the backend's place
    try:
        dispatch.lower(deaf, op, signature)
    except UnsupportedOp as exc:
        if not any(declared[feature] in str(exc) for feature in used):
            raise Mismatch(f"the refusal gives no declared reason: {exc}") from exc
        return
    raise Mismatch(f"{op!r} was lowered, though {used} is declared unsupported")


def _lowered() -> Iterator[tuple[Op, Signature]]:
    """Yield ops that have every feature between them, of known and of unknown sizes."""
    for problem in _problems():
        yield problem.op, problem.signature
        yield of_unknown_sizes(problem.op, problem.signature)


def _problems() -> Iterator[Problem]:
    """Yield ops of known sizes, in both layouts and each element type."""
    for dtype in FLOAT_DTYPES:
        for geometry in GEOMETRIES:
            yield from problems(geometry, dtype=dtype)
        for rank, is_last in itertools.product((1, 2, 3), (True, False)):
            ops: list[Op] = [Pad(pads=((1, 1),) * rank, channels_last=is_last)]
            for interpolation in ("nearest", "bilinear")[: 2 if rank == 2 else 1]:
                ops.append(_twice(rank, interpolation, is_last))
            for op in (*ops, *_pools(rank, is_last), *_resizings(rank, is_last)):
                yield Problem(op=op, input_shape=(1,) * (rank + 2), dtype=dtype)
        dense = Dense(bias=False, activation="linear")
        yield Problem(op=dense, input_shape=(1, 1), weight_shapes=((1, 1),), dtype=dtype)


def _twice(rank: int, interpolation: str, is_last: bool) -> Upsample:
    return Upsample(factors=(2,) * rank, interpolation=interpolation, channels_last=is_last)


def _pools(rank: int, is_last: bool) -> Iterator[Pool]:
    """Yield pooling of each kind, plain and with every detail at once."""
    for kind, counts_pads in (("max", False), ("sum", False), ("average", True)):
        for detail in (0, 1):
            yield Pool(
                kind=kind,
                size=(2,) * rank,
                strides=(1 + detail,) * rank,
                pads=((detail, 1),) * rank,
                counts_pads=counts_pads,
                channels_last=is_last,
            )


def _resizings(rank: int, is_last: bool) -> Iterator[Resize]:
    words = itertools.product(("nearest", "bilinear"), ("half_pixel", "asymmetric", "corners"))
    for interpolation, coordinates in words:
        yield Resize(
            output_size=(2,) * rank,
            interpolation=interpolation,
            coordinates=coordinates,
            channels_last=is_last,
        )
