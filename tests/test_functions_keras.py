"""The vocabularies of Keras 1 and 2 against what the real Kerases computed (see tests/legacy)."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from convdispatch import activations, constraints, initializers, regularizers, selection
from convdispatch.ops import Backend
from convdispatch.registry import registry
from convdispatch.vocabulary import KERAS1, KERAS2, Vocabulary

Array = npt.NDArray[np.float64]

LEGACY = Path(__file__).parent / "legacy"
TOLERANCE = 1e-6
# A correct sampler leaves this many standard errors about once in 10^9 comparisons.
STANDARD_ERRORS = 6.5

MODULES: dict[str, Any] = {
    "activation": activations,
    "constraint": constraints,
    "initializer": initializers,
    "regularizer": regularizers,
}


@dataclass(frozen=True)
class Oracle:
    """One manifest with its arrays and the vocabulary that must agree with it."""

    vocabulary: Vocabulary
    manifest: dict[str, Any]
    arrays: dict[str, Array]

    def resolve(self, kind: str, name: str, config: dict[str, Any]) -> Any:
        """Return our object of that name."""
        table = getattr(self.vocabulary, f"{kind}s")
        return MODULES[kind].get({"class_name": name, "config": config}, table)


@dataclass(frozen=True)
class Case:
    """One entry of a manifest."""

    oracle: Oracle
    entry: dict[str, Any]

    def __str__(self) -> str:
        where = self.entry.get("output") or "-".join(
            str(self.entry[key])
            for key in ("name", "kwargs", "shape", "inputs")
            if key in self.entry
        )
        return f"{self.oracle.vocabulary.name}-{where}"

    @property
    def function(self) -> Any:
        """Our object that the entry is about."""
        config = {**self.entry["kwargs"], **self.entry.get("constructor_kwargs", {})}
        config.pop("dim_ordering", None)
        name = self.entry["name"].removeprefix("get:")
        kind = self.entry.get("kind", "initializer").removesuffix("_exact")
        return self.oracle.resolve(kind, name, config)

    def compute(self, backend: Backend, x: Any) -> Any:
        """Apply our function by the backend's table."""
        method = {"activation": "compute", "regularizer": "loss", "constraint": "apply"}
        return getattr(self.function, method[self.entry["kind"]])(backend.functions, x)

    def array(self, key: str) -> Array:
        """Return one of the entry's arrays."""
        name = self.entry[key]
        return self.oracle.arrays[name if isinstance(name, str) else name[0]]

    def draws(self) -> Array:
        """Return as many of our numbers as the oracle took, as repeated weights."""
        shape = tuple(self.entry["shape"])
        count = self.entry["draws"] // math.prod(shape)
        ordering = self.entry["kwargs"].get("dim_ordering")
        initializers.set_random_seed(20)
        function = self.function
        return np.stack(
            [initializers.draw(function, shape, dim_ordering=ordering) for _ in range(count)]
        )


def load(vocabulary: Vocabulary) -> Oracle:
    """Read the manifest of a vocabulary."""
    path = LEGACY / f"functions_{vocabulary.name}.json"
    with np.load(path.with_suffix(".npz")) as arrays:
        return Oracle(vocabulary, json.loads(path.read_text()), dict(arrays))


ORACLES = [load(KERAS1), load(KERAS2)]
CASES = [
    Case(oracle, entry)
    for oracle in ORACLES
    for entry in oracle.manifest["cases"]
    if entry["kind"] in ("activation", "regularizer", "constraint")
]
EXACT = [
    Case(oracle, entry)
    for oracle in ORACLES
    for entry in oracle.manifest["cases"]
    if entry["kind"] == "initializer_exact"
]
REFUSED = [
    Case(oracle, entry)
    for oracle in ORACLES
    for entry in oracle.manifest["failed_in_keras"]
    if entry["kind"] in MODULES
]
STATISTICS = [
    Case(oracle, entry) for oracle in ORACLES for entry in oracle.manifest["initializer_statistics"]
]
NAMES = [
    pytest.param(oracle, kind, name, id=f"{oracle.vocabulary.name}-{kind}-{name}")
    for oracle in ORACLES
    for kind in MODULES
    for name in oracle.manifest["functions"][kind]
    if name != "Initializer"  # the abstract base, of which nothing can be made
]
ALIASES = [
    pytest.param(oracle, kind, alias, name, id=f"{oracle.vocabulary.name}-{kind}-{alias}")
    for oracle in ORACLES
    for kind in MODULES
    for alias, name in oracle.manifest["aliases"][kind].items()
]


