"""Scripts that define layers of their own are told what to subclass."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from convdispatch import Sequential, keras2, layers
from convdispatch.doors.elsewhere import sentence
from convdispatch.engine.resolved import Forward, Resolved
from convdispatch.engine.specs import Spec


@pytest.mark.parametrize("door", ["keras1", "keras2"])
@pytest.mark.parametrize("module", ["layers", "layers.core"])
def test_the_base_of_layers_is_where_kerases_have_it(door: str, module: str) -> None:
    """With the class that says which inputs a layer takes."""
    found = importlib.import_module(f"convdispatch.{door}.{module}")
    assert issubclass(found.Layer, layers.Layer)
    assert found.InputSpec(ndim="3+").min_ndim == 3


@pytest.mark.parametrize("door", ["keras1", "keras2"])
def test_a_module_of_layers_without_it_says_where_it_is(door: str) -> None:
    """In `keras.layers`, with what a layer defines."""
    said = sentence(f"convdispatch.{door}.layers.noise", "InputSpec")
    assert "it is in `keras.layers`" in said or "is not offered" not in said


class Twice(layers.Layer):
    """A layer as the sentence says."""

    def resolve(self, spec: Spec) -> Resolved:
        """Return what the layer makes of inputs of that spec: the double."""

        def lower(dtype: str, activation: object) -> Forward:
            return lambda weights, inputs: inputs * 2.0

        return Resolved(output_shape=(None, *spec.shape[1:]), lower=lower)


@pytest.mark.parametrize("model", [Sequential, keras2.models.Sequential])
def test_what_the_sentence_says_works(model: type[Sequential]) -> None:
    """In models of either name."""
    x = np.arange(6, dtype="float32").reshape(2, 3)
    got = model([Twice(input_shape=(3,))], backend="numpy")(x)
    np.testing.assert_array_equal(got, [[0.0, 2.0, 4.0], [6.0, 8.0, 10.0]])
