"""Hypothesis strategies: random geometries and problems, all of them legal.

For the authors of backends, to state properties of their own:

    >>> from hypothesis import given, settings
    >>> from convdispatch.conformance.cases import harness
    >>> from convdispatch.registry import registry
    >>> @given(problems("pad", rank=1))
    ... @settings(derandomize=True, database=None, max_examples=5)
    ... def keeps_the_batch(problem):
    ...     y = harness.run(registry.load("numpy"), problem)
    ...     assert len(y) == problem.input_shape[0]
    >>> keeps_the_batch()

Nothing is drawn and then thrown away: the kernel and the pads come first, and then an input that
they fit on. Everything shrinks towards one item of one cell, a kernel of one tap, and no strides,
pads, dilation, groups, bias or activation. This module needs the package hypothesis, which
the extra `conformance` brings, and nothing else imports it before it is used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from convdispatch.conformance.cases.conv_rows import ConvRow, conv_problem, transpose_problem
from convdispatch.conformance.cases.hypothesis_alone import alone
from convdispatch.errors import InvalidArgument
from convdispatch.numerics.problem import Problem, with_batch
from convdispatch.ops import (
    FLOAT_DTYPES,
    FUSED_ACTIVATIONS,
    Dense,
    Op,
    Pad,
    Pool,
    Resize,
    Upsample,
)

# What `problems` can be asked for.
POOLS = ("average_pool", "max_pool", "sum_pool")
KINDS = ("conv", "conv_transpose", "dense", "pad", *POOLS, "resize", "upsample")

_RANKS = (1, 2, 3)
_CHANNELS = st.integers(1, 3)
_PADS = st.tuples(st.integers(-2, 3), st.integers(-2, 3))


def dtypes() -> SearchStrategy[str]:
    """Return the element types, float32 the simplest.

    >>> from hypothesis import find
    >>> find(dtypes(), lambda dtype: True)
    'float32'
    """
    return st.sampled_from(sorted(FLOAT_DTYPES, key=lambda name: name != "float32"))


def geometries(rank: int | None = None) -> SearchStrategy[ConvRow]:
    """Return convolutions of that rank, or of any, that leave something to compute.

    >>> from hypothesis import find
    >>> find(geometries(), lambda geometry: geometry.groups > 1)
    ConvRow(id='generated', size=(1,), kernel=(1,), strides=(1,), pads=((0, 0),), dilation=(1,), \
groups=2, channels=(2, 2), bias=False, activation='linear')
    """
    return _geometries(_required_rank(rank))


def problems(
    kind: str | None = None,
    *,
    rank: int | None = None,
    channels_last: bool | None = None,
    dtype: str | None = None,
    values: str = "normal",
    seed: int = 0,
) -> SearchStrategy[Problem]:
    """Return problems of one of `KINDS`; what is None is drawn as well.

    `values` and `seed` say which numbers the op is computed of: see `Problem`. Raises
    `InvalidArgument` for an unknown kind.

    >>> from hypothesis import find
    >>> find(problems("conv"), lambda problem: max(problem.op.strides) > 1).op.strides
    (2,)
    """
    if kind is not None and kind not in KINDS:
        raise InvalidArgument(
            f"`kind` must be one of {', '.join(map(repr, KINDS))}, or None for any; "
            f"received {kind!r}."
        )
    return _problems(
        st.sampled_from(KINDS) if kind is None else st.just(kind),
        _required_rank(rank),
        st.sampled_from([True, False]) if channels_last is None else st.just(channels_last),
        dtypes() if dtype is None else st.just(dtype),
        values,
        seed,
    )


def check_examples(
    check: Callable[[Problem], object],
    drawn: SearchStrategy[Problem],
    *,
    examples: int,
    seed: int = 0,
) -> None:
    """Call `check` with that many problems; if it raises, with ever simpler ones.

    The exception is that of the simplest problem, which is the last one given to `check`. Nothing
    is printed, and no example is stored. The seed 0 draws the same problems in every run.
    """

    def attempt(problem: Problem) -> None:
        check(problem)

    configured = settings(
        max_examples=examples,
        derandomize=seed == 0,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        print_blob=False,
        verbosity=Verbosity.quiet,
    )
    test = given(drawn)(configured(attempt))
    if seed != 0:
        test = hypothesis.seed(seed)(test)
    with alone():
        test()


def _required_rank(rank: int | None) -> SearchStrategy[int]:
    if rank is not None and rank not in _RANKS:
        raise InvalidArgument(
            f"`rank` must be 1, 2 or 3, or None for any of them; received {rank!r}."
        )
    return st.sampled_from(_RANKS) if rank is None else st.just(rank)


@st.composite
def _geometries(draw: DrawFn, ranks: SearchStrategy[int]) -> ConvRow:
    rank = draw(ranks)
    axes = [draw(_axes(most=4 if rank < 3 else 2)) for _ in range(rank)]
    size, kernel, strides, pads, dilation = zip(*axes, strict=True)
    groups = draw(_CHANNELS)
    channels = groups * draw(_CHANNELS), groups * draw(_CHANNELS)
    bias, activation = draw(st.booleans()), draw(st.sampled_from(FUSED_ACTIVATIONS))
    return ConvRow(
        "generated", size, kernel, strides, pads, dilation, groups, channels, bias, activation
    )


@st.composite
def _axes(draw: DrawFn, most: int) -> tuple[int, int, int, tuple[int, int], int]:
    """Draw size, taps, stride, pads and dilation of an axis, and the size last: the kernel fits.

    `most` limits taps, dilation and what the axis is longer than it need be.
    """
    taps, dilation = draw(st.integers(1, most)), draw(st.integers(1, min(most, 3)))
    stride = draw(st.integers(1, 4))
    low, high = draw(_PADS)
    reach = dilation * (taps - 1) + 1
    left_after_crop = 1 - min(low, 0) - min(high, 0)
    size = max(left_after_crop, reach - low - high) + draw(st.integers(0, most))
    return size, taps, stride, (low, high), dilation


@st.composite
def _problems(
    draw: DrawFn,
    kinds: SearchStrategy[str],
    ranks: SearchStrategy[int],
    layouts: SearchStrategy[bool],
    element_types: SearchStrategy[str],
    values: str,
    seed: int,
) -> Problem:
    kind, last, dtype = draw(kinds), draw(layouts), draw(element_types)
    numbers: dict[str, Any] = {"dtype": dtype, "values": values, "seed": seed}
    batch = draw(st.integers(1, 3))
    if kind in ("conv", "conv_transpose"):
        make = conv_problem if kind == "conv" else transpose_problem
        return with_batch(make(draw(_geometries(ranks)), channels_last=last, **numbers), batch)
    if kind == "dense":
        return draw(_denses(batch, numbers))
    if kind in POOLS:
        op, size = draw(_pools(ranks, last, kind.removesuffix("_pool")))
    else:
        makes = {"pad": _pads, "resize": _resizings, "upsample": _upsamplings}
        op, size = draw(makes[kind](ranks, last))
    channels = draw(_CHANNELS)
    shape = (batch, *size, channels) if last else (batch, channels, *size)
    return Problem(op=op, input_shape=shape, **numbers)


@st.composite
def _pads(draw: DrawFn, ranks: SearchStrategy[int], last: bool) -> tuple[Op, tuple[int, ...]]:
    """Draw pads and an input of which they leave at least one cell."""
    pads = tuple(draw(_PADS) for _ in range(draw(ranks)))
    size = tuple(1 - min(low, 0) - min(high, 0) + draw(st.integers(0, 4)) for low, high in pads)
    return Pad(pads=pads, channels_last=last), size


@st.composite
def _upsamplings(
    draw: DrawFn, ranks: SearchStrategy[int], last: bool
) -> tuple[Op, tuple[int, ...]]:
    factors = tuple(draw(st.integers(1, 4)) for _ in range(draw(ranks)))
    size = tuple(draw(st.integers(1, 5)) for _ in factors)
    interpolation = draw(st.sampled_from(["nearest", "bilinear"][: 1 + (len(factors) == 2)]))
    return Upsample(factors=factors, interpolation=interpolation, channels_last=last), size


@st.composite
def _pools(
    draw: DrawFn, ranks: SearchStrategy[int], last: bool, kind: str
) -> tuple[Op, tuple[int, ...]]:
    """Draw windows of which each has a cell of the image, and an image with room for one."""
    axes = [draw(_windows()) for _ in range(draw(ranks))]
    cells, size, strides, pads = zip(*axes, strict=True)
    counts_pads = kind == "average" and draw(st.booleans())
    op = Pool(
        kind=kind,
        size=size,
        strides=strides,
        pads=pads,
        counts_pads=counts_pads,
        channels_last=last,
    )
    return op, cells


@st.composite
def _windows(draw: DrawFn) -> tuple[int, int, int, tuple[int, int]]:
    """Draw cells, size, stride and pads of an axis; no pad holds a whole window."""
    size, stride = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    low, high = (draw(st.integers(-2, size - 1)) for _ in range(2))
    left = 1 - min(low, 0) - min(high, 0)
    return max(left, size - low - high) + draw(st.integers(0, 4)), size, stride, (low, high)


@st.composite
def _resizings(draw: DrawFn, ranks: SearchStrategy[int], last: bool) -> tuple[Op, tuple[int, ...]]:
    output_size = tuple(draw(st.integers(1, 7)) for _ in range(draw(ranks)))
    op = Resize(
        output_size=output_size,
        interpolation=draw(st.sampled_from(["nearest", "bilinear"])),
        coordinates=draw(st.sampled_from(["half_pixel", "asymmetric", "corners"])),
        channels_last=last,
    )
    return op, tuple(draw(st.integers(1, 7)) for _ in output_size)


@st.composite
def _denses(draw: DrawFn, batch: int, numbers: dict[str, Any]) -> Problem:
    """Draw a product of a matrix with an input of two to four axes."""
    op = Dense(bias=draw(st.booleans()), activation=draw(st.sampled_from(FUSED_ACTIVATIONS)))
    between = draw(st.lists(_CHANNELS, max_size=2))
    inputs, outputs = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    weights = ((inputs, outputs), (outputs,)) if op.bias else ((inputs, outputs),)
    return Problem(op=op, input_shape=(batch, *between, inputs), weight_shapes=weights, **numbers)
