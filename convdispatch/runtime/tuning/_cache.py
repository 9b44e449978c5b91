"""The cache file: the names of the fastest candidates, for later processes.

It holds names and numbers, never code, so a wrong file can only make a computation slower. Trouble
with the file never stops a computation: there is one warning, and the measurements stay in memory.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from convdispatch.runtime.tuning._folder import FOLDER_VARIABLE, SCHEMA, cache_path
from convdispatch.support.file_locks import exclusive
from convdispatch.support.files import read_whole, remove_drafts, write_atomically
from convdispatch.support.locks import Lock
from convdispatch.support.warnings import warn

# Only the latest are kept, so that many shapes or versions do not fill the disk.
MAX_ENVIRONMENTS, MAX_WINNERS = 16, 4096
_MAX_BYTES = 64 * 2**20
_LONGEST = 1e6  # seconds that a call may have taken


@dataclass(frozen=True, slots=True, kw_only=True)
class Winner:
    """The measurements of one op; the field names are those of the file."""

    name: str  # of the candidate to use
    usual: str  # of the one that computes the op without tuning
    batch: int  # items of the input that was measured
    medians: Mapping[str, float]  # seconds a call
    left_out: Mapping[str, str]  # why a candidate was not measured


Entries = dict[str, dict[str, Winner]]  # by environment, then by key


class Cache:
    """One file, shared with every other process that uses it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = Lock()
        self._read: Entries = {}
        self._stamp: tuple[int, int, int] | None = None  # of the file that was read
        self._unsaved: Entries = {}
        self._warned: set[str] = set()

    def find(self, environment: str, key: str) -> Winner | None:
        """Return the measurements of this process or of another."""
        unsaved = self._unsaved.get(environment, {}).get(key)
        return unsaved or self.entries().get(environment, {}).get(key)

    def entries(self) -> Entries:
        """Return the current contents of the file; read it again only after a change."""
        with self._lock.held():
            try:
                return self._current()
            except _NotOurs:
                pass
            except OSError as exc:
                self._warn(f"cannot be read ({_reason(exc)}); it is ignored")
                return {}
            try:
                with exclusive(self._lock_path):
                    return self._current_or_set_aside()
            except OSError as exc:
                self._warn(f"is damaged and cannot be set aside ({_reason(exc)}); it is ignored")
                return {}

    def add(self, environment: str, key: str, winner: Winner) -> None:
        """Write one winner into the file, and keep what others have written meanwhile."""
        with self._lock.held():
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                with exclusive(self._lock_path):
                    entries = {name: dict(w) for name, w in self._current_or_set_aside().items()}
                    # The latest last: the first ones are dropped.
                    winners = entries.pop(environment, {})
                    winners.pop(key, None)
                    entries[environment] = {**winners, key: winner}
                    self._write(_latest(entries, MAX_WINNERS))
                self._unsaved.get(environment, {}).pop(key, None)
            except OSError as exc:
                self._unsaved.setdefault(environment, {})[key] = winner
                self._warn(
                    f"cannot be written ({_reason(exc)}); what is measured lasts as long as the "
                    "process"
                )

    def clear(self) -> bool:
        """Remove the file; return whether there was one. Raises OSError where it cannot be."""
        with self._lock.held():
            self._unsaved.clear()
            if not self.path.exists():
                return False
            with exclusive(self._lock_path):
                self.path.unlink(missing_ok=True)
            return True

    @property
    def _lock_path(self) -> Path:
        return self.path.with_name(f"{self.path.name}.lock")

    def _current(self) -> Entries:
        try:
            status = self.path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return {}
        # A file is only ever replaced, so another one has another number or time.
        stamp = (status.st_ino, status.st_mtime_ns, status.st_size)
        if stamp != self._stamp:
            if status.st_size > _MAX_BYTES:
                raise _NotOurs(f"it is {status.st_size} bytes long")
            self._read = _parsed(read_whole(self.path, _MAX_BYTES))
            self._stamp = stamp
        return self._read

    def _current_or_set_aside(self) -> Entries:
        """Return the contents of the file; if they are unreadable, rename it and start anew."""
        try:
            return self._current()
        except _NotOurs as exc:
            aside = self.path.with_name(f"{self.path.name}.set-aside")
            self.path.replace(aside)
            self._warn(f"could not be understood ({exc}); it is now {aside.name}")
            return {}

    def _write(self, entries: Entries) -> None:
        text, most = _as_text(entries), MAX_WINNERS
        while len(text) > _MAX_BYTES and most > 1:  # or nobody would read it
            most //= 2
            text = _as_text(_latest(entries, most))
        remove_drafts(self.path)
        write_atomically(self.path, text)

    def _warn(self, problem: str) -> None:
        if problem in self._warned:
            return
        self._warned.add(problem)
        warn(
            f"the autotune cache {self.path} {problem}. Remove it with `convdispatch autotune "
            f"clear`, or name another folder in {FOLDER_VARIABLE}."
        )


class _NotOurs(Exception):  # noqa: N818 - no error of the package: caught within this file
    """The file is damaged, or of another format."""


def _latest(entries: Entries, winners_each: int) -> Entries:
    return {
        environment: dict(list(winners.items())[-winners_each:])
        for environment, winners in list(entries.items())[-MAX_ENVIRONMENTS:]
    }


def _as_text(entries: Entries) -> str:
    value = {
        "schema": SCHEMA,
        "environments": {
            environment: {key: asdict(winner) for key, winner in winners.items()}
            for environment, winners in entries.items()
        },
    }
    return json.dumps(value, indent=1) + "\n"


def _parsed(raw: bytes) -> Entries:
    """Return the entries of the file's text, every one of them checked."""
    try:
        value = json.loads(raw.decode("utf-8"))
        if value["schema"] != SCHEMA:
            raise _NotOurs(f"its format is number {value['schema']!r}, not {SCHEMA}")
        return {
            environment: {key: _winner(fields) for key, fields in winners.items()}
            for environment, winners in value["environments"].items()
        }
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as exc:
        raise _NotOurs(f"{type(exc).__name__}: {exc}") from exc


def _winner(fields: Mapping[str, object]) -> Winner:
    winner = Winner(**fields)  # type: ignore[arg-type]  # checked below
    medians, left_out = winner.medians, winner.left_out
    is_sound = (
        isinstance(winner.name, str)
        and isinstance(winner.usual, str)
        and type(winner.batch) is int
        and 0 < winner.batch < 2**63
        and {winner.name, winner.usual} <= medians.keys()
        and all(_is_duration(seconds) for seconds in medians.values())
        and all(isinstance(reason, str) for reason in left_out.values())
    )
    if not is_sound:
        raise TypeError("a winner has a field of the wrong type")
    return winner


def _is_duration(value: object) -> bool:
    """Return whether it is a number of seconds.

    JSON as Python reads it has NaN, infinity and whole numbers beyond every float, too.
    """
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _LONGEST


def _reason(exc: OSError) -> str:
    return exc.strerror or type(exc).__name__


_caches: dict[Path, Cache] = {}
_caches_lock = Lock()


def cache() -> Cache:
    """Return the cache of the file that the environment names now."""
    path = cache_path(os.environ)
    with _caches_lock.held():
        return _caches.setdefault(path, Cache(path))
