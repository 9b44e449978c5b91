"""The errors of an invalid keras.json and of invalid variables."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from convdispatch.errors import ConfigError, InvalidArgument, InvalidType
from convdispatch.runtime.config import check_value, load_config
from convdispatch.runtime.config_file import SIZE_LIMIT


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Give a path at which no file exists yet."""
    return tmp_path / "keras.json"


def write(file: Path, text: str) -> Path:
    """Put the text into the file and return its path."""
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        pytest.param(
            {"CONVDISPATCH_CONVENTION": "thaeno"},
            r"variable CONVDISPATCH_CONVENTION: `convention` cannot be 'thaeno'.*mean 'theano'",
            id="convention",
        ),
        pytest.param(
            {"CONVDISPATCH_FLOATX": "float8"},
            r"variable CONVDISPATCH_FLOATX: `floatx` cannot be 'float8'.*'bfloat16'",
            id="floatx",
        ),
    ],
)
def test_bad_variables_are_named(file: Path, environ: dict[str, str], message: str) -> None:
    """An unusable variable is an error that names it and lists what is allowed."""
    with pytest.raises(ConfigError, match=message):
        load_config(file, environ)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("", r"line 1, column 1: is not JSON", id="empty file"),
        pytest.param('{\n  "backend": jax\n}', r"line 2, column 14: is not JSON", id="unquoted"),
        pytest.param('{"backend": "jax",}', r"line 1, column 1[89]: is not JSON", id="comma"),
        pytest.param("[1, 2]", r"one JSON object.*received a JSON array", id="array"),
        pytest.param('"jax"', r"received a JSON string", id="string"),
        pytest.param("null", r"received a JSON null", id="null"),
        pytest.param("true", r"received a JSON boolean", id="boolean"),
        pytest.param("3", r"received a JSON number", id="number"),
        pytest.param("[" * 50_000, r"is nested too deeply \(maximum recursion", id="deep"),
        pytest.param(
            '{"epsilon": 1' + "0" * 5000 + "}", r"holds a number that is too long", id="long"
        ),
        pytest.param('{\n"epsilon": NaN}', r"line 2, column 12: NaN is not JSON", id="NaN"),
        pytest.param(
            '{"floatx": "float16",\n "floatx": "float32"}',
            r"line 2, column 2: the key 'floatx' is written more than once",
            id="twice",
        ),
        pytest.param(
            '{\n  "floatx": "float8"}',
            r"line 2, column 3: `floatx` cannot be 'float8'. Give one of 'float16', 'bfloat16'",
            id="floatx value",
        ),
        pytest.param('{"floatx": 32}', r"`floatx` must be a string, received 32", id="floatx type"),
        pytest.param('{"epsilon": "1"}', r"`epsilon` must be a number, received '1'", id="epsilon"),
        pytest.param('{"epsilon": true}', r"must be a number, received True", id="boolean epsilon"),
        pytest.param('{"epsilon": 0}', r"`epsilon` cannot be 0.*positive", id="zero epsilon"),
        pytest.param('{"epsilon": -1e-7}', r"`epsilon` cannot be -1e-07", id="negative epsilon"),
        pytest.param('{"epsilon": 1e999}', r"`epsilon` cannot be inf", id="infinite epsilon"),
        pytest.param('{"epsilon": 1' + "0" * 400 + "}", r"`epsilon` cannot be 10", id="overflow"),
        pytest.param('{"backend": null}', r"`backend` must be a string, received None", id="None"),
        pytest.param('{"backend": ""}', r"`backend` cannot be ''", id="empty backend"),
        pytest.param(
            '{"image_data_format": "th"}', r"`image_data_format` cannot be 'th'", id="mixed"
        ),
        pytest.param(
            '{"image_dim_ordering": "channels_last"}',
            r"`image_dim_ordering` cannot be 'channels_last'. Give one of 'tf', 'th'",
            id="dim ordering",
        ),
        pytest.param('{"image_dim_ordering": []}', r"cannot be \[\]", id="unhashable"),
        pytest.param(
            '{"image_data_format": "channels_last",\n"image_dim_ordering": "th"}',
            r"line 2, column 1: `image_dim_ordering` 'th' contradicts.*means 'channels_first'",
            id="contradiction",
        ),
        pytest.param('{"convention": "keras"}', r"cannot be 'keras'.*'theano'", id="convention"),
    ],
)
def test_bad_files_are_refused_with_their_place(file: Path, text: str, message: str) -> None:
    """The error names the file and the place, what was received and what is allowed."""
    with pytest.raises(ConfigError, match=rf"(?s)keras\.json: .*({message})"):
        load_config(write(file, text), {})


def test_oversized_files_are_not_read(file: Path) -> None:
    """A file beyond the limit is refused by its size, even where its content is fine."""
    write(file, "{}" + " " * SIZE_LIMIT)
    with pytest.raises(ConfigError, match=rf"is {SIZE_LIMIT + 2} bytes long, at most {SIZE_LIMIT}"):
        load_config(file, {})


def test_invalid_utf8_is_placed(file: Path) -> None:
    """A file in another encoding is an error that says where it stops being UTF-8."""
    file.write_bytes(b'{"backend":\n "j\xe4x"}')
    with pytest.raises(ConfigError, match=r"line 2, column 4: is not UTF-8 text: byte 0xe4"):
        load_config(file, {})


def test_directories_are_refused(file: Path) -> None:
    """Something that is not a file is an error rather than silence."""
    file.mkdir()
    with pytest.raises(ConfigError, match=r"keras\.json: is not a regular file"):
        load_config(file, {})


def test_pipes_are_refused_without_waiting(file: Path) -> None:
    """A named pipe would block for ever; it is refused by its kind."""
    if not hasattr(os, "mkfifo"):
        pytest.skip("this platform has no named pipes")
    os.mkfifo(file)
    with pytest.raises(ConfigError, match=r"is not a regular file"):
        load_config(file, {})


def test_symbolic_link_loops_are_refused(file: Path) -> None:
    """A path that the system cannot resolve is an error that says why."""
    file.symlink_to(file)
    with pytest.raises(ConfigError, match=r"keras\.json: cannot be read: "):
        load_config(file, {})


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="permissions do not bind root"
)
def test_unreadable_files_are_named(file: Path) -> None:
    """An existing file that may not be read is an error, not a silent default."""
    write(file, "{}").chmod(0)
    with pytest.raises(ConfigError, match=r"keras\.json: cannot be read: Permission denied"):
        load_config(file, {})


@pytest.mark.parametrize(
    ("key", "value", "error"),
    [
        pytest.param("floatx", "half", InvalidArgument, id="value"),
        pytest.param("floatx", None, InvalidType, id="kind"),
        pytest.param("epsilon", float("nan"), InvalidArgument, id="nan"),
        pytest.param("epsilon", 1j, InvalidType, id="complex"),
    ],
)
def test_check_value_tells_kind_from_value(key: str, value: object, error: type[Exception]) -> None:
    """A wrong kind is a TypeError, a wrong value a ValueError."""
    with pytest.raises(error, match=f"`{key}`"):
        check_value(key, value)
