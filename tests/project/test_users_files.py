"""Whatever is computed, no file of the user's is made or changed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys
import numpy as np
from convdispatch.layers import Conv2D
Conv2D(2, 3, backend=sys.argv[1])(np.ones((1, 4, 4, 1), "float32"))
"""


@pytest.mark.parametrize("keras_home", ["absent", "empty"])
def test_computing_leaves_no_configuration_behind(
    backend_name: str, keras_home: str, tmp_path: Path
) -> None:
    """A home without keras.json has none after a layer has run, whatever the framework writes."""
    home = tmp_path / "home"
    home.mkdir()
    if keras_home == "empty":
        (home / ".keras").mkdir()
    environ = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("KERAS", "CONVDISPATCH", "TMPDIR"))
    }
    environ |= {"HOME": str(home), "USERPROFILE": str(home)}
    environ["MPLCONFIGDIR"] = str(tmp_path)  # a framework imports matplotlib, which caches fonts
    before = sorted(home.rglob("*"))
    command = [sys.executable, "-c", PROGRAM, backend_name]
    subprocess.run(command, check=True, env=environ, timeout=300, capture_output=True)
    assert sorted(home.rglob("*")) == before


def test_a_configuration_that_was_there_stays(backend_name: str, tmp_path: Path) -> None:
    """The user's own keras.json is the same to the byte afterwards."""
    written = b'{"backend": "numpy", "floatx": "float32"}\n'
    (tmp_path / "keras.json").write_bytes(written)
    environ = dict(os.environ) | {"KERAS_HOME": str(tmp_path)}
    command = [sys.executable, "-c", PROGRAM, backend_name]
    subprocess.run(command, check=True, env=environ, timeout=300, capture_output=True)
    assert (tmp_path / "keras.json").read_bytes() == written


@pytest.mark.parametrize("is_users", [True, False], ids=["the user's", "Keras's"])
def test_a_choice_made_while_tensorflow_is_imported_stays(tmp_path: Path, is_users: bool) -> None:
    """`config set` of another process, in those seconds, is not taken for what Keras writes."""
    home = tmp_path / "home"
    home.mkdir()
    name = "torch" if is_users else "tensorflow"
    written = KERASES.replace("tensorflow", name)
    (tmp_path / "tensorflow.py").write_text(
        f"open({str(home / 'keras.json')!r}, 'w').write({written!r})", encoding="utf-8"
    )
    environ = dict(os.environ) | {"KERAS_HOME": str(home)}
    place = f"import sys; sys.path.insert(0, {str(tmp_path)!r})"
    code = f"{place}; import convdispatch_tensorflow._framework"
    subprocess.run([sys.executable, "-c", code], check=True, env=environ, timeout=60)
    assert (home / "keras.json").exists() == is_users


KERASES = json.dumps(
    {
        "floatx": "float32",
        "epsilon": 1e-07,
        "backend": "tensorflow",
        "image_data_format": "channels_last",
    },
    indent=4,
)
