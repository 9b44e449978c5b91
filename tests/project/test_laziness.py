"""Laziness is a contract: no framework is imported before it computes something."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ACTIONS = {
    "import": "import convdispatch",
    "list": "from convdispatch import selection; assert len(selection.available_backends()) > 1",
    "configuration": """
from convdispatch import selection
selection.backend(), selection.floatx(), selection.convention()
""",
    "select": "from convdispatch import selection; selection.set_backend({framework!r})",
    "owner": """
import numpy
from convdispatch import selection
assert selection.backend_of(numpy.zeros(1)).name == "numpy"
""",
    "layer": "from convdispatch.layers import Conv2D; Conv2D(4, 3)",
    "command line": """
from convdispatch.cli import main
main(["backends"]), main(["config", "show"])
""",
}
HELP = """
from convdispatch.cli import main
try:
    main(["--help"])
except SystemExit:
    pass
"""
REPORT = "\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("framework", ["torch", "tensorflow", "jax"])
def test_no_framework_is_imported(
    run_python: Callable[..., subprocess.CompletedProcess[str]],
    tmp_path: Path,
    framework: str,
    action: str,
) -> None:
    """Neither importing, listing, configuring nor constructing a layer imports a framework.

    An empty package stands in for the framework: the claim is tested where it is not installed.
    """
    (tmp_path / framework).mkdir()
    (tmp_path / framework / "__init__.py").touch()
    code = ACTIONS[action].format(framework=framework) + REPORT
    done = run_python("-c", code, paths=(tmp_path,))
    assert done.returncode == 0, done.stderr
    modules = json.loads(done.stdout.splitlines()[-1])
    assert "convdispatch" in modules
    assert framework not in modules


def test_help_imports_almost_nothing(
    run_python: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    """`convdispatch --help` needs neither NumPy nor pluggy nor any framework."""
    done = run_python("-c", HELP + REPORT)
    assert done.returncode == 0, done.stderr
    assert "usage: convdispatch" in done.stdout
    modules = set(json.loads(done.stdout.splitlines()[-1]))
    assert not modules & {"numpy", "pluggy", "torch", "tensorflow", "jax", "keras"}


def test_what_draws_is_imported_by_a_drawing(
    run_python: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    """Most programs make layers and draw none."""
    code = "from convdispatch.layers import Dense\nlayer = Dense(1)\n"
    for drawing, is_needed in (("", False), ("layer._repr_html_()", True)):
        done = run_python("-c", code + drawing + REPORT)
        assert done.returncode == 0, done.stderr
        modules = json.loads(done.stdout.splitlines()[-1])
        assert ("convdispatch.pictures.svg" in modules) is is_needed
