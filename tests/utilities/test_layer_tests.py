"""Keras's `layer_test` over every layer class of both façades, and that it can fail."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from tested_layers import DOORS, NOT_TESTED, cases_of, classes_of

from convdispatch.runtime import selection

# All four compile each case: `LAYER_TEST_BACKENDS=numpy,torch,tensorflow,jax`.
ASKED = os.environ.get("LAYER_TEST_BACKENDS", "numpy,torch").split(",")
NEEDS = {"numpy": "autograd"}
CASES = [(backend, door, name) for backend in ASKED for door in DOORS for name in cases_of(door)]


@pytest.mark.parametrize(("backend", "door", "name"), CASES, ids=["-".join(case) for case in CASES])
def test_a_layer_passes_keras_s_own_test(backend: str, door: str, name: str) -> None:
    """Its shapes, its configuration, its weights, and a step of training."""
    for needed in {backend, NEEDS.get(backend, backend)}:
        if find_spec(needed) is None:
            pytest.skip(f"this case needs {needed}")
    case = cases_of(door)[name]
    arguments = dict((case.keras1 if door == "keras1" else case.keras2) or {})
    made = getattr(DOORS[door].layers, name)
    layer_test = DOORS[door].utils.test_utils.layer_test
    with selection.use_backend(backend):
        output = layer_test(made, arguments, case.shape, **(case.options or {}))
    assert len(output) == case.shape[0]


@pytest.mark.parametrize("door", DOORS)
def test_every_class_is_tested(door: str) -> None:
    """Or it takes several inputs, or is for models and for layers of a script's own."""
    assert classes_of(door) - NOT_TESTED == set(cases_of(door))


@pytest.mark.parametrize("door", DOORS)
def test_a_wrong_layer_fails(door: str) -> None:
    """By its output, by its shape, by its element type and by its configuration."""
    of_door = DOORS[door]
    layer_test = of_door.utils.test_utils.layer_test
    x = np.ones((3, 2), "float32")

    class Forgetful(of_door.layers.Layer):  # type: ignore[misc, name-defined, unused-ignore]
        """A layer whose configuration lacks its factor."""

        def __init__(self, factor: float = 1.0, **options: Any) -> None:
            self.factor = factor
            super().__init__(**options)

        def call(self, x: Any) -> Any:
            """Multiply."""
            return x * self.factor

    class Wide(of_door.layers.Layer):  # type: ignore[misc, name-defined, unused-ignore]
        """A layer that states another shape than that of its output."""

        def get_output_shape_for(self, input_shape: Any) -> Any:
            """Return a wrong shape."""
            return (input_shape[0], 5)

        compute_output_shape = get_output_shape_for

    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        layer_test(of_door.layers.Activation, {"activation": "relu"}, None, None, x, x * 2)
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        layer_test(Forgetful, {"factor": 2.0}, input_data=x, expected_output=x * 2)
    with pytest.raises(AssertionError, match="output's shape must be 5; it is 2"):
        layer_test(Wide, input_data=x)
    with pytest.raises(AssertionError, match="element type must be float64; it is float32"):
        layer_test(of_door.layers.Flatten, input_data=x[..., None], expected_output_dtype="float64")
    with pytest.raises(AssertionError, match="needs `input_shape` or `input_data`"):
        layer_test(of_door.layers.Flatten)


def test_data_to_test_with_are_drawn_around_their_class() -> None:
    """By either Keras's words."""
    make = DOORS["keras1"].utils.test_utils.get_test_data
    (x, y), (x_test, _) = make(nb_train=400, nb_test=5, nb_class=2, input_shape=(3,))
    assert (x.shape, x_test.shape) == ((400, 3), (5, 3))
    assert abs(x[y == 1].mean() - 1) < 0.2
    assert abs(x[y == 0].mean()) < 0.2
