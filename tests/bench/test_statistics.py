"""The statistics of `bench diff`, on exact distributions, published figures and made-up noise."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pytest

from convdispatch.bench import gate, pair
from convdispatch.bench.statistics import cumulative, interval, rounds_needed
from convdispatch.errors import InvalidArgument

IDS = [f"benchmark {number}" for number in range(8)]
RULES = gate.Rules(threshold=1.05, rounds=16)
MOST_ROUNDS = RULES.rounds * gate.LOOKS
RUNS = 2000

# Hollander and Wolfe, table 3.1: nine patients' depression before and after the first session;
# also the example of R's `wilcox.test`.
BEFORE = (1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30)
AFTER = (0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29)


@pytest.mark.parametrize("count", range(1, 12))
def test_the_null_distribution_is_that_of_all_signs(count: int) -> None:
    """Every choice of signs written out gives the same number of sums at most w."""
    ranks = range(1, count + 1)
    sums = [
        sum(itertools.compress(ranks, signs)) for signs in itertools.product((0, 1), repeat=count)
    ]
    expected = [sum(one <= w for one in sums) / 2**count for w in range(sum(ranks) + 1)]
    assert cumulative(count).tolist() == expected


@pytest.mark.parametrize(
    ("count", "critical"), [(6, 0), (7, 2), (8, 3), (9, 5), (10, 8), (12, 13), (15, 25), (25, 89)]
)
def test_the_null_distribution_has_the_published_critical_values(count: int, critical: int) -> None:
    """The tables' largest sum with a one-sided probability of at most 0.025."""
    assert cumulative(count)[critical] <= 0.025 < cumulative(count)[critical + 1]


def test_the_interval_is_the_textbooks() -> None:
    """Hollander and Wolfe, sections 3.2 and 3.3: -0.46, and (-0.786, -0.010) at 96.1 %."""
    differences = [after - before for before, after in zip(BEFORE, AFTER, strict=True)]
    found = interval(differences, 10 / 512)
    ends = (found.estimate, found.low, found.high)
    assert ends == pytest.approx((-0.46, -0.786, -0.010), abs=5e-4)


def test_a_side_exchanged_is_a_sign_exchanged() -> None:
    """The interval of head / base is that of base / head, mirrored."""
    differences = np.random.default_rng(0).standard_t(2, 20)
    there, back = interval(differences.tolist(), 0.01), interval((-differences).tolist(), 0.01)
    assert (back.estimate, back.low, back.high) == (-there.estimate, -there.high, -there.low)


@pytest.mark.parametrize("error", [0.05, 0.01, 1 / 256, 0.0004])
def test_one_round_less_than_needed_proves_nothing(error: float) -> None:
    """With as many as needed the interval is that of the extremes, with one less it is infinite."""
    needed = rounds_needed(error)
    values = [float(number) for number in range(needed)]
    enough, lacking = interval(values, error), interval(values[:-1], error)
    assert (enough.low, enough.high) == (0.0, needed - 1)
    assert (lacking.low, lacking.high) == (-math.inf, math.inf)


def noise(
    rng: np.random.Generator, ratio: float, scale: float, rounds: int
) -> npt.NDArray[np.float64]:
    """Return log ratios (round, benchmark) of made-up samples, taken as `pair` takes them.

    A sample is log(time): drift (a random walk through the round), heavy tails (Student's t with
    2 degrees of freedom: no variance), and now and then another process (up to three times as
    long). A process has a speed of its own besides.
    """
    shape = (rounds, len(IDS), 3, 4)
    noisy = scale * rng.standard_t(2, shape) + np.log(3) * rng.random(shape) * (
        rng.random(shape) < 0.1
    )
    steps = rng.normal(0, scale, (rounds, len(IDS), 12)).cumsum(-1)
    noisy += steps.reshape(shape)
    # Base first and last, or head first and last, by lot.
    order = np.where(rng.random((rounds, len(IDS), 3, 1)) < 0.5, 1, -1)
    signs = order * np.array([-1, 1, 1, -1])
    paired = np.stack(
        [
            signs[..., 0] * noisy[..., 0] + signs[..., 1] * noisy[..., 1],
            signs[..., 2] * noisy[..., 2] + signs[..., 3] * noisy[..., 3],
        ],
        axis=-1,
    )
    own_speed = rng.normal(0, scale, (rounds, len(IDS), 2)) @ [1, -1]
    medians = np.median(paired.reshape(rounds, len(IDS), -1), axis=-1)
    return math.log(ratio) + own_speed + medians  # type: ignore[no-any-return]  # numpy's median


def replay(log_ratios: npt.NDArray[np.float64]) -> gate.Round:
    """Return a round of measurements that have been made up already."""
    rounds = iter(log_ratios)

    def measure(ids: Sequence[str]) -> Mapping[str, pair.RoundResult]:
        row = next(rounds)
        return {
            id_: pair.RoundResult(base=1.0, head=1.0, log_ratio=float(row[IDS.index(id_)]))
            for id_ in ids
        }

    return measure


