"""The conformance suite's rows of layers, through both façades: the same numbers."""

from __future__ import annotations

import pytest
from facade_rows import in_keras1, in_keras2
from handmade_cases import COMPUTED, numbers_shape

from convdispatch.conformance.cases.layer_rows import LayerRow, array, computes
from convdispatch.ops import Backend

KERAS1 = {case_id: found for case_id, row in COMPUTED.items() if (found := in_keras1(row))}
KERAS2 = {case_id: found for case_id, row in COMPUTED.items() if (found := in_keras2(row))}
EVERY = [
    pytest.param(row, id=f"{keras}-{case_id}")
    for keras, rows in (("keras1", KERAS1), ("keras2", KERAS2))
    for case_id, row in rows.items()
]


def test_most_rows_have_a_spelling() -> None:
    """A façade that lost an argument would leave its list empty, and nothing would fail."""
    assert len(KERAS1) > 110
    assert len(KERAS2) > 270


@pytest.mark.usefixtures("double_precision")
@pytest.mark.parametrize("case_id", KERAS2)
def test_keras2_gives_the_rows_numbers(case_id: str, backend: Backend) -> None:
    """Keras 2 has the same arguments, and stores kernels in the same order."""
    computes(backend, KERAS2[case_id])


@pytest.mark.usefixtures("double_precision")
@pytest.mark.parametrize("case_id", KERAS1)
def test_keras1_gives_the_rows_numbers(case_id: str, backend: Backend) -> None:
    """Keras 1 has other names, and stores kernels in another order."""
    computes(backend, KERAS1[case_id])


@pytest.mark.parametrize("row", EVERY)
def test_a_facade_infers_the_rows_shape(row: LayerRow) -> None:
    """The shape is known before anything is computed."""
    found = row.make("numpy").compute_output_shape(array(row.x).shape)
    assert found == numbers_shape(row)
