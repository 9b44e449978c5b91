"""Load a backend from its description; check its framework and that it is complete."""

from __future__ import annotations

import importlib
import importlib.util

import numpy as np

from convdispatch.errors import (
    BackendBroken,
    BackendError,
    BackendTooOld,
    BackendUnavailable,
    ConfigError,
    GroupFailed,
)
from convdispatch.ops import PROTOCOL, Backend, BackendInfo
from convdispatch.runtime.completion import complete, lacking
from convdispatch.support.foreign import call, quietly, said, shown


def protocol_problem(info: BackendInfo) -> BackendError | None:
    """Return why a backend for another version of the protocol cannot be used, or None."""
    if info.protocol == PROTOCOL:
        return None
    speaks = (
        f"the backend {info.name!r} implements version {info.protocol} of the backend protocol; "
        f"this convdispatch speaks version {PROTOCOL}."
    )
    if info.protocol > PROTOCOL:
        return BackendBroken(f"{speaks} Upgrade convdispatch (`python -m pip install -U .`).")
    return BackendTooOld(
        f"{speaks} Upgrade the backend (`{info.install}`). Its author gives `value_and_grad` "
        "auxiliary results, lets `assign` take native tensors, adds or declines `random`, "
        "`compile_step` and `wrap`, and says `protocol=2` in BackendInfo: see "
        "docs/how-to/write-a-backend.md."
    )


def framework_problem(info: BackendInfo) -> BackendError | None:
    """Return why the backend's framework cannot be used, or None, without importing it.

    For a dotted name Python imports the parents, which may do anything.
    """
    try:
        found = is_there(info.framework)
    except Exception as exc:  # noqa: BLE001 - whatever a foreign parent module raises
        error = BackendBroken(
            f"the backend {info.name!r} needs the package {info.framework!r}, which cannot be "
            f"looked up: {said(exc)}. Repair or reinstall it (`{info.install}`)."
        )
        error.__cause__ = exc
        return error
    if found:
        return None
    return BackendUnavailable(
        f"the backend {info.name!r} needs the package {info.framework!r}, which is not "
        f"installed. Install it with `{info.install}`."
    )


def import_backend(info: BackendInfo) -> Backend:
    """Import the backend; raise `BackendBroken` if that fails or the backend is incomplete."""
    module, _, attribute = info.load.partition(":")
    state = np.random.get_state()  # of the script
    try:
        backend: Backend = call(lambda: getattr(importlib.import_module(module), attribute))
        missing = call(lacking, backend, info)
        if not missing:
            call(complete, backend, info)
        name = call(getattr, backend, "name", None)
    except (ConfigError, GroupFailed):  # what a launcher has said or started, not the backend
        raise
    except Exception as exc:
        raise BackendBroken(
            f"the backend {info.name!r} could not be loaded from {info.load!r}: {said(exc)}. "
            f"Repair or reinstall it (`{info.install}`)."
        ) from exc
    finally:
        np.random.set_state(state)  # importing JAX 0.10 draws from it
    if missing:
        raise BackendBroken(
            f"the backend {info.name!r} (from {info.load!r}) lacks {', '.join(missing)}. "
            "See `convdispatch.ops.Backend` for the protocol, and for what may be declined in "
            "`Capabilities.unsupported`."
        )
    if name != info.name:  # its declarations would be looked up under another name, and not found
        raise BackendBroken(
            f"the backend {info.name!r} (from {info.load!r}) has the name {shown(name)}. Give it "
            "the name that its plugin describes."
        )
    return backend


def is_there(module: str) -> bool:
    """Return whether a module can be imported, without importing it; its parents are."""
    try:
        if "." in module:
            return quietly(lambda: importlib.util.find_spec(module)) is not None
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError as exc:
        if f"{module}.".startswith(f"{exc.name}."):
            return False
        raise  # its parent exists, but lacks something else
    except ValueError:  # a module that was made by hand has no specification
        return False
