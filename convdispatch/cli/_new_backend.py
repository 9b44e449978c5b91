"""`convdispatch new-backend`: writes a plugin that loads and passes no case yet.

The files are the templates in `skeleton`. They are written beside the target and moved there in one
step, so the folder is complete or does not exist.
"""

from __future__ import annotations

import argparse
import importlib.resources
import keyword
import re
import shlex
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template

from convdispatch.cli._output import UsageError, show
from convdispatch.conformance.run.choosing import ALL
from convdispatch.runtime.registry import registry

# Each file of the skeleton, with its template. `package` stands for the package's folder.
_FILES = {
    "pyproject.toml": "pyproject.toml",
    "README.md": "README.md",
    ".gitignore": "gitignore",
    ".github/workflows/conformance.yml": "conformance.yml",
    ".github/install_convdispatch.sh": "install_convdispatch.sh",
    "package/__init__.py": "init.py",
    "package/_lowering.py": "lowering.py",
    "package/_backend.py": "backend.py",
    "package/_functions.py": "functions.py",
    "package/known_failures.toml": "known_failures.toml",
    "package/py.typed": "py.typed",
}
# Those of an engine without gradients.
_INFERENCE_FILES = {
    **{path: template for path, template in _FILES.items() if not path.startswith("package/_")},
    "README.md": "inference_README.md",
    "package/__init__.py": "inference_init.py",
    "package/_backend.py": "inference_backend.py",
}
_NAME = re.compile(r"[a-z][a-z0-9]*([_-][a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Names:
    """The other names of a backend called `backend`."""

    backend: str

    @property
    def distribution(self) -> str:
        """The name to install it by."""
        return f"convdispatch-{self.backend.replace('_', '-')}"

    @property
    def package(self) -> str:
        """The name to import it by."""
        return f"convdispatch_{self.backend.replace('-', '_')}"

    @property
    def class_name(self) -> str:
        """The name of the class that implements the protocol."""
        return "".join(map(str.capitalize, re.split("[_-]", self.backend))) + "Backend"


def run(arguments: argparse.Namespace) -> int:
    """Write the skeleton and say how to run the conformance suite on it."""
    names = Names(_checked_name(arguments.name))
    folder = Path(arguments.into or f"convdispatch-{names.backend}")
    files = _rendered(names, _INFERENCE_FILES if arguments.inference else _FILES)
    _write(folder, files)
    following = [
        f"cd {shlex.quote(str(folder))}",
        "python -m pip install -e .",
        f"convdispatch conformance --backend {names.backend} --level core",
    ]
    value = {
        "backend": names.backend,
        "package": names.package,
        "folder": str(folder),
        "files": list(files),
        "next": following,
    }
    show(arguments, value, _as_text(folder, files, following))
    return 0


def _checked_name(name: str) -> str:
    if not _NAME.fullmatch(name) or keyword.iskeyword(name) or name == ALL:
        raise UsageError(
            f"a backend cannot be called {name!r}. Use lower-case letters and digits, words joined "
            f"by - or _, a letter first, and neither a Python keyword nor {ALL!r}."
        )
    taken = {known.replace("-", "_"): known for known in registry.entries()}
    if name.replace("-", "_") in taken:
        raise UsageError(
            f"a backend named {taken[name.replace('-', '_')]!r} is already registered, so there "
            f"cannot be a {name!r}. `convdispatch backends` lists the names in use; choose another."
        )
    return name


def _rendered(names: Names, templates_by_path: Mapping[str, str]) -> dict[str, str]:
    """Return the text of each file by its path in the skeleton."""
    values = {
        "name": names.backend,
        "distribution": names.distribution,
        "package": names.package,
        "class_name": names.class_name,
    }
    templates = importlib.resources.files("convdispatch.cli") / "skeleton"
    return {
        re.sub("^package/", f"{names.package}/", path): Template(
            (templates / f"{template}.template").read_text(encoding="utf-8")
        ).substitute(values)
        for path, template in templates_by_path.items()
    }


def _write(folder: Path, files: dict[str, str]) -> None:
    try:
        if folder.exists() or folder.is_symlink():
            raise UsageError(
                f"{folder} exists already, and nothing there is overwritten. Remove it, or name "
                "another folder with --into."
            )
        # Beside the target, so that moving it there is one step.
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".convdispatch-") as temporary:
            whole = Path(temporary) / "skeleton"
            for path, text in files.items():
                file = whole / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8", newline="\n")
            whole.rename(folder)
    except OSError as exc:
        raise UsageError(
            f"{folder} cannot be written: {exc.strerror}; nothing was left there. Name a folder "
            "with --into whose parent exists and can be written to."
        ) from exc


def _as_text(folder: Path, files: Iterable[str], following: Iterable[str]) -> str:
    lines = [f"Wrote {folder}:", *(f"  {file}" for file in files), "", "Next:"]
    return "\n".join([*lines, *(f"  {command}" for command in following)])
