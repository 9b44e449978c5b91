"""Import the plugins, and call each one separately, so that none can harm another.

A plugin is foreign code. Its exceptions, output and wrong answers are caught here and kept, or
raised, as the plugin's error. `registry` knows which backends exist.
"""

from __future__ import annotations

import importlib.metadata
import itertools
from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pluggy

from convdispatch import hookspecs
from convdispatch.errors import PluginError
from convdispatch.ops import BackendInfo
from convdispatch.runtime.backend_info import checked, name_of
from convdispatch.support.foreign import call, quietly, said, shown

# The most that one plugin may return, so that an endless answer does not fill the memory.
_MOST_BACKENDS, _MOST_CASES = 1000, 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row of the registry: a described backend, or a plugin with its error."""

    name: str
    distribution: str
    info: BackendInfo | None = None
    error: Exception | None = None


class Plugins:
    """The plugins of one entry-point group, and those that were registered by hand."""

    def __init__(self, group: str) -> None:
        self._manager = pluggy.PluginManager(hookspecs.PROJECT)
        self._manager.add_hookspecs(hookspecs)
        self._failed: list[Entry] = []
        for found in _entry_points(group):
            failed = found if isinstance(found, Entry) else self._import(found)
            if failed is not None:
                self._failed.append(failed)

    def register(self, plugin: object, name: str | None) -> str | None:
        """Add a plugin by hand; return its name."""
        return call(self._manager.register, plugin, name=name)

    def unregister(self, plugin: object) -> None:
        """Take a plugin out."""
        self._manager.unregister(plugin)

    def entries(self) -> Iterator[Entry]:
        """Yield every backend that a plugin describes, and an entry for each error."""
        yield from self._failed
        for registered, plugin in self._manager.list_name_plugin():
            distribution, _, point = registered.partition(":")
            yield from self._described(plugin, distribution, point or distribution)

    def lowering(self) -> dict[str, Callable[..., Any]]:
        """Return each plugin's `convdispatch_lower` by the plugin's name, in the order of calls."""
        found: dict[str, Callable[..., Any]] = {}
        for implementation in reversed(self._manager.hook.convdispatch_lower.get_hookimpls()):
            name = _stable_name(implementation.plugin_name, implementation.plugin, found)
            found[name] = _asking(implementation)
        return found

    def cases(self) -> Iterator[tuple[str, list[object] | Exception]]:
        """Yield each plugin's name with the conformance cases that it adds, or its error."""
        hook = self._manager.hook.convdispatch_conformance_cases
        for implementation in hook.get_hookimpls():
            try:
                answer = _asked(implementation, _MOST_CASES, "a list of cases")
            except Exception as exc:  # noqa: BLE001 - whatever a foreign hook raises is said
                yield implementation.plugin_name, exc
            else:
                yield implementation.plugin_name, answer

    def exporters(self) -> Iterator[tuple[str, list[object] | Exception]]:
        """Return each plugin's name with the exporters that it describes, or its error."""
        for implementation in self._manager.hook.convdispatch_exporters.get_hookimpls():
            try:
                answer = _asked(implementation, _MOST_BACKENDS, "a list of ExporterInfo")
            except Exception as exc:  # noqa: BLE001 - any failure of a foreign hook is recorded
                yield implementation.plugin_name, exc
            else:
                yield implementation.plugin_name, answer

    def _import(self, point: importlib.metadata.EntryPoint) -> Entry | None:
        """Register the plugin of an entry point; return an entry if that is impossible.

        pluggy's own `load_setuptools_entrypoints` would let one broken plugin abort the others.
        """
        distribution = point.dist.name if point.dist else "unknown"
        try:
            plugin = quietly(point.load)
            if plugin is None:
                raise PluginError(f"{point.value!r} is None. Name a module or an object.")
            call(self._manager.register, plugin, name=f"{distribution}:{point.name}")
        except Exception as exc:  # noqa: BLE001 - any failure of a foreign import is recorded
            return Entry(name=point.name, distribution=distribution, error=exc)
        return None

    def _described(self, plugin: object, distribution: str, point: str) -> Iterator[Entry]:
        """Call one plugin alone, so that a backend can be traced to its plugin."""
        hook = self._manager.hook.convdispatch_backends
        names: set[str] = set()
        for implementation in hook.get_hookimpls():
            if implementation.plugin is not plugin:
                continue
            try:
                infos = _asked(implementation, _MOST_BACKENDS, "a list of BackendInfo")
            except Exception as exc:  # noqa: BLE001 - any failure of a foreign hook is recorded
                yield Entry(name=point, distribution=distribution, error=exc)
                return
            for info in infos:
                entry = _entry(info, distribution, point, names)
                names.add(entry.name)
                yield entry


