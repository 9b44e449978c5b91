"""The sizes and pads of transposed convolutions against hand-made tables and brute force.

A transposed convolution is the adjoint of a convolution from its output: a size is legal exactly
where that convolution gives the size that is transposed, which placements can be counted for.
"""

from __future__ import annotations

from itertools import product

import pytest

from convdispatch import geometry
from convdispatch.errors import InvalidShape

# size, kernel size, stride, dilation: everything small enough to be counted.
SMALL = list(product(range(1, 11), range(1, 6), range(1, 5), range(1, 4)))
TRANSPOSED_PADDINGS = ("valid", "same", "full")
EVERY_PADDING = pytest.mark.parametrize("padding", TRANSPOSED_PADDINGS)
EVERY_CONVENTION = pytest.mark.parametrize("convention", geometry.CONVENTIONS)


def count_placements(size, kernel_size, stride, dilation, *, pads):
    """Count the starts, `stride` apart, from which the last tap still falls into the padding."""
    end, start, count = size + sum(pads), 0, 0
    while start + (kernel_size - 1) * dilation < end:
        start, count = start + stride, count + 1
    return count


def sizes_that_lead_back(size, kernel_size, stride, dilation, *, padding, convention):
    """Return, by counting placements, each output size whose convolution gives `size` cells.

    Theano convolved with half of an even kernel on both sides and cut the output afterwards: it
    transposes from the sizes that fit before the cut, too.
    """
    fields = {"stride": stride, "dilation": dilation, "padding": padding}
    half = geometry.effective_kernel_size(kernel_size, dilation) // 2

    def leads_back(candidate):
        pads = [geometry.conv_pads(candidate, kernel_size, **fields, convention=convention)]
        if (padding, convention) == ("same", "theano"):
            pads.append((half, half))
        counts = [
            count_placements(candidate, kernel_size, stride, dilation, pads=pair) for pair in pads
        ]
        return size in counts

    return [candidate for candidate in range(1, 60) if leads_back(candidate)]


# size, kernel size, stride, dilation, padding, output padding, output size
TRANSPOSED_TABLE = [
    ("keras1-example-12-to-14", 12, 3, 1, 1, "valid", 0, 14),
    ("keras1-example-12-to-25", 12, 3, 2, 1, "valid", 0, 25),
    ("keras1-example-12-to-26", 12, 3, 2, 1, "valid", 1, 26),
    ("valid-default", 12, 3, 2, 1, "valid", None, 25),
    ("trap7-stride-longer-than-kernel", 2, 2, 3, 1, "valid", None, 6),
    ("trap7-explicit-zero-is-the-formula", 2, 2, 3, 1, "valid", 0, 5),
    ("trap8-same-odd-kernel", 2, 3, 2, 1, "same", None, 4),
    ("trap8-same-even-kernel", 2, 4, 2, 1, "same", None, 4),
    ("trap9-same-none", 4, 3, 2, 1, "same", None, 8),
    ("trap9-same-zero", 4, 3, 2, 1, "same", 0, 7),
    ("trap9-same-one", 4, 3, 2, 1, "same", 1, 8),
    ("same-even-kernel-zero", 12, 4, 2, 1, "same", 0, 22),
    ("same-even-kernel-needs-the-stride", 46, 16, 8, 1, "same", 8, 368),
    ("torch-refused-k2-s1", 8, 2, 1, 1, "same", None, 8),
    ("dilated-same", 5, 3, 2, 2, "same", None, 10),
    ("full", 5, 3, 2, 1, "full", None, 7),
    ("full-zero", 5, 3, 2, 1, "full", 0, 7),
    ("full-one", 5, 3, 2, 1, "full", 1, 8),
    ("unknown-default", None, 3, 2, 1, "same", None, None),
    ("unknown-explicit", None, 3, 2, 1, "valid", 1, None),
]


@pytest.mark.parametrize("row", TRANSPOSED_TABLE, ids=[row[0] for row in TRANSPOSED_TABLE])
def test_transposed_output_size_is_that_worked_out_by_hand(row):
    """No output padding asks for Keras's default size, 0 for the formula's smallest."""
    _, size, kernel_size, stride, dilation, padding, output_padding, expected = row
    assert expected == geometry.transposed_output_size(
        size,
        kernel_size,
        stride=stride,
        dilation=dilation,
        padding=padding,
        output_padding=output_padding,
    )


