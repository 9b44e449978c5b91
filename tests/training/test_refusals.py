"""Arguments and data of training that cannot work are refused at once, in the user's words."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_trainings import CLASSES, CODES, X, classifier

from convdispatch import Model, callbacks, keras1, layers, models
from convdispatch.errors import InvalidArgument, InvalidDocument, InvalidShape, InvalidType


@pytest.fixture(autouse=True)
def differentiable() -> None:
    """Skip where NumPy has no gradients."""
    pytest.importorskip("autograd", reason="NumPy's gradients need the package autograd")


def batches(count: int | None = None) -> Iterator[Any]:
    """Yield a batch again and again, or so many times."""
    return itertools.repeat((X[:6], CODES[:6])) if count is None else iter([(X, CODES)] * count)


def stack(backend: str) -> Any:
    """Return a stack that looks up 9 rows."""
    return models.Sequential(
        [layers.Embedding(9, 2, input_length=3), layers.Flatten(), layers.Dense(1)],
        backend=backend,
    )


def graph(backend: str) -> Any:
    """Return a graph that does, of an input of floats."""
    x = layers.Input((3,))
    table = layers.Embedding(9, 2, backend=backend)(x)
    return Model(x, layers.Dense(1, backend=backend)(layers.Flatten(backend=backend)(table)))


Y = np.zeros((2, 1), np.float32)
LOOK_UPS: dict[str, Callable[[Any, Any], Any]] = {
    "fit": lambda model, x: model.fit(x, Y, verbose=0),
    "fit of a generator": lambda model, x: model.fit(iter([(x, Y)]), verbose=0),
    "fit_generator": lambda model, x: model.fit_generator(iter([(x, Y)]), 1, verbose=0),
    "validation": lambda model, x: model.fit(
        np.zeros((2, 3)), Y, validation_data=(x, Y), verbose=0
    ),
    "train_on_batch": lambda model, x: model.train_on_batch(x, Y),
    "test_on_batch": lambda model, x: model.test_on_batch(x, Y),
    "evaluate": lambda model, x: model.evaluate(x, Y, verbose=0),
    "predict": lambda model, x: model.predict(x),
    "predict_on_batch": lambda model, x: model.predict_on_batch(x),
    "predict_generator": lambda model, x: model.predict_generator(iter([x]), 1),
    "call": lambda model, x: model(x),
}
OUTSIDE = {
    "beyond": ([[0, 1, 9], [0, 0, 0]], "received numbers from 0 to 9"),
    "negative": ([[0, -1, 8], [0, 0, 0]], "received numbers from -1 to 8"),
    "fraction": ([[0, 1.7, 8], [0, 0, 0]], r"received the number 1\.7"),
}


@pytest.mark.parametrize(
    ("make", "as_given"),
    [(stack, np.asarray), (stack, list), (graph, np.asarray)],
    ids=["stack", "stack of lists", "graph"],
)
@pytest.mark.parametrize("case", OUTSIDE)
@pytest.mark.parametrize("method", LOOK_UPS)
def test_numbers_without_a_row_are_refused_everywhere(
    method: str, case: str, make: Callable[[str], Any], as_given: Callable[[Any], Any]
) -> None:
    """With one message, and no weight is changed."""
    model = make("numpy")
    model.compile("sgd", "mse")
    before = model.get_weights()
    values, words = OUTSIDE[case]
    x = as_given(values)
    with pytest.raises(InvalidArgument, match=f"must be integers from 0 to 8, .*{words}"):
        LOOK_UPS[method](model, x)
    for now, wanted in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, wanted)


def test_a_table_takes_a_symbol_in_a_list() -> None:
    """It holds no numbers that could be checked."""
    table = layers.Embedding(9, 2, backend="numpy")
    assert table([layers.Input((3,), dtype="int32")]).shape == (None, 3, 2)


def test_rows_of_a_file_are_checked_when_they_are_read(tmp_path: Path) -> None:
    """A file is not read as a whole."""
    np.save(tmp_path / "x.npy", np.array([[0, 1, 2], [0, 9, 0]]))
    model = stack("numpy")
    model.compile("sgd", "mse")
    with pytest.raises(InvalidArgument, match="must be integers from 0 to 8"):
        model.fit(np.load(tmp_path / "x.npy", mmap_mode="r"), Y, batch_size=1, verbose=0)


def test_a_checkpoint_refuses_files_of_tensorflow_when_it_is_made() -> None:
    """Not after an epoch."""
    with pytest.raises(InvalidArgument, match=r"ends in '\.weights\.h5'|that ends in '\.h5'"):
        callbacks.ModelCheckpoint("w{epoch}.tf", save_weights_only=True)


@pytest.mark.parametrize("write", ["checkpoint", "weights"])
def test_a_missing_folder_is_named(write: str, tmp_path: Path) -> None:
    """By a checkpoint before the first step."""
    model, path = classifier(), tmp_path / "nodir" / "a.npz"
    before = model.get_weights()
    fit = partial(model.fit, X, CODES, verbose=0, callbacks=[callbacks.ModelCheckpoint(path)])
    call = partial(model.save_weights, path) if write == "weights" else fit
    with pytest.raises(FileNotFoundError, match="there is no such folder") as caught:
        call()
    assert caught.value.filename == str(tmp_path / "nodir")
    for now, wanted in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, wanted)


def test_a_checkpoint_may_name_folders_by_numbers(tmp_path: Path) -> None:
    """They are known only after the epoch."""
    (tmp_path / "1").mkdir()
    classifier().fit(
        X, CODES, verbose=0, callbacks=[callbacks.ModelCheckpoint(tmp_path / "{epoch}" / "w.npz")]
    )
    assert [path.name for path in (tmp_path / "1").iterdir()] == ["w.npz"]


def test_weights_of_a_larger_model_are_of_other_shapes(tmp_path: Path) -> None:
    """Which the message says, and not a number of the operating system's."""
    larger = models.Sequential([layers.Dense(4000, input_shape=(6,))], backend="numpy")
    larger.save_weights(tmp_path / "w.npz")
    with pytest.raises(InvalidDocument, match="holds weights of other shapes"):
        classifier(backend="numpy").load_weights(tmp_path / "w.npz")


