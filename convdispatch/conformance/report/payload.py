"""Every outcome in little room: the JSON that a report's page carries and its script shows.

Cases and outcomes are columns, and a text that recurs is written once and referred to by its
number. The whole is compressed, which browsers can undo. Details, scripts and drawings have a
share of the page for each backend that fails, so that one that fails everywhere neither makes the
page huge nor takes the room of another.
"""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

from convdispatch.conformance.report.drawing import caption, draw
from convdispatch.conformance.report.records import (
    BackendRecord,
    CaseRecord,
    Drawing,
    OutcomeRecord,
    Report,
)
from convdispatch.conformance.results import FAILED, KNOWN_FAILURE, STATUSES

# Characters before compression, over all backends: numbers in scripts shrink to a third, drawings
# to a twentieth. The page stays below 6 MB; `report.json` has what is left out.
_ROOM = {"details": 2_000_000, "scripts": 7_000_000, "drawings": 8_000_000}
_LONGEST_DETAIL = 1500
_LEFT_OUT = -1
_NOT_RUN = "."
_SHOWN = (FAILED, KNOWN_FAILURE)  # with a script and a drawing


class _Texts:
    """Texts by number, each written once, while there is room."""

    def __init__(self, room: int) -> None:
        self.texts: list[str] = []
        self.is_full = False  # whether something did not fit
        self.room = room
        self._numbers: dict[str, int] = {}

    def number(self, text: str) -> int | None:
        """Return the text's number; None for no text, `_LEFT_OUT` where it does not fit."""
        if not text:
            return None
        if text not in self._numbers:
            if len(text) > self.room:
                self.is_full = True
                return _LEFT_OUT
            self.room -= len(text)
            self._numbers[text] = len(self.texts)
            self.texts.append(text)
        return self._numbers[text]


def payload(report: Report) -> str:
    """Return the JSON, compressed and in base 64, as which it can stand in any element."""
    words = _Texts(10**9)
    failing = [one for one in report.backends if any(one.counts[status] for status in _SHOWN)]
    share = max(len(failing), 1)
    texts = {name: _Texts(0) for name in _ROOM}
    places = {case.id: place for place, case in enumerate(report.cases)}
    backends = []
    for backend in report.backends:
        for name, room in _ROOM.items():
            texts[name].room = room // share
            texts[name].is_full = False
        backends.append(_backend(backend, report.cases, places, texts, words))
    cases = _cases(report.cases, words)
    values = {
        "statuses": STATUSES,
        "cases": cases,
        "backends": backends,
        "words": words.texts,
        **{name: one.texts for name, one in texts.items()},
    }
    text = json.dumps(values, separators=(",", ":"))
    # Without a time, the same report makes the same page.
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def _cases(cases: tuple[CaseRecord, ...], words: _Texts) -> dict[str, list[Any]]:
    return {
        "id": [case.id for case in cases],
        "op": [words.number(case.op) for case in cases],
        "level": [words.number(case.level) for case in cases],
        "claim": [words.number(case.claim) for case in cases],
        "dtype": [words.number(case.dtype or "") for case in cases],
        "since": [words.number(case.since) for case in cases],
        "features": [words.number(", ".join(case.features)) for case in cases],
        "geometry": [words.number(caption(case.drawing) if case.drawing else "") for case in cases],
    }


def _backend(
    backend: BackendRecord,
    cases: tuple[CaseRecord, ...],
    places: dict[str, int],
    texts: dict[str, _Texts],
    words: _Texts,
) -> dict[str, Any]:
    statuses = [_NOT_RUN] * len(cases)
    columns: dict[str, list[Any]] = {
        name: [None] * len(cases) for name in ("bounds", "ulps", "milliseconds")
    }
    notes = {}
    for outcome in backend.outcomes:
        place = places[outcome.case]
        statuses[place] = str(STATUSES.index(outcome.status))
        columns["bounds"][place] = _rounded(outcome.bounds)
        columns["ulps"][place] = _rounded(outcome.ulps)
        columns["milliseconds"][place] = _rounded(1000 * outcome.seconds)
        note = _note(outcome, cases[place], texts, words)
        if any(value is not None for value in note):
            notes[place] = note
    return {"name": backend.name, "status": "".join(statuses), "notes": notes, **columns}


def _note(
    outcome: OutcomeRecord, case: CaseRecord, texts: dict[str, _Texts], words: _Texts
) -> list[int | None]:
    """Return the kind, the detail, the script, the drawing, and 1 where it works undeclared."""
    drawing = case.drawing if outcome.status in _SHOWN else None
    return [
        words.number(outcome.kind),
        texts["details"].number(_cut(outcome.detail)),
        texts["scripts"].number(outcome.script),
        _drawing_number(drawing, texts["drawings"]) if drawing else None,
        1 if outcome.works else None,
    ]


def _drawing_number(drawing: Drawing, drawn: _Texts) -> int | None:
    """Return the number of the drawing's text; drawings that do not fit would take seconds."""
    return _LEFT_OUT if drawn.is_full else drawn.number(draw(drawing))


def _cut(detail: str) -> str:
    if len(detail) <= _LONGEST_DETAIL:
        return detail
    return f"{detail[:_LONGEST_DETAIL]} ... ({len(detail)} characters; report.json has all)"


def _rounded(number: float | None) -> float | None:
    return None if number is None else float(f"{number:.3g}")
