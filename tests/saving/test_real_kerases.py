"""Files that we write are read by the real Keras 3 and the real tf_keras: outputs and training."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from places import LEGACY

import convdispatch

pytest.importorskip("h5py", reason="files in HDF5 need the package h5py")

READER = Path(__file__).with_name("read_by_keras.py")
# Models of each Keras; those that are called `trained`, by Adam, train on.
MODELS = (
    *("keras1_theano/functional.h5", "keras1_theano/trained.h5"),
    *("keras2_theano/full_cl.h5", "keras2_theano/trained.h5"),
    *("keras3/conv1d.keras", "keras3/trained.keras"),
    *("tfkeras_tensorflow/deconv_cl.keras", "tfkeras_tensorflow/trained.keras"),
    "tf_keras_more/masked_both_ways.h5",
)
PACKAGES = {"keras3": "keras", "tf_keras": "tf_keras"}


@pytest.fixture(scope="module", params=PACKAGES)
def read(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return what a real Keras did with our files, and the losses of the models that we saved."""
    dialect = request.param
    package = PACKAGES[dialect]
    for needed in (package, "jax" if dialect == "keras3" else "tensorflow"):
        if importlib.util.find_spec(needed) is None:
            pytest.skip(f"{needed} is not installed")
    folder = tmp_path_factory.mktemp(dialect)
    losses = {}
    for name in MODELS:
        stem = name.partition(".")[0].replace("/", "-")
        shutil.copy(LEGACY / f"{name.partition('.')[0]}.npz", folder / f"{stem}.npz")
        model = loaded(name)
        for ending in ("keras", "h5"):
            model.save(folder / f"{stem}.{ending}", dialect=dialect)
        losses[stem] = trained(model, folder / f"{stem}.npz")
    save_lambdas(folder, dialect)
    environment = {
        **os.environ,
        "KERAS_BACKEND": "jax",
        "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",
        "KERAS_HOME": str(folder.parent),
        "PYTHONWARNINGS": "default",
    }
    done = subprocess.run(
        [sys.executable, READER, package, folder],
        capture_output=True,
        text=True,
        env=environment,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1]), losses


def plus(x: Any) -> Any:
    """Add one."""
    return x + 1


def doubled(x: Any, by: float = 2.0) -> Any:
    """Multiply."""
    return x * by


def diff(pair: Any) -> Any:
    """Subtract."""
    return pair[0] - pair[1]


def save_lambdas(folder: Path, dialect: str) -> None:
    """Save a model of functions, which its files name and the reader gives."""
    source = LEGACY / "lambdas" / "tf_keras.h5"
    own = {"plus": plus, "twice": doubled, "diff": diff}
    model = convdispatch.load_model(source, own, backend="numpy")
    with np.load(source.with_suffix(".npz")) as found:
        np.savez(folder / "lambdas.npz", x0=found["x"], y0=found["y"])
    for ending in ("keras", "h5"):
        model.save(folder / f"lambdas.{ending}", dialect=dialect)


def loaded(name: str) -> Any:
    """Return the model of a recorded file."""
    said = {"trained_on": "theano", "dim_ordering": "tf"} if "keras1" in name else {}
    return convdispatch.load_model(LEGACY / name, backend="numpy", **said)


def trained(model: Any, path: Path) -> list[float] | None:
    """Return the losses of three steps, None without targets or without gradients."""
    arrays = np.load(path)
    x, t = (
        [arrays[name] for name in sorted(arrays.files) if name[0] == kind and name[1:].isdigit()]
        for kind in "xt"
    )
    if not t or importlib.util.find_spec("autograd") is None:
        return None
    given, targets = (one if len(one) > 1 else one[0] for one in (x, t))
    return [float(np.ravel(model.train_on_batch(given, targets))[0]) for _ in range(3)]


def test_every_file_is_read_with_the_recorded_outputs(read: Any) -> None:
    """As real Keras computes them, to the rounding of float32."""
    found, _ = read
    assert len(found) == 2 * (len(MODELS) + 1)
    assert {name: one for name, one in found.items() if not one.get("error", 1.0) < 3e-6} == {}


def test_the_optimizer_goes_on_in_the_real_keras(read: Any) -> None:
    """With our losses: the moments and the count of Adam are where that Keras looks for them."""
    found, losses = read
    compared = 0
    for name, one in found.items():
        wanted = losses.get(name.partition(".")[0])
        if wanted and "losses" in one:
            assert one["losses"] == pytest.approx(wanted, rel=2e-4), name
            compared += 1
    assert compared >= 4


def test_no_variable_was_left_out(read: Any) -> None:
    """Keras warns, and goes on, where an optimizer has another number of them."""
    found, _ = read
    assert {name: one["warnings"] for name, one in found.items() if one["warnings"]} == {}
