"""Shapes that a layer infers before it computes anything."""

from __future__ import annotations

from typing import Any

import pytest
from handmade_cases import CASES, COMPUTED, numbers_shape

from convdispatch import layers
from convdispatch.conformance.cases.layer_rows import array
from convdispatch.conformance.cases.refusing import Refusal
from convdispatch.errors import InvalidShape

# Shapes that do not fit a layer which has not been built.
TOO_LARGE = {
    case_id: refusal
    for case_id, case in CASES.items()
    if case.arguments
    and isinstance(refusal := case.arguments[0], Refusal)
    and refusal.error == "InvalidShape"
    and refusal.input_shape is not None
    and refusal.built_for is None
}


@pytest.mark.parametrize("case_id", COMPUTED)
def test_the_inferred_shape_is_that_of_the_result(case_id: str) -> None:
    """The conformance suite states the result; of an unknown batch only the batch is unknown."""
    row = COMPUTED[case_id]
    layer, shape, expected = row.make("numpy"), array(row.x).shape, numbers_shape(row)
    assert layer.compute_output_shape(shape) == expected
    assert layer.compute_output_shape((None, *shape[1:])) == (None, *expected[1:])


@pytest.mark.parametrize("case_id", TOO_LARGE)
def test_a_shape_that_does_not_fit_is_refused_at_once(case_id: str) -> None:
    """The conformance suite asks for the same message when the layer is called."""
    refusal = TOO_LARGE[case_id]
    layer = getattr(layers, refusal.layer)(**refusal.arguments, name="layer", backend="numpy")
    with pytest.raises(InvalidShape) as raised:
        layer.compute_output_shape(refusal.input_shape)
    assert refusal.says in str(raised.value)


@pytest.mark.parametrize(
    ("arguments", "shape", "expected"),
    [
        pytest.param(
            {"kernel_size": 16, "strides": 8, "padding": "same", "output_padding": (8, 1)},
            (None, 46, 62, 3),
            (None, 368, 489, 1),
            id="keras#13231",
        ),
        pytest.param(
            {"kernel_size": 2, "strides": 2, "output_padding": 0, "data_format": "channels_first"},
            (None, 64, None, 32),
            (None, 1, None, 64),
            id="keras#13776",
        ),
        pytest.param({"kernel_size": 3, "strides": 2}, (9, 12, 12, 1), (9, 25, 25, 1), id="valid"),
        pytest.param(
            {"kernel_size": 3, "strides": 2, "padding": "same"},
            (9, 12, 12, 1),
            (9, 24, 24, 1),
            id="same",
        ),
    ],
)
def test_transposed_shapes_as_reported(
    arguments: dict[str, Any], shape: tuple[int | None, ...], expected: tuple[int | None, ...]
) -> None:
    """Keras 2 lost sizes with channels first, and refused an output_padding of the stride."""
    assert layers.Conv2DTranspose(1, **arguments).compute_output_shape(shape) == expected
