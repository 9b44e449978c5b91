"""What `fit`, `evaluate` and `predict` make of their arguments, against steps made by hand."""

from __future__ import annotations

import copy
import pickle
import re
import signal
from typing import Any

import numpy as np
import pytest
from small_trainings import CLASSES, CODES, START, X, classifier, losses_by_hand

from convdispatch.callbacks import History, LambdaCallback
from convdispatch.errors import InvalidArgument, InvalidShape, InvalidType
from convdispatch.models import Sequential

pytestmark = pytest.mark.usefixtures("differentiable")


@pytest.fixture
def differentiable() -> None:
    """Skip where NumPy has no gradients: most tests here need no other backend."""
    pytest.importorskip("autograd", reason="NumPy's gradients need the package autograd")


def by_hand(batches: list[tuple[Any, Any]]) -> tuple[list[float], list[Any]]:
    """Return the losses before the steps on these batches, and the weights after them."""
    weights = [weight.astype("float64") for weight in START]
    return [losses_by_hand(weights, x, y) for x, y in batches], weights


def cut(size: int, stop: int = len(X)) -> list[tuple[Any, Any]]:
    """Return the batches of the data in their order."""
    return [
        (X[i : min(i + size, stop)], CODES[i : min(i + size, stop)]) for i in range(0, stop, size)
    ]


@pytest.mark.parametrize("door", ["keras1", "keras2", "keras3"])
def test_fit_makes_the_steps_made_by_hand(door: str, backend_name: str) -> None:
    """The last batch of an epoch may be smaller; an epoch's loss is the mean over its samples."""
    model = classifier(door, backend_name)
    words = {"nb_epoch": 2} if door == "keras1" else {"epochs": 2}
    history = model.fit(X, CODES, batch_size=10, shuffle=False, verbose=0, **words)
    losses, weights = by_hand(cut(10) * 2)
    means = [(a * 10 + b * 10 + c * 4) / 24 for a, b, c in (losses[:3], losses[3:])]
    assert history.epoch == [0, 1]
    np.testing.assert_allclose(history.history["loss"], means, rtol=1e-5)
    for got, wanted in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-6)


