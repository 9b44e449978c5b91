"""What is no real number is refused as data of training, in the argument's name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from small_trainings import CODES, X, classifier

from convdispatch import to_numpy
from convdispatch.errors import InvalidShape, InvalidType
from convdispatch.runtime.registry import registry

WEIGHTS = np.ones(24)
CALLS: dict[str, Callable[[Any, Any, Any, Any], Any]] = {
    "fit": lambda m, x, y, w: m.fit(x, y, sample_weight=w, verbose=0),
    "fit of a generator": lambda m, x, y, w: m.fit(iter([(x, y, w)]), verbose=0),
    "fit_generator": lambda m, x, y, w: m.fit_generator(iter([(x, y, w)]), 1, verbose=0),
    "validation": lambda m, x, y, w: m.fit(X, CODES, validation_data=(x, y, w), verbose=0),
    "evaluate": lambda m, x, y, w: m.evaluate(x, y, sample_weight=w, verbose=0),
    "train_on_batch": lambda m, x, y, w: m.train_on_batch(x, y, w),
    "test_on_batch": lambda m, x, y, w: m.test_on_batch(x, y, w),
}


@pytest.fixture(autouse=True)
def differentiable() -> None:
    """Skip where NumPy has no gradients."""
    pytest.importorskip("autograd", reason="NumPy's gradients need the package autograd")


def refused(method: str, argument: str, wrong: Any, words: str, backend: str) -> None:
    """Assert that this method refuses it as this argument, and changes no weight."""
    model = classifier(backend=backend)
    before = model.get_weights()
    given = {"x": X, "y": CODES, "sample_weight": WEIGHTS} | {argument: wrong}
    with pytest.raises(InvalidType, match=rf"^`{argument}`.* must .*{words}"):
        CALLS[method](model, *given.values())
    for now, wanted in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, wanted)


RIGHT = {"x": X, "y": CODES, "sample_weight": WEIGHTS}


@pytest.mark.parametrize("argument", RIGHT)
@pytest.mark.parametrize("method", CALLS)
def test_complex_numbers_are_refused(method: str, argument: str) -> None:
    """A cast would keep the real part, as if there were no other."""
    wrong = RIGHT[argument].astype("complex128")
    refused(method, argument, wrong, r"received complex128\. .*`x\.real`", "numpy")


@pytest.mark.parametrize("argument", RIGHT)
def test_complex_tensors_are_refused(argument: str, backend_name: str) -> None:
    """Where they are the backend's own."""
    wrong = RIGHT[argument].astype("complex64")
    if backend_name != "numpy":
        framework: Any = registry.load(backend_name)
        wrong = complex_tensor(framework.name, wrong)
        assert to_numpy(wrong).dtype == "complex64"
    refused("train_on_batch", argument, wrong, r"received complex64\. .*real", backend_name)


def complex_tensor(backend: str, array: Any) -> Any:
    """Return a tensor of complex numbers of that framework's."""
    if backend == "torch":
        return pytest.importorskip("torch").from_numpy(array)
    if backend == "jax":
        return pytest.importorskip("jax.numpy").asarray(array)
    return pytest.importorskip("tensorflow").constant(array)


OTHERS = {
    "text": lambda shape: np.full(shape, "a"),
    "bytes": lambda shape: np.full(shape, b"a"),
    "dates": lambda shape: np.full(shape, np.datetime64("2020-01-01")),
    "durations": lambda shape: np.full(shape, np.timedelta64(1, "D")),
    "objects": lambda shape: np.full(shape, object()),
    "nothing": lambda shape: np.full(shape, None),
    "complex objects": lambda shape: np.full(shape, 1j, object),
    "records": lambda shape: np.zeros(shape, [("a", "f4")]),
}


@pytest.mark.parametrize("argument", RIGHT)
@pytest.mark.parametrize("kind", OTHERS)
def test_other_things_are_refused(kind: str, argument: str) -> None:
    """None too, which NumPy would turn into NaN."""
    wrong = OTHERS[kind](RIGHT[argument].shape)
    refused("fit", argument, wrong, r"numbers; received .*Convert it first", "numpy")
    refused("train_on_batch", argument, wrong, r"numbers; received .*Convert it first", "numpy")


@pytest.mark.skipif(not hasattr(np.dtypes, "StringDType"), reason="NumPy 2 has it")
def test_numpy_s_own_text_is_refused() -> None:
    """It has an element type of its own."""
    wrong = np.full(X.shape, "a", np.dtypes.StringDType())
    refused("fit", "x", wrong, r"numbers; received .*Convert it first", "numpy")


@pytest.mark.parametrize("method", ["train_on_batch", "test_on_batch"])
@pytest.mark.parametrize("as_given", [np.asarray, "tensors"])
def test_a_batch_of_no_samples_is_refused(method: str, as_given: Any, backend_name: str) -> None:
    """Its mean is NaN, which the weights would be too."""
    model = classifier(backend=backend_name)
    before = model.get_weights()
    x, y = X[:0], CODES[:0]
    if as_given == "tensors":
        backend = registry.load(backend_name)
        x, y = (backend.asarray(one, "float32") for one in (x, y))
    with pytest.raises(InvalidShape, match=r"^`x` must have at least one sample; received none"):
        getattr(model, method)(x, y)
    for now, wanted in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, wanted)
