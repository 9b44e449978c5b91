"""The pure functions of a layer check a mask as a call does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from convdispatch import layers
from convdispatch.errors import InvalidArgument, InvalidShape, InvalidType
from convdispatch.registry import registry

X = np.arange(12, dtype=np.float32).reshape(2, 3, 2)
MASK = np.array([[True, True, False], [True, False, False]])
KEY = np.array([1, 2], np.int32)


def called(layer: Any, *mask: Any) -> Any:
    """Call `apply`."""
    return layer.apply(layer.variables, X, *mask)


def trained(layer: Any, *mask: Any) -> Any:
    """Call `apply_training`."""
    key = registry.load(layer.backend).asarray(KEY, "int32")
    return layer.apply_training(layer.variables, X, key, *mask)[0]


both = pytest.mark.parametrize("call", [called, trained], ids=["apply", "apply_training"])


def built(kind: str, backend: str) -> Any:
    """Return a layer for X."""
    made: Any = {
        "pooling": lambda: layers.GlobalAveragePooling1D(backend=backend),
        "recurrent": lambda: layers.SimpleRNN(2, backend=backend),
        "without masks": lambda: layers.Dense(2, backend=backend),
    }[kind]()
    made.build((None, 3, 2))
    return made


@both
@pytest.mark.parametrize("kind", ["pooling", "recurrent"])
@pytest.mark.parametrize(
    ("mask", "error", "words"),
    [
        (MASK[:, :2], InvalidShape, r"a mask of shape \(2, 2\).*must be \(2, 3\)"),
        (MASK[:1], InvalidShape, r"a mask of shape \(1, 3\).*must be \(2, 3\)"),
        (MASK[..., np.newaxis], InvalidShape, r"a mask of shape \(2, 3, 1\)"),
        (MASK[0], InvalidShape, r"a mask of shape \(3,\)"),
    ],
    ids=["steps", "samples", "an axis more", "an axis less"],
)
def test_a_mask_has_a_flag_for_each_step(
    call: Callable[..., Any],
    kind: str,
    mask: Any,
    error: type[Exception],
    words: str,
    backend_name: str,
) -> None:
    """NumPy's arrays would be broadcast, and frameworks complain in words of their own."""
    layer = built(kind, backend_name)
    for given in (mask, registry.load(backend_name).asarray(mask, "bool")):
        with pytest.raises(error, match=words):
            call(layer, given)


@both
def test_a_mask_is_of_bools(call: Callable[..., Any], backend_name: str) -> None:
    """A native tensor of numbers is none."""
    numbers = registry.load(backend_name).asarray(MASK, "int32")
    with pytest.raises(InvalidType, match="must be of bools; received int32"):
        call(built("pooling", backend_name), numbers)


@both
def test_a_mask_that_fits_is_used(call: Callable[..., Any], backend_name: str) -> None:
    """By hand: the mean of the steps that count; None is no mask."""
    layer, backend = built("pooling", backend_name), registry.load(backend_name)
    for mask, expected in ((MASK, [[1, 2], [6, 7]]), (None, [[2, 3], [8, 9]])):
        np.testing.assert_array_equal(backend.to_numpy(call(layer, mask)), expected)


@both
def test_masks_that_the_layer_does_not_take_are_refused(call: Callable[..., Any]) -> None:
    """One where it takes none, and two."""
    with pytest.raises(InvalidArgument, match=r"takes no mask; received 1\."):
        call(built("without masks", "numpy"), MASK)
    with pytest.raises(InvalidArgument, match=r"takes one mask; received 2\."):
        call(built("pooling", "numpy"), MASK, MASK)