def test_single_steps_are_those_of_fit() -> None:
    """`train_on_batch` reports what was before its step; `test_on_batch` changes nothing."""
    model = classifier()
    (loss,), weights = by_hand(cut(24))
    tested = model.test_on_batch(X, CODES)
    trained = model.train_on_batch(X, CODES)
    np.testing.assert_allclose([tested[0], trained[0]], loss, rtol=1e-5)
    assert tested[1] == trained[1]
    np.testing.assert_allclose(model.get_weights()[0], weights[0], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(model.predict_on_batch(X), model.predict(X), rtol=1e-6)
    assert isinstance(classifier(metrics=None).train_on_batch(X, CODES), float)


def test_arrays_are_cast_to_the_models_type(backend_name: str) -> None:
    """NumPy's default is float64, and pictures are bytes: every Keras took both."""
    model = classifier(backend=backend_name)
    wide = model.train_on_batch(X.astype("float64"), CODES.astype("int64"))
    np.testing.assert_allclose(wide, classifier().train_on_batch(X, CODES), rtol=1e-5)
    assert model.predict((X * 10).astype("int8"), verbose=0).dtype == "float32"


def test_a_share_of_the_samples_is_held_back() -> None:
    """The last ones, before anything is shuffled; they are evaluated after each epoch."""
    model = classifier()
    history = model.fit(X, CODES, batch_size=6, validation_split=0.25, shuffle=False, verbose=0)
    losses, weights = by_hand(cut(6, 18))
    np.testing.assert_allclose(history.history["loss"], [np.mean(losses)], rtol=1e-5)
    expected = losses_by_hand(weights, X[18:], CODES[18:])
    np.testing.assert_allclose(history.history["val_loss"], [expected], rtol=1e-5)
    assert set(history.history) == {"loss", "acc", "val_loss", "val_acc"}


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
def test_validation_data_are_evaluated(weighted: bool) -> None:
    """(x, y), or (x, y, sample weights)."""
    model = classifier()
    counts = np.arange(24.0)
    data = (X, CODES, counts) if weighted else (X, CODES)
    history = model.fit(X, CODES, validation_data=data, verbose=0)
    expected = model.evaluate(X, CODES, sample_weight=counts if weighted else None, verbose=0)
    np.testing.assert_allclose(history.history["val_loss"], expected[:1], rtol=1e-5)


def test_shuffling_takes_every_sample_once() -> None:
    """In an order that NumPy's seed decides, as in Keras 2; 'batch' keeps batches whole."""
    seen: list[Any] = []
    model = classifier()
    step = model.train_on_batch  # the samples are found by what the model is given
    assert step
    for shuffle, seed in ((True, 1), (True, 1), (True, 2), ("batch", 1)):
        np.random.seed(seed)
        rows: list[int] = []

        def noted(y_true: Any, y_pred: Any, rows: list[int] = rows) -> Any:
            rows.extend(int(one) for one in np.ravel(y_true))
            return y_pred[:, 0]

        other = classifier(loss=noted, metrics=None)
        other.fit(X, np.arange(24.0)[:, None], batch_size=6, shuffle=shuffle, verbose=0)
        seen.append(rows)
    assert all(sorted(rows) == list(range(24)) for rows in seen)
    assert seen[0] == seen[1] != seen[2]
    assert seen[0] != list(range(24))
    assert [rows % 6 for rows in seen[3]] == [0, 1, 2, 3, 4, 5] * 4


def test_weights_of_classes_and_samples_multiply() -> None:
    """Keras 2 divides by the part of samples whose weight is not 0."""
    model = classifier(metrics=None)
    counts = np.where(np.arange(24) % 3 == 0, 0.0, 2.0)
    probabilities = model.predict(X)
    scores = -np.log(probabilities[np.arange(24), CLASSES])
    weights = counts * np.where(CLASSES == 1, 3.0, 0.5)
    expected = np.mean(scores * weights) / np.mean(weights != 0)
    found = model.train_on_batch(X, CODES, sample_weight=counts, class_weight={0: 0.5, 1: 3.0})
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_an_epoch_may_have_fewer_steps() -> None:
    """And training may begin at a later epoch."""
    numbers: list[tuple[int, int]] = []
    epochs: list[int] = []
    model = classifier()
    callback = LambdaCallback(
        on_epoch_begin=lambda epoch, logs: epochs.append(epoch),
        on_batch_end=lambda batch, logs: numbers.append((batch, logs["size"])),
    )
    history = model.fit(
        X, CODES, batch_size=6, epochs=4, initial_epoch=2, steps_per_epoch=2, verbose=0,
        callbacks=[callback],
    )  # fmt: skip
    assert history.epoch == epochs == [2, 3]
    assert numbers == [(0, 6), (1, 6)] * 2


LINES = {
    "keras1": (r"0s - loss: \d\.\d{4} - acc: 0\.\d{4}", r" - 0s - loss: \d\.\d{4} - acc: 0\.\d{4}"),
    "keras2": (
        r" - 0s - loss: \d\.\d{4} - acc: 0\.\d{4}",
        r" - 0s \d+[um]s/step - loss: \d\.\d{4} - acc: 0\.\d{4}",
    ),
}


@pytest.mark.parametrize("door", LINES)
def test_lines_are_those_of_the_keras(door: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A bar's last state for `verbose=1`, a line for 2, nothing for 0."""
    plain, after_bar = LINES[door]
    words = {"nb_epoch": 1} if door == "keras1" else {"epochs": 1}
    for verbose, line in ((1, rf"24/24 \[={{30}}\]{after_bar}"), (2, plain)):
        classifier(door).fit(X, CODES, verbose=verbose, **words)
        assert re.fullmatch(rf"Epoch 1/1\n{line}\n", capsys.readouterr().out)
    classifier(door).fit(X, CODES, verbose=0, **words)
    assert capsys.readouterr().out == ""
    classifier(door).fit(X, CODES, verbose=2, validation_split=0.5, **words)
    assert capsys.readouterr().out.startswith("Train on 12 samples, validate on 12 samples\nEpoch")
    classifier(door).evaluate(X, CODES)
    pace = r" - 0s \d+[um]s/step" if door == "keras2" else " - 0s"
    assert re.fullmatch(rf"24/24 \[={{30}}\]{pace}\n", capsys.readouterr().out)
    classifier(door).evaluate(X, CODES, verbose=0)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("door", LINES)
def test_a_prediction_says_what_an_evaluation_says(
    door: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The bar of that Keras on standard output, and nothing on standard error."""
    pace = r" - 0s \d+[um]s/step" if door == "keras2" else " - 0s"
    model = classifier(door)
    for predict in (model.predict, model.predict_classes, model.predict_proba):
        predict(X, batch_size=10, verbose=1)
        said = capsys.readouterr()
        assert re.fullmatch(rf"24/24 \[={{30}}\]{pace}\n", said.out)
        predict(X, verbose=0)
        assert said.err + "".join(capsys.readouterr()) == ""


@pytest.mark.parametrize("door", ["keras2", "keras3"])
def test_generators_say_how_many_steps_were_done(
    door: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """As Keras 2.2.4, whose bar counts steps there; Keras 1 has no `verbose` there."""
    model = classifier(door)
    evaluate, predict = model.evaluate_generator, model.predict_generator
    for method, batch in ((evaluate, (X, CODES)), (predict, (X,))):
        method(iter([batch] * 3), steps=3, verbose=1)
        said = capsys.readouterr().out
        assert re.fullmatch(r"3/3 \[={30}\] - 0s \d+[um]s/step\n", said)
        method(iter([batch]), steps=1)
        assert capsys.readouterr().out == ""


def test_only_arrays_are_counted_before_training(capsys: pytest.CaptureFixture[str]) -> None:
    """Keras 1.2.2's `fit_generator` does not say how many samples it trains on."""
    model = classifier("keras1")
    model.fit_generator(
        iter([(X, CODES)]), samples_per_epoch=24, nb_epoch=1, validation_data=(X, CODES)
    )
    assert capsys.readouterr().out.startswith("Epoch 1/1\n24/24 [")


def test_words_of_another_keras_are_refused() -> None:
    """With the word that is meant."""
    with pytest.raises(InvalidType, match=r"`epochs`.*Write `nb_epoch=`"):
        classifier("keras1").fit(X, CODES, epochs=1)
    with pytest.raises(TypeError, match=r"`nb_epoch`.*Did you mean 'epochs'"):
        classifier("keras3").fit(X, CODES, nb_epoch=1)


WRONG: dict[str, tuple[Any, type[Exception], str]] = {
    "x's shape": (lambda m: m.fit(X[:, :4], CODES), InvalidShape, r"takes the shape \(None, 6\)"),
    "y's shape": (
        lambda m: m.fit(X, CLASSES),
        InvalidShape,
        r"\(None, 2\); received \(24,\)\..*sparse_categorical_crossentropy",
    ),
    "lengths": (lambda m: m.fit(X, CODES[:9]), InvalidShape, r"as many samples.*\[24, 9\]"),
    "weights' shape": (
        lambda m: m.fit(X, CODES, sample_weight=np.ones((24, 2))),
        InvalidShape,
        r"`sample_weight` for 'classes' must have the shape \(24,\); received \(24, 2\)",
    ),
    "no samples": (lambda m: m.fit(X[:0], CODES[:0]), InvalidShape, "at least one sample"),
    "all held back": (
        lambda m: m.fit(X, CODES, validation_split=1.0),
        InvalidShape,
        "at least one sample",
    ),
    "no y": (lambda m: m.fit(X), InvalidType, "`y` of 'sequential.*' must have data for 'classes'"),
    "words": (lambda m: m.fit(["a"] * 24, CODES), InvalidType, "which NumPy reads as <U1"),
    "unknown loss": (
        lambda m: m.compile("sgd", "categorical_crossentropi"),
        ValueError,
        "Did you mean 'categorical_crossentropy'",
    ),
    "unknown optimizer": (
        lambda m: m.compile("adem", "mse"), ValueError, "Did you mean 'Adam'"),
    "unknown metric": (
        lambda m: m.compile("sgd", "mse", metrics=["accurac"]), ValueError, "Did you mean 'bina"),
    "no loss": (lambda m: m.compile("sgd"), InvalidType, "`loss` of `compile` must be a name"),
    "no callback": (
        lambda m: m.fit(X, CODES, callbacks=[History]), InvalidType, "a list of `Callback`"),
    "a class without weight": (
        lambda m: m.fit(X, CODES, class_weight={0: 1.0}),
        InvalidArgument,
        "`class_weight` must have a weight for every class; received none for 1",
    ),
    "shuffle": (
        lambda m: m.fit(X, CODES, shuffle="all"), InvalidArgument, "'batch'; received 'all'"),
    "verbose": (
        lambda m: m.fit(X, CODES, verbose=3), InvalidArgument, "`verbose` must be 0 for silence"),
    "validation": (
        lambda m: m.fit(X, CODES, validation_data=X), InvalidArgument, r"must be \(x, y\)"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_wrong_input_is_named(case: str) -> None:
    """One message, before any step is made: the weights stay as they were."""
    call, error, words = WRONG[case]
    model = classifier()
    with pytest.raises(error, match=words):
        call(model)
    for now, before in zip(model.get_weights(), START, strict=True):
        np.testing.assert_array_equal(now, before)


def test_a_model_is_compiled_first() -> None:
    """The message says how."""
    for call in ("fit", "evaluate", "train_on_batch", "test_on_batch"):
        with pytest.raises(InvalidArgument, match=r"must be compiled.*Call `model\.compile"):
            getattr(Sequential(name="m"), call)(X, CODES)


def test_a_model_without_trainable_weights_is_named() -> None:
    """And can be evaluated all the same; that of an old Keras takes steps that change nothing."""
    old = classifier()
    old.trainable = False
    old.compile("sgd", "categorical_crossentropy")
    before = old.get_weights()
    old.fit(X, CODES, verbose=0)
    np.testing.assert_equal(old.get_weights(), before)
    model = classifier("keras3")
    model.trainable = False
    model.compile("sgd", "categorical_crossentropy")
    assert model.evaluate(X, CODES, verbose=0) > 0
    with pytest.raises(InvalidArgument, match=r"has no trainable weight.*4 weights"):
        model.fit(X, CODES, verbose=0)


def test_a_loss_that_is_no_number_is_reported_once() -> None:
    """With the model's name, the step and the callback that would stop there."""
    model = classifier()
    x = X.copy()
    x[7] = np.nan
    with pytest.warns(
        UserWarning, match="no finite number from batch 1 of epoch 1.*TerminateOnNaN"
    ):
        history = model.fit(x, CODES, batch_size=6, shuffle=False, verbose=0)
    assert np.isnan(history.history["loss"][0])


def test_ctrl_c_keeps_the_model_and_the_history() -> None:
    """The weights are those of the last step that was made."""
    model = classifier()

    def interrupt(epoch: int, logs: Any) -> None:
        if epoch == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model.fit(
            X, CODES, batch_size=24, epochs=5, shuffle=False, verbose=0,
            callbacks=[LambdaCallback(on_epoch_end=interrupt)],
        )  # fmt: skip
    losses, weights = by_hand(cut(24) * 2)
    np.testing.assert_allclose(model.history.history["loss"], losses[:1], rtol=1e-5)
    np.testing.assert_allclose(model.get_weights()[0], weights[0], rtol=1e-5, atol=1e-6)
    assert np.isfinite(model.train_on_batch(X, CODES)[0])


def test_a_step_is_compiled_once_for_all_rates(backend_name: str) -> None:
    """Where a step is traced, the loss is read once for training: not again for another rate."""
    calls: list[int] = []

    def loss(y_true: Any, y_pred: Any) -> Any:
        calls.append(1)
        error = y_true - y_pred  # operators alone, which all native tensors have
        return error[:, 0] * error[:, 0] + error[:, 1] * error[:, 1]

    model = classifier(backend=backend_name, loss=loss, metrics=None)
    losses = [model.train_on_batch(X, CODES)]
    traced = len(calls)
    for rate in (0.1, 0.0, 0.0):
        model.optimizer.lr = rate
        losses.append(model.train_on_batch(X, CODES))
    assert losses[0] > losses[1] > losses[2] == losses[3]
    if backend_name in ("jax", "tensorflow"):
        assert len(calls) == traced


@pytest.mark.parametrize("door", ["keras1", "keras2", "keras3"])
def test_a_copy_goes_on_alone(door: str) -> None:
    """Copied or pickled, it is compiled as the model is, and changes nothing of it."""
    model = classifier(door, optimizer="adam", metrics=["accuracy", "mse"])
    model.train_on_batch(X, CODES)
    before = model.test_on_batch(X, CODES)
    for copied in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert copied.dialect is model.dialect
        assert copied.test_on_batch(X, CODES) == before
        copied.train_on_batch(X, CODES)
        assert copied.test_on_batch(X, CODES)[0] < before[0]
        assert model.test_on_batch(X, CODES) == before


def test_ctrl_c_within_a_step_waits_for_its_end(backend_name: str) -> None:
    """The weights are those after that step, on every backend, and training can go on."""
    model = classifier(backend=backend_name, metrics=None)
    model.train_on_batch(X, CODES)  # compiled
    step = model._trainer[0]._train

    def interrupted(variables: Any, inputs: Any) -> Any:
        signal.raise_signal(signal.SIGINT)
        return step(variables, inputs)

    model._trainer[0]._train = interrupted
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, CODES, batch_size=24, epochs=5, shuffle=False, verbose=0)
    model._trainer[0]._train = step
    assert model._trainer[0].iterations == 2
    _, weights = by_hand(cut(24) * 2)
    np.testing.assert_allclose(model.get_weights()[0], weights[0], rtol=1e-4, atol=1e-5)
    losses, _ = by_hand(cut(24) * 3)
    np.testing.assert_allclose(model.train_on_batch(X, CODES), losses[2], rtol=1e-4)
