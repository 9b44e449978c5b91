"""Epochs of a stated number of steps: which batches they have, in each Keras's own way."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import numpy as np
import pytest

from convdispatch.callbacks import LambdaCallback

# The target of sample i is 2 ** i: the sum over an epoch tells its samples.
Y = 2.0 ** np.arange(5).reshape(5, 1)
X = np.zeros((5, 1))


def seen(targets: Any, outputs: Any) -> Any:
    """Report the mean target."""
    return targets.mean()


def model_of(door: str) -> Any:
    """Return a compiled model on NumPy."""
    pytest.importorskip("autograd", reason="NumPy's gradients need the package autograd")
    package = {"ours": "convdispatch", "keras2": "convdispatch.keras2"}[door]
    layers, models = (import_module(f"{package}.{name}") for name in ("layers", "models"))
    model = models.Sequential([layers.Dense(1, input_shape=(1,))], backend="numpy")
    model.compile("sgd", "mse", metrics=[seen])
    return model


class Numbered:
    """The same samples by number, one a batch."""

    def __init__(self) -> None:
        self.ended = 0

    def __len__(self) -> int:
        return 5

    def __getitem__(self, number: int) -> Any:
        return X[number : number + 1], Y[number : number + 1]

    def on_epoch_end(self) -> None:
        """Count."""
        self.ended += 1


class Listed:
    """The same samples, one a batch, from the first one each time that they are asked for."""

    def __iter__(self) -> Iterator[Any]:
        return (Numbered()[number] for number in range(5))


def fitted(door: str, *data: Any, method: str = "fit", **options: Any) -> list[list[int]]:
    """Return the samples of each epoch's batches."""
    epochs: list[list[int]] = []

    def note(batch: int, logs: Any) -> None:
        # A batch of one sample has its number's power of 2.
        epochs[-1].append(round(float(logs["seen"]) * logs["size"]))

    callback = LambdaCallback(
        on_epoch_begin=lambda epoch, logs: epochs.append([]), on_batch_end=note
    )
    model = model_of(door)
    getattr(model, method)(*data, verbose=0, callbacks=[callback], shuffle=False, **options)
    return [[total.bit_length() - 1 for total in totals] for totals in epochs]


# Steps an epoch, and the samples of each epoch: what Keras 3.15 does with a batch size of 1.
KERAS3 = {
    2: [[0, 1], [2, 3], [4], [0, 1]],
    3: [[0, 1, 2], [3, 4], [0, 1, 2], [3, 4]],
    5: [[0, 1, 2, 3, 4], [0, 1, 2, 3, 4]],
    7: [[0, 1, 2, 3, 4], [0, 1, 2, 3, 4], [0, 1, 2, 3, 4]],
}
SOURCES: dict[str, Callable[[], tuple[Any, ...]]] = {
    "arrays": lambda: (X, Y),
    "by number": lambda: (Numbered(),),
    "iterable": lambda: (Listed(),),
}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("steps", KERAS3)
def test_an_epoch_goes_on_where_the_one_before_stopped(source: str, steps: int) -> None:
    """And is shorter where the data end in its midst, with a warning."""
    expected = KERAS3[steps]
    options: Any = {"batch_size": 1} if source == "arrays" else {}
    given = SOURCES[source]()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = fitted("ours", *given, steps_per_epoch=steps, epochs=len(expected), **options)
    assert found == expected
    short = [len(epoch) for epoch in expected if len(epoch) < steps]
    assert len(caught) == len(short)
    for one, count in zip(caught, short, strict=True):
        assert str(one.message).startswith(
            f"the data ended after {count} of the {steps} batches that were asked for."
        )
        assert one.filename == __file__
    if source == "by number":
        assert given[0].ended == len(expected)


