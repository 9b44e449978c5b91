"""Which backends exist, and loading one of them.

Plugins come from the entry-point group `convdispatch` or from `register`. Listing them imports the
plugins, never a framework. A plugin that cannot be imported is kept as a broken entry and harms no
other. Nothing here knows which backend a user prefers: that is `selection`.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
from collections.abc import Container
from dataclasses import dataclass, replace

import pluggy

from convdispatch import hookspecs
from convdispatch._locks import Lock
from convdispatch.errors import (
    BackendBroken,
    BackendNotFound,
    BackendUnavailable,
    DuplicateBackend,
)
from convdispatch.ops import REQUIRED_FUNCTIONS, Backend, BackendInfo

AVAILABLE = "available"
UNAVAILABLE = "unavailable"
BROKEN = "broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row of the registry: a described backend, or a plugin that raised."""

    name: str
    distribution: str
    info: BackendInfo | None = None
    error: Exception | None = None


class Registry:
    """The plugins, the backends that they describe, and those already loaded."""

    def __init__(self, group: str = hookspecs.PROJECT) -> None:
        self._group = group
        self._lock = Lock()
        self._plugins: pluggy.PluginManager | None = None
        self._failed: list[Entry] = []
        self._entries: dict[str, Entry] | None = None
        self._loaded: dict[str, Backend] = {}

    @property
    def hook(self) -> pluggy.HookRelay:
        """The hook caller of all plugins."""
        return self._manager().hook

    def lowering_plugins(self) -> dict[str, pluggy.HookCaller]:
        """Return each plugin's own `convdispatch_lower` by its name, the first asked first.

        `hook.convdispatch_lower` stops at the first offer; these ask one plugin alone.
        """
        manager = self._manager()
        found: dict[str, pluggy.HookCaller] = {}
        for implementation in reversed(manager.hook.convdispatch_lower.get_hookimpls()):
            plugin = implementation.plugin
            others = [other for other in manager.get_plugins() if other is not plugin]
            caller = manager.subset_hook_caller("convdispatch_lower", others)
            found[_stable_name(implementation.plugin_name, plugin, found)] = caller
        return found

    def register(self, plugin: object, name: str | None = None) -> str | None:
        """Add a plugin by hand; return its name, as `unregister` takes it."""
        with self._lock.held():
            registered = self._manager().register(plugin, name=name)
            self._entries = None
            return registered

    def unregister(self, plugin: object) -> None:
        """Take a plugin out again, with whatever it had loaded."""
        with self._lock.held():
            self._manager().unregister(plugin)
            self._entries = None
            self._loaded.clear()

    def entries(self) -> dict[str, Entry]:
        """Return every known backend by name, the broken plugins under their entry point's name.

        Raises `DuplicateBackend` when two plugins describe a backend of the same name.
        """
        with self._lock.held():
            if self._entries is None:
                self._entries = self._collect()
            return self._entries

    def status(self, name: str) -> str:
        """Return AVAILABLE, UNAVAILABLE or BROKEN without importing the framework."""
        entry = self._entry(name)
        if entry.info is None:
            return BROKEN
        return AVAILABLE if _is_importable(entry.info.framework) else UNAVAILABLE

    def load(self, name: str) -> Backend:
        """Import the backend on first use and return it.

        Raises `BackendNotFound`, `BackendUnavailable` (framework missing) or `BackendBroken`.
        """
        backend = self._loaded.get(name)
        if backend is not None:
            return backend
        with self._lock.held():
            entry = self._entry(name)
            if entry.info is None:
                raise BackendBroken(_broken_message(entry)) from entry.error
            backend = _import_backend(entry.info)
            self._loaded[name] = backend
            return backend

    def loaded(self) -> tuple[Backend, ...]:
        """Return the backends that have been loaded so far."""
        return tuple(self._loaded.values())

    def _entry(self, name: str) -> Entry:
        entries = self.entries()
        if name in entries:
            return entries[name]
        known = ", ".join(repr(known) for known in sorted(entries)) or "none"
        hint = (
            " Theano is no longer maintained: choose an installed backend and keep the numbers of "
            "a Theano-trained model with `convdispatch.use_convention('theano')` or "
            '`"convention": "theano"` in keras.json.'
            if name == "theano"
            else " See `convdispatch backends` for how to install one."
        )
        raise BackendNotFound(f"no backend named {name!r}; registered: {known}.{hint}")

    def _manager(self) -> pluggy.PluginManager:
        with self._lock.held():
            if self._plugins is None:
                manager = pluggy.PluginManager(hookspecs.PROJECT)
                manager.add_hookspecs(hookspecs)
                self._failed = _load_entry_points(manager, self._group)
                self._plugins = manager
            return self._plugins

    def _collect(self) -> dict[str, Entry]:
        manager = self._manager()
        failed = list(self._failed)
        entries: dict[str, Entry] = {}
        for _, plugin in manager.list_name_plugin():
            distribution, name = _origin(manager, plugin)
            try:
                infos = _described(manager, plugin)
            except Exception as exc:  # noqa: BLE001 - any failure of a foreign hook is recorded
                failed.append(Entry(name=name, distribution=distribution, error=exc))
                continue
            for info in infos:
                entry = Entry(name=info.name, distribution=distribution, info=info)
                _require_unique(entries.get(info.name), entry)
                entries[info.name] = entry
        for entry in failed:
            # A broken plugin may not take the name of a backend that works.
            taken = entry.name in entries
            name = f"{entry.distribution}:{entry.name}" if taken else entry.name
            entries[name] = replace(entry, name=name)
        return entries


