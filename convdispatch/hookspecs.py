"""The pluggy hooks that a plugin may implement.

A plugin is a module or object advertised under the entry-point group `convdispatch`. It marks its
functions with `hookimpl` from here. Importing a plugin must import no framework: a backend is
described by `convdispatch_backends` and loaded later, through `BackendInfo.load`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from convdispatch.ops import Backend, BackendInfo, Op, Signature, Tensor
    from convdispatch.programs import ExporterInfo

PROJECT = "convdispatch"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def convdispatch_backends() -> Iterable[BackendInfo]:
    """Describe the backends of this plugin."""
    return ()


@hookspec(firstresult=True)
def convdispatch_lower(
    backend: Backend, op: Op, signature: Signature
) -> Callable[..., Tensor] | None:
    """Offer a better callable for one op of any backend, or None.

    Called once per (op, shapes, element type), at lowering, never per call. The last registered
    plugin is called first.
    """
    return None


@hookspec
def convdispatch_conformance_cases() -> Iterable[object]:
    """Add cases to the conformance suite."""
    return ()


@hookspec
def convdispatch_exporters() -> Iterable[ExporterInfo]:
    """Describe the targets that this plugin exports models to."""
    return ()
