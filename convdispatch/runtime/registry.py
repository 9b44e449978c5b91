"""Which backends exist, and loading one of them.

Plugins come from the entry-point group `convdispatch` or from `register`. Listing them imports the
plugins, never a framework. A plugin that cannot be imported is kept as a broken entry and harms no
other. `selection` knows which backend a user prefers; this module does not.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Container, Iterator
from dataclasses import replace
from typing import TypeAlias

from convdispatch import hookspecs
from convdispatch.errors import (
    BackendBroken,
    BackendError,
    BackendNotFound,
    BackendTooOld,
    BackendUnavailable,
    DuplicateBackend,
)
from convdispatch.ops import Backend, Op, Signature, Tensor
from convdispatch.runtime.completion import complete
from convdispatch.runtime.loading import framework_problem, import_backend, protocol_problem
from convdispatch.runtime.placing import ON_DEVICE, placed
from convdispatch.runtime.plugins import Entry as Entry
from convdispatch.runtime.plugins import Plugins
from convdispatch.support.foreign import said
from convdispatch.support.locks import Lock
from convdispatch.support.warnings import warn

# A plugin's function for one op, of native tensors.
Offer: TypeAlias = Callable[..., Tensor]

AVAILABLE = "available"
UNAVAILABLE = "unavailable"
BROKEN = "broken"
TOO_OLD = "too old"  # written for an earlier version of the protocol
UNUSABLE = (BROKEN, TOO_OLD)  # installed, but unusable until it is repaired


class Registry:
    """The plugins, the backends that they describe, and those already loaded."""

    def __init__(self, group: str = hookspecs.PROJECT) -> None:
        self._group = group
        self._lock = Lock()
        self._plugins: Plugins | None = None
        self._entries: dict[str, Entry] | None = None
        self._loaded: dict[str, Backend] = {}
        self._left_out: dict[str, str] = {}
        self._sources: dict[str, str] = {}
        self._lent: list[Backend] = []

    def lowering_plugins(self) -> dict[str, Callable[..., Offer | None]]:
        """Return each plugin's own `convdispatch_lower` by its name, the first asked first.

        Each raises its plugin's exceptions, and `PluginError` for an invalid answer.
        """
        return self._known_plugins().lowering()

    def offer(self, backend: Backend, op: Op, signature: Signature) -> Offer | None:
        """Return the first offer of a plugin to compute the op, or None.

        A plugin that fails is left out, with a warning, and listed in `left_out`. None is asked for
        a backend that is lent.
        """
        if any(backend is lent for lent in self._lent):
            return None
        for name, ask in self.lowering_plugins().items():
            try:
                offered = ask(backend=backend, op=op, signature=signature)
            except Exception as exc:  # noqa: BLE001 - a foreign plugin that fails is left out
                self._leave_out(name, exc)
                continue
            if offered is not None:
                return offered
        return None

    def left_out(self) -> dict[str, str]:
        """Return the plugins whose `convdispatch_lower` has failed, each with its first error."""
        return dict(self._left_out)

    def conformance_cases(self) -> Iterator[tuple[str, list[object] | Exception]]:
        """Yield each plugin's name with the conformance cases that it adds, or what is wrong."""
        return self._known_plugins().cases()

    def register(self, plugin: object, name: str | None = None) -> str | None:
        """Add a plugin by hand; return its name, as `unregister` takes it."""
        with self._lock.held():
            registered = self._known_plugins().register(plugin, name)
            self._entries = None
            return registered

    def unregister(self, plugin: object) -> None:
        """Remove a plugin again, with the backends loaded from it."""
        with self._lock.held():
            self._known_plugins().unregister(plugin)
            self._entries = None
            self._loaded.clear()
            self._left_out.clear()

    def entries(self) -> dict[str, Entry]:
        """Return every known backend by name, the broken plugins under their entry point's name.

        Raises `DuplicateBackend` when two plugins describe a backend of the same name.
        """
        with self._lock.held():
            if self._entries is None:
                self._entries = self._collect()
            return self._entries

    def status(self, name: str) -> str:
        """Return AVAILABLE, UNAVAILABLE, TOO_OLD or BROKEN without importing the framework."""
        problem = self.problem(name)
        if problem is None:
            return AVAILABLE
        if isinstance(problem, BackendTooOld):
            return TOO_OLD
        return UNAVAILABLE if isinstance(problem, BackendUnavailable) else BROKEN

    def problem(self, name: str) -> BackendError | None:
        """Return the error that loading would raise before it imports anything, or None.

        It is `BackendUnavailable` (framework missing), `BackendTooOld` or `BackendBroken`. Raises
        `BackendNotFound`.
        """
        entry = self._entry(name)
        if entry.info is None:
            error = BackendBroken(_broken_message(entry))
            error.__cause__ = entry.error
            return error
        return protocol_problem(entry.info) or framework_problem(entry.info)

    def load(self, name: str) -> Backend:
        """Import the backend on first use and return it.

        Raises `BackendNotFound`, `BackendUnavailable` (framework missing) or `BackendBroken`.
        """
        backend = self._loaded.get(name)
        if backend is not None:
            return backend
        with self._lock.held():
            plain, _, device = name.partition(ON_DEVICE)
            if device:
                backend = placed(self.load(plain), device)
                described = self._entry(plain).info
                if described is not None:
                    complete(backend, described)
                self._loaded[name] = backend
                return backend
            info = self._entry(name).info
            problem = self.problem(name)
            if problem is not None:
                raise self._with_source(name, problem)
            assert info is not None  # or there is a problem
            try:
                backend = import_backend(info)
            except BackendBroken as exc:
                raise self._with_source(name, exc) from exc.__cause__
            self._loaded[name] = backend
            return backend

    def exporters(self) -> Iterator[tuple[str, list[object] | Exception]]:
        """Return each plugin's name with the exporters that it describes, or its error."""
        return self._known_plugins().exporters()

    @contextlib.contextmanager
    def lending(self, backend: Backend) -> Iterator[str]:
        """Let layers compute on a backend of ours that no plugin describes, while the block lasts.

        It gives the backend's name, which no other may have, and is in no list.
        """
        self._loaded[backend.name] = backend
        self._lent.append(backend)
        try:
            yield backend.name
        finally:
            self._lent.remove(backend)
            self._loaded.pop(backend.name, None)

    def is_known(self, name: str) -> bool:
        """Return whether layers may be on a backend of that name."""
        return self.described(name) is not None or name in self._loaded

    def described(self, name: str) -> Entry | None:
        """Return the entry of a backend, also where its name has a device; None if unknown."""
        return self.entries().get(name.partition(ON_DEVICE)[0])

    def loaded(self) -> tuple[Backend, ...]:
        """Return the backends that have been loaded so far."""
        return tuple(self._loaded.values())

    def note_source(self, name: str, source: str) -> None:
        """Remember which file or variable names the backend: what to change if it cannot load."""
        self._sources[name] = source

    def forget_sources(self) -> None:
        """Forget them, as they are about to be read again."""
        self._sources.clear()

    def _with_source(self, name: str, problem: BackendError) -> BackendError:
        if name not in self._sources:
            return problem
        error = type(problem)(
            f"{problem} The name comes from {self._sources[name]}: you can name an available "
            "backend there instead (see `convdispatch backends`)."
        )
        error.__cause__ = problem.__cause__
        return error

    def _entry(self, name: str) -> Entry:
        entries, entry = self.entries(), self.described(name)
        if entry is not None:
            return entry
        known = ", ".join(repr(known) for known in sorted(entries)) or "none"
        hint = (
            " Theano is no longer maintained: choose an installed backend and keep the numbers of "
            "a Theano-trained model with `convdispatch.use_convention('theano')` or "
            '`"convention": "theano"` in keras.json.'
            if name == "theano"
            else " See `convdispatch backends` for how to install one."
        )
        raise BackendNotFound(f"no backend named {name!r}; registered: {known}.{hint}")

    def _known_plugins(self) -> Plugins:
        with self._lock.held():
            if self._plugins is None:
                self._plugins = Plugins(self._group)
            return self._plugins

    def _leave_out(self, plugin: str, exc: Exception) -> None:
        if plugin not in self._left_out:
            self._left_out[plugin] = said(exc)
            warn(
                f"the plugin {plugin!r} is left out, because its convdispatch_lower() failed "
                f"({said(exc)}). Repair or uninstall it."
            )

    def _collect(self) -> dict[str, Entry]:
        entries: dict[str, Entry] = {}
        failed: list[Entry] = []
        for entry in self._known_plugins().entries():
            if entry.info is None:
                failed.append(entry)
                continue
            _require_unique(entries.get(entry.name), entry)
            entries[entry.name] = entry
        for entry in failed:
            name = _free_name(entry, entries)
            entries[name] = replace(entry, name=name)
        return entries


def _free_name(entry: Entry, taken: Container[str]) -> str:
    """Return the name under which a broken plugin is listed; no working backend has it."""
    if entry.name not in taken:
        return entry.name
    full = f"{entry.distribution}:{entry.name}"
    numbered = (f"{full} #{number}" for number in itertools.count(2))
    return next(name for name in itertools.chain([full], numbered) if name not in taken)


def _require_unique(known: Entry | None, entry: Entry) -> None:
    if known is not None:
        raise DuplicateBackend(
            f"two plugins register a backend named {entry.name!r}: {known.distribution} and "
            f"{entry.distribution}. Uninstall one of the two."
        )


def _broken_message(entry: Entry) -> str:
    assert entry.error is not None  # an entry has a description or an error
    return (
        f"the plugin {entry.name!r} of {entry.distribution} raised while it was imported or asked: "
        f"{said(entry.error)}. Repair or uninstall {entry.distribution}."
    )


registry = Registry()
