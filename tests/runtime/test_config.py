"""keras.json and the environment, read into one `Config`."""

from __future__ import annotations

import json
import os
import re
import warnings
from pathlib import Path

import pytest
from places import ROOT

from convdispatch.runtime.config import KEYS, Config, config_path, load_config
from convdispatch.runtime.config_file import SIZE_LIMIT

KERAS_1 = {"image_dim_ordering": "th", "epsilon": 1e-07, "floatx": "float32", "backend": "theano"}
KERAS_2 = {
    "floatx": "float64",
    "epsilon": 1e-05,
    "backend": "tensorflow",
    "image_data_format": "channels_first",
}
KERAS_3 = {
    "floatx": "bfloat16",
    "epsilon": 1e-07,
    "backend": "jax",
    "image_data_format": "channels_last",
    "nnx_enabled": False,
    "max_epochs": None,
    "max_steps_per_epoch": 3,
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Give a path at which no file exists yet."""
    return tmp_path / "keras.json"


def write(file: Path, text: str) -> Path:
    """Put the text into the file and return its path."""
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(
            KERAS_1,
            ("theano", "float32", 1e-7, "channels_first", "tensorflow"),
            id="keras 1",
        ),
        pytest.param(
            KERAS_2,
            ("tensorflow", "float64", 1e-5, "channels_first", "tensorflow"),
            id="keras 2",
        ),
        pytest.param(
            KERAS_3, ("jax", "bfloat16", 1e-7, "channels_last", "tensorflow"), id="keras 3"
        ),
        pytest.param(
            {"convention": "theano"},
            (None, "float32", 1e-7, "channels_last", "theano"),
            id="our own key",
        ),
        pytest.param(
            {"image_dim_ordering": "tf", "image_data_format": "channels_last"},
            (None, "float32", 1e-7, "channels_last", "tensorflow"),
            id="both spellings that agree",
        ),
        pytest.param({}, (None, "float32", 1e-7, "channels_last", "tensorflow"), id="empty"),
        pytest.param(
            {"epsilon": 1}, (None, "float32", 1.0, "channels_last", "tensorflow"), id="integer"
        ),
    ],
)
def test_files_of_every_keras_are_understood(
    file: Path, content: dict[str, object], expected: tuple[object, ...]
) -> None:
    """Each generation's keys arrive under our names, without a warning, the rest is default."""
    config = load_config(write(file, json.dumps(content)), {})
    assert tuple(getattr(config, key) for key in KEYS) == expected


def test_sources_say_where_each_value_came_from(file: Path) -> None:
    """A value's source is the variable, the file or 'default', whichever won."""
    write(file, json.dumps({"backend": "jax", "image_dim_ordering": "th"}))
    config = load_config(file, {"KERAS_BACKEND": "torch", "CONVDISPATCH_FLOATX": "float64"})
    assert dict(config.sources) == {
        "backend": "KERAS_BACKEND",
        "floatx": "CONVDISPATCH_FLOATX",
        "epsilon": "default",
        "image_data_format": str(file),
        "convention": "default",
    }


@pytest.mark.parametrize(
    ("environ", "backend"),
    [
        pytest.param({}, "jax", id="file"),
        pytest.param({"KERAS_BACKEND": "torch"}, "torch", id="KERAS_BACKEND over file"),
        pytest.param(
            {"KERAS_BACKEND": "torch", "CONVDISPATCH_BACKEND": "numpy"},
            "numpy",
            id="CONVDISPATCH_BACKEND over KERAS_BACKEND",
        ),
        pytest.param(
            {"KERAS_BACKEND": "torch", "CONVDISPATCH_BACKEND": ""}, "torch", id="empty is unset"
        ),
        pytest.param({"KERAS_BACKEND": ""}, "jax", id="both unset"),
    ],
)
def test_backend_follows_the_precedence(file: Path, environ: dict[str, str], backend: str) -> None:
    """CONVDISPATCH_BACKEND beats KERAS_BACKEND beats the file; an empty one counts as unset."""
    write(file, '{"backend": "jax"}')
    assert load_config(file, environ).backend == backend


def test_backend_is_not_judged_here(file: Path) -> None:
    """Reading a configuration needs no registry: any name is a name."""
    assert load_config(write(file, '{"backend": "no_such"}'), {}).backend == "no_such"


def test_largest_files_are_read(file: Path) -> None:
    """A file of exactly the limit is accepted."""
    assert load_config(write(file, "{}" + " " * (SIZE_LIMIT - 2)), {}) == Config()


def test_byte_order_mark_is_accepted(file: Path) -> None:
    """The byte order mark of Windows editors is not a part of the JSON."""
    file.write_bytes(b'\xef\xbb\xbf{"backend": "jax"}')
    assert load_config(file, {}).backend == "jax"


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        pytest.param("image_data_fromat", " Did you mean 'image_data_format'?", id="misspelt"),
        pytest.param("dtype_policy", "", id="foreign"),
    ],
)
def test_unknown_keys_warn(file: Path, key: str, hint: str) -> None:
    """An unknown key is ignored with a warning that names it, the file and a close match."""
    write(file, json.dumps({key: 1, "backend": "jax"}))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        config = load_config(file, {})
    assert [str(warning.message) for warning in caught] == [
        f"{file}: the unknown key {key!r} is ignored.{hint}"
    ]
    assert config.backend == "jax"


