"""`convdispatch picture`: a layer written as in a script, drawn without running any code."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from window_pictures import read

from convdispatch.cli import main

DILATED = "Conv2D(4, 3, strides=2, padding='same', dilation_rate=2)"


def test_a_layer_is_drawn_into_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And told in words."""
    target = tmp_path / "conv.svg"
    assert main(["picture", DILATED, "--input", "9x9", "-o", str(target)]) == 0
    (shown,) = read(target.read_text("utf-8"))
    assert (shown.input.sizes, shown.output.sizes) == ((9, 9), (5, 5))
    assert shown.input.cells["first"] == {(y, x) for y in (-2, 0, 2) for x in (-2, 0, 2)}
    told = capsys.readouterr().out
    assert "reads rows \N{MINUS SIGN}2, 0 and 2" in " ".join(told.split())
    assert told.endswith(f"wrote {target}\n")


def test_a_layer_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a file the picture is the output, in ASCII, whatever a terminal's encoding is."""
    assert main(["picture", DILATED, "--input", "9x9", "--output", "2,3"]) == 0
    printed = capsys.readouterr().out
    assert printed.isascii()
    (shown,) = read(printed)
    assert shown.output.cells["chosen"] == {(2, 3)}
    assert shown.input.cells["chosen"] == {(y, x) for y in (2, 4, 6) for x in (4, 6, 8)}


def test_keras_1_s_names_and_one_convention(capsys: pytest.CaptureFixture[str]) -> None:
    """Theano's pads alone, with the numbers that the README has for both conventions."""
    text = "Convolution1D(1, 3, border_mode='same', subsample_length=2)"
    arguments = ["picture", text, "--input", "4", "--keras", "1", "--values"]
    assert main([*arguments, "--convention", "theano"]) == 0
    (shown,) = read(capsys.readouterr().out)
    assert shown.kernel == {(0,): "100", (1,): "10", (2,): "1"}
    assert shown.output.numbers == {(0,): "12", (1,): "234"}
    assert main(arguments) == 0
    tensorflow, _theano = read(capsys.readouterr().out)
    assert tensorflow.output.numbers == {(0,): "321", (1,): "43"}


def test_a_wrapper_and_json(capsys: pytest.CaptureFixture[str]) -> None:
    """A layer inside of another one; the picture in the JSON is whole."""
    text = "layers.TimeDistributed(layers.Conv2D(1, 3))"
    assert main(["picture", text, "--input", "5x6", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["summary"].endswith(
        "5 \N{MULTIPLICATION SIGN} 6 cells become 3 \N{MULTIPLICATION SIGN} 4"
    )
    assert ET.fromstring(told["svg"]).tag.endswith("svg")


WRONG = {
    "no-layer": ("Conv2(1, 2)", "4x4", "no layer 'Conv2'. Did you mean Conv2D"),
    "code": ("__import__('os').system('true')", "4x4", "no name of a layer"),
    "a-sum": ("Conv2D(4, 1 + 2)", "4x4", "'1 + 2' is neither a literal nor a layer"),
    "no-call": ("Conv2D", "4x4", "no call of a layer"),
    "unclosed": ("Conv2D(4, 3", "4x4", "was never closed"),
    "deep": ("(" * 2000, "4x4", "is no layer"),
    "long": ("C" * 20_000, "4x4", "at most 10000 characters"),
    "stars": ("Conv2D(**{})", "4x4", "`**` stands for no argument"),
    "missing": ("Conv2D()", "4x4", "Conv2D: missing 2 required positional arguments"),
    "unknown": ("Conv2D(1, 2, size=3)", "4x4", "takes no keyword argument `size`"),
    "not-a-layer": ("Input((3,))", "4x4", "no layer 'Input'"),
    "no-window": ("Dense(3)", "nonex4", "received Dense 'dense"),
    "too-small": ("Conv2D(1, 5)", "4x4", "the output would have 0 cells"),
    "too-few-axes": ("Conv2D(1, 2)", "4", "takes inputs with 4 axes"),
    "unknown-size": ("Conv2D(1, 2)", "nonexnonex4x1", "needs to know every size"),
    "no-number": ("Conv2D(1, 2)", "4xx4", "`--input` takes whole numbers, such as 9x9"),
    "too-large": ("Conv1D(1, 2)", "99999999999", "too large"),
}


@pytest.mark.parametrize(("layer", "sizes", "message"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_drawn_is_told(
    layer: str, sizes: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one line, with status 2, as the frontend says it."""
    assert main(["picture", layer, "--input", sizes]) == 2
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1
    assert message in said


@pytest.mark.parametrize("cell", ["5,5", "x", "1", ""])
def test_a_cell_that_the_output_lacks_is_told(
    cell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The output of this one has 5 cells an axis."""
    assert main(["picture", DILATED, "--input", "9x9", "--output", cell]) == 2
    assert "output` " in capsys.readouterr().err
