"""Every function of `convdispatch.geometry` against hand-made tables and brute force.

Brute force means counting: which placements of a kernel fit, which sizes lead where. The tables
are worked out by hand from the formulas and the traps that old Kerases set.
"""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convdispatch import geometry
from convdispatch.errors import InvalidArgument, InvalidShape

# size, kernel size, stride, dilation: everything small enough to be counted.
SMALL = list(product(range(1, 11), range(1, 6), range(1, 5), range(1, 4)))
SIZES = st.integers(1, 10_000)
SMALL_INTS = st.integers(1, 40)


def count_placements(size, kernel_size, stride, dilation, *, pads):
    """Count the starts, `stride` apart, from which the last tap still falls into the padding."""
    end, start, count = size + sum(pads), 0, 0
    while start + (kernel_size - 1) * dilation < end:
        start, count = start + stride, count + 1
    return count


def same_pads(size, kernel_size, stride, dilation, *, convention):
    """Return what 'same' adds (low, high) to an axis."""
    fields = {"stride": stride, "dilation": dilation, "padding": "same"}
    return geometry.conv_pads(size, kernel_size, **fields, convention=convention)


@pytest.mark.parametrize(
    ("kernel_size", "dilation", "expected"),
    [(1, 1, 1), (1, 7, 1), (3, 1, 3), (3, 2, 5), (2, 3, 4), (4, 280, 841)],
)
def test_effective_kernel_size_counts_both_end_taps(kernel_size, dilation, expected):
    """A dilated kernel reaches from its first tap to its last, both included."""
    assert geometry.effective_kernel_size(kernel_size, dilation) == expected


# size, kernel size, stride, dilation, padding, pads under tensorflow, pads under theano
PADS_TABLE = [
    ("trap1-stride-makes-same-asymmetric", 4, 3, 2, 1, "same", (0, 1), (1, 1)),
    ("trap1-odd-size", 5, 3, 2, 1, "same", (1, 1), (1, 1)),
    ("trap2-trap19-even-kernel", 4, 2, 1, 1, "same", (0, 1), (1, 0)),
    ("trap3-never-crops", 5, 1, 3, 1, "same", (0, 0), (0, 0)),
    ("stride-longer-than-kernel", 6, 2, 5, 1, "same", (0, 1), (1, 0)),
    ("trap4-causal-dilated", 4, 2, 1, 2, "causal", (2, 0), (2, 0)),
    ("trap4-same-dilated", 4, 2, 1, 2, "same", (1, 1), (1, 1)),
    ("trap14-true-stride", 8, 3, 2, 2, "same", (1, 2), (2, 2)),
    ("theano-even-reach", 32, 6, 1, 1, "same", (2, 3), (3, 2)),
    ("torch-wants-symmetric", 224, 7, 2, 1, "same", (2, 3), (3, 3)),
    ("valid", 9, 4, 2, 3, "valid", (0, 0), (0, 0)),
    ("full", 9, 3, 1, 1, "full", (2, 2), (2, 2)),
    ("full-dilated", 9, 3, 2, 2, "full", (4, 4), (4, 4)),
    ("kernel-longer-than-input", 2, 5, 1, 1, "same", (2, 2), (2, 2)),
]


@pytest.mark.parametrize("convention", geometry.CONVENTIONS)
@pytest.mark.parametrize("row", PADS_TABLE, ids=[row[0] for row in PADS_TABLE])
def test_conv_pads_are_those_worked_out_by_hand(row, convention):
    """Each convention pads on the side and by the amount that its framework did."""
    _, size, kernel_size, stride, dilation, padding, tensorflow, theano = row
    pads = geometry.conv_pads(
        size, kernel_size, stride=stride, dilation=dilation, padding=padding, convention=convention
    )
    assert pads == {"tensorflow": tensorflow, "theano": theano}[convention]


# size, kernel size, stride, dilation, padding, output size
OUTPUT_TABLE = [
    ("same-keeps-the-size", 10, 3, 1, 1, "same", 10),
    ("same-rounds-up", 5, 3, 2, 1, "same", 3),
    ("trap3-stride-longer-than-kernel", 5, 1, 3, 1, "same", 2),
    ("valid", 12, 3, 2, 1, "valid", 5),
    ("valid-dilated", 256, 3, 1, 2, "valid", 252),
    ("full", 3, 2, 1, 1, "full", 4),
    ("causal-strided", 7, 3, 2, 2, "causal", 4),
    ("kernel-equals-input", 4, 4, 3, 1, "valid", 1),
    ("trap16-nothing-left", 2, 3, 1, 1, "valid", 0),
    ("trap16-less-than-nothing", 1, 3, 1, 1, "valid", -1),
    ("theano-32-by-6", 32, 6, 1, 1, "same", 32),
    ("dilated-kernel-too-long", 12, 7, 1, 2, "valid", 0),
    ("depthwise-14-strided-dilated", 14, 3, 2, 3, "same", 7),
    ("unknown-valid", None, 3, 2, 1, "valid", None),
    ("unknown-same", None, 3, 2, 1, "same", None),
    ("unknown-full", None, 3, 2, 1, "full", None),
]


