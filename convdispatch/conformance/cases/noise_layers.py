"""Layers that draw: how much, how far, and by nothing but the key.

The bounds are those of sampling, as for draws: five standard deviations of an estimate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import sqrt
from typing import Any

import numpy as np

from convdispatch import layers
from convdispatch.conformance.case import Case, Check, Mismatch
from convdispatch.conformance.cases.drawn import key_of, require_alike, require_near
from convdispatch.conformance.cases.layer_rows import require_registered
from convdispatch.models import Sequential
from convdispatch.numerics.problem import Array
from convdispatch.ops import Backend

_RATE, _KEPT = 0.25, 0.75
# One shape for all: a framework compiles its draws anew for each.
_SHAPE = (40, 20, 5)
_COUNT = 4000
_ONES = np.ones(_SHAPE)
_KEY = (5, 11)
# The deviation of what each layer makes of a 1.
_NOISY: Mapping[str, tuple[Callable[..., Any], float]] = {
    "dropout": (lambda **options: layers.Dropout(_RATE, **options), sqrt(_RATE / _KEPT)),
    "gaussian-noise": (lambda **options: layers.GaussianNoise(0.5, **options), 0.5),
    "gaussian-dropout": (
        lambda **options: layers.GaussianDropout(_RATE, **options),
        sqrt(_RATE / _KEPT),
    ),
}


def cases(seed: int) -> Iterator[Case]:
    """Yield the cases of layers that draw; `seed` draws nothing."""
    for slug in _NOISY:
        yield _case(
            f"{slug}-spread", spreads, "Noise has the mean 1 and the stated deviation.", slug
        )
        yield _case(
            f"{slug}-pure", is_pure, "The same key gives the same bits, another key others.", slug
        )
    for slug, check, claim in _OTHERS:
        yield _case(slug, check, claim)


def spreads(backend: Backend, slug: str) -> None:
    """Give a layer ones; compare the mean and the variance of what comes back."""
    make, deviation = _NOISY[slug]
    found = _trained(backend, make, _ONES)
    require_near(float(found.mean()), 1.0, deviation / sqrt(_COUNT), "the mean")
    # Of a sample variance; the fourth moment of what drops is less than ten times its square.
    allowed = deviation**2 * 3 / sqrt(_COUNT)
    require_near(float(found.var()), deviation**2, allowed, "the variance")


def is_pure(backend: Backend, slug: str) -> None:
    """Give a layer the same ones by the same key, by another, and for inference."""
    make, _ = _NOISY[slug]
    first = _trained(backend, make, _ONES)
    require_alike(_trained(backend, make, _ONES), first, "the second call")
    if np.array_equal(_trained(backend, make, _ONES, key=(6, 11)), first):
        raise Mismatch("another key gave the same numbers")
    called = make(**_options(backend))(backend.asarray(_ONES, "float32"))
    require_alike(np.asarray(backend.to_numpy(called)), _ONES.astype("float32"), "a call")


def keeps_or_drops(backend: Backend) -> None:
    """Compare each number with 0 and with the input over the share that is kept."""
    x = np.arange(1.0, _COUNT + 1).reshape(_SHAPE)
    found = _trained(backend, _NOISY["dropout"][0], x)
    want = np.where(found == 0, 0, x / _KEPT)
    if not np.allclose(found, want, rtol=1e-6, atol=0) or not (found == 0).any():
        raise Mismatch(f"dropout gave {found.ravel()[:20]}; expected 0 or the number over {_KEPT}")


def keeps_mean_and_variance(backend: Backend) -> None:
    """Compare what alpha dropout makes of ones with the two numbers of its formula."""
    found = _trained(backend, lambda **options: layers.AlphaDropout(_RATE, **options), _ONES)
    low = -1.0507009873554805 * 1.6732632423543772  # where selu ends
    scale = 1 / sqrt(_KEPT * (1 + _RATE * low**2))
    kept, dropped = (scale * (x - low * _RATE) for x in (1.0, low))
    is_dropped = np.isclose(found, dropped, rtol=1e-5)
    if not (is_dropped | np.isclose(found, kept, rtol=1e-5)).all():
        raise Mismatch(f"ones became {np.unique(found)[:5]}; expected {dropped} and {kept}")
    deviation = sqrt(_RATE * _KEPT / _COUNT)
    require_near(float(is_dropped.mean()), _RATE, deviation, "the share that is left out")


def has_the_slope_of_what_it_kept(backend: Backend) -> None:
    """Differentiate a dropout: the slope of each number is its factor."""
    require_registered(backend)
    layer, x = layers.Dropout(_RATE, **_options(backend)), 2 * _ONES
    key, total = key_of(backend, _KEY), backend.functions["sum"]

    def fn(tensors: Sequence[Any]) -> tuple[Any, Any]:
        outputs = layer.apply_training([], tensors[0], key)[0]
        return total(outputs), outputs

    (_, outputs), (slope,) = backend.value_and_grad(fn)([backend.asarray(x, "float32")])
    got, want = (np.asarray(backend.to_numpy(one)) for one in (slope, outputs))
    if not np.allclose(2 * got.astype(float), want, rtol=1e-6, atol=0):
        raise Mismatch(f"the slope is {got.ravel()[:20]}; for 2 came {want.ravel()[:20]}")


def drops_channels(backend: Backend) -> None:
    """Leave out whole channels: all steps of one, or none."""
    found = _trained(backend, lambda **options: layers.SpatialDropout1D(0.5, **options), _ONES)
    if (found != found[:, :1]).any():
        raise Mismatch("some steps of a channel were left out, and others kept")
    if (found == found[:1]).all():
        raise Mismatch("every sample lost the same channels")
    require_near(
        float((found[:, 0] == 0).mean()), 0.5, 0.5 / sqrt(200), "the share that is left out"
    )


def draws_apart(backend: Backend) -> None:
    """Put two dropouts one after the other: what both keep is the product of the shares."""

    def make(**options: Any) -> Any:
        both = [layers.Dropout(0.5, **options) for _ in range(2)]
        return Sequential(both, backend=options["backend"])

    found = _trained(backend, make, _ONES)
    deviation = sqrt(0.25 * 0.75 / _COUNT)
    require_near(float((found != 0).mean()), 0.25, deviation, "the share that both layers keep")


def drops_alike_at_each_step(backend: Backend) -> None:
    """Let a recurrent layer sum its inputs: each step leaves out the same features."""
    units = _SHAPE[-1]
    weights = [np.eye(units), np.zeros((units, units)), np.zeros(units)]

    def make(**options: Any) -> Any:
        more: dict[str, Any] = {"return_sequences": True, "dropout": 0.5, "activation": "linear"}
        return layers.SimpleRNN(units, weights=weights, **more, **options)

    found = _trained(backend, make, _ONES)
    if (found != found[:, :1]).any():
        raise Mismatch("a step left out other features than the first one")
    if set(np.unique(found)) != {0.0, 2.0}:
        raise Mismatch(f"ones became {np.unique(found).tolist()}; expected 0 and 2")


_OTHERS: tuple[tuple[str, Check, str], ...] = (
    ("dropout-factors", keeps_or_drops, "A number is left out, or divided by the share kept."),
    ("alpha-dropout", keeps_mean_and_variance, "What is left out becomes where selu ends."),
    ("dropout-slope", has_the_slope_of_what_it_kept, "Gradients pass where numbers do."),
    ("spatial-dropout", drops_channels, "A channel is left out as a whole, or not at all."),
    ("two-layers", draws_apart, "Two layers of a model draw independently."),
    ("recurrent-dropout", drops_alike_at_each_step, "Each step leaves out the same features."),
)


def _options(backend: Backend) -> dict[str, Any]:
    return {"backend": backend.name, "dtype": "float32", "convention": "tensorflow"}


def _trained(
    backend: Backend, make: Callable[..., Any], x: Array, key: tuple[int, int] = _KEY
) -> Array:
    """Return what a layer or a model gives for the numbers in training."""
    require_registered(backend)
    layer = make(**_options(backend))
    layer.build((None, *x.shape[1:]))
    tensor = backend.asarray(x, "float32")
    outputs, _ = layer.apply_training(layer.variables, tensor, key_of(backend, key))
    return np.asarray(backend.to_numpy(outputs))


def _case(slug: str, check: Check, claim: str, *arguments: str) -> Case:
    return Case(
        id=f"layers/contract/noise-{slug}",
        level="contract",
        op="layers",
        claim=claim,
        check=check,
        arguments=arguments,
        features=("functions", "random", "float32", *(("gradients",) if "slope" in slug else ())),
    )
