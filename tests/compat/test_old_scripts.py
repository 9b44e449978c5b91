"""Scripts after the kinds of Keras's own examples run unchanged, as by `convdispatch run`.

Here they run on NumPy, within this process; `python tests/helpers/old_scripts.py` runs them on
every backend.
"""

from __future__ import annotations

import random
import runpy
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from old_scripts import NEEDS_PICTURES, SCRIPTS, arguments_of, write_data, write_pictures

import convdispatch
from convdispatch import compat


@pytest.fixture
def seeds() -> Iterator[None]:
    """Leave the generators of random numbers as they were."""
    states = np.random.get_state(), random.getstate()
    yield
    np.random.set_state(states[0])
    random.setstate(states[1])


@pytest.mark.usefixtures("seeds")
@pytest.mark.filterwarnings("ignore")  # what a script is warned of is tested elsewhere
@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_runs(
    name: str, keras_home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """To its end; it states itself what must hold of its numbers."""
    pytest.importorskip("autograd", reason="NumPy's gradients need the package autograd")
    api, _, kind = name.partition("/")
    if kind in NEEDS_PICTURES:
        for package in ("PIL", "scipy", "keras_preprocessing"):
            pytest.importorskip(package, reason="pictures need Pillow, SciPy and Keras's reader")
        write_pictures(tmp_path)
    if kind in ("cifar10_cnn", "cifar10_resnet", "variational_autoencoder_deconv"):
        pytest.importorskip("h5py", reason="these save files in HDF5")
    write_data(keras_home)
    monkeypatch.setattr(sys, "argv", [str(SCRIPTS[name]), *arguments_of(name, tmp_path)])
    compat.install(api)
    try:
        with convdispatch.use_backend("numpy"):
            runpy.run_path(str(SCRIPTS[name]), run_name="__main__")
    finally:
        compat.uninstall()


def test_every_kind_that_keras_showed_is_there() -> None:
    """Of both Kerases, but for what examples/ has."""
    kinds = {
        "keras1": "mnist_transfer_cnn mnist_net2net mnist_swwae cifar10_cnn mnist_siamese_graph"
        " variational_autoencoder_deconv mnist_irnn imdb_cnn conv_filter_visualization",
        "keras2": "mnist_transfer_cnn mnist_net2net cifar10_cnn cifar10_resnet cifar10_cnn_capsule"
        " mnist_denoising_autoencoder variational_autoencoder_deconv mnist_swwae mnist_acgan"
        " mnist_siamese imdb_cnn conv_lstm neural_doodle neural_style_transfer",
    }
    wanted = {f"{api}/{kind}" for api, listed in kinds.items() for kind in listed.split()}
    assert wanted <= SCRIPTS.keys()
    assert not [name for name, path in SCRIPTS.items() if "convdispatch" in path.read_text()]
