"""What `export` refuses, how it writes, and targets of a third party."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convdispatch import Model, Sequential, layers
from convdispatch.errors import (
    InvalidArgument,
    InvalidShape,
    PackageMissing,
    PluginError,
    UnsupportedOp,
)
from convdispatch.hookspecs import hookimpl
from convdispatch.programs import ExporterInfo, Program
from convdispatch.registry import registry


class Listing:
    """An exporter of a third party: the names of a program's instructions, as a text."""

    is_folder = False

    def supports(self, op: Any, signature: Any) -> bool:
        """Take every op."""
        return True

    def export(self, program: Program) -> list[str]:
        """Return the names."""
        return [one.name for one in program.instructions]

    def write(self, program: Program, path: Path) -> None:
        """Write the names, one a line."""
        path.write_text("\n".join(self.export(program)))


class Folders(Listing):
    """The same, in a folder."""

    is_folder = True

    def write(self, program: Program, path: Path) -> None:
        """Write the names into a file of a new folder."""
        path.mkdir()
        (path / "names.txt").write_text("\n".join(self.export(program)))


class Failing(Listing):
    """An exporter that fails after half of its work."""

    def write(self, program: Program, path: Path) -> None:
        """Write half of a file."""
        path.write_text("half")
        raise ValueError("no more")


listing, folders, failing = Listing(), Folders(), Failing()


class Plugin:
    """A plugin with three targets, and one whose framework is missing."""

    @hookimpl
    def convdispatch_exporters(self) -> list[ExporterInfo]:
        """Describe them."""
        return [
            ExporterInfo(name=name, framework=framework, load=f"{__name__}:{name}", install="pip")
            for name, framework in (
                ("listing", "json"),
                ("folders", "json"),
                ("failing", "json"),
                ("absent", "no_such_package"),
            )
        ]


@pytest.fixture(autouse=True)
def plugin() -> Iterator[None]:
    """Register the plugin for one test."""
    own = Plugin()
    registry.register(own)
    yield
    registry.unregister(own)


def small(**options: Any) -> Sequential:
    """Return a model of one layer."""
    layer = layers.Dense(2, input_shape=(3,), name="dense", **options)
    return Sequential([layer], name="small", backend="numpy")


def test_a_plugin_offers_a_target() -> None:
    """It gets the program of the model, op by op."""
    assert small(activation="softsign").export("listing") == ["dense", "abs", "add", "divide"]


def test_an_unknown_target_is_named_beside_the_known_ones() -> None:
    """In one message."""
    with pytest.raises(InvalidArgument, match=r"one of .*'listing'.*received 'tf-lite'"):
        small().export("tf-lite")


def test_a_missing_package_is_said_with_its_installation() -> None:
    """Before the model is recorded."""
    with pytest.raises(PackageMissing, match=r"'absent' needs the package.*`pip`"):
        small().export("absent")


def test_two_plugins_of_one_target_are_an_error() -> None:
    """As two backends of one name are."""
    second = Plugin()
    registry.register(second)
    try:
        with pytest.raises(PluginError, match="two plugins export to 'listing'"):
            small().export("listing")
    finally:
        registry.unregister(second)


def test_a_stateful_layer_is_named() -> None:
    """With what to do."""
    layer = layers.LSTM(2, stateful=True, batch_input_shape=(2, 4, 3), name="memory")
    model = Sequential([layer], backend="numpy")
    with pytest.raises(UnsupportedOp, match=r"LSTM 'memory' cannot be exported.*stateful=False"):
        model.export("listing")


def test_a_function_of_numbers_is_named() -> None:
    """One that asks NumPy for the numbers of its input."""
    x = layers.Input((3,), name="x")
    layer = layers.Lambda(lambda x: np.asarray(x) + 1, output_shape=(3,), name="own")
    model = Model(x, layer(x))
    with pytest.raises(UnsupportedOp, match=r"Lambda 'own' cannot be exported.*no numbers"):
        model.export("listing")


def test_an_unknown_size_is_named() -> None:
    """Other than that of the batch."""
    x = layers.Input((None, 3), name="words")
    model = Model(x, layers.Conv1D(2, 2, backend="numpy")(x))
    with pytest.raises(InvalidShape, match=r"input 'words'.*\(None, None, 3\)"):
        model.export("listing")


