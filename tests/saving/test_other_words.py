"""A model saved in the words of every Keras gives its recorded outputs, and trains on.

CONVDISPATCH_TEST_LEGACY names a folder with more files, such as all that were recorded.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from places import LEGACY

import convdispatch
from convdispatch import keras1, keras2, layers
from convdispatch.errors import InvalidArgument
from convdispatch.models import Model, Sequential

pytest.importorskip("h5py", reason="files in HDF5 need the package h5py")

FOLDER = Path(os.environ.get("CONVDISPATCH_TEST_LEGACY", LEGACY))
ENDINGS = {"keras1_theano": "h5", "keras2_theano": "h5"}
FILES = sorted(
    path
    for keras in ("keras1_theano", "keras2_theano", "tfkeras_tensorflow", "keras3")
    for path in (FOLDER / keras).glob(f"*.{ENDINGS.get(keras, 'keras')}")
    if not path.stem.endswith("weights")
)
FORMS = [
    *(("keras1", "h5"), ("keras2", "h5"), ("tf_keras", "h5"), ("tf_keras", "keras")),
    *(("keras3", "h5"), ("keras3", "keras"), (None, "safetensors")),
]
# What Keras 1 does not have, in the models that it cannot hold.
NOT_IN_KERAS1 = r"Conv3DTranspose|DepthwiseConv2D|SeparableConv1D|`interpolation`"
EACH = pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")


def loaded(path: Path) -> Any:
    """Return the model of a file, with what a file of Keras 1 does not say."""
    is_th = path.stem.endswith("_th")
    said = {"trained_on": "theano"} if "theano" in path.parent.name else {}
    said |= {"dim_ordering": "th" if is_th else "tf"} if "keras1" in str(path) else {}
    return convdispatch.load_model(path, backend="numpy", **said)


def recorded(path: Path) -> tuple[Any, list[Any]]:
    """Return the inputs and the outputs that were recorded."""
    arrays = np.load(path.with_suffix(".npz"))
    x, y = (
        [arrays[name] for name in sorted(arrays.files) if name[0] == kind and name[1:].isdigit()]
        for kind in "xy"
    )
    return (x if len(x) > 1 else x[0]), y


def outputs(model: Any, x: Any) -> list[Any]:
    """Return a model's outputs, also one, as a list."""
    found = model.predict(x)
    return found if isinstance(found, list) else [found]


def saved(model: Any, path: Path, dialect: str | None) -> Any:
    """Return the model of the file that this one is saved to, None where Keras 1 cannot hold it."""
    said = ""
    try:
        model.save(path, dialect=dialect)
    except InvalidArgument as exc:
        said = str(exc)
    if not said:
        return convdispatch.load_model(path, backend="numpy")
    assert dialect == "keras1"
    assert re.search(rf"cannot hold the layer '.*({NOT_IN_KERAS1})", said)
    return None


@EACH
@pytest.mark.parametrize(("dialect", "ending"), FORMS)
def test_every_other_format_gives_the_recorded_outputs(
    path: Path, dialect: str | None, ending: str, tmp_path: Path
) -> None:
    """Or an error that names the layer, of what Keras 1 does not have."""
    x, wanted = recorded(path)
    again = saved(loaded(path), tmp_path / f"model.{ending}", dialect)
    if again is not None:
        for got, want in zip(outputs(again, x), wanted, strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-5, atol=3e-6)


@pytest.mark.parametrize("keras", ["keras1_theano", "keras2_theano", "keras3"])
@pytest.mark.parametrize(("dialect", "ending"), FORMS)
def test_training_goes_on_with_the_same_losses(
    keras: str, dialect: str | None, ending: str, tmp_path: Path
) -> None:
    """Adam's moments are laid out as the other Keras's weights, and its count goes on."""
    pytest.importorskip("autograd", reason="the NumPy backend trains with the extra `train`")
    path = LEGACY / keras / f"trained.{ENDINGS.get(keras, 'keras')}"
    arrays = np.load(path.with_suffix(".npz"))
    model = loaded(path)
    again = saved(model, tmp_path / f"model.{ending}", dialect)
    assert again.optimizer.iterations or again.optimizer._awaiting
    for _ in range(3):
        losses = [one.train_on_batch(arrays["x0"], arrays["t0"])[0] for one in (model, again)]
        assert losses[1] == pytest.approx(losses[0], rel=2e-6)
    assert again.optimizer.iterations == model.optimizer.iterations > 3


