"""The failures that a backend's author knows of: `known_failures.toml` in the backend's package.

    [[known-failure]]
    reason = "framework 2.1 rounds twice in float16: https://..."
    cases = ["conv2d/dtype/*-float16"]

A case is named by its id or by a pattern as the shell's (`*`, `?`). The list is strict: an
entry that matches no case fails the run, and so does a listed case that passes, unless its entry
says `flaky = true`: a fault that comes and goes may be in any of the cases that match.
"""

from __future__ import annotations

import fnmatch
import importlib.resources
import importlib.util
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources.abc import Traversable

from convdispatch.errors import ConfigError
from convdispatch.ops import BackendInfo
from convdispatch.support.foreign import call, said, shown

FILE_NAME = "known_failures.toml"


@dataclass(frozen=True, slots=True)
class KnownFailures:
    """Patterns of case ids, each with the reason why such a case fails."""

    source: str
    reasons: dict[str, str]
    flaky: frozenset[str] = frozenset()  # the patterns whose cases may also pass

    def reason(self, case_id: str) -> str | None:
        """Return why the case is known to fail, or None."""
        pattern = self._pattern(case_id)
        return None if pattern is None else self.reasons[pattern]

    def may_pass(self, case_id: str) -> bool:
        """Say whether the entry of a listed case says that it fails only now and then."""
        return self._pattern(case_id) in self.flaky

    def _pattern(self, case_id: str) -> str | None:
        for pattern in self.reasons:
            if fnmatch.fnmatchcase(case_id, pattern):
                return pattern
        return None

    def unmatched(self, case_ids: Iterable[str]) -> list[str]:
        """Return the patterns that match none of these ids."""
        ids = list(case_ids)
        return [pattern for pattern in self.reasons if not fnmatch.filter(ids, pattern)]


def read(info: BackendInfo) -> KnownFailures:
    """Read the list in the package that the backend is loaded from; a missing file is empty.

    Raises `ConfigError`, naming the file, where it cannot be understood or the package be found.
    """
    try:
        file = call(_file, info.load.partition(":")[0])
    except Exception as exc:
        raise ConfigError(
            f"the package of {info.load!r}, where {FILE_NAME} is looked for, raised {said(exc)}."
        ) from exc
    if file is None:
        return KnownFailures(FILE_NAME, {})
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise ConfigError(f"{file}: {exc}. Write it as TOML in UTF-8.") from exc
    except (OSError, RecursionError) as exc:
        raise ConfigError(f"{file}: it cannot be read: {said(exc)}.") from exc
    reasons, flaky = _reasons(values, str(file))
    return KnownFailures(str(file), reasons, flaky)


def _file(module: str) -> Traversable | None:
    """Return the list beside the module, or in the nearest package around it that has one.

    Only the outermost package is imported: the others may import the framework.
    """
    outermost, *inner = module.split(".")
    if not _is_package(outermost):
        return None
    folders = [importlib.resources.files(outermost)]
    for name in inner:
        folders.append(folders[-1] / name)
    files = (folder / FILE_NAME for folder in reversed(folders))
    return next((file for file in files if file.is_file()), None)


def _is_package(name: str) -> bool:
    """Say whether it can be imported and is a folder; a module of one file has no folder."""
    spec = importlib.util.find_spec(name)
    return spec is not None and spec.submodule_search_locations is not None


def _reasons(values: dict[str, object], file: str) -> tuple[dict[str, str], frozenset[str]]:
    entries = values.pop("known-failure", [])
    if values or not isinstance(entries, list):
        raise ConfigError(
            f"{file}: it has the keys {sorted(values)}. Write only [[known-failure]] tables "
            "with a `reason`, `cases` and perhaps `flaky`."
        )
    reasons: dict[str, str] = {}
    flaky: set[str] = set()
    for entry in entries:
        reason, cases, comes_and_goes = _entry(entry, file)
        for pattern in cases:
            if pattern in reasons:
                raise ConfigError(f"{file}: {pattern!r} is listed twice. Keep one.")
            reasons[pattern] = reason
        flaky.update(cases if comes_and_goes else ())
    return reasons, frozenset(flaky)


def _entry(entry: object, file: str) -> tuple[str, list[str], bool]:
    fields = dict(entry) if isinstance(entry, dict) else {}
    flaky = fields.pop("flaky", False)
    reason, cases = fields.get("reason"), fields.get("cases")
    is_list = isinstance(cases, list) and all(isinstance(case, str) for case in cases)
    if set(fields) != {"reason", "cases"} or not (
        isinstance(reason, str) and reason and is_list and cases and isinstance(flaky, bool)
    ):
        raise ConfigError(
            f"{file}: an entry is {shown(entry)}. Each needs `reason`, a sentence, and `cases`, a "
            "list of case ids or patterns; `flaky = true` lets them pass as well."
        )
    return " ".join(reason.split()), list(cases or []), flaky
