"""`convdispatch config`: what it shows, and the one write that this package does."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from convdispatch.cli import main

Capture = pytest.CaptureFixture[str]
Answer = Callable[..., dict[str, object]]
Failure = Callable[..., str]


def test_config_path_is_printed(answer: Answer, capsys: Capture, keras_json: Path) -> None:
    """`config path` prints the path whether or not a file is there."""
    assert main(["config", "path"]) == 0
    assert capsys.readouterr().out == f"{keras_json}\n"
    assert answer("config", "path") == {"path": str(keras_json), "exists": False}


def test_config_show_says_where_each_value_comes_from(
    answer: Answer, capsys: Capture, keras_json: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each key has its value and its source: the variable, the file or the default."""
    keras_json.write_text('{"floatx": "float64"}', encoding="utf-8")
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    assert answer("config", "show") == {
        "path": str(keras_json),
        "exists": True,
        "settings": {
            "backend": {"value": "jax", "source": "KERAS_BACKEND"},
            "floatx": {"value": "float64", "source": str(keras_json)},
            "epsilon": {"value": 1e-07, "source": "default"},
            "image_data_format": {"value": "channels_last", "source": "default"},
            "convention": {"value": "tensorflow", "source": "default"},
        },
    }
    assert main(["config", "show"]) == 0
    assert f"floatx             float64        {keras_json}\n" in capsys.readouterr().out


def test_config_show_warns_of_unknown_keys(capsys: Capture, keras_json: Path) -> None:
    """The warning is a line of its own on the error stream."""
    keras_json.write_text('{"flaotx": "float64"}', encoding="utf-8")
    assert main(["config", "show"]) == 0
    warned = f"convdispatch: warning: {keras_json}: the unknown key 'flaotx' is ignored."
    assert capsys.readouterr().err == f"{warned} Did you mean 'floatx'?\n"


def test_config_get_prints_one_value(answer: Answer, capsys: Capture) -> None:
    """`config get` prints the bare value, for use in scripts."""
    assert main(["config", "get", "backend"]) == 0
    assert capsys.readouterr().out == "numpy\n"
    expected = {"key": "epsilon", "value": 1e-07, "source": "default"}
    assert answer("config", "get", "epsilon") == expected


@pytest.mark.parametrize("action", [["show"], ["get", "floatx"], ["set", "floatx", "float64"]])
def test_malformed_files_are_one_line_errors(
    failure: Failure, keras_json: Path, action: list[str]
) -> None:
    """A malformed file is reported with its place, and `set` leaves it as it is."""
    keras_json.write_text('{"floatx": }', encoding="utf-8")
    error = failure("config", *action)
    assert f"{keras_json}: line 1, column 12: is not JSON" in error
    assert keras_json.read_text(encoding="utf-8") == '{"floatx": }'


def test_config_set_creates_the_file_and_its_folder(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first `set` makes what is missing and says what it wrote."""
    home = tmp_path / "new" / "home"
    monkeypatch.setenv("KERAS_HOME", str(home))
    assert main(["config", "set", "epsilon", "1e-5"]) == 0
    wrote = f"wrote epsilon = 1e-05 to {home / 'keras.json'} (it was None)\n"
    assert capsys.readouterr().out == wrote
    assert json.loads((home / "keras.json").read_text(encoding="utf-8")) == {"epsilon": 1e-5}


def test_config_set_keeps_other_keys_and_their_order(answer: Answer, keras_json: Path) -> None:
    """Only the one value changes: unknown keys, their order and odd values stay."""
    before = {"zeta": [1, "ä"], "floatx": "float16", "backend": "theano", "alpha": None}
    keras_json.write_text(json.dumps(before), encoding="utf-8")
    assert answer("config", "set", "floatx", "float64") == {
        "path": str(keras_json),
        "key": "floatx",
        "value": "float64",
        "previous": "float16",
        "overridden_by": None,
    }
    after = json.loads(keras_json.read_text(encoding="utf-8"))
    assert list(after.items()) == list({**before, "floatx": "float64"}.items())


def test_config_set_leaves_no_other_file(answer: Answer, keras_json: Path) -> None:
    """The temporary file of the atomic write is gone afterwards, and the mode is kept."""
    keras_json.write_text("{}", encoding="utf-8")
    keras_json.chmod(0o640)
    answer("config", "set", "convention", "theano")
    assert list(keras_json.parent.iterdir()) == [keras_json]
    assert keras_json.stat().st_mode & 0o777 == 0o640


def test_config_set_writes_through_a_symbolic_link(
    answer: Answer, keras_json: Path, tmp_path: Path
) -> None:
    """A keras.json that is linked into place stays a link."""
    real = tmp_path / "dotfiles.json"
    real.write_text('{"backend": "jax"}', encoding="utf-8")
    keras_json.symlink_to(real)
    answer("config", "set", "floatx", "float16")
    assert keras_json.is_symlink()
    assert json.loads(real.read_text(encoding="utf-8")) == {"backend": "jax", "floatx": "float16"}


def test_config_set_keeps_both_spellings_of_the_data_format_in_step(
    answer: Answer, keras_json: Path
) -> None:
    """A Keras 1 file stays readable: its own key follows the new value."""
    keras_json.write_text('{"image_dim_ordering": "tf"}', encoding="utf-8")
    answer("config", "set", "image_data_format", "channels_first")
    after = json.loads(keras_json.read_text(encoding="utf-8"))
    assert after == {"image_dim_ordering": "th", "image_data_format": "channels_first"}
    assert answer("config", "get", "image_data_format")["value"] == "channels_first"


def test_config_set_says_when_a_variable_overrides_it(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A written value that is not in force gives a warning."""
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    assert main(["config", "set", "backend", "numpy"]) == 0
    assert "variable KERAS_BACKEND overrides it" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        pytest.param("floatx", "float8", "`floatx` cannot be 'float8'. Give one of", id="floatx"),
        pytest.param("epsilon", "tiny", "`epsilon` cannot be 'tiny'", id="word"),
        pytest.param("epsilon", "nan", "`epsilon` cannot be 'nan'", id="nan"),
        pytest.param("epsilon", "0", "`epsilon` cannot be '0'", id="zero"),
        pytest.param("backend", "theano", "no backend named 'theano'", id="theano"),
        pytest.param("backend", "", "`backend` cannot be ''", id="empty"),
        pytest.param("convention", "keras", "`convention` cannot be 'keras'", id="convention"),
    ],
)
def test_config_set_validates_before_it_writes(
    failure: Failure, keras_json: Path, key: str, value: str, message: str
) -> None:
    """A value that would be refused when read is never written."""
    assert message in failure("config", "set", key, value)
    assert not keras_json.exists()


def test_config_set_reports_an_unwritable_place(
    answer: Answer, failure: Failure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Writing to a home that cannot exist is a clear error; reading from it is not."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "file" / "home"))
    assert answer("config", "get", "backend")["value"] == "numpy"
    error = failure("config", "set", "floatx", "float64")
    assert "cannot be written: Not a directory; nothing was changed." in error


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="permissions do not bind root"
)
def test_config_set_reports_a_read_only_home(
    answer: Answer, failure: Failure, keras_json: Path
) -> None:
    """Reading a read-only home works; writing into it says that nothing was changed."""
    keras_json.write_text("{}", encoding="utf-8")
    keras_json.parent.chmod(0o500)
    assert answer("config", "get", "backend")["value"] == "numpy"
    error = failure("config", "set", "floatx", "float64")
    keras_json.parent.chmod(0o700)
    assert "cannot be written: Permission denied; nothing was changed." in error
