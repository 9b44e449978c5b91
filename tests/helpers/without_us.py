"""Exports read by a process in which this package cannot be imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from exported_models import Example

_BLOCKED = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0].startswith("convdispatch"):
            raise ModuleNotFoundError(f"{name} is blocked here", name=name)

sys.meta_path.insert(0, Blocker())
try:
    import convdispatch
except ModuleNotFoundError:
    pass
else:
    raise SystemExit("convdispatch could be imported")
"""
# What every child does: one example after the other, so that each test fails for itself.
_LOOP = """
import json, pathlib, traceback
import numpy as np

def main(compute):
    root = pathlib.Path(sys.argv[1])
    failures = {}
    for folder in sorted(path for path in root.iterdir() if path.is_dir()):
        given = dict(np.load(folder / "given.npz"))
        try:
            np.savez(folder / "found.npz", **compute(folder, given))
        except Exception:
            failures[folder.name] = traceback.format_exc()
    (root / "failures.json").write_text(json.dumps(failures))
"""


def found_without_us(
    root: Path,
    examples: Mapping[str, Example],
    write: Callable[[Example, Path], None],
    script: str,
    **environment: str,
) -> dict[str, dict[str, Any]]:
    """Return by example what a process finds that has nothing but what `write` wrote.

    `script` defines `compute(folder, given)`, which returns arrays by name. An example that failed
    has its traceback as 'failure'.
    """
    names = {}
    for place, (name, example) in enumerate(examples.items()):
        folder = root / f"{place:03}"
        folder.mkdir()
        names[folder.name] = name
        given = {f"input_{i}": x for i, x in enumerate(example.inputs)}
        given |= {f"cotangent_{i}": x for i, x in enumerate(example.cotangents)}
        np.savez(folder / "given.npz", **given)
        write(example, folder)
    code = f"{_BLOCKED}\n{_LOOP}\n{script}\nmain(compute)\n"
    finished = subprocess.run(
        [sys.executable, "-c", code, str(root)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        cwd=root,
        timeout=600,
    )
    assert finished.returncode == 0, finished.stderr
    failures = json.loads((root / "failures.json").read_text())
    return {
        example: {"failure": failures[name]}
        if name in failures
        else dict(np.load(root / name / "found.npz"))
        for name, example in names.items()
    }


def require_equal(
    found: dict[str, Any], example: Example, weights: dict[str, Any], tolerance: float
) -> None:
    """Require an example's outputs and gradients; `weights` are its gradients by exported name."""
    assert "failure" not in found, found["failure"]
    wanted = {f"output_{i}": one for i, one in enumerate(example.outputs)}
    wanted |= {
        f"input_gradient_{i}": one
        for i, one in enumerate(example.input_gradients)
        if one is not None
    }
    wanted |= weights
    assert sorted(found) == sorted(wanted)
    for name, right in wanted.items():
        np.testing.assert_allclose(
            found[name], right, rtol=tolerance, atol=tolerance, err_msg=f"{example.name}: {name}"
        )