def test_the_rate_s_decay_becomes_a_schedule(tmp_path: Path) -> None:
    """And what Keras 3's optimizers alone do is refused by its name."""
    model = Sequential([layers.Dense(1, input_shape=(2,))], backend="numpy")
    model.compile(keras2.optimizers.SGD(0.5, decay=0.1), "mse")
    model.save(tmp_path / "model.keras", dialect="keras3")
    rate = convdispatch.load_model(tmp_path / "model.keras").optimizer.learning_rate
    assert [rate(step) for step in (0, 1, 10)] == pytest.approx([0.5, 0.5 / 1.1, 0.25])
    model.compile(convdispatch.optimizers.AdamW(), "mse")
    with pytest.raises(InvalidArgument, match=r"the optimizer AdamW.*`include_optimizer=False`"):
        model.save(tmp_path / "model.h5", dialect="keras1")
    model.save(tmp_path / "model.h5", dialect="keras1", include_optimizer=False)
    assert convdispatch.load_model(tmp_path / "model.h5").optimizer is None


class OwnDense(layers.Dense):
    """A user's class."""


# What computes otherwise under one name, or has no name, in the other Keras.
K1, K2 = keras1.layers, keras2.layers
REFUSED = {
    "hard-sigmoid": (K1.LSTM(2, input_shape=(3, 2)), "keras3", "activation that is this 'hard_sig"),
    "mode": (K1.BatchNormalization(mode=2, input_shape=(3,)), "keras3", "no argument `mode`"),
    "groups": (layers.Conv1D(2, 1, groups=2, input_shape=(3, 2)), "keras2", "no argument `groups`"),
    "class": (layers.ThresholdedReLU(input_shape=(3,)), "keras3", "no ThresholdedReLU"),
    "center": (layers.BatchNormalization(center=False, input_shape=(3,)), "keras1", "`center`"),
    "mask": (layers.Lambda(abs, mask=max, input_shape=(3,)), "keras2", "function of a mask"),
    "own": (OwnDense(2, input_shape=(3,)), "keras1", "a class of your own"),
    "pads": (
        K1.MaxPooling2D(
            (3, 3), (2, 2), "same", input_shape=(4, 4, 1), dim_ordering="tf", convention="theano"
        ),
        "keras3",
        "pads of 'same'",
    ),
    "order": (layers.Flatten("channels_first", input_shape=(3, 2)), "keras1", "`data_format`"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_dialect_cannot_say_is_named(case: str, tmp_path: Path) -> None:
    """With the layer's name, and nothing is written."""
    layer, dialect, words = REFUSED[case]
    model = Sequential([layer])
    with pytest.raises(InvalidArgument, match=rf"hold the layer '{layer.name}'.*{words}"):
        model.save(tmp_path / "model.h5", dialect=dialect)
    assert list(tmp_path.glob("model*")) == []


def test_a_nested_stack_keeps_its_name_and_what_is_frozen(tmp_path: Path) -> None:
    """Keras 1 writes a stack in a graph as a list, beside which the name stands."""
    inner = Sequential(
        [layers.Dense(2, trainable=False), layers.Dense(3)], "inner", backend="numpy"
    )
    x = layers.Input((4,), name="x")
    hidden = inner(x)
    model = Model(x, [layers.Dense(1)(hidden), layers.Dense(2)(hidden)])
    given = np.ones((2, 4), "float32")
    for dialect, ending in FORMS:
        model.save(tmp_path / f"model.{ending}", dialect=dialect)
        again: Any = convdispatch.load_model(tmp_path / f"model.{ending}", backend="numpy")
        assert [one.trainable for one in again.get_layer("inner").layers] == [False, True]
        for got, want in zip(again.predict(given), model.predict(given), strict=True):
            np.testing.assert_array_equal(got, want)


def test_gates_are_put_together_and_taken_apart(tmp_path: Path) -> None:
    """Keras 1 keeps three arrays a gate, in another order; a shared layer stays one."""
    x = layers.Input((4, 3), name="x")
    lstm = layers.Bidirectional(
        layers.LSTM(2, recurrent_activation="sigmoid", return_sequences=True)
    )
    shared = layers.TimeDistributed(layers.Dense(4))
    model = Model(
        x,
        [
            shared(lstm(x)),
            shared(
                layers.GRU(
                    4, return_sequences=True, recurrent_activation="sigmoid", reset_after=False
                )(x)
            ),
        ],
    )
    given = np.random.default_rng(0).normal(size=(2, 4, 3)).astype("float32")
    model.save(tmp_path / "model.h5", dialect="keras1")
    again = convdispatch.load_model(tmp_path / "model.h5")
    assert len(again.get_weights()) == 24 + 9 + 2
    for got, want in zip(again.predict(given), model.predict(given), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-6, atol=1e-6)
    again.save(tmp_path / "model.keras")
    once_more = convdispatch.load_model(tmp_path / "model.keras")
    for got, want in zip(once_more.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(got, want)
