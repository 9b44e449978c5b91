"""Generated problems: the result is exact within the bound for every geometry that is drawn.

One case is one property, checked on a few problems and, where it fails, on ever simpler ones. With
the seed 0 a version of hypothesis draws the same problems every time; another seed, others.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from convdispatch.conformance.case import Case, Measured, Mismatch
from convdispatch.conformance.cases.values import forward
from convdispatch.errors import BackendUnavailable, UnsupportedOp, install_command
from convdispatch.numerics.distance import worst
from convdispatch.numerics.problem import Problem
from convdispatch.ops import Backend, declined_feature
from convdispatch.runtime.registry import registry

# Problems drawn for one case, fewer where less can be wrong: some backends compile each.
_EXAMPLES = {
    "conv": 16, "conv_transpose": 16, "pad": 8, "upsample": 8,
    "average_pool": 4, "max_pool": 4, "sum_pool": 4, "resize": 6,
}  # fmt: skip
_PRODUCTS = 12  # of `Dense`, which has no spatial axes
_DTYPES = ("float32", "float64")


def match_generated(
    backend: Backend, kind: str, rank: int | None, channels_last: bool, dtype: str, seed: int
) -> Measured:
    """Compare the results of generated problems with the exact ones.

    Raises `Mismatch` with the simplest problem found whose result is wrong, or which raises.
    Problems with a feature that the backend declares unsupported are left out.
    """
    try:
        from convdispatch.conformance.cases import strategies
    except ModuleNotFoundError as exc:
        raise BackendUnavailable(
            "generated problems need the package 'hypothesis', which is not installed. "
            f"Install it with `{install_command('conformance')}`."
        ) from exc
    declined = _declined(backend)
    failing: list[Problem] = []
    measured: list[Measured] = []

    def check(problem: Problem) -> None:
        if declined_feature(problem.op, problem.signature, declined) is None:
            failing[:] = [problem]
            measured.append(forward(backend, problem))
            failing.clear()

    drawn = strategies.problems(
        kind, rank=rank, channels_last=channels_last, dtype=dtype, seed=seed
    )
    try:
        strategies.check_examples(check, drawn, examples=_EXAMPLES.get(kind, _PRODUCTS), seed=seed)
    except BackendUnavailable:
        raise
    except UnsupportedOp as exc:
        raise UnsupportedOp(f"{failing[0]!r}: {exc}") from exc
    except Mismatch as exc:
        raise Mismatch(f"{failing[0]!r}: {exc}") from exc
    except Exception as exc:
        if not failing:
            raise
        raise Mismatch(f"{failing[0]!r} raised {type(exc).__name__}: {exc}") from exc
    return worst(measured)


def cases(seed: int) -> Iterator[Case]:
    """Yield a case for each kind of op, rank and layout, of convolutions for each element type."""
    for kind, rank, last in itertools.product(_EXAMPLES, (1, 2, 3), (True, False)):
        chosen = _DTYPES if kind.startswith("conv") else _DTYPES[:1]
        for dtype in chosen:
            yield _case(kind, rank, last, dtype, seed)
    yield _case("dense", 0, True, "float32", seed)


def _case(kind: str, rank: int, last: bool, dtype: str, seed: int) -> Case:
    suffix = "_transpose" if kind == "conv_transpose" else ""
    name = f"{kind.removesuffix(suffix)}{rank}d{suffix}" if rank else kind
    used = [name, dtype, f"{name}:{dtype}"]
    return Case(
        id=f"{name}/full/generated-{'last' if last else 'first'}-{dtype}",
        level="full",
        op=name,
        claim="The results of generated problems are the exact ones within the rounding bound.",
        check=match_generated,
        arguments=(kind, rank or None, last, dtype, seed),
        features=tuple(used if last else [*used, f"{name}:channels_first"]),
    )


def _declined(backend: Backend) -> frozenset[str]:
    """Return the features that the backend declares unsupported."""
    entry = registry.entries().get(backend.name)
    if entry is None or entry.info is None:
        return frozenset()
    return frozenset(entry.info.capabilities.unsupported)
