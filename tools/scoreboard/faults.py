"""Which fault a failing case shows, and where the fault is described.

    [[fault]]
    engines = ["mlx"]                 # names or patterns
    heading = "clip: no gradient at its ends"   # of a section of docs/found-faults.md
    cases = ["layers/grad/*"]         # ids or patterns
    says = "Type of cotangents"       # words of the failure, as a regular expression; optional

The first entry that fits a failing case is its kind. A case that none fits is not explained.
"""

from __future__ import annotations

import fnmatch
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from convdispatch.conformance.report.records import BackendRecord, OutcomeRecord
from convdispatch.conformance.results import FAILED, KNOWN_FAILURE
from scoreboard.engines import Engine, ScoreboardError, read_toml

FAILING = (FAILED, KNOWN_FAILURE)  # that a failure was known makes no answer right


@dataclass(frozen=True, slots=True)
class Fault:
    """A kind of failing cases."""

    engines: tuple[str, ...]
    heading: str
    cases: tuple[str, ...]
    says: str = ""

    def fits(self, engine: Engine, outcome: OutcomeRecord) -> bool:
        """Whether this is why the case fails on the engine."""
        return (
            _matches(engine.name, self.engines)
            and _matches(outcome.case, self.cases)
            and re.search(self.says, outcome.detail) is not None
        )


def read_faults(path: Path, document: Path) -> tuple[Fault, ...]:
    """Return the faults; raise `ScoreboardError` for an entry that the document does not have."""
    values = read_toml(path)
    entries = values.pop("fault", [])
    if values or not isinstance(entries, list):
        raise ScoreboardError(f"{path} has the keys {sorted(values)}. Write [[fault]] tables.")
    headings = set(headings_of(document.read_text("utf-8")))
    faults = tuple(_fault(entry, path) for entry in entries)
    for fault in faults:
        if fault.heading not in headings:
            raise ScoreboardError(
                f"{path}: {document.name} has no section {fault.heading!r}. Write it, or correct "
                "`heading`."
            )
    return faults


def headings_of(text: str) -> list[str]:
    r"""Return the headings of a document in Markdown; lines of code are none.

    >>> headings_of("# A\ntext\n```\n# no\n```\n## B c")
    ['A', 'B c']
    """
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    return re.findall(r"^#+ (.+)$", prose, flags=re.MULTILINE)


def anchor(heading: str) -> str:
    """Return the part of an address after '#' that leads to the heading, as GitHub makes it.

    >>> anchor("ops.add: a bias along the wrong axis, on TensorFlow")
    'opsadd-a-bias-along-the-wrong-axis-on-tensorflow'
    """
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def explained(
    engine: Engine, record: BackendRecord, faults: Iterable[Fault]
) -> tuple[Counter[str], list[OutcomeRecord]]:
    """Return the failing cases by the heading of their fault, and those that none explains."""
    every = tuple(faults)
    counts: Counter[str] = Counter()
    rest = []
    for outcome in record.outcomes:
        if outcome.status not in FAILING:
            continue
        fault = next((one for one in every if one.fits(engine, outcome)), None)
        if fault is None:
            rest.append(outcome)
        else:
            counts[fault.heading] += 1
    return counts, rest


def _fault(entry: object, path: Path) -> Fault:
    values = dict(entry) if isinstance(entry, dict) else {}
    lists = [values.get("engines"), values.get("cases")]
    heading, says = values.get("heading"), values.get("says", "")
    is_whole = (
        {"engines", "heading", "cases"} <= set(values) <= {"engines", "heading", "cases", "says"}
        and isinstance(heading, str)
        and isinstance(says, str)
        and all(isinstance(one, list) and all(isinstance(w, str) for w in one) for one in lists)
    )
    if not is_whole:
        raise ScoreboardError(
            f"{path}: an entry is {entry!r}. Each needs `engines`, `cases`, lists of patterns, and "
            "`heading`, a section of found-faults.md; `says` is optional."
        )
    try:
        re.compile(says)
    except re.error as exc:
        raise ScoreboardError(f"{path}: `says` is {says!r}: {exc}. Correct it.") from exc
    return Fault(tuple(values["engines"]), str(heading), tuple(values["cases"]), says)


def _matches(word: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(word, pattern) for pattern in patterns)
