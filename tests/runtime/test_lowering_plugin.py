"""A third distribution replaces one op's callable, on a backend that is not its own."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

# Offers a convolution that also adds 1000, for kernels of one cell on NumPy's backend, and nothing
# else; writes down how often it was asked and called.
PLUGIN = """
    from convdispatch.hookspecs import hookimpl
    from convdispatch.ops import Conv

    asked, called = [], []

    @hookimpl
    def convdispatch_lower(backend, op, signature):
        asked.append((backend.name, type(op).__name__))
        if not isinstance(op, Conv) or set(signature.weight_shapes[0][:-2]) != {1}:
            return None
        usual = backend.lower(op, signature)

        def conv(*tensors):
            called.append(backend.name)
            return usual(*tensors) + 1000

        return conv
"""

PROGRAM = """
    import importlib.metadata, json
    import numpy as np
    import thousand_plugin
    from convdispatch import layers

    x = np.ones((1, 4, 4, 2), "float32")
    replaced = layers.Conv2D(3, 1, backend="numpy", kernel_initializer="zeros")
    kept = layers.Conv2D(3, 2, backend="numpy", kernel_initializer="zeros")
    answers = [float(layer(x).max()) for layer in (replaced, kept, replaced, kept)]
    print(json.dumps({
        "version": importlib.metadata.version("thousand-plugin"),
        "answers": answers,
        "asked": thousand_plugin.asked,
        "called": thousand_plugin.called,
    }))
"""


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """Install the plugin as a wheel of its own, by pip, and return the folder it went to."""
    wheel = tmp_path / "thousand_plugin-1.0-py3-none-any.whl"
    information = "thousand_plugin-1.0.dist-info"
    files = {
        "thousand_plugin.py": textwrap.dedent(PLUGIN),
        f"{information}/METADATA": "Metadata-Version: 2.1\nName: thousand-plugin\nVersion: 1.0\n",
        f"{information}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{information}/entry_points.txt": "[convdispatch]\nthousand = thousand_plugin\n",
    }
    record = "".join(f"{name},,\n" for name in [*files, f"{information}/RECORD"])
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in [*files.items(), (f"{information}/RECORD", record)]:
            archive.writestr(name, text)
    target = tmp_path / "site"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"]
    subprocess.run([*command, "--target", str(target), str(wheel)], check=True, timeout=120)
    return target


def test_an_installed_plugin_replaces_one_op_and_leaves_the_others(
    installed: Path,
    run_python: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    """The offer is taken for the op that it is made for, asked at lowering and never per call."""
    finished = run_python("-c", textwrap.dedent(PROGRAM), paths=(installed,))
    assert finished.returncode == 0, finished.stderr
    found = json.loads(finished.stdout)
    assert found["version"] == "1.0"
    assert found["answers"] == [1000.0, 0.0, 1000.0, 0.0]
    assert found["asked"] == [["numpy", "Conv"], ["numpy", "Conv"]]
    assert found["called"] == ["numpy", "numpy"]