def _entry_points(group: str) -> Iterator[importlib.metadata.EntryPoint | Entry]:
    """Yield the group's entry points, and an entry for a distribution whose list is damaged."""
    try:
        yield from importlib.metadata.entry_points(group=group)
        return
    except Exception:  # noqa: BLE001 - one distribution's list is damaged, and hides all others
        pass
    seen: set[str] = set()
    for distribution in importlib.metadata.distributions():
        name = str(distribution.metadata["Name"] or "unknown")
        if name in seen:  # later on the path, so an import would not find it
            continue
        seen.add(name)
        try:
            yield from distribution.entry_points.select(group=group)
        except Exception as exc:  # noqa: BLE001 - as above
            error = PluginError(f"its entry_points.txt cannot be read: {said(exc)}")
            error.__cause__ = exc
            yield Entry(name=name, distribution=name, error=error)


def _entry(info: object, distribution: str, point: str, taken: Container[str]) -> Entry:
    """Return the entry of one description, which must be valid and unique in the plugin."""
    try:
        sound = call(checked, info)
        if sound.name in taken:
            raise PluginError(f"it describes two backends named {sound.name!r}. Rename one.")
    except Exception as exc:  # noqa: BLE001 - the values are foreign, and may do anything
        name = call(name_of, info) or point
        return Entry(name=name, distribution=distribution, error=exc)
    return Entry(name=sound.name, distribution=distribution, info=sound)


def _asked(implementation: Any, most: int, wanted: str) -> list[object]:
    """Return the answer of one plugin's hook without arguments, as a list."""

    def ask() -> list[object]:
        if implementation.wrapper or implementation.hookwrapper:
            raise PluginError(f"its {_hook(implementation)} is a wrapper. Write a plain function.")
        answer = implementation.function()
        if isinstance(answer, str | bytes) or not isinstance(answer, Iterable):
            raise PluginError(
                f"its {_hook(implementation)} gave {shown(answer)}. Return {wanted}, empty where "
                "there is none."
            )
        items = list(itertools.islice(answer, most + 1))
        if len(items) > most:
            raise PluginError(f"its {_hook(implementation)} gave more than {most} items.")
        return items

    return quietly(ask)


def _asking(implementation: Any) -> Callable[..., Any]:
    """Return the function that calls one plugin with the hook's own argument names."""
    names = implementation.argnames

    def ask(**arguments: Any) -> Any:
        answer = call(implementation.function, *(arguments[name] for name in names))
        if answer is not None and not callable(answer):
            raise PluginError(
                f"its {_hook(implementation)} gave {shown(answer)}. Return a function of the op's "
                "tensors, or None."
            )
        return answer

    return ask


def _hook(implementation: Any) -> str:
    return f"{implementation.function.__name__}()"


def _stable_name(registered: str, plugin: object, taken: Container[str]) -> str:
    """Return an unused name for the plugin, which another process gives it too."""
    if registered == str(id(plugin)):  # pluggy's name for an object without a name
        registered = f"{type(plugin).__module__}.{type(plugin).__qualname__}"
    name, number = registered, 2
    while name in taken:
        name, number = f"{registered} #{number}", number + 1
    return name
