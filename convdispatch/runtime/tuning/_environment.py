"""The environment of a measurement: the versions, the plugins, the processor and its threads.

It is one line of text, compared as a whole: if any part differs, the measurements do not apply.
"""

from __future__ import annotations

import functools
import importlib.metadata
import os
import platform
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from convdispatch.ops import Backend
from convdispatch.runtime.registry import registry

# The endings of variables for threads, instructions and compilers, such as OMP_NUM_THREADS.
_SETTING = re.compile(r"_(THREADS|CORETYPE|ISA|INSTRUCTIONS|FLAGS|OPTS)$")


def environment_of(backend: Backend, device: str) -> str:
    """Return everything besides the op that determines the fastest candidate.

    `device` is where the backend's tensors are, such as 'cpu'.
    """
    parts = [
        f"convdispatch {_version('convdispatch')}",
        _described(backend),
        f"plugins: {', '.join(_plugins()) or 'none'}",
        f"device: {device}",
        f"CPU: {_processor()}, {_usable_processors()} usable",
        f"settings: {library_settings(os.environ) or 'none'}",
    ]
    return "; ".join(" ".join(part.split()) for part in parts)


def library_settings(environ: Mapping[str, str]) -> str:
    """Return the variables by which a user tells libraries how to compute.

    >>> library_settings({"OMP_NUM_THREADS": "1", "OPENBLAS_CORETYPE": "Zen", "PATH": "/bin"})
    'OMP_NUM_THREADS=1 OPENBLAS_CORETYPE=Zen'
    """
    settings = sorted(name for name in environ if _SETTING.search(name))
    return " ".join(f"{name}={environ[name]}" for name in settings)


def _described(backend: Backend) -> str:
    entry = registry.described(backend.name)
    if entry is None or entry.info is None:
        return f"backend {backend.name}"
    # Of the module, which is imported by now: looking for its distribution's name is slow.
    framework = entry.info.framework
    version = getattr(sys.modules.get(framework), "__version__", "of unknown version")
    return (
        f"backend {backend.name} of {entry.distribution} {_version(entry.distribution)} "
        f"on {framework} {version}"
    )


def _plugins() -> list[str]:
    """Name the plugins that may offer a candidate; the others change nothing."""
    named = []
    for name in registry.lowering_plugins():
        version = _version(name.partition(":")[0])
        named.append(f"{name} {version}" if version else name)
    return sorted(named)


@functools.cache
def _version(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return ""  # registered by hand, or imported from a folder


@functools.cache
def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    model = re.search(r"^model name\s*:\s*(.+)$", text, flags=re.M)
    return model[1] if model else platform.processor() or platform.machine()


def _usable_processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
