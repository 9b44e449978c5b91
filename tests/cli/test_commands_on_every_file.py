"""`inspect` and `convert` on every file of every Keras that the tests have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from places import LEGACY

import convdispatch
from convdispatch import keras1, layers
from convdispatch.cli import main
from convdispatch.cli._file_arguments import DIALECTS, in_options
from convdispatch.models import Sequential

pytest.importorskip("h5py", reason="files in HDF5 need the package h5py")

Capture = pytest.CaptureFixture[str]
_ENDINGS = (".h5", ".keras", ".json")
FILES = sorted(
    path
    for path in LEGACY.glob("*/*")
    if path.suffix in _ENDINGS
    and path.parent.name not in ("graphs", "lambdas")
    and path.name != "refused.json"  # documents that are refused
)
# What a file is converted into: by dialect, and the endings of files of that Keras.
TARGETS = [
    *((dialect, ending) for dialect in DIALECTS for ending in (".h5", ".safetensors", ".json")),
    ("tf_keras", ".keras"),
    ("keras3", ".keras"),
    *((dialect, ".weights.h5") for dialect in DIALECTS),
]
# Why a file may not be said in another Keras's words: only for these reasons.
REASONS = ("cannot hold the layer", "cannot hold the optimizer")


def ids(path: Path) -> str:
    """Return a file's name in a test's."""
    return f"{path.parent.name}-{path.name}"


def architecture_for(path: Path) -> list[str]:
    """Return the arguments that name the architecture of a file of weights."""
    if "weights" not in path.name:
        return []
    stem = path.name.split(".")[0].removesuffix("_weights")
    found = [path.with_name(f"{stem}{one}") for one in (".json", ".keras", ".h5")]
    return ["--architecture", str(next(one for one in found if one.exists()))]


@pytest.mark.parametrize("path", FILES, ids=ids)
def test_a_file_is_described(path: Path, capsys: Capture) -> None:
    """In a text of plain lines, and in JSON that says the same."""
    assert main(["inspect", str(path), "--no-run"]) == 0
    text = capsys.readouterr().out
    assert main(["inspect", str(path), "--no-run", "--json"]) == 0
    printed = capsys.readouterr()
    facts = json.loads(printed.out)
    assert printed.err == ""
    assert facts["format"] in text
    assert text.isprintable() or "\n" in text
    assert not [line for line in text.splitlines() if "None" in line or "Traceback" in line]
    assert facts["has_architecture"] == ("weights" not in path.name)


@pytest.mark.parametrize(("place", "path"), list(enumerate(FILES)), ids=str)
def test_a_file_is_converted_or_says_why_not(
    place: int, path: Path, tmp_path: Path, capsys: Capture
) -> None:
    """Into one format after the other; both models compute the same within rounding."""
    dialect, ending = TARGETS[place % len(TARGETS)]
    if path.suffix == ".json":
        ending = ".json"
    elif architecture_for(path) and ending == ".json":
        ending = ".h5"
    out = tmp_path / f"out{ending}"
    options = ["--to", dialect, "--json", *architecture_for(path)]
    code = main(["convert", str(path), str(out), *options])
    printed = capsys.readouterr()
    assert "Traceback" not in printed.err
    made = [one.name for one in tmp_path.iterdir() if one.is_file() or one.name[0] == "."]
    if code == 0:
        facts = json.loads(printed.out)
        assert facts["written"]
        assert facts["error_in_bounds"] is None or facts["error_in_bounds"] <= 2
        assert made == [out.name]
    else:
        assert code == 2
        assert any(reason in printed.err for reason in REASONS), printed.err
        assert printed.err.count("error:") == 1
        assert made == []


def test_messages_have_the_options_of_the_command(tmp_path: Path, capsys: Capture) -> None:
    """Not the arguments of functions."""
    path = LEGACY / "keras1_theano" / "conv2d_tf.h5"
    assert main(["convert", str(path), str(tmp_path / "out.h5")]) == 0
    warned = capsys.readouterr().err
    assert "`--trained-on tensorflow` is assumed" in warned
    assert "Say `--trained-on`." in warned
    assert "trained_on" not in warned
    assert "dim_ordering=" not in warned
    source = LEGACY / "keras2_theano" / "conv3d_cf.h5"
    assert main(["convert", str(source), str(tmp_path / "o.h5"), "--to", "keras1"]) == 2
    assert "Save with another `--to`" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Say `dim_ordering=`.", "Say `--dim-ordering`."),
        ("`trained_on` says 'theano'", "`--trained-on` says 'theano'"),
        ("Save with dialect='tf_keras' for", "Save with `--to tf_keras` for"),
        ("without, `include_optimizer=False`, or", "without, `--no-training`, or"),
        ("a plain `word`", "a plain `word`"),
    ],
)
def test_words_of_functions_are_options(text: str, wanted: str) -> None:
    """Others stay as they are."""
    assert in_options(text) == wanted


def test_settings_of_training_can_be_left_out(tmp_path: Path, capsys: Capture) -> None:
    """Where the other Keras lacks them, the error says the option."""
    model = Sequential([layers.Dense(1, input_shape=(2,))], backend="numpy")
    model.compile("adamw", "mse")
    model.save(tmp_path / "m.keras")
    command = ["convert", str(tmp_path / "m.keras"), str(tmp_path / "o.h5"), "--to", "keras1"]
    assert main(command) == 2
    assert "`--no-training`" in capsys.readouterr().err
    assert main([*command, "--no-training"]) == 0
    read: Any = convdispatch.load_model(tmp_path / "o.h5", trained_on="tensorflow")
    assert isinstance(read, keras1.models.Sequential)
    assert read.optimizer is None


@pytest.mark.parametrize("dialect", ["keras2", "tf_keras"])
def test_gates_apart_are_turned_round_like_gates_together(
    dialect: str, tmp_path: Path, capsys: Capture
) -> None:
    """Theano's kernels of Keras 1, as weights of the other convention and back."""
    source = LEGACY / "old_more" / "k1_convlstm_th.h5"
    out = tmp_path / "out.weights.h5"
    assert main(["convert", str(source), str(out), "--to", dialect, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["error_in_bounds"] == 0


@pytest.mark.parametrize(
    ("name", "ending"),
    [
        ("k1_branches2", ".weights.h5"),
        ("k1_branches2", ".safetensors"),
        ("k1_frozen", ".weights.h5"),
        ("k1_frozen", ".safetensors"),
    ],
)
@pytest.mark.parametrize("ordering", ["th", "tf"])
def test_models_in_stacks_of_keras_1_stay_in_its_words(
    name: str, ending: str, ordering: str, tmp_path: Path, capsys: Capture
) -> None:
    """Keras 1 lists the layers of branches one by one, and its stacks have no names of models."""
    path, out = LEGACY / "old_more" / f"{name}.h5", tmp_path / f"out{ending}"
    said = ["--trained-on", "theano", "--dim-ordering", ordering, "--json"]
    assert main(["convert", str(path), str(out), "--to", "keras1", *said]) == 0
    assert json.loads(capsys.readouterr().out)["error_in_bounds"] == 0
    model: Any = convdispatch.load_model(
        path, backend="numpy", trained_on="theano", dim_ordering=ordering
    )
    shapes = model.input_shape if isinstance(model.input_shape, list) else [model.input_shape]
    x: Any = [np.ones((2, *shape[1:]), "float32") for shape in shapes]
    x = x if len(x) > 1 else x[0]
    wanted = model.predict(x)
    if ending == ".safetensors":
        model = convdispatch.load_model(out, backend="numpy")
    else:
        model.set_weights([one * 0 for one in model.get_weights()])
        model.load_weights(out, trained_on="theano")
    np.testing.assert_array_equal(model.predict(x), wanted)
