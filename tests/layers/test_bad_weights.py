"""Weights that do not fit: refused alike on every backend, and nothing is half-written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from complaints import K1, Bad, L, complaint

from convdispatch.errors import InvalidType
from convdispatch.models import Sequential

KERNEL, BIAS = np.ones((3, 3, 2, 4)), np.ones(4)

# id: weights for a Conv2D with 4 filters, 3 x 3 taps and 2 input channels
VALUES: dict[str, tuple[Any, type[Exception], str]] = {
    "too-few": (
        [KERNEL],
        ValueError,
        r"must be 2 arrays of shapes \[\(3, 3, 2, 4\), \(4,\)\]; received 1 arrays",
    ),
    "too-many": ([KERNEL, BIAS, BIAS], ValueError, "must be 2 arrays .*; received 3 arrays"),
    "none-at-all": ([], ValueError, "must be 2 arrays .*; received 0 arrays"),
    "kernel-shape": (
        [KERNEL[..., :2], BIAS],
        ValueError,
        r"must have the shapes \[.*\]; received \(3, 3, 2, 2\) for 'kernel'",
    ),
    "bias-shape": ([KERNEL, BIAS[:, None]], ValueError, r"received \(4, 1\) for 'bias'"),
    "other-layout": ([KERNEL.transpose(3, 2, 0, 1), BIAS], ValueError, r"\(4, 2, 3, 3\) for 'k"),
    "a-number": (3, TypeError, "must be a list of arrays; received int"),
    "an-array": (KERNEL, TypeError, "must be a list of arrays; received ndarray"),
    "text": ("weights", TypeError, "must be a list of arrays; received str"),
    "a-mapping": ({"kernel": KERNEL}, TypeError, "must be a list of arrays; received dict"),
    "complex": ([KERNEL, BIAS * 1j], TypeError, "real numbers; .* type complex128 for 'bias'"),
    "strings": ([KERNEL, ["a"] * 4], TypeError, "real numbers; .* element type <U1 for 'bias'"),
    "objects": ([KERNEL, [None] * 4], TypeError, "real numbers; .* type object for 'bias'"),
    "ragged": (
        [KERNEL, [[1], [2, 3]]],
        TypeError,
        "received for 'bias' a list that NumPy cannot read",
    ),
}


def layer(backend: str, **options: Any) -> Any:
    """Make the layer, without weights."""
    return L.Conv2D(4, 3, name="layer", backend=backend, **options)


def constructed(weights: Any) -> Callable[[str], Any]:
    """Return a function that builds a layer with `weights=`."""
    return lambda backend: layer(backend, weights=weights).build((None, 5, 5, 2))


def assigned(weights: Any) -> Callable[[str], Any]:
    """Return a function that sets a layer's weights."""

    def call(backend: str) -> None:
        made = layer(backend)
        made.build((None, 5, 5, 2))
        made.set_weights(weights)

    return call


@pytest.mark.parametrize(("weights", "error", "message"), VALUES.values(), ids=VALUES)
@pytest.mark.parametrize("use", [constructed, assigned], ids=["constructor", "set_weights"])
def test_weights_that_do_not_fit_are_refused_alike(
    all_backends: tuple[str, ...],
    use: Callable[[Any], Callable[[str], Any]],
    weights: Any,
    error: type[Exception],
    message: str,
) -> None:
    """The message names the layer, what was received and the shapes that fit."""
    bad = Bad(use(weights), error, f"`weights` of 'layer' .*{message}")
    assert len({complaint(bad, backend) for backend in all_backends}) == 1


@pytest.mark.parametrize(("weights", "error", "message"), VALUES.values(), ids=VALUES)
def test_after_refused_weights_the_old_ones_stand(
    backend_name: str, weights: Any, error: type[Exception], message: str
) -> None:
    """Not even the array that did fit has been written."""
    made = layer(backend_name)
    made.build((None, 5, 5, 2))
    before = made.get_weights()
    with pytest.raises(error, match=message):
        made.set_weights(weights)
    assert_same(made.get_weights(), before)