def test_samples_are_shuffled_once_for_each_pass() -> None:
    """So that a pass has each sample once, whichever epochs it belongs to."""
    epochs: list[list[int]] = []
    callback = LambdaCallback(
        on_epoch_begin=lambda epoch, logs: epochs.append([]),
        on_batch_end=lambda batch, logs: epochs[-1].append(round(float(logs["seen"]))),
    )
    y = 2.0 ** np.arange(12).reshape(12, 1)
    model_of("ours").fit(
        np.zeros((12, 1)), y, batch_size=1, steps_per_epoch=4, epochs=6, verbose=0,
        callbacks=[callback],
    )  # fmt: skip
    first, second = (list(itertools.chain(*some)) for some in (epochs[:3], epochs[3:]))
    assert sorted(first) == sorted(second) == y.ravel().tolist()
    assert first != second


@pytest.mark.parametrize(("steps", "samples"), [(2, [0, 1]), (3, [0, 1, 2]), (7, [0, 1, 2, 3, 4])])
def test_other_data_are_read_from_their_beginning(steps: int, samples: list[int]) -> None:
    """Each time: those of `validation_data`, and those of `evaluate`."""
    model, mean = model_of("ours"), np.mean([2.0**number for number in samples])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        history = model.fit(
            X, Y, verbose=0, epochs=3, batch_size=1, validation_data=(X, Y), validation_steps=steps
        )
        assert history.history["val_seen"] == pytest.approx([mean] * 3)
        assert len(caught) == (3 if steps > 5 else 0)
        for source in SOURCES.values():
            options = {"batch_size": 1} if len(source()) == 2 else {}
            found = model.evaluate(*source(), steps=steps, verbose=0, **options)
            assert found[1] == pytest.approx(mean)
            if len(source()) == 1:
                history = model.fit(
                    X, Y, verbose=0, epochs=2, validation_data=source()[0], validation_steps=steps
                )
                assert history.history["val_seen"] == pytest.approx([mean] * 2)
    assert len(caught) == (3 + 3 + 2 * 2 if steps > 5 else 0)


def test_steps_of_arrays_are_whole_in_keras_2() -> None:
    """Without a batch size, it gives all samples to each step that is asked for."""
    model = model_of("keras2")
    weights = [np.array([[0.5]]), np.array([0.25])]
    model.set_weights(weights)
    x = np.arange(5.0).reshape(5, 1)
    history = model.fit(x, Y, steps_per_epoch=3, epochs=2, verbose=0)
    other = model_of("keras2")
    other.set_weights(weights)
    losses = [other.train_on_batch(x, Y)[0] for _ in range(6)]
    assert history.history["loss"] == pytest.approx([np.mean(losses[:3]), np.mean(losses[3:])])
    np.testing.assert_allclose(model.get_weights()[0], other.get_weights()[0], rtol=1e-6)
    assert model.evaluate(x, Y, steps=2, verbose=0) == pytest.approx(
        model.evaluate(x, Y, verbose=0), rel=1e-6
    )


def test_a_batch_size_beside_steps_is_obeyed_in_keras_2() -> None:
    """It refuses the two; later Kerases read batches of that size."""
    found = fitted("keras2", X, Y, steps_per_epoch=2, batch_size=1, epochs=2)
    assert found == [[0, 1], [2, 3]]


def test_sequences_begin_again_within_an_epoch_of_keras_2() -> None:
    """And learn of the end of each pass over them."""
    source = Numbered()
    found = fitted("keras2", source, method="fit_generator", steps_per_epoch=7, epochs=2)
    assert found == [[0, 1, 2, 3, 4, 0, 1], [2, 3, 4, 0, 1, 2, 3]]
    assert source.ended == 2
    model = model_of("keras2")
    history = model.fit_generator(
        source, 1, epochs=3, verbose=0, validation_data=Numbered(), validation_steps=2
    )
    assert history.history["val_seen"] == pytest.approx([1.5, 6.0, 8.5])  # 4 and then 0 again
    assert len(model.predict_generator(source, 7)) == 7


def test_bars_count_steps_where_those_are_given(capsys: pytest.CaptureFixture[str]) -> None:
    """Not the samples that such an epoch does not have."""
    model_of("ours").fit(X, Y, batch_size=1, steps_per_epoch=2)
    assert capsys.readouterr().out.splitlines()[-1].startswith("2/2 [==")
