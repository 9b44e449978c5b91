"""The vocabularies of Keras 1 and 2 against what the real Kerases computed (see tests/legacy)."""

from __future__ import annotations

import math

import numpy as np
import pytest
from function_cases import (
    MODULES,
    ORACLES,
    Array,
    Case,
    Oracle,
    entries,
    gradient,
    value,
    with_key,
)

from convdispatch import initializers
from convdispatch.formulas.dialects import KERAS1
from convdispatch.ops import Backend
from convdispatch.registry import registry

TOLERANCE = 1e-6
# A correct sampler leaves this many standard errors about once in 10^10 comparisons.
STANDARD_ERRORS = 6.5

CASES = entries("cases", "activation", "regularizer", "constraint")
STATISTICS = entries("initializer_statistics")
NAMES = [
    pytest.param(oracle, kind, name, id=f"{oracle.dialect.name}-{kind}-{name}")
    for oracle in ORACLES
    for kind in MODULES
    for name in oracle.manifest["functions"][kind]
    if name != "Initializer"  # the abstract base, which cannot be instantiated
]
ALIASES = [
    pytest.param(oracle, kind, alias, name, id=f"{oracle.dialect.name}-{kind}-{alias}")
    for oracle in ORACLES
    for kind in MODULES
    for alias, name in oracle.manifest["aliases"][kind].items()
]


def test_the_manifests_have_all_their_cases() -> None:
    """No case is lost between the manifest and the tests below."""
    kinds = [(case.oracle.dialect.name, case.entry["kind"]) for case in CASES]
    assert {kind: kinds.count(kind) for kind in sorted(set(kinds))} == {
        ("keras1", "activation"): 39,
        ("keras1", "constraint"): 26,
        ("keras1", "regularizer"): 52,
        ("keras2", "activation"): 58,
        ("keras2", "constraint"): 26,
        ("keras2", "regularizer"): 35,
    }


@pytest.mark.parametrize("case", CASES, ids=str)
def test_value_is_the_oracles(backend: Backend, case: Case) -> None:
    """Every activation, regularizer and constraint gives the old Keras's numbers."""
    result = value(backend, case.apply, case.array("inputs"))
    np.testing.assert_allclose(result, case.array("output"), rtol=TOLERANCE, atol=TOLERANCE)


@pytest.mark.parametrize("case", with_key(CASES, "grad"), ids=str)
def test_gradient_is_the_oracles(backend: Backend, case: Case) -> None:
    """Gradients are the old Keras's, and at a kink lie between the slopes on its two sides."""
    x = case.array("inputs")
    result = gradient(backend, case.apply, x)
    low, high = one_sided_slopes(case, x)
    is_kink = high - low > 1e-3 * (1 + np.abs(low))
    expected = np.where(is_kink, np.clip(result, low, high), case.array("grad"))
    np.testing.assert_allclose(result, expected, rtol=TOLERANCE, atol=TOLERANCE)


def one_sided_slopes(case: Case, x: Array) -> tuple[Array, Array]:
    """Return the smaller and the greater of the slopes on both sides of each element.

    The oracle has one gradient at a kink, its own choice. Of functions that are not elementwise,
    such as a regularizer or softmax, the two come out equal, which excuses nothing.
    """
    step = 1e-9  # below the distance of the manifest's points from 0
    numpy_backend = registry.load("numpy")
    middle = value(numpy_backend, case.apply, x)
    if middle.shape != x.shape:
        return np.zeros_like(x), np.zeros_like(x)
    left = (middle - value(numpy_backend, case.apply, x - step)) / step
    right = (value(numpy_backend, case.apply, x + step) - middle) / step
    return np.minimum(left, right), np.maximum(left, right)


@pytest.mark.parametrize("case", entries("failed_in_keras", "activation"), ids=str)
def test_what_keras_refused_is_refused(backend: Backend, case: Case) -> None:
    """A call that failed in the old Keras raises ValueError here too, on every backend."""
    with pytest.raises(ValueError, match="needs a tensor of rank"):
        value(backend, case.apply, case.array("inputs"))