ENDLESS: dict[str, tuple[str, Callable[[Any], Any], str]] = {
    "fit_generator": (
        "keras2", lambda m: m.fit_generator(batches()), "`steps_per_epoch` of `fit_generator`"),
    "validation": (
        "keras2", lambda m: m.fit_generator(batches(), 1, validation_data=batches()),
        "`validation_steps` of `fit_generator`"),
    "validation of Keras 1": (
        "keras1", lambda m: m.fit_generator(batches(), 6, 1, validation_data=batches()),
        "`nb_val_samples` of `fit_generator`"),
    "evaluate": (
        "keras2", lambda m: m.evaluate_generator(batches()), "`steps` of `evaluate_generator`"),
    "predict": (
        "keras2", lambda m: m.predict_generator(batches()), "`steps` of `predict_generator`"),
    "fit": ("keras3", lambda m: m.fit(batches(), epochs=2), "`steps_per_epoch` of `fit`"),
    "validation of fit": (
        "keras3", lambda m: m.fit(X, CODES, epochs=2, validation_data=batches()),
        "`validation_steps` of `fit`"),
}  # fmt: skip


@pytest.mark.parametrize("case", ENDLESS)
def test_a_generator_needs_a_number_of_steps(case: str) -> None:
    """It may be endless, and it does not begin again."""
    door, call, words = ENDLESS[case]
    with pytest.raises(InvalidArgument, match=re.escape(words) + ".* must be given"):
        call(classifier(door))


def test_a_generator_that_ends_is_an_epoch() -> None:
    """For `fit` and `evaluate`, as in Keras 3."""
    model = classifier("keras3")
    model.fit(batches(2), verbose=0, validation_data=batches(1))
    assert set(model.history.history) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert np.isfinite(model.evaluate(batches(1), verbose=0)).all()


@pytest.mark.parametrize("method", ["fit", "fit_generator"])
def test_a_validation_generator_that_ends_early_is_named(method: str) -> None:
    """So that nobody looks for the mistake in the data of training."""
    with pytest.raises(InvalidArgument, match="the validation generator ended after 1 batches"):
        getattr(classifier("keras2"), method)(
            batches(), steps_per_epoch=1, verbose=0, validation_data=batches(1), validation_steps=2
        )


@pytest.mark.parametrize("door", ["keras1", "keras2", "keras3"])
def test_batches_without_samples_are_refused(door: str) -> None:
    """Keras 1, which counts samples, would wait for ever."""
    source = itertools.repeat((X[:0], CODES[:0]))
    words = {"keras1": {"samples_per_epoch": 6, "nb_epoch": 1}}
    given: Any = words.get(door, {"steps_per_epoch": 1})
    with pytest.raises(InvalidShape, match="each batch must have at least one sample"):
        classifier(door).fit_generator(source, verbose=0, **given)
    if door == "keras1":
        with pytest.raises(InvalidShape, match="each batch must have at least one sample"):
            classifier(door).predict_generator(source, 6)


