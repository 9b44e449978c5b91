"""`convdispatch compare --nproc N`: the processes that run the model, backend after backend."""

from __future__ import annotations

import json
import signal
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from convdispatch.cli import _launching
from convdispatch.cli._output import UsageError
from convdispatch.conformance.run.worker_handle import environment, python
from convdispatch.errors import BackendUnavailable, GroupFailed, InvalidArgument
from convdispatch.numerics.comparison import Comparison
from convdispatch.ops import Launched
from convdispatch.runtime import selection
from convdispatch.runtime.launching import launched
from convdispatch.runtime.registry import registry

_MEMBER = "convdispatch.cli._compare_member"
_INTERRUPTED = 128 + signal.SIGINT


def compared(file: Path, names: Sequence[str] | None, count: int) -> dict[str, Comparison]:
    """Return what each backend's group of processes finds.

    By default all available backends with an engine are asked. Raises `UsageError` for a named one
    without an engine, before any process starts.
    """
    wanted = dict.fromkeys(selection.available_backends() if names is None else names)
    with tempfile.TemporaryDirectory() as folder:
        places = {name: Path(folder, str(place)) for place, name in enumerate(wanted)}
        starts: dict[str, list[Launched]] = {}
        for name, place in places.items():
            try:
                command = python(_MEMBER, [str(file), name, str(place)])
                starts[name] = launched(name, command, count)
            except InvalidArgument as exc:
                if names is not None:
                    raise UsageError(str(exc)) from exc
        if not starts:
            raise BackendUnavailable(
                "no available backend has an engine for several processes. See `convdispatch "
                "backends`."
            )
        return {name: _found(name, starts[name], places[name]) for name in starts}


def _found(name: str, processes: Sequence[Launched], folder: Path) -> Comparison:
    folder.mkdir()
    info = registry.entries()[name].info
    code = _launching.watch(processes, environment({} if info is None else info.test_environment))
    if code == _INTERRUPTED:
        raise KeyboardInterrupt
    if code:
        reason = "a process of its group has ended without an answer"
        return Comparison(backend=name, status="outside", reason=reason)
    told: list[dict[str, Any]] = [
        json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.iterdir())
    ]
    for one in told:
        if "error" in one:
            raise GroupFailed(one["error"])
    answers = [Comparison(**one) for one in told]
    return next((one for one in answers if one.status != "ok"), answers[0])
