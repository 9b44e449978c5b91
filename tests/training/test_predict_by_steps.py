"""`predict(steps=)`, `predict` of what yields batches, and keywords that no method has."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from small_trainings import CODES, X, classifier

from convdispatch.errors import InvalidArgument, InvalidType


def test_steps_of_arrays_are_batches() -> None:
    """Keras 3 stops after so many; Keras 2 does with a size of batches."""
    for door in ("keras2", "keras3"):
        model = classifier(door)
        whole = model.predict(X)
        np.testing.assert_array_equal(model.predict(X, batch_size=5, steps=2), whole[:10])
    with pytest.warns(UserWarning, match="the data ended after 5 of the 9 batches"):
        found = classifier("keras3").predict(X, batch_size=5, steps=9)
    assert found.shape == (24, 2)


def test_steps_without_a_size_take_all_samples_in_keras_2() -> None:
    """As its `fit` and `evaluate` do: each step is one batch of everything."""
    model = classifier("keras2")
    whole = model.predict(X)
    found = model.predict(X, steps=2)
    np.testing.assert_allclose(found, np.concatenate([whole, whole]), rtol=1e-5)


def batches(kind: str) -> Any:
    """Return a source of inputs in batches of five."""
    parts = [X[i : i + 5] for i in range(0, 24, 5)]
    if kind == "generator":
        return iter(parts)
    return ((part, CODES[: len(part)]) for part in parts)


@pytest.mark.parametrize("kind", ["generator", "generator of pairs"])
@pytest.mark.parametrize("door", ["keras2", "keras3"])
def test_batches_of_a_generator(door: str, kind: str) -> None:
    """So many of them; targets are left out."""
    model = classifier(door)
    whole = model.predict(X)
    np.testing.assert_allclose(model.predict(batches(kind), steps=3), whole[:15], rtol=1e-5)


def test_a_generator_is_read_to_its_end() -> None:
    """Where no number of steps is given."""
    model = classifier("keras3")
    np.testing.assert_allclose(model.predict(batches("generator")), model.predict(X), rtol=1e-5)


@pytest.mark.parametrize("steps", [0, -1, 1.5, "all"])
def test_a_number_of_steps_that_is_none(steps: Any) -> None:
    """It is a number of at least 1."""
    with pytest.raises((InvalidArgument, InvalidType), match="`steps`"):
        classifier("keras3").predict(X, steps=steps)


METHODS: dict[str, tuple[Any, ...]] = {
    "predict": (X,),
    "evaluate": (X, CODES),
    "fit": (X, CODES),
    "train_on_batch": (X, CODES),
    "test_on_batch": (X, CODES),
    "predict_on_batch": (X,),
    "load_weights": ("w.npz",),
    "save_weights": ("w.npz",),
    "compile": ("sgd", "mse"),
    "fit_generator": ([],),
    "summary": (),
}


@pytest.mark.parametrize("door", ["keras1", "keras2", "keras3"])
@pytest.mark.parametrize("method", METHODS)
def test_a_keyword_that_a_method_has_not(method: str, door: str) -> None:
    """The method and its arguments are named, no class of ours."""
    model = classifier(door)
    with pytest.raises(InvalidType, match=f"unknown argument `foo` of `{method}`; allowed: "):
        getattr(model, method)(*METHODS[method], foo=1)


def test_a_keyword_of_keras_that_is_near_is_proposed() -> None:
    """`load_weights(by_names=True)` is no bare error of Python's."""
    with pytest.raises(InvalidType, match=r"`by_names` of `load_weights`.*Did you mean 'by_name'"):
        classifier("keras2").load_weights("w.npz", by_names=True)
    with pytest.raises(InvalidType, match=r"`batchsize` of `predict`.*Did you mean 'batch_size'"):
        classifier("keras3").predict(X, batchsize=3)


def test_what_summary_prints_with_is_a_function() -> None:
    """A number is refused by name."""
    with pytest.raises(InvalidType, match=r"`print_fn` must be a function.*received 3"):
        classifier("keras2").summary(print_fn=3)
    with pytest.raises(InvalidType, match=r"`print_fn` must be a function.*received 3"):
        classifier("keras3").summary(print_fn=3)