def _load_entry_points(manager: pluggy.PluginManager, group: str) -> list[Entry]:
    """Register every plugin of the group; return an entry for each that raised on import.

    pluggy's own `load_setuptools_entrypoints` would let one broken plugin abort the others.
    """
    failed = []
    for point in importlib.metadata.entry_points(group=group):
        distribution = point.dist.name if point.dist else "unknown"
        try:
            manager.register(point.load(), name=f"{distribution}:{point.name}")
        except Exception as exc:  # noqa: BLE001 - any failure of a foreign import is recorded
            failed.append(Entry(name=point.name, distribution=distribution, error=exc))
    return failed


def _described(manager: pluggy.PluginManager, plugin: object) -> list[BackendInfo]:
    """Ask one plugin alone, so that a backend can be traced to the plugin that describes it."""
    others = [other for other in manager.get_plugins() if other is not plugin]
    described = manager.subset_hook_caller("convdispatch_backends", others)
    infos = [info for answer in described() for info in answer]
    for info in infos:
        if not isinstance(info, BackendInfo):
            raise TypeError(f"convdispatch_backends() gave {info!r}, which is no BackendInfo")
    return infos


def _origin(manager: pluggy.PluginManager, plugin: object) -> tuple[str, str]:
    """Return the plugin's distribution and its entry point's name."""
    distribution, _, name = (manager.get_name(plugin) or repr(plugin)).partition(":")
    return distribution, name or distribution


def _stable_name(registered: str, plugin: object, taken: Container[str]) -> str:
    """Return a name that another process gives the plugin too, and that nobody has yet."""
    if registered == str(id(plugin)):  # pluggy's name for an object that has none
        registered = f"{type(plugin).__module__}.{type(plugin).__qualname__}"
    name, number = registered, 2
    while name in taken:
        name, number = f"{registered} #{number}", number + 1
    return name


def _require_unique(known: Entry | None, entry: Entry) -> None:
    if known is not None:
        raise DuplicateBackend(
            f"two plugins register a backend named {entry.name!r}: {known.distribution} and "
            f"{entry.distribution}. Uninstall one of the two."
        )


def _is_importable(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def _import_backend(info: BackendInfo) -> Backend:
    if not _is_importable(info.framework):
        raise BackendUnavailable(
            f"the backend {info.name!r} needs the package {info.framework!r}, which is not "
            f"installed. Install it with `{info.install}`."
        )
    module, _, attribute = info.load.partition(":")
    try:
        backend: Backend = getattr(importlib.import_module(module), attribute)
    except Exception as exc:
        raise BackendBroken(
            f"the backend {info.name!r} could not be loaded from {info.load!r}: "
            f"{type(exc).__name__}: {exc}. Repair or reinstall it (`{info.install}`)."
        ) from exc
    _require_complete(backend, info)
    return backend


def _require_complete(backend: Backend, info: BackendInfo) -> None:
    """Compare a backend with the Protocol, as pluggy compares hooks with their specification."""
    required = [*Backend.__annotations__, *(n for n in vars(Backend) if not n.startswith("_"))]
    lacking = [name for name in required if not hasattr(backend, name)]
    lacking += [
        f"functions[{name!r}]"
        for name in REQUIRED_FUNCTIONS
        if name not in getattr(backend, "functions", {})
    ]
    if lacking:
        raise BackendBroken(
            f"the backend {info.name!r} (from {info.load!r}) lacks {', '.join(lacking)}. "
            "See `convdispatch.ops.Backend` for the protocol."
        )


def _broken_message(entry: Entry) -> str:
    return (
        f"the plugin {entry.name!r} of {entry.distribution} raised while it was imported or asked: "
        f"{type(entry.error).__name__}: {entry.error}. Repair or uninstall {entry.distribution}."
    )


registry = Registry()
