"""`convdispatch inspect`: what a file is, what is suspicious, and what it computes."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from places import LEGACY

import convdispatch
from convdispatch import layers, models
from convdispatch.cli import main
from convdispatch.cli._file_facts import facts_of
from convdispatch.saving import checkpoint
from convdispatch.saving.recognising import read_checkpoint

Capture = pytest.CaptureFixture[str]
Answer = Callable[..., dict[str, Any]]
Failure = Callable[..., str]
WHOLE = sorted(
    path
    for keras in ("keras1_theano", "keras2_theano", "tfkeras_tensorflow", "keras3")
    for ending in ("h5", "keras")
    for path in (LEGACY / keras).glob(f"*.{ending}")
    if "weights" not in path.name
)
OLD = LEGACY / "keras1_theano" / "conv2d_th.h5"


def test_a_file_of_keras_1_is_described(answer: Answer) -> None:
    """By the words of the file: each layer, its arrays and what it does not say."""
    found = answer("inspect", str(OLD), "--no-run")
    assert (found["format"], found["keras_version"]) == ("Keras 1 model (.h5)", "1.2.2")
    assert (found["convention"], found["unsaid"]) == (None, ["trained_on", "dim_ordering"])
    assert found["architecture"] == "Sequential of 13 layers"
    assert (found["arrays"], found["runs"]) == (13, [])
    first = found["layers"][0]
    assert (first["name"], first["kind"], first["depth"]) == ("convolution2d_1", "Convolution2D", 0)
    assert first["arrays"] == [
        {"name": "convolution2d_1_W", "shape": [4, 2, 3, 3], "dtype": "float32"},
        {"name": "convolution2d_1_b", "shape": [4], "dtype": "float32"},
    ]
    assert "which backend trained it" in found["suspicious"][0]
    assert "the axes of 'zeropadding2d_1'" in found["suspicious"][1]


@pytest.mark.parametrize("path", WHOLE, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_every_file_is_described_whole(path: Path) -> None:
    """All weights that the real Keras listed, each at its layer, and nothing strange."""
    facts = facts_of(read_checkpoint(path), path)
    with np.load(path.with_suffix(".npz")) as arrays:
        weights = [arrays[name] for name in arrays if name[0] == "w" and name[1:].isdigit()]
    assert facts.arrays == len(weights)
    assert facts.numbers == sum(array.size for array in weights)
    assert all(layer.kind is not None for layer in facts.layers)
    allowed = ("which backend trained it", "the order of the axes", "Theano trained it")
    allowed += ("training begins anew",) if path.parent.name == "keras3" else ()
    assert [one for one in facts.suspicious if not any(word in one for word in allowed)] == []


def test_each_assumption_is_computed(answer: Answer) -> None:
    """The file is Theano's: only its own padding fits, and the other backend differs."""
    runs = answer("inspect", str(OLD))["runs"]  # without being asked: it is small
    said = [(run["trained_on"], run["dim_ordering"]) for run in runs]
    assert said == [
        *(("theano", "th"), ("theano", "tf")),
        *(("tensorflow", "th"), ("tensorflow", "tf")),
    ]
    assert [run["shapes"] for run in runs] == [[[2, 5]], [], [[2, 5]], []]
    assert runs[0]["difference"] is None
    assert runs[2]["difference"] > 0.01
    assert "do not fit" in runs[1]["reason"]


def test_what_is_computed_is_the_models(answer: Answer) -> None:
    """The numbers are those of `load_model` with the same words."""
    (run,) = answer("inspect", str(LEGACY / "keras2_theano" / "conv2d_cl.h5"), "--run")["runs"]
    model: Any = convdispatch.load_model(
        LEGACY / "keras2_theano" / "conv2d_cl.h5", backend="numpy", compile=False
    )
    x = np.random.default_rng(0).standard_normal(run["inputs"][0]).astype("float32")
    outputs = model.predict(x, verbose=0)
    assert run["shapes"] == [list(outputs.shape)]
    np.testing.assert_allclose(run["first"], outputs.ravel()[:3], rtol=1e-6)
    assert run["deviation"] == pytest.approx(outputs.std(), rel=1e-5)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        pytest.param(
            "keras2_theano/conv2d_cf.h5", "Theano trained it: its kernels are the other way round",
            id="Theano's file of Keras 2",
        ),
        pytest.param("keras3/conv2d_cf.keras", "", id="nothing"),
    ],
)  # fmt: skip
def test_what_is_suspicious_is_said(capsys: Capture, name: str, words: str) -> None:
    """In a list of its own, if there is anything."""
    assert main(["inspect", str(LEGACY / name)]) == 0
    printed = capsys.readouterr().out
    assert words in printed
    assert ("Suspicious:" in printed) == bool(words)