REFUSED_BY_A_MODEL: dict[str, tuple[Callable[[Any], Any], type[Exception], str]] = {
    "too-few": (lambda w: w[:3], ValueError, "`weights` of 'model' must be 4 arrays"),
    "last-shape": (lambda w: [*w[:3], w[3][:-1]], ValueError, r"received \(2,\) for 'bias'"),
    "last-type": (lambda w: [*w[:3], w[3] * 1j], TypeError, "type complex64 for 'bias'"),
    "swapped": (lambda w: [w[2], w[3], w[0], w[1]], ValueError, r"received .* for 'kernel'"),
}


@pytest.mark.parametrize(
    ("spoil", "error", "message"), REFUSED_BY_A_MODEL.values(), ids=REFUSED_BY_A_MODEL
)
def test_a_model_refuses_weights_as_a_whole(
    backend_name: str, spoil: Callable[[Any], Any], error: type[Exception], message: str
) -> None:
    """Weights that do not fit the last layer are not written into the first."""
    model = Sequential(name="model", backend=backend_name)
    model.add(L.Conv2D(4, 3, input_shape=(5, 5, 2)))
    model.add(L.Conv2D(3, 2))
    before = model.get_weights()
    with pytest.raises(error, match=message):
        model.set_weights(spoil([weight + 1 for weight in before]))
    assert_same(model.get_weights(), before)


def test_a_layer_without_weights_takes_none(all_backends: tuple[str, ...]) -> None:
    """An empty list is fine, anything else is not."""
    crop = L.Cropping2D(1, weights=[], name="layer")
    crop.build((None, 5, 5, 2))
    crop.set_weights([])
    bad = Bad(
        lambda b: L.Cropping2D(1, weights=[BIAS], name="layer", backend=b).build((None, 5, 5, 2)),
        ValueError,
        "`weights` of 'layer' must be none: it has none; received 1 arrays",
    )
    assert len({complaint(bad, backend) for backend in all_backends}) == 1


def test_a_layer_that_is_not_built_takes_no_weights(all_backends: tuple[str, ...]) -> None:
    """It does not know their shapes yet."""
    bad = Bad(
        lambda b: layer(b).set_weights([KERNEL, BIAS]),
        ValueError,
        "'layer' has no weights yet: build it or call it once before `set_weights`",
    )
    assert len({complaint(bad, backend) for backend in all_backends}) == 1


def test_keras_1_asks_for_keras_1_s_shapes(all_backends: tuple[str, ...]) -> None:
    """The shapes in the message are those of the 'th' ordering."""
    bad = Bad(
        lambda b: K1.Convolution2D(
            *(4, 3, 3), dim_ordering="th", weights=[KERNEL, BIAS], name="layer", backend=b
        ).build((None, 2, 5, 5)),
        ValueError,
        r"must have the shapes \[\(4, 2, 3, 3\), \(4,\)\]; received \(3, 3, 2, 4\) for 'kernel'",
    )
    assert len({complaint(bad, backend) for backend in all_backends}) == 1


def test_weights_may_be_lists_and_integers(backend_name: str) -> None:
    """Whatever NumPy reads as real numbers of that shape is taken, in the layer's type."""
    made = layer(backend_name, weights=[KERNEL.astype(int), BIAS.tolist()])
    made.build((None, 5, 5, 2))
    assert [weight.dtype.name for weight in made.get_weights()] == ["float32", "float32"]
    assert_same(made.get_weights(), [KERNEL, BIAS])


@pytest.mark.parametrize("weights", [None, 3], ids=["None", "3"])
@pytest.mark.parametrize("method", ["apply", "penalties", "adopt"])
def test_no_list_of_tensors_is_said_to_be_none(
    method: str, weights: Any, backend_name: str
) -> None:
    """By all that take the weights to compute with."""
    made = layer(backend_name)
    made.build((None, 5, 5, 2))
    inputs = (np.ones((1, 5, 5, 2), "float32"),) if method == "apply" else ()
    with pytest.raises(InvalidType, match=r"`weights` of 'layer' must be a list of tensors; rec"):
        getattr(made, method)(weights, *inputs)


def assert_same(found: Any, expected: Any) -> None:
    """Assert that two lists of arrays are equal."""
    assert len(found) == len(expected) > 0
    assert [array.tolist() for array in found] == [array.tolist() for array in expected]