def test_a_model_that_is_not_built_cannot_be_exported() -> None:
    """It has no weights."""
    with pytest.raises(InvalidShape, match="does not know its input shape"):
        Sequential([layers.Dense(2)], backend="numpy").export("listing")


@pytest.mark.parametrize("target", ["listing", "folders"])
def test_what_exists_is_replaced_unless_told_otherwise(target: str, tmp_path: Path) -> None:
    """As `save_weights` does."""
    path = tmp_path / "exports" / "model"
    path.parent.mkdir()
    small().export(target, path)
    small(activation="softsign").export(target, path)
    text = (path if path.is_file() else path / "names.txt").read_text()
    assert text == "dense\nabs\nadd\ndivide"
    with pytest.raises(InvalidArgument, match="exists"):
        small().export(target, path, overwrite=False)
    assert list(path.parent.iterdir()) == [path]


def test_a_failure_leaves_the_old_file(tmp_path: Path) -> None:
    """And nothing beside it."""
    path = tmp_path / "exports" / "model"
    path.parent.mkdir()
    path.write_text("old")
    with pytest.raises(PluginError, match=r"'small' could not be exported to 'failing'.*no more"):
        small().export("failing", path)
    assert path.read_text() == "old"
    assert list(path.parent.iterdir()) == [path]


def test_a_folder_with_other_files_is_not_replaced(tmp_path: Path) -> None:
    """They would be lost."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter.txt").write_text("dear")
    with pytest.raises(OSError, match=r"'letter.txt', which would be lost"):
        small().export("folders", tmp_path / "home")
    assert (tmp_path / "home" / "letter.txt").read_text() == "dear"


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    """Not the draft's."""
    with pytest.raises(FileNotFoundError, match="no such folder") as found:
        small().export("listing", tmp_path / "missing" / "model")
    assert found.value.filename == str(tmp_path / "missing")


def test_the_model_is_as_it_was() -> None:
    """A recording changes neither weights nor plans, and leaves no backend behind."""
    model = small()
    before, plans = model.get_weights(), model.plans()
    model.export("listing")
    assert model.plans() == plans
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    assert not [one for one in registry.loaded() if one.name.startswith("recorder")]


def test_no_plugin_computes_for_a_recording(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its functions take tensors of a framework; nor is anything measured, where tuning is on."""

    class Offering:
        @hookimpl
        def convdispatch_lower(self, backend: Any, op: Any, signature: Any) -> Any:
            assert not backend.name.startswith("recorder")

    own = Offering()
    registry.register(own)
    monkeypatch.setenv("CONVDISPATCH_AUTOTUNE", "1")
    try:
        assert small().export("listing") == ["dense"]
        assert not registry.left_out()
    finally:
        registry.unregister(own)


def test_half_precision_is_rounded_once_by_each_op() -> None:
    """A program computes it in float32, as our backends do, whatever its target would do."""
    model = Sequential(
        [layers.Dense(2, input_shape=(3,), dtype="float16", name="dense")], backend="numpy"
    )
    assert model.export("listing") == ["cast", "cast", "cast", "dense", "cast"]


def test_a_model_is_exported_from_its_current_weights() -> None:
    """Not from those that it had when it was exported before."""
    torch = pytest.importorskip("torch")
    model = small()
    model.export("torch")
    model.set_weights([np.ones((3, 2)), np.zeros(2)])
    y = model.export("torch")(torch.ones(1, 3))
    assert y.tolist() == [[3.0, 3.0]]


HOSTILE = 'a"""\nraise SystemExit("code of a name ran")\n#'


@pytest.mark.parametrize(("target", "package"), [("torch", "torch"), ("jax", "jax")])
def test_a_hostile_name_stays_a_name(target: str, package: str, tmp_path: Path) -> None:
    """A file may choose the names of its model and its layers; in a source they are no code."""
    pytest.importorskip(package)
    layer = layers.Dense(2, input_shape=(3,), name=HOSTILE, activation="softsign")
    model = Sequential([layer], name=HOSTILE, backend="numpy")
    model.export(target)
    model.export(target, tmp_path / "out")
    compile((tmp_path / "out" / "model.py").read_text(), "model.py", "exec")
    scope: dict[str, Any] = {"__name__": "model", "__file__": str(tmp_path / "out" / "model.py")}
    exec((tmp_path / "out" / "model.py").read_text(), scope)
    scope["load"]()