def test_a_single_callback_needs_no_list() -> None:
    """As in Keras 3."""
    stopping = callbacks.EarlyStopping("loss", min_delta=100.0)
    assert classifier().fit(X, CODES, epochs=3, verbose=0, callbacks=stopping).epoch == [0, 1]
    with pytest.raises(InvalidType, match="`callbacks` must be a list of `Callback`"):
        classifier().fit(X, CODES, verbose=0, callbacks=3)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: callbacks.EarlyStopping(moniter="loss"), r"EarlyStopping.*Did you mean 'monitor'"),
        (lambda: keras1.callbacks.EarlyStopping(moniter="loss"), "Did you mean 'monitor'"),
        (lambda: callbacks.ModelCheckpoint("w.npz", save_best=True), "save_best_only"),
        (lambda: callbacks.ReduceLROnPlateau(factr=0.5), "Did you mean 'factor'"),
        (lambda: callbacks.LearningRateScheduler(shedule=len), "Did you mean 'schedule'"),
        (lambda: callbacks.CSVLogger("w.csv", seperator=";"), "Did you mean 'separator'"),
    ],
)
def test_a_callback_s_argument_with_a_typing_error(make: Callable[[], Any], words: str) -> None:
    """The message proposes the name that was meant."""
    with pytest.raises(InvalidType, match=words):
        make()


@pytest.mark.parametrize("dtype", ["U1", "S1", "O"])
def test_text_is_no_data(dtype: str) -> None:
    """The message names the argument."""
    x = np.full((24, 6), "a", dtype)
    with pytest.raises(InvalidType, match=r"^`x`, for 'hidden_input', must be"):
        classifier().fit(x, CODES, verbose=0)
    numbers: Any = X.astype(object)
    assert np.isfinite(classifier().train_on_batch(numbers, CODES)).all()


@pytest.mark.parametrize(("wrong", "words"), [(5, r"0(\.0)? to 5"), (-1, r"-1(\.0)? to 1")])
@pytest.mark.parametrize("door", ["keras2", "keras3"])
def test_classes_that_no_output_has_are_refused(door: str, wrong: int, words: str) -> None:
    """Before a step is made."""
    y = np.concatenate([CLASSES[:-1], [wrong]])
    model = classifier(door, loss="sparse_categorical_crossentropy")
    before = model.get_weights()
    for call in (model.fit, model.evaluate, model.train_on_batch):
        for given in (y, y[:, None], y.astype("float32"), y.tolist()):
            with pytest.raises(InvalidArgument, match=f"classes from 0 to 1; received {words}"):
                call(X, given)
    for now, wanted in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, wanted)


def test_a_class_that_is_left_out_may_be_any_number() -> None:
    """`ignore_class` names it."""
    from convdispatch import losses

    y = np.concatenate([CLASSES[:-1], [-1]])
    loss = losses.SparseCategoricalCrossentropy(ignore_class=-1)
    assert np.isfinite(classifier("keras3", loss=loss, metrics=[]).train_on_batch(X, y))


@pytest.mark.parametrize(
    ("method", "old", "new"),
    [
        ("fit", "nb_epoch", "epochs"),
        ("fit_generator", "samples_per_epoch", "steps_per_epoch"),
        ("fit_generator", "nb_epoch", "epochs"),
        ("fit_generator", "nb_val_samples", "validation_steps"),
        ("fit_generator", "max_q_size", "max_queue_size"),
        ("fit_generator", "nb_worker", "workers"),
        ("fit_generator", "pickle_safe", "use_multiprocessing"),
        ("evaluate_generator", "val_samples", "steps"),
        ("predict_generator", "val_samples", "steps"),
    ],
)
def test_keras_2_takes_keras_1_s_arguments(method: str, old: str, new: str) -> None:
    """With Keras 2's warning, which says what they are called now."""
    given: dict[str, Any] = {old: False if old == "pickle_safe" else 1}
    if method == "fit_generator" and old != "samples_per_epoch":
        given["steps_per_epoch"] = 1
    if old == "nb_val_samples":
        given["validation_data"] = batches()
    data = (X, CODES) if method == "fit" else (batches(),)
    with pytest.warns(UserWarning, match="Keras 2|renamed") as caught:
        getattr(classifier("keras2"), method)(*data, **given)
    assert any(new in str(one.message) for one in caught)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({0: None, 1: 2}, "received None for 0"),
        ({0: 1, 1: "a"}, "received 'a' for 1"),
        ({0: [1, 2], 1: 1}, r"received \[1, 2\] for 0"),
        ({None: 1, 1: 1}, "received 1 for None"),
    ],
)
def test_weights_of_classes_are_numbers(given: Any, words: str) -> None:
    """The message names the argument, before a weight is changed."""
    model = classifier(backend="numpy")
    before = model.get_weights()
    for call in (partial(model.fit, verbose=0), model.train_on_batch):
        with pytest.raises(InvalidType, match=f"^`class_weight` must be .*{words}"):
            call(X, CODES, class_weight=given)
    for now, wanted in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, wanted)
