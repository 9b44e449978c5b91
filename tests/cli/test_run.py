"""`convdispatch run`: scripts of Keras 1 and 2, unchanged, on our façades."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from places import ROOT

Failure = Callable[..., str]


def ran(
    script: Path, *arguments: str, api: str = "keras2", given: str = "", **environ: str
) -> subprocess.CompletedProcess[str]:
    """Run a script by the command, on NumPy, in a process of its own."""
    command = [sys.executable, "-m", "convdispatch", "run", "--api", api, "--backend", "numpy"]
    return subprocess.run(
        [*command, str(script), *arguments],
        env={**os.environ, **environ},
        input=given,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that writes a script."""

    def write(text: str) -> Path:
        path = tmp_path / "scripts" / "old.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_a_script_is_run_as_by_python(script: Callable[[str], Path]) -> None:
    """Its arguments, standard input, folder, name and exit status are its own."""
    path = script(
        "import sys\n"
        "from beside import word\n"
        "print(sys.argv[1:], input(), word, __name__, __file__ == sys.argv[0])\n"
        "print('to stderr', file=sys.stderr)\n"
        "sys.exit(7)\n"
    )
    (path.parent / "beside.py").write_text("word = 'found'\n", encoding="utf-8")
    done = ran(path, "--api", "a b", given="typed\n")
    assert done.returncode == 7
    assert done.stdout == "['--api', 'a b'] typed found __main__ True\n"
    assert done.stderr == "to stderr\n"


@pytest.mark.parametrize("api", ["keras1", "keras2"])
def test_keras_is_the_facade(api: str, script: Callable[[str], Path], tmp_path: Path) -> None:
    """Each module is our very module, also where a real Keras could be imported."""
    real = tmp_path / "site" / "keras"
    real.mkdir(parents=True)
    (real / "__init__.py").write_text("raise SystemError('the real one')\n", encoding="utf-8")
    path = script(
        "import keras, keras.layers.convolutional\n"
        "from keras import backend as K\n"
        "from keras.layers import Dense\n"
        "import convdispatch\n"
        f"from convdispatch import {api}\n"
        f"assert keras is {api} and K is {api}.backend and Dense is {api}.layers.Dense\n"
        f"assert keras.layers.convolutional is {api}.layers.convolutional\n"
        "print(convdispatch.backend())\n"
    )
    done = ran(path, api=api, PYTHONPATH=str(tmp_path / "site"))
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "numpy\n")


def test_a_module_that_is_not_offered_says_so(script: Callable[[str], Path]) -> None:
    """As an error of import, which a script may catch."""
    done = ran(script("import keras.applications.nasnet\n"))
    assert done.returncode == 1
    assert "ModuleNotFoundError: module 'convdispatch.keras2.applications' has no" in done.stderr
    assert "'nasnet': it is not offered yet; build the network from layers" in done.stderr


def test_an_error_of_the_script_keeps_its_lines(script: Callable[[str], Path]) -> None:
    """The traceback ends in the script's own line."""
    path = script("import keras\n\ndef f():\n    raise RuntimeError('mine')\n\nf()\n")
    done = ran(path)
    assert done.returncode == 1
    assert done.stderr.startswith("Traceback (most recent call last):\n")
    assert done.stderr.count("  File ") == 2
    assert f'File "{path}", line 4, in f' in done.stderr
    assert done.stderr.rstrip().endswith("RuntimeError: mine")


@pytest.mark.parametrize(("api", "version"), [("keras1", "1.2.2"), ("keras2", "2.2.4")])
def test_the_version_is_that_of_the_keras_it_stands_for(
    api: str, version: str, script: Callable[[str], Path]
) -> None:
    """Scripts ask for it."""
    done = ran(script("import keras\nprint(keras.__version__)\n"), api=api)
    assert (done.stdout, done.stderr) == (f"{version}\n", "")


@pytest.mark.parametrize("name", ["api._v2.keras", "_tf_keras.keras"])
def test_keras_in_tensorflow_is_not_answered(name: str, script: Callable[[str], Path]) -> None:
    """It looks for such a module of the real Keras, and the error says what to do."""
    done = ran(script(f"import keras.{name}\n"))
    assert done.returncode == 1
    assert "Import from `keras` in place of `tensorflow.keras`" in done.stderr


def test_a_missing_script_and_an_unknown_backend_are_wrong_usage(
    failure: Failure, tmp_path: Path
) -> None:
    """One line each."""
    missing = failure("run", "--api", "keras1", str(tmp_path / "no.py"))
    assert "no file" in missing
    assert "Give a Python script" in missing
    path = tmp_path / "yes.py"
    path.write_text("", encoding="utf-8")
    assert "'nonesuch'" in failure("run", "--api", "keras1", "--backend", "nonesuch", str(path))


@pytest.fixture
def digits(keras_home: Path) -> None:
    """Put a file of digits where every Keras keeps it: the example's, moved and made noisy."""
    drawn = np.random.default_rng(0)
    with np.load(ROOT / "examples" / "digits.npz") as found:
        pictures, classes = found["x"], found["y"]
    rows = drawn.integers(0, len(pictures), size=160)
    moved = [np.roll(pictures[row], drawn.integers(-1, 2, size=2), axis=(0, 1)) for row in rows]
    noisy = np.clip(np.array(moved) + drawn.normal(scale=20, size=(160, 28, 28)), 0, 255)
    x, y = noisy.astype("uint8"), classes[rows]
    (keras_home / "datasets").mkdir()
    np.savez(
        keras_home / "datasets" / "mnist.npz",
        x_train=x[:128], y_train=y[:128], x_test=x[128:], y_test=y[128:],
    )  # fmt: skip


@pytest.mark.usefixtures("digits")
@pytest.mark.parametrize("api", ["keras1", "keras2"])
def test_the_examples_learn_digits(api: str) -> None:
    """Both scripts use the names of their Keras alone and print what that Keras prints."""
    pytest.importorskip("autograd", reason="NumPy's gradients need the package autograd")
    example = ROOT / "examples" / f"mnist_cnn_{api}.py"
    assert "convdispatch" not in example.read_text(encoding="utf-8").partition('"""\n\n')[2]
    done = ran(example, "4", api=api)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[1] == "Train on 128 samples, validate on 32 samples"
    assert [line for line in lines if line.startswith("Epoch")] == [
        f"Epoch {number}/4" for number in (1, 2, 3, 4)
    ]
    losses = re.findall(r" - val_loss: (\S+) - val_acc: ", done.stdout)
    assert float(losses[-1]) < float(losses[0])
    assert re.fullmatch(r"Test accuracy: 0\.\d+", lines[-1])


def test_a_missing_file_of_digits_is_named(script: Callable[[str], Path], keras_home: Path) -> None:
    """Nothing is downloaded."""
    done = ran(script("from keras.datasets import mnist\nmnist.load_data()\n"))
    assert f"no file {str(keras_home / 'datasets' / 'mnist.npz')!r}" in done.stderr
    assert "downloads nothing" in done.stderr
