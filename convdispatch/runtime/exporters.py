"""The targets that models are exported to: which ones plugins offer, and loading one of them."""

from __future__ import annotations

import importlib
from typing import cast

from convdispatch.errors import InvalidArgument, PackageMissing, PluginError
from convdispatch.programs import Exporter, ExporterInfo
from convdispatch.runtime.loading import is_there
from convdispatch.runtime.registry import registry
from convdispatch.support.foreign import call, said, shown

_METHODS = ("export", "supports", "write", "is_folder")


def targets() -> dict[str, ExporterInfo]:
    """Return every exporter that a plugin describes by its target's name.

    A plugin that fails offers none. Raises `PluginError` where two plugins offer one target.
    """
    found: dict[str, ExporterInfo] = {}
    for plugin, answer in registry.exporters():
        infos = [] if isinstance(answer, Exception) else answer
        for info in infos:
            if not _is_sound(info):
                continue
            sound = cast("ExporterInfo", info)
            if sound.name in found:
                raise PluginError(
                    f"two plugins export to {sound.name!r}; the second is {plugin!r}. Uninstall "
                    "one of the two."
                )
            found[sound.name] = sound
    return found


def _is_sound(info: object) -> bool:
    return isinstance(info, ExporterInfo) and all(
        type(getattr(info, field)) is str for field in ("name", "framework", "load", "install")
    )


def load_exporter(target: str) -> Exporter:
    """Import an exporter and return it.

    Raises `InvalidArgument` for an unknown target, `PackageMissing` where its framework is not
    installed, and `PluginError` where it cannot be loaded.
    """
    known = targets()
    info = known.get(target) if isinstance(target, str) else None
    if info is None:
        names = ", ".join(map(repr, sorted(known))) or "none"
        raise InvalidArgument(f"`target` must be one of {names}; received {shown(target)}.")
    if not is_there(info.framework):
        raise PackageMissing(
            f"exporting to {target!r} needs the package {info.framework!r}, which is not "
            f"installed. Install it with `{info.install}`."
        )
    module, _, attribute = info.load.partition(":")
    try:
        exporter = call(lambda: getattr(importlib.import_module(module), attribute))
    except Exception as exc:
        raise PluginError(
            f"the exporter to {target!r} could not be loaded from {info.load!r}: {said(exc)}. "
            f"Repair or reinstall it (`{info.install}`)."
        ) from exc
    missing = [name for name in _METHODS if not hasattr(exporter, name)]
    if missing:
        raise PluginError(
            f"the exporter to {target!r} (from {info.load!r}) lacks {', '.join(missing)}. See "
            "`convdispatch.programs.Exporter`."
        )
    return cast("Exporter", exporter)