@pytest.mark.parametrize("case", with_key(CASES, "get_config"), ids=str)
def test_configuration_is_the_oracles(case: Case) -> None:
    """An object got by name describes itself as the old Keras's did."""
    assert case.function.get_config() == case.entry["get_config"]


@pytest.mark.parametrize(("oracle", "kind", "name"), NAMES)
def test_every_name_of_the_oracle_is_known(oracle: Oracle, kind: str, name: str) -> None:
    """Each function and class of the old Keras has its name in our table."""
    assert name in oracle.table(kind)


@pytest.mark.parametrize(("oracle", "kind", "alias", "name"), ALIASES)
def test_every_alias_of_the_oracle_is_known(
    oracle: Oracle, kind: str, alias: str, name: str
) -> None:
    """An alias stands for the same object as the name that it abbreviates."""
    assert oracle.resolve(kind, alias, {}) == oracle.resolve(kind, name, {})


@pytest.mark.parametrize("case", entries("cases", "initializer_exact"), ids=str)
def test_exact_initializer_is_the_oracles(case: Case) -> None:
    """Initializers without chance give the old Keras's weights."""
    weights = initializers.draw(case.function, case.entry["shape"])
    np.testing.assert_array_equal(weights, case.array("output"))


@pytest.mark.parametrize("case", STATISTICS, ids=str)
def test_draws_have_the_oracles_mean_and_deviation(case: Case) -> None:
    """Mean and deviation differ from the oracle's sample by no more than two samples would."""
    drawn, entry = case.draws(), case.entry
    allowed = STANDARD_ERRORS * math.sqrt(2 / drawn.size) * entry["std"] + 1e-12
    assert drawn.size == entry["draws"]
    assert abs(drawn.mean() - entry["mean"]) <= allowed
    assert abs(drawn.std() - entry["std"]) <= allowed


@pytest.mark.parametrize("case", with_key(STATISTICS, "limit"), ids=str)
def test_uniform_draws_fill_the_limits_and_stay_within(case: Case) -> None:
    """The extremes of n uniform numbers lie within 40 / n of the formula's limits, inside."""
    drawn, limit = case.draws(), case.entry["limit"]
    slack = limit * 40 / drawn.size  # exceeded with probability exp(-20)
    assert -limit <= drawn.min() <= -limit + slack
    assert limit - slack <= drawn.max() <= limit


@pytest.mark.parametrize("case", with_key(STATISTICS, "stddev"), ids=str)
def test_normal_draws_have_the_formulas_deviation(case: Case) -> None:
    """Keras 1's normal weights have the formula's deviation and are not cut at twice that."""
    drawn, deviation = case.draws(), case.entry["stddev"]
    assert abs(drawn.std() / deviation - 1) <= STANDARD_ERRORS / math.sqrt(2 * drawn.size)
    assert np.abs(drawn).max() > 3 * deviation


@pytest.mark.parametrize("case", with_key(STATISTICS, "target_stddev"), ids=str)
def test_truncated_draws_have_the_target_deviation(case: Case) -> None:
    """Keras 2's normal weights are cut at 2 deviations and enlarged to the formula's deviation."""
    drawn, entry = case.draws(), case.entry
    cut = 2 * entry["stddev_before_truncation"]
    allowed = STANDARD_ERRORS / math.sqrt(2 * drawn.size)
    assert abs(drawn.std() / entry["target_stddev"] - 1) <= allowed
    assert 0.99 * cut < np.abs(drawn).max() <= cut


@pytest.mark.parametrize("case", with_key(STATISTICS, "gram_diag_mean"), ids=str)
def test_orthogonal_draws_have_the_oracles_gram_matrix(case: Case) -> None:
    """The shorter side of the flattened weight is orthogonal, of the oracle's length."""
    weight = case.draws()[0]
    is_keras1 = case.oracle.dialect is KERAS1
    flat = weight.reshape((len(weight), -1) if is_keras1 else (-1, weight.shape[-1]))
    short = flat if flat.shape[0] <= flat.shape[1] else flat.T
    expected = case.entry["gram_diag_mean"] * np.eye(len(short))
    np.testing.assert_allclose(short @ short.T, expected, atol=1e-12)
