"""Masked layers of two ways in the words of another Keras: the same numbers, or a refusal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from places import LEGACY

import convdispatch
from convdispatch import keras1, keras2, layers, models
from convdispatch.errors import InvalidArgument

pytest.importorskip("h5py", reason="files in HDF5 need the package h5py")

MASKED = LEGACY / "tf_keras_more" / "masked_both_ways.h5"
FORMS = [
    *(("keras1", "h5"), ("keras2", "h5"), ("tf_keras", "h5"), ("tf_keras", "keras")),
    *(("keras3", "h5"), ("keras3", "keras"), (None, "safetensors")),
]
SUM = [np.ones((1, 1), np.float32), np.ones((1, 1), np.float32), np.zeros(1, np.float32)]
X = np.array([[[1.0], [2.0], [0.0]], [[0.0], [2.0], [4.0]]], np.float32)
# The sums of the steps so far, forwards and backwards, and what stands where a step is left out.
REPEATED = [[[1, 3], [3, 2], [3, 0]], [[0, 6], [2, 6], [6, 4]]]
ZEROS = [[[1, 3], [3, 2], [0, 0]], [[0, 0], [2, 6], [6, 4]]]


def both_ways(door: Any, *, is_masked: bool = True, **options: Any) -> Any:
    """Return a model of a Keras's layers that adds up all steps before, both ways."""
    width = {"output_dim" if door is keras1.layers else "units": 1}
    inner = door.SimpleRNN(activation="linear", return_sequences=True, **width, **options)
    first = [door.Masking(input_shape=(3, 1))] if is_masked else []
    shape = {} if is_masked else {"input_shape": (3, 1)}
    home = {keras1.layers: keras1.models, keras2.layers: keras2.models}.get(door, models)
    return home.Sequential([*first, door.Bidirectional(inner, weights=SUM + SUM, **shape)])


@pytest.mark.parametrize(
    ("door", "want"),
    [(keras1.layers, REPEATED), (keras2.layers, REPEATED), (layers, ZEROS)],
    ids=["keras1", "keras2", "keras3"],
)
def test_each_keras_has_its_own_steps_that_do_not_count(
    door: Any, want: Any, backend_name: str
) -> None:
    """Keras 1 and 2 repeat the last output, Keras 3 gives zeros."""
    got = both_ways(door).to(backend_name).predict(X)
    np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize(("dialect", "ending"), FORMS)
@pytest.mark.parametrize("door", [keras1.layers, keras2.layers, layers], ids=lambda d: d.__name__)
def test_a_file_gives_the_same_numbers_or_is_refused(
    door: Any, dialect: str | None, ending: str, tmp_path: Path
) -> None:
    """What another Keras makes of the steps is another number, and its files cannot say it."""
    model, path = both_ways(door), tmp_path / f"model.{ending}"
    gives_zeros = dialect in ("tf_keras", "keras3")
    if dialect is None or gives_zeros == (door is layers):
        model.save(path, dialect=dialect)
        again = convdispatch.load_model(path)
        np.testing.assert_array_equal(again.predict(X), model.predict(X))
        return
    said = r"'bidirectional.*', Bidirectional: for the steps that a mask leaves out it gives"
    with pytest.raises(InvalidArgument, match=said):
        model.save(path, dialect=dialect)
    assert not path.exists()


@pytest.mark.parametrize(("dialect", "ending"), FORMS)
@pytest.mark.parametrize("zeros", [False, True])
@pytest.mark.parametrize("door", [keras2.layers, layers], ids=lambda d: d.__name__)
def test_without_a_mask_nothing_differs(
    door: Any, zeros: bool, dialect: str | None, ending: str, tmp_path: Path
) -> None:
    """So every Keras may have the layer, whatever it says of steps that do not count."""
    model = both_ways(door, is_masked=False, zero_output_for_mask=zeros)
    model.save(tmp_path / f"model.{ending}", dialect=dialect)
    again = convdispatch.load_model(tmp_path / f"model.{ending}")
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


def test_a_layer_of_its_own_for_the_way_back_is_refused_where_there_is_none(
    tmp_path: Path,
) -> None:
    """Keras 1 and 2 have one layer for both ways; tf_keras and Keras 3 take another."""
    ways = [layers.LSTM(1), layers.LSTM(1, "relu", go_backwards=True)]
    model = models.Sequential(
        [layers.Bidirectional(ways[0], backward_layer=ways[1], input_shape=(3, 1))]
    )
    for dialect in ("keras1", "keras2"):
        with pytest.raises(InvalidArgument, match=r"has no `?(argument `)?backward_layer`, here"):
            model.save(tmp_path / "model.h5", dialect=dialect)
    for dialect in ("tf_keras", "keras3"):
        model.save(tmp_path / "model.keras", dialect=dialect)
        again = convdispatch.load_model(tmp_path / "model.keras")
        np.testing.assert_array_equal(again.predict(X), model.predict(X))


@pytest.mark.parametrize(("dialect", "ending"), FORMS)
def test_a_masked_model_of_tf_keras_keeps_its_numbers(
    dialect: str | None, ending: str, tmp_path: Path
) -> None:
    """In its own words and in Keras 3's; Keras 1 and 2 compute something else."""
    with np.load(MASKED.with_suffix(".npz")) as recorded:
        x, want = recorded["x0"], recorded["y0"]
    model = convdispatch.load_model(MASKED)
    path = tmp_path / f"model.{ending}"
    if dialect in ("keras1", "keras2"):
        with pytest.raises(InvalidArgument, match="it gives zeros, and there the last output"):
            model.save(path, dialect=dialect)
        return
    model.save(path, dialect=dialect)
    np.testing.assert_allclose(convdispatch.load_model(path).predict(x), want, atol=2e-6)