def with_key(cases: list[Case], key: str) -> list[Case]:
    """Return the cases whose entry has the key."""
    return [case for case in cases if key in case.entry]


# Torch must be imported before TensorFlow where one process holds both.
BACKENDS = sorted(selection.available_backends(), key=lambda name: name == "tensorflow")


@pytest.fixture(params=BACKENDS, scope="module")
def backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    """Each available backend, able to compute in float64."""
    loaded = registry.load(request.param)
    if request.param != "jax":
        yield loaded
        return
    import jax

    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield loaded
    jax.config.update("jax_enable_x64", before)


def test_the_manifests_have_all_their_cases() -> None:
    """No case is lost between the manifest and the tests below."""
    kinds = [(case.oracle.vocabulary.name, case.entry["kind"]) for case in CASES]
    counted = {kind: kinds.count(kind) for kind in sorted(set(kinds))}
    assert counted == {
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
    result = backend.to_numpy(
        case.compute(backend, backend.asarray(case.array("inputs"), "float64"))
    )
    assert result.dtype == np.float64
    np.testing.assert_allclose(result, case.array("output"), rtol=TOLERANCE, atol=TOLERANCE)


@pytest.mark.parametrize("case", with_key(CASES, "grad"), ids=str)
def test_gradient_is_the_oracles(backend: Backend, case: Case) -> None:
    """Gradients are the old Keras's, and at a kink lie between the slopes on its two sides."""
    x = case.array("inputs")
    differentiate = backend.value_and_grad(
        lambda tensors: backend.functions["sum"](case.compute(backend, tensors[0]))
    )
    _, (tensor,) = differentiate([backend.variable(x, "float64")])
    gradient = backend.to_numpy(tensor)
    low, high = one_sided_slopes(case, x)
    is_kink = high - low > 1e-3 * (1 + np.abs(low))
    expected = np.where(is_kink, np.clip(gradient, low, high), case.array("grad"))
    np.testing.assert_allclose(gradient, expected, rtol=TOLERANCE, atol=TOLERANCE)


def one_sided_slopes(case: Case, x: Array) -> tuple[Array, Array]:
    """Return the smaller and the greater of the slopes on both sides of each element.

    The oracle has one gradient at a kink, its own choice. Only for functions of single elements:
    of others, such as a regularizer, the two come out equal, which excuses nothing.
    """
    step = 1e-9  # below the distance of the manifest's points from 0
    numpy_backend = registry.load("numpy")
    apply: Callable[[Array], Any] = lambda value: case.compute(numpy_backend, value)  # noqa: E731
    middle = apply(x)
    if np.shape(middle) != x.shape or case.entry["name"] == "softmax":
        return np.zeros_like(x), np.zeros_like(x)
    left, right = (middle - apply(x - step)) / step, (apply(x + step) - middle) / step
    return np.minimum(left, right), np.maximum(left, right)


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_what_keras_refused_is_refused(case: Case) -> None:
    """A call that failed in the old Keras raises ValueError here too."""
    with pytest.raises(ValueError, match="needs a tensor of rank"):
        case.compute(registry.load("numpy"), case.array("inputs"))


@pytest.mark.parametrize("case", with_key(CASES, "get_config"), ids=str)
def test_configuration_is_the_oracles(case: Case) -> None:
    """An object got by name describes itself as the old Keras's did."""
    assert case.function.get_config() == case.entry["get_config"]


@pytest.mark.parametrize(("oracle", "kind", "name"), NAMES)
def test_every_name_of_the_oracle_is_known(oracle: Oracle, kind: str, name: str) -> None:
    """Each function and class of the old Keras has its name in our table."""
    assert name in getattr(oracle.vocabulary, f"{kind}s")


@pytest.mark.parametrize(("oracle", "kind", "alias", "name"), ALIASES)
def test_every_alias_of_the_oracle_is_known(
    oracle: Oracle, kind: str, alias: str, name: str
) -> None:
    """An alias stands for the same object as the name that it abbreviates."""
    assert oracle.resolve(kind, alias, {}) == oracle.resolve(kind, name, {})


@pytest.mark.parametrize("case", EXACT, ids=str)
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
    is_keras1 = case.oracle.vocabulary is KERAS1
    flat = weight.reshape((len(weight), -1) if is_keras1 else (-1, weight.shape[-1]))
    short = flat if flat.shape[0] <= flat.shape[1] else flat.T
    expected = case.entry["gram_diag_mean"] * np.eye(len(short))
    np.testing.assert_allclose(short @ short.T, expected, atol=1e-12)
