"""A model on one device of several: where its tensors are, and what a wrong device is told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from places import HELPERS, ROOT

from conftest import BACKEND_NAMES
from convdispatch import Sequential, backend, layers, use_backend, use_device
from convdispatch.errors import InvalidArgument, InvalidType

# Two devices in a process without an accelerator, the second of which is not the default.
DEVICES = {"jax": "cpu:1", "tensorflow": "CPU:1"}


@pytest.mark.parametrize("name", DEVICES)
def test_every_door_keeps_to_the_device(tmp_path: Path, name: str) -> None:
    """A moved model and a layer, a training, a file and back; with the numbers of the default."""
    if name not in BACKEND_NAMES:
        pytest.skip(f"{name} is not under test here")
    device = DEVICES[name]
    paths = os.pathsep.join([str(ROOT), str(ROOT / "backends"), str(HELPERS)])
    command = [sys.executable, str(HELPERS / "device_doors.py"), name, device, str(tmp_path)]
    environ = os.environ | {"PYTHONPATH": paths, "JAX_NUM_CPU_DEVICES": "2"}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["devices"] == [f"{device[:-1]}0", device]
    assert {place.rpartition("device:")[2] for place in found["places"]} == {device}
    assert {place.rpartition("device:")[2] for place in found["back"]} == {f"{device[:-1]}0"}
    if name != "tensorflow":  # which places each operation of an eager call itself
        assert found["called"] == device
    assert max(found["predicted"], found["loaded"], found["losses"]) < 1e-6
    known = f"it has '{device[:-1]}0', '{device}'"
    assert (
        f"the backend {name!r} has no device 'no such' on this machine; {known}" in (found["error"])
    )


def test_weights_and_inputs_go_to_a_device_without_numbers() -> None:
    """Torch's 'meta' shows on any machine where a tensor is; its own default counts, too."""
    torch = torch_under_test()
    x = np.ones((2, 5, 5, 3), "float32")
    layer = layers.Conv2D(4, 3, input_shape=(5, 5, 3), backend="torch")
    moved = layer.to("torch", device="meta")
    layer.build((None, 5, 5, 3))
    model = Sequential([layer, layers.Flatten(backend="torch")]).to("torch", device="meta")
    assert {moved(x).device.type, model(x).device.type} == {"meta"}
    assert {one.device.type for one in (*moved.weights, *model.weights)} == {"meta"}
    assert layer(x).device.type == "cpu"
    with torch.device("meta"):
        own = layers.Dense(2, backend="torch")
        assert own(np.ones((2, 3), "float32")).device.type == "meta"


def torch_under_test() -> Any:
    """Return torch, or skip the test."""
    torch = pytest.importorskip("torch")
    if "torch" not in BACKEND_NAMES:
        pytest.skip("torch is not under test here")
    return torch


def test_tensors_of_two_devices_are_told() -> None:
    """Both are named, of weights and inputs, and of the inputs of a layer without weights."""
    torch = torch_under_test()
    here, there = torch.ones((2, 3)), torch.ones((2, 3), device="meta")
    dense = layers.Dense(2, input_shape=(3,), backend="torch")
    with pytest.raises(
        InvalidArgument, match=r"Dense .* weights on 'cpu', inputs on 'meta'\. Move"
    ):
        dense(there)
    with pytest.raises(InvalidArgument, match="received inputs on 'cpu' and 'meta'"):
        layers.Add(backend="torch")([here, there])
    with pytest.raises(InvalidArgument, match="weights on 'meta', inputs on 'cpu'"):
        dense.to("torch", device="meta")(here)


def test_a_stated_device_outweighs_torchs_default() -> None:
    """In a move and a call; what is exported is where torch's default says, with the numbers."""
    torch = torch_under_test()
    x = np.ones((2, 3), "float32")
    model = Sequential([layers.Dense(2, input_shape=(3,), backend="torch")])
    wanted = model.predict(x)
    with torch.device("meta"):
        kept, own = model.to("torch", device="cpu"), model.to("torch")
        assert kept(x).device.type == "cpu"
        assert {one.device.type for one in kept.export("torch").parameters()} == {"meta"}
    assert {one.device.type for one in kept.weights} == {"cpu"}
    assert {one.device.type for one in own.weights} == {"meta"}
    np.testing.assert_array_equal(kept.predict(x), wanted)
    found = kept.export("torch")(torch.from_numpy(x)).detach().numpy()
    np.testing.assert_allclose(found, wanted, rtol=1e-6)


def test_a_block_names_the_backend_and_the_device() -> None:
    """Within it both are current."""
    with use_backend("numpy"):
        with pytest.raises(InvalidArgument, match=r"'numpy' has no device 'cuda:0'.* it has 'cpu'"):
            use_device("cuda:0").__enter__()
        with pytest.raises(InvalidType, match="`device` must be the name of a device"):
            layers.Dense(2).to("numpy", device=3)  # type: ignore[arg-type]
        assert backend() == "numpy"
