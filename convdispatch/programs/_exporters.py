"""Who an exporter is, how to load it, and what it implements."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from convdispatch.ops import Op, Signature
from convdispatch.programs._program import Program


@dataclass(frozen=True, slots=True, kw_only=True)
class ExporterInfo:
    """A target that models can be exported to; making one must import no framework."""

    name: str  # what a user gives `export`
    framework: str  # the module whose presence makes the exporter available
    load: str  # 'module:attribute' of the `Exporter`
    install: str  # the command that installs what is missing


class Exporter(Protocol):
    """What turns a program into an object, or into files, of another world."""

    is_folder: bool
    """Whether `write` makes several files, in a folder, or a single file."""

    def supports(self, op: Op, signature: Signature) -> bool:
        """Say whether the target has an equivalent of the op; if not, it is derived from others."""

    def export(self, program: Program) -> object:
        """Return the program as an object that needs this package no more.

        Raises `UnsupportedOp` for an instruction that the target cannot express.
        """

    def write(self, program: Program, path: Path) -> None:
        """Write the program to a file, or into a folder, that does not exist yet."""