def test_absent_file_gives_the_defaults(file: Path) -> None:
    """A missing file is not an error, and none is created."""
    assert load_config(file, {}) == Config()
    assert not file.exists()


def test_absent_home_gives_the_defaults(file: Path) -> None:
    """A home that cannot exist, below a regular file, is not an error either."""
    assert load_config(write(file, "{}") / "home" / "keras.json", {}) == Config()


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        pytest.param({"KERAS_HOME": "/k", "HOME": "/h"}, "/k/keras.json", id="KERAS_HOME"),
        pytest.param({"KERAS_HOME": "", "HOME": "/h"}, "/h/.keras/keras.json", id="empty"),
        pytest.param({"HOME": "/h"}, "/h/.keras/keras.json", id="HOME"),
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="the paths are POSIX ones")
def test_keras_home_decides_where_the_file_is(environ: dict[str, str], expected: str) -> None:
    """KERAS_HOME is the folder of keras.json; without it, ~/.keras is."""
    assert config_path(environ) == Path(expected)


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("CONVDISPATCH_BACKENDS", "CONVDISPATCH_BACKEND"),
        ("CONVDISPATCH_NUMPY_THREAD", "CONVDISPATCH_NUMPY_THREADS"),
        ("CONVDISPATCH_AUTO_TUNE", "CONVDISPATCH_AUTOTUNE"),
        ("CONVDISPATCH_FLOTAX", "CONVDISPATCH_FLOATX"),
    ],
)
def test_an_unknown_variable_of_ours_is_warned_of(file: Path, name: str, nearest: str) -> None:
    """A misspelled variable has no effect and gives a warning that names the nearest one."""
    with pytest.warns(UserWarning, match=f"variable {name} is ignored.*Did you mean '{nearest}'"):
        assert load_config(file, {name: "1"}) == Config()


def test_every_variable_that_is_read_is_known(file: Path) -> None:
    """Wherever the packages' sources name one; those of tests and benchmarks by their beginning."""
    root = ROOT
    places = [*(root / "convdispatch").rglob("*.py"), *(root / "backends").rglob("*.py")]
    text = "\n".join(path.read_text("utf-8") for path in places)
    named = set(re.findall(r"\bCONVDISPATCH_[A-Z_]*[A-Z]\b", text))
    assert {"CONVDISPATCH_BACKEND", "CONVDISPATCH_CACHE_HOME"} < named
    page = (root / "docs/reference/configuration.md").read_text("utf-8")
    assert [name for name in sorted(named - PREFIXES) if f"`{name}`" not in page] == []
    values = {"CONVDISPATCH_FLOATX": "float64", "CONVDISPATCH_CONVENTION": "theano"}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_config(file, {name: values.get(name, "1") for name in named | PREFIXED})


PREFIXES = {"CONVDISPATCH_TEST", "CONVDISPATCH_BENCH"}
PREFIXED = {"CONVDISPATCH_TEST_BACKENDS", "CONVDISPATCH_BENCH_PYTHON"}