@pytest.mark.parametrize("row", OUTPUT_TABLE, ids=[row[0] for row in OUTPUT_TABLE])
def test_conv_output_size_is_that_worked_out_by_hand(row):
    """The number of output cells, None where the input's is unknown."""
    _, size, kernel_size, stride, dilation, padding, expected = row
    assert expected == geometry.conv_output_size(
        size, kernel_size, stride=stride, dilation=dilation, padding=padding
    )


@pytest.mark.parametrize("convention", geometry.CONVENTIONS)
@pytest.mark.parametrize("padding", ["valid", "same", "causal", "full"])
def test_conv_output_size_counts_the_placements_between_the_pads(padding, convention):
    """Pads and output size agree, for every small geometry, with a count of what fits."""

    def disagrees(size, kernel_size, stride, dilation):
        fields = {"stride": stride, "dilation": dilation, "padding": padding}
        pads = geometry.conv_pads(size, kernel_size, **fields, convention=convention)
        declared = geometry.conv_output_size(size, kernel_size, **fields)
        counted = count_placements(size, kernel_size, stride, dilation, pads=pads)
        return max(declared, 0) != counted

    assert [case for case in SMALL if disagrees(*case)] == []


@pytest.mark.parametrize("convention", geometry.CONVENTIONS)
@given(size=SIZES, kernel_size=SMALL_INTS, stride=SMALL_INTS, dilation=SMALL_INTS)
@settings(derandomize=True, deadline=None)
def test_same_padding_leaves_one_cell_a_stride(convention, size, kernel_size, stride, dilation):
    """'same' gives ceil(size / stride) cells, under both conventions, at any dilation."""
    pads = same_pads(size, kernel_size, stride, dilation, convention=convention)
    assert min(pads) >= 0
    expected = len(range(0, size, stride))
    assert count_placements(size, kernel_size, stride, dilation, pads=pads) == expected
    assert expected == geometry.conv_output_size(
        size, kernel_size, stride=stride, dilation=dilation, padding="same"
    )


@given(size=SIZES, kernel_size=SMALL_INTS, stride=SMALL_INTS, dilation=SMALL_INTS)
@settings(derandomize=True, deadline=None)
def test_tensorflow_same_padding_puts_the_odd_cell_last(size, kernel_size, stride, dilation):
    """The high side gets as many cells as the low side, or one more."""
    low, high = same_pads(size, kernel_size, stride, dilation, convention="tensorflow")
    assert high - low in (0, 1)


@given(size=SIZES, kernel_size=SMALL_INTS, stride=SMALL_INTS, dilation=SMALL_INTS)
@settings(derandomize=True, deadline=None)
def test_theano_same_padding_depends_on_the_kernel_alone(size, kernel_size, stride, dilation):
    """Half of the kernel's reach goes before the data, whatever the size and the stride."""
    low, _ = same_pads(size, kernel_size, stride, dilation, convention="theano")
    assert low == ((kernel_size - 1) * dilation + 1) // 2


@pytest.mark.parametrize("output_size", [1, 7, None])
def test_require_output_accepts_a_cell_or_an_unknown_number(output_size):
    """One cell is enough, and what is unknown cannot be refused."""
    assert geometry.require_output(output_size, size=9, reason="kernel 9") is None


@pytest.mark.parametrize("output_size", [0, -1])
def test_require_output_refuses_an_empty_axis(output_size):
    """The error says how many cells there would be, of how many, and why."""
    with pytest.raises(InvalidShape, match=rf"{output_size} cells .* of 2 cells: the kernel is 3"):
        geometry.require_output(output_size, size=2, reason="the kernel is 3")


@pytest.mark.parametrize("convention", ["tensorflow", "theano"])
def test_require_convention_returns_a_known_name(convention):
    """Both conventions pass through."""
    assert geometry.require_convention(convention) == convention


@pytest.mark.parametrize("convention", ["torch", "Theano", ""])
def test_require_convention_lists_the_known_names(convention):
    """The error repeats what was received and what is allowed."""
    with pytest.raises(InvalidArgument, match=f"'tensorflow', 'theano'; received '{convention}'"):
        geometry.require_convention(convention)
