"""What recurrent layers refuse and cast of the states that they are given."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from recurrent_definitions import drawn_weights, steps_of

import convdispatch
from convdispatch import Model, layers
from convdispatch.errors import InvalidShape, InvalidType
from convdispatch.layers import Input
from convdispatch.registry import registry

STEPS, FEATURES, UNITS = 3, 3, 4
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(2, STEPS, FEATURES)).astype("float32")
BEGUN = [RANDOM.normal(size=(2, UNITS)).astype("float32")]


def layer_of(name: str, **options: Any) -> Any:
    """Return a layer with drawn weights that returns its state."""
    weights = drawn_weights(name, FEATURES, UNITS)
    return getattr(layers, name)(UNITS, **{"return_state": True, "weights": weights} | options)


def test_a_state_is_for_each_sample_of_a_call(backend_name: str) -> None:
    """No sample is repeated, and no state: also in a stateful layer, which keeps its own."""
    layer = layer_of("GRU", return_state=False, backend=backend_name)
    for x, state in ((X[:1], BEGUN[0]), (X, BEGUN[0][:1])):
        wanted = rf"\(batch, \.\.\.\), here \[\({len(x)}, {UNITS}\)\].*{len(state)}, {UNITS}"
        for call in (
            lambda one=x, h=state: layer(one, initial_state=h),
            lambda one=x, h=state: layer([one, h]),
        ):
            with pytest.raises(InvalidShape, match=wanted):
                call()
    with pytest.raises(InvalidShape, match=r"must have the shapes \[\(None, 4\)\]"):
        layer(X, initial_state=BEGUN[0][:1, :2])
    keeping = layer_of("GRU", return_state=False, stateful=True, backend=backend_name)
    before = convdispatch.to_numpy(keeping(X))
    with pytest.raises(InvalidShape, match="`initial_state`"):
        keeping(X, initial_state=BEGUN[0][:1])
    with pytest.raises(InvalidShape, match="keeps a state for 2 samples; received a batch of 1"):
        keeping(X[:1], initial_state=BEGUN[0][:1])
    keeping.reset_states()
    np.testing.assert_array_equal(convdispatch.to_numpy(keeping(X)), before)


@pytest.mark.parametrize("dtypes", [("float32", "float64"), ("float16", "float32")])
def test_a_state_of_another_floating_type_is_cast(
    backend_name: str, dtypes: tuple[str, str]
) -> None:
    """To the type of the input, which is that of the outputs: arrays, tensors, in a model."""
    own, other = dtypes
    backend = registry.load(backend_name)
    x, state = X.astype(own), BEGUN[0].astype(other)
    want = steps_of("GRU", drawn_weights("GRU", FEATURES, UNITS), x, [state])[1][0]
    with convdispatch.use_backend(backend_name):
        layer = layer_of("GRU", return_state=False)
        found = [layer(x, initial_state=state)]
        if other != "float64":
            native = [backend.asarray(one, str(one.dtype)) for one in (x, state)]
            found += [layer(native), layer.apply(layer.variables, native)]
            given = [Input((STEPS, FEATURES), dtype=own), Input((UNITS,), dtype=other)]
            found.append(Model(given, layer(given[0], initial_state=given[1])).predict([x, state]))
    for one in found:
        assert str(convdispatch.to_numpy(one).dtype) == own
        np.testing.assert_allclose(convdispatch.to_numpy(one), want, rtol=3e-3, atol=2e-3)


def test_a_state_of_whole_or_complex_numbers_is_refused(backend_name: str) -> None:
    """In a call, and in a graph when it is made."""
    layer = layer_of("GRU", backend=backend_name)
    for dtype in ("int32", "complex64", "bool"):
        with pytest.raises(InvalidType, match=dtype):
            layer(X, initial_state=BEGUN[0].astype(dtype))
    x, whole = Input((STEPS, FEATURES)), Input((UNITS,), dtype="int32")
    with pytest.raises(InvalidType, match=r"`initial_state` .*floating point.*int32"):
        layer(x, initial_state=whole)


def test_states_are_reset_to_real_numbers_alone(backend_name: str) -> None:
    """Nothing else is kept: no real part, no NaN for None; the state stays as it was."""
    layer = layer_of("GRU", return_state=False, stateful=True, backend=backend_name)
    layer(X)
    for wrong, received in (
        (BEGUN[0] * 1j, "complex64"),
        (None, "object"),
        ([[None] * UNITS] * 2, "object"),
        (np.full((2, UNITS), "a"), "<U1"),
        ([[1.0], [1.0, 2.0]], "cannot read"),
    ):
        before = convdispatch.to_numpy(layer.variables[-1]).copy()
        with pytest.raises(InvalidType, match=rf"`states` of GRU .* real numbers; .*{received}"):
            layer.reset_states([wrong])
        np.testing.assert_array_equal(convdispatch.to_numpy(layer.variables[-1]), before)
    layer.reset_states([np.ones((2, UNITS), "int64")])
    assert (convdispatch.to_numpy(layer.variables[-1]) == 1).all()
