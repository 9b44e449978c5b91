"""`Sequential.predict`: many items in batches, with a progress bar on demand."""

from __future__ import annotations

import io
import sys
from typing import Any

import numpy as np
import pytest

from convdispatch import layers
from convdispatch.errors import InvalidArgument, InvalidType
from convdispatch.models import Sequential
from convdispatch.registry import registry

X = np.random.default_rng(1).normal(size=(7, 6, 6, 2)).astype("float32")


@pytest.fixture
def model(backend_name: str) -> Sequential:
    """Give a small model on each backend."""
    return Sequential(
        [layers.Conv2D(3, 3, padding="same", activation="tanh"), layers.Cropping2D(1)],
        backend=backend_name,
    )


@pytest.mark.parametrize("batch_size", [1, 3, 7, 32, None, np.int64(2)], ids=str)
def test_batches_give_what_one_call_gives(model: Sequential, batch_size: Any) -> None:
    """However the items are divided, the answer is one NumPy array of all."""
    expected: Any = registry.load(model.backend).to_numpy(model(X))
    found: Any = model.predict(X, batch_size=batch_size)
    assert type(found) is np.ndarray
    assert found.shape == (7, 4, 4, 3)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_no_batch_is_larger_than_asked_for(model: Sequential) -> None:
    """Seven items in batches of three are three calls: 3, 3 and 1."""
    seen: list[int | None] = []

    def watching(z: Any) -> Any:
        seen.append(z.shape[0])
        return z

    model.add(layers.Conv2D(1, 1, activation=watching))
    model(X[:1])
    seen.clear()
    model.predict(X, batch_size=3)
    # What is traced is seen once a shape.
    traced = {"jax": [3, 1], "tensorflow": [None]}  # once a batch size, once for all of them
    assert seen == traced.get(model.backend, [3, 3, 1])


def test_one_item_is_a_batch_of_one(model: Sequential) -> None:
    """The batch axis stays."""
    assert model.predict(X[:1]).shape == (1, 4, 4, 3)


def test_no_item_is_an_empty_batch(model: Sequential) -> None:
    """Nothing in, nothing of the right shape out."""
    found = model.predict(X[:0])
    assert found.shape == (0, 4, 4, 3)
    assert found.dtype == np.float32


def test_native_tensors_are_taken(model: Sequential) -> None:
    """The backend's own tensors go in, NumPy arrays come out."""
    native = registry.load(model.backend).asarray(X, "float32")
    found: Any = model.predict(native, batch_size=3)
    expected: Any = model.predict(X)
    assert type(found) is np.ndarray
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_nested_lists_have_the_model_s_element_type(model: Sequential) -> None:
    """Lists of numbers are read as a call of the model reads them, integers too."""
    found = model.predict(np.ones((1, 6, 6, 2), int).tolist())
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, model.predict(np.ones((1, 6, 6, 2), "float32")))


@pytest.mark.parametrize("verbose", [1, True], ids=str)
def test_the_progress_bar_goes_to_stderr(
    model: Sequential, capfd: pytest.CaptureFixture[str], verbose: Any
) -> None:
    """With verbose=1 it is always drawn, and never into a program's output."""
    model.predict(X, batch_size=2, verbose=verbose)
    captured = capfd.readouterr()
    assert captured.out == ""
    assert "predict" in captured.err


def test_progress_in_a_file_is_a_counter(
    backend_name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """The stream cannot rewrite a line, and no person watches it."""
    Sequential([layers.ZeroPadding2D(1)], backend=backend_name).predict(X, 2, verbose=1)
    assert capfd.readouterr().err == "\rpredict 2/4\rpredict 3/4\rpredict 4/4\n"


@pytest.mark.parametrize("verbose", [0, False, "auto"], ids=str)
def test_nothing_is_drawn_where_nobody_watches(
    model: Sequential, capfd: pytest.CaptureFixture[str], verbose: Any
) -> None:
    """verbose=0 never, 'auto' on a terminal only."""
    model.predict(X, batch_size=2, verbose=verbose)
    assert capfd.readouterr() == ("", "")


def test_short_work_shows_no_bar_on_a_terminal(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """'auto' waits for a second to pass."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    Sequential([layers.ZeroPadding2D(1)]).predict(X, batch_size=2)
    assert capfd.readouterr() == ("", "")


def test_long_work_shows_a_bar_on_a_terminal(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once a second has passed 'auto' draws."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr("convdispatch.models._progress.PATIENCE", 0.0)
    Sequential([layers.ZeroPadding2D(1)]).predict(X, batch_size=2)
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err == "\rpredict 1/4\r           \r"


@pytest.mark.parametrize("stream", ["none", "closed", "without isatty"])
@pytest.mark.parametrize("verbose", ["auto", 0, 1])
def test_a_program_without_standard_error_predicts(
    monkeypatch: pytest.MonkeyPatch, stream: str, verbose: Any
) -> None:
    """A service has none, and a notebook puts its own there."""
    closed = io.StringIO()
    closed.close()
    streams = {"none": None, "closed": closed, "without isatty": object()}
    monkeypatch.setattr(sys, "stderr", streams[stream])
    monkeypatch.setattr("convdispatch.models._progress.PATIENCE", 0.0)
    found = Sequential([layers.ZeroPadding2D(1)]).predict(X, 2, verbose=verbose)
    assert len(found) == len(X)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"batch_size": 0}, InvalidArgument, "`batch_size` must be at least 1; received 0"),
        ({"batch_size": -1}, InvalidArgument, "`batch_size` must be at least 1; received -1"),
        ({"batch_size": 1.5}, InvalidType, "`batch_size` must be an integer; received 1.5"),
        ({"batch_size": True}, InvalidType, "`batch_size` must be an integer; received True"),
        ({"batch_size": "8"}, InvalidType, "`batch_size` must be an integer; received '8'"),
        ({"verbose": 2}, InvalidArgument, "`verbose` must be 'auto', 0 or 1; received 2"),
        ({"verbose": "loud"}, InvalidArgument, "`verbose` must be 'auto', 0 or 1; received 'loud'"),
        ({"verbose": None}, InvalidArgument, "`verbose` must be 'auto', 0 or 1; received None"),
    ],
    ids=str,
)
def test_bad_options_are_refused(
    model: Sequential, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    """The message names the option, what was received and what is allowed."""
    with pytest.raises(error, match=message):
        model.predict(X, **options)
