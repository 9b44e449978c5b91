"""How to install what is missing: one command, everywhere, that works in a checkout."""

from __future__ import annotations

import importlib.metadata
import re
import shlex
import subprocess
import tomllib

import pytest
from places import ROOT

from convdispatch.errors import install_command
from convdispatch.registry import registry

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
# From an index, on which there is none: a name in place of a folder or of a file.
FROM_AN_INDEX = re.compile(r"pip install (?:[^\n`&]* )?['\"]?convdispatch(?!/)")


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("numpy", "python -m pip install -c constraints.txt ."),
        ("torch", "python -m pip install -c constraints.txt '.[torch]'"),
        ("tensorflow", "python -m pip install -c constraints.txt '.[tensorflow]'"),
        ("jax", "python -m pip install -c constraints.txt '.[jax]'"),
    ],
)
def test_our_backends_are_installed_from_a_checkout(name: str, command: str) -> None:
    """By the README's command, with the pinned versions."""
    info = registry.entries()[name].info
    assert info is not None
    assert info.install == f"{command}  # in a checkout"
    assert command in (ROOT / "README.md").read_text("utf-8") or name == "numpy"


@pytest.mark.parametrize("extra", ["", *EXTRAS])
def test_the_command_is_of_files_and_extras_that_exist(extra: str) -> None:
    """Pip would only warn of an unknown extra."""
    command = shlex.split(install_command(extra), comments=True)
    assert command[:4] == ["python", "-m", "pip", "install"]
    assert (ROOT / command[command.index("-c") + 1]).is_file()
    assert command[-1] == (f".[{extra}]" if extra else ".")
    assert not extra or extra in importlib.metadata.metadata("convdispatch").get_all(
        "Provides-Extra", []
    )


def test_every_extra_that_is_named_exists() -> None:
    """Wherever the code asks for the command."""
    named = set()
    for folder in ("convdispatch", "backends"):
        for path in (ROOT / folder).rglob("*.py"):
            named |= set(re.findall(r"install_command\(['\"](\w+)['\"]\)", path.read_text("utf-8")))
    assert {"torch", "conformance", "train", "bfloat16"} <= named <= set(EXTRAS)


@pytest.mark.parametrize("extra", ["torch", "tensorflow", "jax"])
def test_every_framework_is_pinned(extra: str) -> None:
    """Else pip chooses."""
    pins = (ROOT / "constraints.txt").read_text("utf-8")
    assert [need for need in EXTRAS[extra] if f"\n{re.split('[><=]', need)[0]}==" not in pins] == []


def test_nothing_is_installed_from_an_index_that_is_on_none() -> None:
    """Neither in messages nor in pages, templates and workflows."""
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not in a git repository: it says which files are ours")
    kinds = (".py", ".md", ".template", ".txt", ".toml", ".ini", ".yml")
    files = [ROOT / name for name in listed.stdout.splitlines() if name.endswith(kinds)]
    assert len(files) > 200
    texts = {path: path.read_text("utf-8") for path in files if path.exists()}
    assert [path for path, text in texts.items() if FROM_AN_INDEX.search(text)] == []