def verdicts(ratio: float, *, scale: float, runs: int) -> list[list[str]]:
    """Return the verdicts of comparisons in which every benchmark's true ratio is the same."""
    rng = np.random.default_rng(20240)
    return [
        [
            one.verdict
            for one in gate.compare(IDS, replay(noise(rng, ratio, scale, MOST_ROUNDS)), rules=RULES)
        ]
        for _ in range(runs)
    ]


@pytest.mark.parametrize(
    ("ratio", "most"),
    [
        # Stated: 1 %. What 2,000 runs may show of it: 20, and three standard deviations.
        pytest.param(1.05, 20 + 13, id="as slow as the threshold"),
        pytest.param(1.0, 2, id="no change"),
    ],
)
def test_false_alarms_are_as_rare_as_stated(ratio: float, most: int) -> None:
    """Of 2,000 comparisons of eight benchmarks, so many or fewer say 'slower'."""
    found = verdicts(ratio, scale=0.02, runs=RUNS)
    assert sum(gate.SLOWER in one for one in found) <= most


def test_more_false_alarms_would_be_found() -> None:
    """Without the correction for benchmarks and looks, the same noise raises far more."""
    rng = np.random.default_rng(1)
    alarms = 0
    for _ in range(200):
        made_up = noise(rng, 1.05, 0.02, MOST_ROUNDS)
        lows = [
            interval(made_up[: look * RULES.rounds, column].tolist(), 0.01).low
            for look in range(1, gate.LOOKS + 1)
            for column in range(len(IDS))
        ]
        alarms += max(lows) > math.log(1.05)
    assert alarms > 200 * 0.05


@pytest.mark.parametrize(
    "scale", [pytest.param(0.02, id="quiet"), pytest.param(0.15, id="a machine under load")]
)
def test_a_slow_down_by_half_is_found(scale: float) -> None:
    """Each of 8 x 100 benchmarks that take 1.5 times as long is 'slower'."""
    found = verdicts(1.5, scale=scale, runs=100)
    assert {verdict for one in found for verdict in one} == {gate.SLOWER}


def test_noise_that_hides_everything_is_not_decided() -> None:
    """Where the interval stays wide, that is what is said."""
    (found,) = verdicts(1.0, scale=1.0, runs=1)
    assert set(found) == {gate.NOT_DECIDED}


def steady(log_ratio: float) -> Callable[[Sequence[str]], Mapping[str, pair.RoundResult]]:
    """Return rounds without noise."""
    measured = pair.RoundResult(base=1.0, head=math.exp(log_ratio), log_ratio=log_ratio)
    return lambda ids: dict.fromkeys(ids, measured)


@pytest.mark.parametrize(
    ("ratio", "verdict"),
    [(1.06, gate.SLOWER), (1.04, gate.NO_SLOWDOWN), (0.96, gate.NO_SLOWDOWN), (0.94, gate.FASTER)],
)
def test_a_steady_ratio_is_decided_at_the_first_look(ratio: float, verdict: str) -> None:
    """The threshold lies at 1.05, and its like for a speed-up at 1 / 1.05."""
    (result,) = gate.compare(["one"], steady(math.log(ratio)), rules=RULES)
    assert (result.verdict, len(result.log_ratios)) == (verdict, RULES.rounds)


@pytest.mark.parametrize(
    ("absent", "verdict"),
    [
        pytest.param({pair.HEAD: "gone"}, gate.ONLY_BASE, id="only in base"),
        pytest.param({pair.BASE: "not yet"}, gate.ONLY_HEAD, id="only in head"),
        pytest.param({pair.HEAD: "no", pair.BASE: "no"}, gate.IN_NEITHER, id="in neither"),
    ],
)
def test_what_exists_on_one_side_is_listed(absent: Mapping[str, str], verdict: str) -> None:
    """It is asked for once, and does not disturb the others."""
    asked = []

    def measure(ids: Sequence[str]) -> Mapping[str, pair.RoundResult]:
        asked.append(list(ids))
        measured = pair.RoundResult(absent=absent)
        return {**steady(0.0)(ids), **({"new": measured} if "new" in ids else {})}

    old, new = gate.compare(["old", "new"], measure, rules=RULES)
    assert (old.verdict, new.verdict) == (gate.NO_SLOWDOWN, verdict)
    assert asked == [["old", "new"], *[["old"]] * (RULES.rounds - 1)]


def test_too_few_rounds_are_refused() -> None:
    """A gate that could never say 'slower' must not look like one that found nothing."""
    rules = gate.Rules(threshold=1.05, rounds=11)
    with pytest.raises(InvalidArgument, match=r"11 rounds .* 8 benchmarks .* Take 12 or more"):
        gate.compare(IDS, steady(0.0), rules=rules)
