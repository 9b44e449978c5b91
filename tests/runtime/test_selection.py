"""The settings in force: precedence, `with` blocks, threads and tasks, and a tensor's backend."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from convdispatch import selection
from convdispatch.errors import (
    BackendBroken,
    BackendNotFound,
    BackendUnavailable,
    ConfigError,
    InvalidArgument,
    InvalidType,
)
from convdispatch.hookspecs import hookimpl
from convdispatch.layers import Dense
from convdispatch.ops import Backend, BackendInfo
from convdispatch.registry import registry


class _Others:
    """A plugin with backends that can be selected but are never loaded."""

    @hookimpl
    def convdispatch_backends(self) -> list[BackendInfo]:
        return [
            BackendInfo(
                protocol=2,
                name=name,
                framework=framework,
                load="nowhere:x",
                install="pip install x",
            )
            for name, framework in (("other", "json"), ("another", "json"), ("absent", "no_such"))
        ]


@pytest.fixture(autouse=True)
def _other_backends() -> Iterator[None]:
    plugin = _Others()
    registry.register(plugin, name="others:plugin")
    yield
    registry.unregister(plugin)


def write(keras_home: Path, text: str) -> None:
    """Put the text into the keras.json that is in force."""
    (keras_home / "keras.json").write_text(text, encoding="utf-8")


def test_default_is_numpy_under_tensorflows_convention() -> None:
    """With nothing configured, the values are Keras's and the backend is NumPy."""
    values = (
        selection.backend(),
        selection.convention(),
        selection.floatx(),
        selection.epsilon(),
        selection.image_data_format(),
    )
    assert values == ("numpy", "tensorflow", "float32", 1e-7, "channels_last")


def test_each_level_overrides_the_one_below(
    keras_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """File, KERAS_BACKEND, CONVDISPATCH_BACKEND, set_backend, use_backend: the last one wins."""
    seen = []
    write(keras_home, '{"backend": "other"}')
    seen.append(selection.backend())
    monkeypatch.setenv("KERAS_BACKEND", "another")
    selection.reset()
    seen.append(selection.backend())
    monkeypatch.setenv("CONVDISPATCH_BACKEND", "absent")
    selection.reset()
    seen.append(selection.backend())
    selection.set_backend("other")
    seen.append(selection.backend())
    with selection.use_backend("numpy"):
        seen.append(selection.backend())
        seen.append(selection.resolve_backend(None))
        seen.append(selection.resolve_backend("another"))
    seen.append(selection.backend())
    assert seen == ["other", "another", "absent", "other", "numpy", "numpy", "another", "other"]


def test_file_is_read_once_until_reset(keras_home: Path) -> None:
    """An edit of keras.json takes effect at `reset`, not in the middle of a program."""
    before = selection.backend()
    write(keras_home, '{"backend": "other"}')
    assert (before, selection.backend()) == ("numpy", "numpy")
    selection.reset()
    assert selection.backend() == "other"


def test_reading_writes_nothing(keras_home: Path) -> None:
    """Asking for every value leaves the home as empty as it was."""
    selection.backend()
    selection.floatx()
    assert list(keras_home.iterdir()) == []


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda: selection.set_backend("nmupy"), id="set_backend"),
        pytest.param(lambda: selection.use_backend("nmupy").__enter__(), id="use_backend"),
        pytest.param(lambda: selection.resolve_backend("nmupy"), id="resolve_backend"),
    ],
)
def test_unknown_backends_are_refused(call: Callable[[], object]) -> None:
    """An unknown name is refused at once, with the registered names, and changes nothing."""
    with pytest.raises(BackendNotFound, match=r"no backend named 'nmupy'; registered: .*'numpy'"):
        call()
    assert selection.backend() == "numpy"


def test_unknown_backend_in_the_file_names_the_file(keras_home: Path) -> None:
    """If the name did not come from an argument, the message says where it is set."""
    write(keras_home, '{"backend": "nmupy"}')
    with pytest.raises(BackendNotFound, match=r"'nmupy'.*comes from .*keras\.json"):
        selection.backend()


