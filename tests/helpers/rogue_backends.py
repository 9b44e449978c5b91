"""Backends that misbehave: NumPy's, installed for a test under another name, with faults.

A fault is a statement, run where an op with a given activation is computed: of the cases that
`CASES` names, one has 'tanh', one 'sigmoid' and one 'relu', and all others pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

CASES = "conv1d/core/1d-*-last-eighths"
COUNT = 22
TANH = "conv1d/core/1d-kernel-is-input-last-eighths"
SIGMOID = ("conv1d/core/1d-one-cell-last-eighths", "conv1d/core/1d-stride-over-input-last-eighths")
RELU = "conv1d/core/1d-pads-1-1-last-eighths"

PLUGIN = """
from convdispatch.hookspecs import hookimpl
from convdispatch.ops import BackendInfo, Capabilities

@hookimpl
def convdispatch_backends():
    return [BackendInfo(
        protocol=2,
        name={name!r}, framework={framework!r}, load="{name}._backend:backend",
        install="pip install {name}",
        capabilities=Capabilities(unsupported={unsupported!r}),
        test_environment={environment!r},
    )]
"""
BACKEND = """
import ctypes, os, sys, time
{load}
from convdispatch_numpy._backend import NumpyBackend

class Rogue(NumpyBackend):
    name = {name!r}

    def lower(self, op, signature):
        compute = super().lower(op, signature)
        fault = {faults!r}.get(getattr(op, "activation", ""), "")

        def computed(*tensors):
            names = {{"x": None, **globals()}}
            exec(fault, names)
            result = compute(*tensors)
            return result if names["x"] is None else result + names["x"]

        return computed

backend = Rogue()
"""


@dataclass(frozen=True, kw_only=True)
class Rogue:
    """What is wrong with it."""

    name: str = "rogue"
    faults: Mapping[str, str] = field(default_factory=dict)
    load: str = ""  # a statement, run when the backend is loaded
    framework: str = "numpy"
    unsupported: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    known_failures: str = ""  # the text of known_failures.toml
    plugin: str = ""  # more of the plugin's source

    def install(self, folder: Path) -> Path:
        """Write an installed distribution; return the folder to import from."""
        site = folder / f"site of {self.name}"
        package = site / self.name
        information = site / f"{self.name}-1.0.dist-info"
        package.mkdir(parents=True)
        information.mkdir()
        source = PLUGIN.format(
            name=self.name,
            framework=self.framework,
            unsupported=dict(self.unsupported),
            environment=dict(self.environment),
        )
        texts = {
            package / "__init__.py": source + self.plugin,
            package / "_backend.py": BACKEND.format(
                name=self.name, load=self.load, faults=dict(self.faults)
            ),
            information / "METADATA": f"Metadata-Version: 2.1\nName: {self.name}\nVersion: 1.0\n",
            information / "entry_points.txt": f"[convdispatch]\n{self.name} = {self.name}\n",
        }
        if self.known_failures:
            texts[package / "known_failures.toml"] = self.known_failures
        for path, text in texts.items():
            path.write_text(text, encoding="utf-8")
        return site
