"""The modules that a table makes, the census of what scripts use, and its page."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import census
import numpy as np
import pytest

from convdispatch import keras1, keras2
from convdispatch.doors.modules import EVERYTHING, TABLES, names_of
from convdispatch.errors import InvalidArgument

ROWS = [(door, path) for door, table in TABLES.items() for path in table]
# What no backend here can offer yet.
NOT_YET = {"Graph", "Node", "Merge", "Recurrent"}


@pytest.mark.parametrize(("door", "path"), ROWS, ids=[".".join(row) for row in ROWS])
def test_a_module_has_what_its_row_says(door: str, path: str) -> None:
    """Each name is found where the table says, or it is missing with words."""
    module: Any = importlib.import_module(f"convdispatch.{door}.{path}".rstrip("."))
    wanted = set(names_of(TABLES[door][path])) - {EVERYTHING} - NOT_YET
    if path == "preprocessing.image":
        pytest.importorskip("keras_preprocessing", reason="pictures are that package's")
    assert [name for name in sorted(wanted) if not hasattr(module, name)] == []


def test_a_module_is_reached_by_import_and_by_attribute() -> None:
    """After a bare import of the package, too; and nothing is imported before it is used."""
    code = (
        "import sys, convdispatch.keras2 as keras\n"
        "assert 'convdispatch.utilities.text' not in sys.modules\n"
        "import convdispatch.keras2.engine.topology as topology\n"
        "assert keras.engine.topology is topology\n"
        "from convdispatch.keras2.utils.generic_utils import *\n"
        "print(Progbar.__name__, keras.layers.core.Dense is keras.layers.Dense)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "Progbar True\n"


def test_several_devices_are_refused_with_words() -> None:
    """One is the model itself."""
    several: Any = keras2.utils.multi_gpu_model  # type: ignore[attr-defined]  # made of a table
    model: Any = keras2.models.Sequential()
    with pytest.warns(UserWarning, match="changes nothing here"):
        assert several(model, gpus=1) is model
    with pytest.raises(InvalidArgument, match=r"`gpus` may be 1 or None; received 4"):
        several(model, gpus=4)


def test_own_functions_are_known_by_their_names() -> None:
    """For the process, or for a while."""
    utils: Any = keras2.utils
    with utils.CustomObjectScope({"threefold": lambda x: x * 3}):
        layer: Any = keras2.layers.Activation("threefold", backend="numpy")
        assert layer(np.ones((1, 2))).tolist() == [[3.0, 3.0]]
    with pytest.raises(InvalidArgument, match="unknown activation 'threefold'"):
        keras2.layers.Activation("threefold")


def test_kernels_of_the_other_convention_are_reversed_once() -> None:
    """Along rows and columns, in either Keras's order of axes."""
    layer: Any = keras1.layers.Convolution2D(1, 1, 2, dim_ordering="th", input_shape=(1, 3, 3))
    model: Any = keras1.models.Sequential([layer], backend="numpy")
    model.set_weights([np.array([[[[1.0, 2.0]]]]), np.zeros(1)])
    keras1.utils.layer_utils.convert_all_kernels_in_model(model)  # type: ignore[attr-defined]
    assert model.get_weights()[0].ravel().tolist() == [2.0, 1.0]


def test_rows_of_a_dense_kernel_follow_the_channels() -> None:
    """From (rows, columns, channels) to (channels, rows, columns)."""
    dense: Any = keras2.layers.Dense(1, input_shape=(4,), backend="numpy")
    model: Any = keras2.models.Sequential([dense])
    model.set_weights([np.arange(4.0)[:, None], np.zeros(1)])
    convert: Any = keras2.utils.layer_utils  # type: ignore[attr-defined]  # made of a table
    convert.convert_dense_weights_data_format(dense, (2, 1, 2), "channels_first")
    assert model.get_weights()[0].ravel().tolist() == [0.0, 2.0, 1.0, 3.0]


def test_the_page_says_no_more_than_the_facades_offer() -> None:
    """Its percents are reached, and what is wanted most and missing stands in its table."""
    pytest.importorskip("autograd", reason="NumPy's gradients need the package autograd")
    pytest.importorskip("keras_preprocessing", reason="pictures are that package's")
    text = census.PAGE.read_text(encoding="utf-8")
    found = census.result()
    covered = [int(number) for number in re.findall(r": (\d+) of \d+, ", text)]
    assert covered[0] <= found.covered
    assert covered[1] <= found.sampled_covered
    rows = dict(re.findall(r"^\| `(.+)` \| (\d+) \| \d+ \|$", text, re.MULTILINE))
    least = min(map(int, rows.values()))
    unsaid = [use for use, count in found.missing.items() if count > least and use not in rows]
    assert unsaid == []


def test_the_census_is_read_whole() -> None:
    """As many scripts as it counted."""
    scripts = census.scripts()
    assert (len(scripts), sum(one.is_sampled for one in scripts)) == (358, 131)
    assert "layers.Conv2D" in {use for one in scripts for use in one.uses}
    assert Path(census.DATA).is_file()
    nothing = census.counted(scripts, lambda api, use: False)
    everything = census.counted(scripts, lambda api, use: True)
    assert (nothing.covered, everything.covered) == (0, 358)


@pytest.mark.parametrize("door", [keras1, keras2], ids=["keras1", "keras2"])
def test_a_model_is_written_as_yaml_and_made_of_its_configuration(door: Any) -> None:
    """And read back by the same façade."""
    pytest.importorskip("yaml", reason="texts in YAML need the package pyyaml")
    x = door.layers.Input((3,))
    model = door.models.Model(x, door.layers.Dense(2, name="only")(x))
    read = door.models.model_from_yaml(model.to_yaml())
    again = door.models.Model.from_config(model.get_config())
    for one in (read, again):
        assert [layer.name for layer in one.layers][1:] == ["only"]
        assert one.output_shape == (None, 2)


def test_the_layers_of_nvidia_s_library_are_their_like() -> None:
    """With sigmoid gates, as that library has them."""
    layers: Any = keras2.layers
    one: Any = layers.CuDNNLSTM(3, return_sequences=True, input_shape=(4, 2))
    assert (one.recurrent_activation.name, one.return_sequences) == ("sigmoid", True)
    assert layers.CuDNNGRU(3).reset_after
    assert keras2.backend.backend() == keras2.backend._BACKEND  # type: ignore[attr-defined]