def test_the_table_has_a_line_for_each_array(capsys: Capture) -> None:
    """With the layer's name and class before its first one."""
    assert main(["inspect", str(LEGACY / "keras3" / "trained.keras")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "written by: Keras 3.15.1"
    assert "optimizer: 14 arrays of its state" in lines
    place = next(i for i, line in enumerate(lines) if line.startswith("c1"))
    assert lines[place].split() == ["c1", "Conv2D", "layers/conv2d/0", "3x3x1x4", "float32"]
    assert lines[place + 1].split() == ["layers/conv2d/1", "4", "float32"]


@pytest.mark.parametrize(
    ("name", "architecture", "arrays"),
    [
        ("keras1_theano/conv1d_weights.h5", False, True),
        ("keras3/conv2d_cf.weights.h5", False, True),
        ("keras2_theano/conv1d.json", True, False),
    ],
)
def test_files_of_one_half_are_described(
    answer: Answer, name: str, architecture: bool, arrays: bool
) -> None:
    """Weights alone or an architecture alone; neither can be run."""
    found = answer("inspect", str(LEGACY / name), "--run")
    assert found["has_architecture"] == architecture
    assert (found["arrays"] > 0) == arrays
    assert found["runs"] == []


def test_nested_layers_have_paths(tmp_path: Path, answer: Answer) -> None:
    """A model in a model, with the arrays of each of its layers."""
    pytest.importorskip("h5py", reason="it writes HDF5")
    inner = models.Sequential(
        [layers.Dense(2, input_shape=(3,), name="inside")], name="block", backend="numpy"
    )
    outer = models.Sequential([inner, layers.Dense(1, name="head")], backend="numpy")
    outer.save(tmp_path / "nested.keras")
    found = answer("inspect", str(tmp_path / "nested.keras"))
    described = {one["name"]: (one["depth"], len(one["arrays"])) for one in found["layers"]}
    assert described["head"] == (0, 2)
    assert described["block/inside"] == (1, 2)
    assert found["arrays"] == 4
    assert found["suspicious"] == []


def test_classes_of_the_users_and_strange_arrays_are_suspicious(
    tmp_path: Path, answer: Answer
) -> None:
    """They decide whether the file can be loaded."""
    path = tmp_path / "own.json"
    path.write_text(
        '{"class_name": "Sequential", "keras_version": "2.2.4", "config": ['
        '{"class_name": "Swish2", "config": {"name": "a"}},'
        '{"class_name": "Lambda", "config": {"name": "b"}},'
        '{"class_name": "Dense", "config": {"name": "b", "units": 1}}]}'
    )
    doubts = answer("inspect", str(path))["suspicious"]
    assert doubts == [
        "it has code in 'b', which is never run from a file: give the functions, "
        "`load_model(..., custom_objects={'b': function, ...})`",
        "it has classes that no Keras has: 'Swish2'; say `custom_objects=`",
        "several of its layers have one name: 'b'",
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"version https://git-lfs.github.com/spec/v1\n", "pointer of Git LFS"),
        (b"\x89HDF\r\n\x1a\n", "is cut"),
        (b"import keras\n", "other.h5"),
        (None, "No such file"),
    ],
    ids=["empty", "LFS", "cut", "text", "missing"],
)
def test_what_no_keras_wrote_is_one_line(
    tmp_path: Path, failure: Failure, content: bytes | None, words: str
) -> None:
    """And exit status 2."""
    path = tmp_path / "other.h5"
    if content is not None:
        path.write_bytes(content)
    assert words in failure("inspect", str(path))


def test_no_array_is_read(monkeypatch: pytest.MonkeyPatch, answer: Answer) -> None:
    """Whatever the size of the file."""

    def refuse(*arguments: object, **keywords: object) -> None:
        raise AssertionError("an array is read")

    made = checkpoint.StoredArray.__init__

    def init(self: Any, name: str, shape: Any, dtype: str, read: object) -> None:
        made(self, name, shape, dtype, refuse)  # type: ignore[arg-type]  # which never returns

    monkeypatch.setattr(checkpoint.StoredArray, "__init__", init)
    for name in ("keras1_theano/trained.h5", "keras3/trained.keras", "keras3/trained.weights.h5"):
        assert answer("inspect", str(LEGACY / name), "--no-run")["arrays"] > 0


def test_a_large_file_takes_half_a_second_beside_python(tmp_path: Path) -> None:
    """500 MB of zeros in a sparse archive: the time is that of starting, and of the structure."""
    path = tmp_path / "large.safetensors"
    head = b'{"a/kernel":{"dtype":"F32","shape":[12500,10000],"data_offsets":[0,500000000]}}'
    with path.open("wb") as stream:
        stream.write(len(head).to_bytes(8, "little") + head)
        stream.truncate(8 + len(head) + 500_000_000)

    def seconds(*command: str) -> float:
        program = (
            "import resource, subprocess, sys\n"
            "subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)\n"
            "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
            "print(used.ru_utime + used.ru_stime)"
        )
        done = subprocess.run(
            [sys.executable, "-c", program, sys.executable, *command],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return float(done.stdout)

    inspecting = min(seconds("-m", "convdispatch", "inspect", str(path)) for _ in range(3))
    assert inspecting - min(seconds("-c", "") for _ in range(3)) <= 0.5


def test_an_untrusted_file_is_read_apart(answer: Answer) -> None:
    """By HDF5's own library, in a process of its own: the same is found."""
    pytest.importorskip("h5py", reason="that process needs it")
    path = str(LEGACY / "keras2_theano" / "conv1d.h5")
    assert answer("inspect", path, "--untrusted", "--run") == answer("inspect", path, "--run")


def test_nothing_is_unpacked(tmp_path: Path, failure: Failure) -> None:
    """An archive that is no model's stays closed."""
    path = tmp_path / "a.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../evil", "x")
    assert "a.keras" in failure("inspect", str(path))
    assert not (tmp_path.parent / "evil").exists()
