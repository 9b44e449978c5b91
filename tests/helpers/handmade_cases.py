"""The hand-made cases of the conformance suite, by id, and rows with a wrong number."""

from __future__ import annotations

import importlib
from dataclasses import replace

from convdispatch.conformance.case import Case
from convdispatch.conformance.cases.layer_rows import Cells, LayerRow, array, computes, nested

MODULES = (
    "traps",
    "traps_elsewhere",
    "known_bugs",
    "known_bugs_channels",
    "known_bugs_transposed",
    "known_bugs_transposed_axes",
    "known_bugs_types",
    "refusals",
)
CASES: dict[str, Case] = {
    case.id: case
    for name in MODULES
    for case in importlib.import_module(f"convdispatch.conformance.cases.{name}").cases(0)
}
ROWS = {
    case_id: case
    for case_id, case in CASES.items()
    if isinstance(next(iter(case.arguments), None), LayerRow)
}
# The rows that check nothing but the layer's result.
COMPUTED: dict[str, LayerRow] = {
    case_id: row
    for case_id, case in ROWS.items()
    if case.check is computes and isinstance(row := case.arguments[0], LayerRow)
}


def numbers_shape(row: LayerRow) -> tuple[int, ...]:
    """Return the shape of the result that the row states."""
    if isinstance(row.expected, Cells):
        return row.expected.shape
    return array(row.expected).shape


def spoilt(found: LayerRow) -> LayerRow:
    """Return the row with its last number off by a tenth."""
    if isinstance(found.expected, Cells):
        *others, (index, number) = found.expected.known
        known = (*others, (index, number * 1.1 + 0.1))
        return replace(found, expected=Cells(found.expected.shape, known))
    numbers = array(found.expected).ravel()
    numbers[-1] += 0.1 * max(1, abs(numbers[-1]))
    return replace(found, expected=nested(array(found.expected).shape, numbers))