@EVERY_PADDING
def test_default_transposed_size_leads_back_to_the_input(padding):
    """A forward convolution from the default size gives the size that was transposed."""

    def is_wrong(size, kernel_size, stride, dilation):
        fields = {"stride": stride, "dilation": dilation, "padding": padding}
        output_size = geometry.transposed_output_size(
            size, kernel_size, **fields, output_padding=None
        )
        back = geometry.conv_output_size(output_size, kernel_size, **fields)
        # 'full' of a few cells transposes to none at all: `require_output` refuses that.
        return output_size >= 1 and back != size

    assert [case for case in SMALL if is_wrong(*case)] == []


# size, kernel size, stride, dilation, padding, legal under tensorflow, and more under theano
LEGAL_TABLE = [
    ("trap17-valid", 12, 3, 2, 1, "valid", [25, 26], []),
    ("trap17-same", 12, 3, 2, 1, "same", [23, 24], []),
    ("trap17-same-even-kernel", 12, 4, 2, 1, "same", [23, 24], [22]),
    ("stride-longer-than-kernel", 2, 2, 3, 1, "valid", [5, 6, 7], []),
    ("dilated", 3, 2, 2, 3, "valid", [8, 9], []),
    ("dilated-even-reach", 3, 2, 2, 3, "same", [5, 6], [4]),
    ("full", 5, 3, 2, 1, "full", [7, 8], []),
    ("full-partly-below-one", 1, 3, 4, 1, "full", [1, 2], []),
    ("full-of-too-few", 1, 5, 2, 1, "full", [], []),
    ("no-size-is-zero", 1, 2, 2, 1, "same", [1, 2], []),
]


@EVERY_CONVENTION
@pytest.mark.parametrize("row", LEGAL_TABLE, ids=[row[0] for row in LEGAL_TABLE])
def test_legal_transposed_sizes_are_those_worked_out_by_hand(row, convention):
    """As many sizes as the stride lead back to the input's; theano's even kernels have one more."""
    _, size, kernel_size, stride, dilation, padding, everywhere, in_theano = row
    legal = geometry.legal_transposed_sizes(
        size, kernel_size, stride=stride, dilation=dilation, padding=padding, convention=convention
    )
    expected = {"tensorflow": everywhere, "theano": in_theano + everywhere}[convention]
    assert list(legal) == expected


@EVERY_CONVENTION
@EVERY_PADDING
def test_legal_transposed_sizes_are_all_that_lead_back(padding, convention):
    """For every small geometry they are the sizes that a count of placements finds."""
    names = {"padding": padding, "convention": convention}

    def is_wrong(size, kernel_size, stride, dilation):
        legal = geometry.legal_transposed_sizes(
            size, kernel_size, stride=stride, dilation=dilation, **names
        )
        return list(legal) != sizes_that_lead_back(size, kernel_size, stride, dilation, **names)

    assert [case for case in SMALL if is_wrong(*case)] == []


# size, output size, kernel size, stride, padding, pads under tensorflow, pads under theano
PADS_TABLE = [
    ("trap8-odd-kernel", 2, 4, 3, 2, "same", (0, 1), (1, 1)),
    ("trap8-even-kernel", 2, 4, 4, 2, "same", (1, 1), (2, 1)),
    ("trap9-zero-output-padding", 4, 7, 3, 2, "same", (1, 1), (1, 1)),
    ("trap9-one-output-padding", 4, 8, 3, 2, "same", (0, 1), (1, 1)),
    ("valid", 2, 5, 3, 2, "valid", (0, 0), (0, 0)),
    ("full", 5, 7, 3, 2, "full", (2, 2), (2, 2)),
]


@EVERY_CONVENTION
@pytest.mark.parametrize("row", PADS_TABLE, ids=[row[0] for row in PADS_TABLE])
def test_transposed_pads_are_those_worked_out_by_hand(row, convention):
    """They are the pads of the convolution from the output, under each convention."""
    _, size, output_size, kernel_size, stride, padding, tensorflow, theano = row
    fields = {"stride": stride, "dilation": 1, "padding": padding, "convention": convention}
    pads = geometry.transposed_pads(size, output_size, kernel_size, **fields)
    assert pads == {"tensorflow": tensorflow, "theano": theano}[convention]


