"""The formulas of layers are right: by numbers made by hand, by the oracle, and by differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convdispatch.numerics import oracle
from convdispatch.numerics import reference_layers as reference

LINEAR: Any = np.positive
X = np.array([[[1.0], [2.0], [3.0]]])
TENFOLD = [np.array([[1.0]]), np.array([[10.0]]), np.array([0.0])]
COUNTS = np.array([[True, False, True]])


@pytest.mark.parametrize(
    ("arguments", "want"),
    [
        ({}, [123]),
        ({"sequences": True}, [1, 12, 123]),
        ({"sequences": True, "backwards": True}, [3, 32, 321]),
        ({"sequences": True, "counts": COUNTS}, [1, 1, 13]),
        ({"sequences": True, "counts": COUNTS, "zeros": True}, [1, 0, 13]),
        ({"counts": ~COUNTS, "zeros": True}, [0]),
        ({"counts": ~COUNTS}, [2]),
    ],
    ids=str,
)
def test_a_sequence_by_hand(arguments: dict[str, Any], want: list[float]) -> None:
    """The state is ten times the one before, plus the input, where a step counts."""
    got = reference.recurrent(reference.simple_cell(LINEAR), TENFOLD, X, **arguments)
    assert got.ravel().tolist() == want


def test_a_step_of_an_lstm_by_hand() -> None:
    """The columns are those of i, f, c and o: 2 * 3 + 5 * 7 is the cell, 11 times it the output."""
    bias = np.array([5.0, 2.0, 7.0, 11.0])
    step = reference.lstm_cell(LINEAR, LINEAR)
    h, cell = step([np.zeros((1, 4)), np.zeros((1, 4)), bias], X[:, 0], [X[:, 0], X[:, 2]])
    assert (h.item(), cell.item()) == (11 * 41, 41)


@pytest.mark.parametrize(
    ("cell", "want"),
    [
        # With h = 3, z = 0.25 and r = 2: 0.25 * 3 + 0.75 * new, where new is 5 + (2 * 3) * 7
        # before the reset's product, and 5 + 2 * (3 * 7 + 1) after it.
        (reference.gru_cell, 0.75 + 0.75 * 47),
        (reference.gru_cell_reset_after, 0.75 + 0.75 * 49),
    ],
    ids=["reset-before", "reset-after"],
)
def test_a_step_of_a_gru_by_hand(cell: Any, want: float) -> None:
    """The columns are those of z, r and h."""
    bias = np.array([0.25, 2.0, 5.0])
    if cell is reference.gru_cell_reset_after:
        bias = np.stack([bias, [0.0, 0.0, 1.0]])
    weights = [np.zeros((1, 3)), np.array([[0.0, 0.0, 7.0]]), bias]
    (h,) = cell(LINEAR, LINEAR)(weights, X[:, 0], [X[:, 2]])
    assert h.item() == want


def test_gates_are_lines_between_their_ends() -> None:
    """Keras 3's from -3 to 3, the older ones' from -2.5 to 2.5."""
    x = np.array([-4.0, -2.75, 0.0, 1.5, 2.75, 4.0])
    want = [0, 0.25 / 6, 0.5, 0.75, 5.75 / 6, 1]
    np.testing.assert_allclose(reference.hard_sigmoid(x), want, atol=1e-15)
    np.testing.assert_allclose(reference.old_hard_sigmoid(x), [0, 0, 0.5, 0.8, 1, 1], atol=1e-15)


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_convolutions_are_the_oracles(rank: int) -> None:
    """Forwards by its definition; transposed by <conv(x), y> = <x, transposed(y)>."""
    random = np.random.default_rng(rank)
    x = random.normal(size=(2, *(5,) * rank, 2))
    kernel = random.normal(size=(*(3,) * rank, 2, 4))
    got = reference.convolved(x, kernel, 2)
    want = oracle.conv(
        x,
        kernel,
        strides=(2,) * rank,
        pads=((0, 0),) * rank,
        dilation=(1,) * rank,
        groups=1,
        channels_last=True,
    )
    np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-12)
    y = random.normal(size=got.shape)
    back = reference.transposed(y, kernel, 2)
    assert back.shape == x.shape
    assert (got * y).sum() == pytest.approx((x * back).sum(), rel=1e-12)


def test_a_kernel_for_each_cell_by_hand() -> None:
    """Windows (1, 2) and (2, 3), the second's kernel a hundred times the first's."""
    kernel = np.array([[[1.0], [10.0]], [[100.0], [1000.0]]])
    assert reference.unshared(X, kernel, (2,)).ravel().tolist() == [21, 3200]


def test_a_state_of_images_is_an_lstm_s_where_a_kernel_has_one_tap() -> None:
    """And with two taps reads the next cell, whose state is not the zeros beyond the last."""
    weights = [np.full((1, 1, 4), 0.5), np.full((1, 1, 4), 0.25), np.zeros(4)]
    x = np.array([[[[1.0], [2.0]], [[3.0], [4.0]]]])
    rows = reference.recurrent(
        reference.lstm_cell(),
        [weights[0][0], weights[1][0], weights[2]],
        x[0].swapaxes(0, 1),
        states=2,
    )
    got = reference.conv_lstm(weights, x)
    np.testing.assert_allclose(got[0], rows, rtol=1e-15)
    wider = [np.full((1, 1, 4), 0.5), np.full((2, 1, 4), 0.25), np.zeros(4)]
    other = reference.conv_lstm(wider, x)
    assert other[0, 0] > got[0, 0]
    assert other[0, 1] == got[0, 1]


@settings(derandomize=True, max_examples=30, deadline=None)
@given(st.lists(st.floats(-2, 2), min_size=4, max_size=4))
def test_slopes_are_those_of_differences(numbers: list[float]) -> None:
    """For a function of two arrays; integers have none."""
    x, y = np.reshape(numbers, (2, 2)), np.array([[0.5, -1.0]])
    cotangent = np.array([[1.0, 2.0], [3.0, 4.0]])

    def function(arrays: Any) -> Any:
        return np.tanh(arrays[0] @ arrays[0]) * reference.sigmoid(arrays[1]) + arrays[2]

    arrays = [x, y, np.array([1, 2])]
    found = reference.slopes_of(function, arrays, cotangent)
    assert found[2].tolist() == [0, 0]
    for place in (0, 1):
        for index in np.ndindex(arrays[place].shape):
            ends = []
            for sign in (1, -1):
                moved = [array.copy() for array in arrays]
                moved[place][index] += sign * 1e-5
                ends.append((function(moved) * cotangent).sum())
            difference = (ends[0] - ends[1]) / 2e-5
            assert found[place][index] == pytest.approx(difference, rel=1e-6, abs=1e-7)