@pytest.mark.parametrize(
    ("name", "error"), [("absent", BackendUnavailable), ("other", BackendBroken)]
)
@pytest.mark.parametrize("source", ["keras.json", "CONVDISPATCH_BACKEND", "KERAS_BACKEND"])
def test_a_backend_that_cannot_be_loaded_is_said_to_be_named_there(
    name: str,
    error: type[Exception],
    source: str,
    keras_home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By the path of the file or by the variable; and what can be done without installing it."""
    if source == "keras.json":
        write(keras_home, f'{{"backend": "{name}"}}')
        source = str(keras_home / source)
    else:
        monkeypatch.setenv(source, name)
    layer = Dense(2)
    with pytest.raises(error, match="pip install x") as caught:
        layer(np.ones((1, 3), "float32"))
    assert str(caught.value).endswith(
        f"The name comes from {source}: you can name an available backend there instead "
        "(see `convdispatch backends`)."
    )


def test_a_backend_that_the_program_names_comes_from_nowhere_else(keras_home: Path) -> None:
    """What a file said earlier is not said of a name that the program has given since."""
    write(keras_home, '{"backend": "absent"}')
    assert selection.backend() == "absent"
    (keras_home / "keras.json").unlink()
    selection.reset()
    with pytest.raises(BackendUnavailable) as caught:
        Dense(2, backend="absent")(np.ones((1, 3), "float32"))
    assert "comes from" not in str(caught.value)


def test_theano_explains_the_convention(monkeypatch: pytest.MonkeyPatch) -> None:
    """The backend that is gone has its own advice: another backend, its convention."""
    monkeypatch.setenv("KERAS_BACKEND", "theano")
    with pytest.raises(
        BackendNotFound, match=r"Theano is no longer.*use_convention\('theano'\).*KERAS_BACKEND"
    ):
        selection.backend()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        pytest.param(
            lambda: selection.set_floatx("float8"), r"`floatx`.*'float8'.*'float16'", id="floatx"
        ),
        pytest.param(lambda: selection.set_epsilon(0), r"`epsilon`.*0.*positive", id="epsilon"),
        pytest.param(
            lambda: selection.set_image_data_format("th"),
            r"`image_data_format`.*'th'.*'channels_first'",
            id="image_data_format",
        ),
        pytest.param(
            lambda: selection.set_convention("keras"), r"`convention`.*'theano'", id="convention"
        ),
        pytest.param(
            lambda: selection.use_convention("keras").__enter__(),
            r"`convention`.*'theano'",
            id="use_convention",
        ),
        pytest.param(lambda: selection.set_backend(""), r"`backend` cannot be ''", id="backend"),
    ],
)
def test_values_that_are_not_allowed_are_refused(call: Callable[[], object], message: str) -> None:
    """Setting functions say what was received and what is allowed, as the file's reader does."""
    with pytest.raises(InvalidArgument, match=message):
        call()


def test_values_of_a_wrong_kind_are_refused() -> None:
    """A backend is chosen by its name, not by a module or None."""
    with pytest.raises(InvalidType, match=r"`backend` must be a string, received None"):
        selection.set_backend(None)  # type: ignore[arg-type] # what is tested


def test_set_values_are_returned() -> None:
    """The set values are in force, with NumPy's numbers converted to Python's."""
    selection.set_floatx("float64")
    selection.set_epsilon(np.float64(1e-5))
    selection.set_image_data_format("channels_first")
    selection.set_convention("theano")
    assert selection.floatx() == "float64"
    assert type(selection.epsilon()) is float
    assert selection.epsilon() == 1e-5
    assert selection.image_data_format() == "channels_first"
    assert selection.convention() == "theano"


def test_malformed_file_is_an_error_until_it_is_repaired(keras_home: Path) -> None:
    """The error is raised at each question, and a repaired file needs no restart."""
    write(keras_home, "{")
    with pytest.raises(ConfigError, match=r"keras\.json: line 1"):
        selection.floatx()
    write(keras_home, '{"floatx": "float16"}')
    assert selection.floatx() == "float16"


def test_with_blocks_nest_and_can_be_entered_again() -> None:
    """One context object may be used twice, also inside itself."""
    block = selection.use_backend("other")
    seen = []
    with block:
        with selection.use_backend("another"), block:
            seen.append(selection.backend())
        seen.append(selection.backend())
    seen.append(selection.backend())
    assert seen == ["other", "other", "numpy"]


def test_with_blocks_end_with_an_exception() -> None:
    """An error inside a block leaves no trace of it."""
    with pytest.raises(KeyError, match="inside"), selection.use_convention("theano"):
        raise KeyError("inside")
    assert selection.convention() == "tensorflow"


def test_threads_do_not_see_each_others_blocks() -> None:
    """A block in one thread changes nothing in another; `set_backend` reaches all."""
    seen = []
    with selection.use_backend("other"):
        thread = threading.Thread(target=lambda: seen.append(selection.backend()))
        thread.start()
        thread.join()
    selection.set_backend("another")
    thread = threading.Thread(target=lambda: seen.append(selection.backend()))
    thread.start()
    thread.join()
    assert seen == ["numpy", "another"]


def test_tasks_do_not_see_each_others_blocks() -> None:
    """Two interleaved tasks of one thread each keep their own backend."""

    async def ask(name: str) -> str:
        with selection.use_backend(name):
            await asyncio.sleep(0)
            return selection.backend()

    async def ask_both() -> list[str]:
        return list(await asyncio.gather(ask("other"), ask("another")))

    assert asyncio.run(ask_both()) == ["other", "another"]


def test_available_backends_start_with_numpy() -> None:
    """NumPy comes first, the others sorted, those without their framework not at all."""
    names = selection.available_backends()
    assert names[0] == "numpy"
    assert list(names[1:]) == sorted(names[1:])
    assert {"other", "another"} <= set(names)
    assert "absent" not in names


def test_arrays_belong_to_numpy() -> None:
    """A NumPy array's backend is NumPy's."""
    assert selection.backend_of(np.zeros(3)).name == "numpy"


@pytest.mark.parametrize("made", ["asarray", "variable"])
def test_tensors_belong_to_their_own_backend(backend: Backend, made: str) -> None:
    """Each backend's constants and variables are recognised as its own, the second time too."""
    tensor = getattr(backend, made)(np.ones((2, 3), "float32"), "float32")
    assert selection.backend_of(tensor) is backend
    assert selection.backend_of(tensor) is backend


def test_any_tensor_becomes_an_array(backend: Backend) -> None:
    """`to_numpy` needs no word about whose the tensor is."""
    tensor = backend.asarray(np.array([1.0, 2.0], "float32"), "float32")
    assert selection.to_numpy(tensor).tolist() == [1.0, 2.0]


def test_boxes_of_autograd_belong_to_numpy() -> None:
    """While the NumPy backend differentiates, its traced values are still NumPy's."""
    pytest.importorskip("autograd", reason="the extra `train` is not installed")
    backend = registry.load("numpy")
    owners = []

    def observed(tensors: Sequence[object]) -> tuple[object, None]:
        owners.append(selection.backend_of(tensors[0]).name)
        return backend.functions["sum"](tensors[0]), None

    backend.value_and_grad(observed)([np.ones(3)])
    assert owners == ["numpy"]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        pytest.param([1.0], "builtins.list", id="list"),
        pytest.param(None, "builtins.NoneType", id="None"),
        pytest.param("x", "builtins.str", id="string"),
    ],
)
def test_foreign_values_belong_to_nobody(value: object, kind: str) -> None:
    """Anything else is a TypeError that names its type, the backends and the way out."""
    with pytest.raises(InvalidType, match=rf"(?s)\(.*numpy.*\), received a {kind}. Convert it"):
        selection.backend_of(value)


def test_backends_that_cannot_load_harm_no_other() -> None:
    """A broken backend is mentioned where no owner is found, and ignored where one is."""
    assert selection.backend_of(np.zeros(1)).name == "numpy"
    with pytest.raises(InvalidType, match=r"Could not be asked: .*'another'.*nowhere:x"):
        selection.backend_of(object())