def test_theanos_uncut_size_gets_the_cells_that_the_cut_took():
    """From 22 cells a kernel of 4 with 2 cells on both sides gives 12, one more than is cut to."""
    fields = {"stride": 2, "dilation": 1, "padding": "same", "convention": "theano"}
    assert geometry.transposed_pads(12, 22, 4, **fields) == (2, 2)


@EVERY_CONVENTION
@EVERY_PADDING
def test_transposed_pads_lead_from_every_legal_size_to_the_input(padding, convention):
    """For every small geometry a count of placements between the pads gives the input's size."""
    names = {"padding": padding, "convention": convention}

    def is_wrong(case):
        size, kernel_size, stride, dilation = case
        fields = {"stride": stride, "dilation": dilation, **names}

        def is_missed(output_size):
            pads = geometry.transposed_pads(size, output_size, kernel_size, **fields)
            count = count_placements(output_size, kernel_size, stride, dilation, pads=pads)
            return count != size

        return any(map(is_missed, sizes_that_lead_back(*case, **names)))

    assert [case for case in SMALL if is_wrong(case)] == []


# kernel size, stride, dilation, padding, legal under tensorflow, and more under theano
OUTPUT_PADDING_TABLE = [
    ("odd-kernel", 3, 2, 1, "same", [0, 1], []),
    ("even-kernel", 4, 2, 1, "same", [1, 2], [0]),
    ("even-kernel-unit-stride", 2, 1, 1, "same", [1], [0]),
    ("stride-8", 16, 8, 1, "same", [1, 2, 3, 4, 5, 6, 7, 8], [0]),
    ("dilated-odd-reach", 2, 2, 2, "same", [0, 1], []),
    ("valid", 4, 3, 1, "valid", [0, 1, 2], []),
    ("full", 4, 3, 1, "full", [0, 1, 2], []),
]


@EVERY_CONVENTION
@pytest.mark.parametrize("row", OUTPUT_PADDING_TABLE, ids=[row[0] for row in OUTPUT_PADDING_TABLE])
def test_legal_output_paddings_are_those_worked_out_by_hand(row, convention):
    """The formula is one cell short for an even kernel with 'same', except under theano."""
    _, kernel_size, stride, dilation, padding, everywhere, in_theano = row
    legal = geometry.legal_output_paddings(
        kernel_size, stride=stride, dilation=dilation, padding=padding, convention=convention
    )
    expected = {"tensorflow": everywhere, "theano": in_theano + everywhere}[convention]
    assert list(legal) == expected


@EVERY_CONVENTION
@pytest.mark.parametrize("output_size", [25, 26])
def test_require_legal_transposed_size_accepts_what_leads_back(output_size, convention):
    """Both sizes of the Keras 1 page's example pass."""
    assert require_legal(output_size, 3, padding="valid", convention=convention) is None


@pytest.mark.parametrize(
    ("output_size", "padding", "allowed"),
    [(24, "valid", "25 to 26"), (27, "valid", "25 to 26"), (22, "same", "23 to 24")],
)
def test_require_legal_transposed_size_says_what_is_allowed(output_size, padding, allowed):
    """The error names the argument, the size asked for and the legal range."""
    with pytest.raises(InvalidShape, match=rf"`output_shape` asks for {output_size} .*{allowed}"):
        require_legal(output_size, 3, padding=padding, convention="tensorflow")


def test_require_legal_transposed_size_says_when_nothing_is_allowed():
    """'full' of a single cell under a long kernel comes from no size at all."""
    with pytest.raises(InvalidShape, match="Allowed sizes: none"):
        require_legal(1, 99, padding="full", convention="tensorflow")


def require_legal(output_size, kernel_size, *, padding, convention):
    """Check one output size of a transposed layer of stride 2 over 12 cells."""
    return geometry.require_legal_transposed_size(
        output_size,
        12,
        kernel_size,
        stride=2,
        dilation=1,
        padding=padding,
        convention=convention,
        argument="output_shape",
    )
