"""The scoreboard as a page in Markdown: docs/scoreboard.md."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from convdispatch.conformance.results import UNSUPPORTED
from scoreboard.counting import ALL, NOT_OFFERED, Cell, Row, features_of, ops_of
from scoreboard.faults import Fault, anchor, explained

_HEADING = """\
# Scoreboard

Engines that others wrote, judged by the whole conformance suite, each through an example backend of
at most 150 lines. Written by

```sh
tox -e scoreboard          # every engine: gigabytes, one engine after the other
tox -e scoreboard -- mlx   # one of them; the other rows stay as they are
```

[How to read and renew it](how-to/keep-the-scoreboard.md). [The page](scoreboard.html) has the same
for each feature of each op; [faults found](found-faults.md) has a script for each kind of failure.

- *passed*: the answer is right, within the derived bound.
- *failed*: another answer, an error, a crash. A failure that the example lists as known is one too.
- *declined*: the example says, with a reason, that the engine does not do it. Declined is not
  passed. A cell in which all cases are declined is *not offered*.
- *not run*: the run ended before.
- *worst error*: of the cases that passed, in units of the bound; rounding explains up to 1.
- *time*: half of the cases that passed took less, all calls of the case together. It is no
  benchmark: the cases are tiny.
"""
_MATRIX = """\
A cell is *passed / failed / declined*. In italics: the engine has no operator of its own for it in
the example, which composes the op from the engine's functions (for ONNX Runtime from NumPy's).
"""
_MOST_LISTED = 8


def page(rows: Sequence[Row], faults: Iterable[Fault]) -> str:
    """Return the page."""
    every = tuple(faults)
    tested = [one for one in rows if one.report.cases]
    sections = [_HEADING, "## Engines\n", _overview(rows)]
    if tested:
        sections += ["## By op\n", _MATRIX, _by_op(tested)]
        sections += ["## By feature\n", _by_feature(tested)]
    return "\n".join([*sections, *(_section(one, every) for one in rows)])


def _overview(rows: Iterable[Row]) -> str:
    head = (
        *("engine", "version", "date", "passed", "failed", "declined", "not run"),
        *("worst error", "time"),
    )
    return _table(head, [_summary(one) for one in rows])


def _summary(row: Row) -> tuple[str, ...]:
    name = f"[{row.engine.title}](#{anchor(row.engine.title)})"
    date = row.report.created[:10]
    if not row.report.cases:
        return (name, _version(row), date, row.record.status, *5 * ("-",))
    total, time = row.total, row.milliseconds
    counts = (total.passed, total.failed, total.declined, total.not_run)
    return (
        *(name, _version(row), date, *map(str, counts)),
        f"{total.worst:.3g}" if total.is_measured else "-",
        "-" if time is None else f"{time:.3g} ms",
    )


def _version(row: Row) -> str:
    """Return the versions of what the engine requires, as of Keras and of what it runs on."""
    wanted = [one.partition("[")[0] for one in row.engine.requirements]
    versions = {name: row.report.versions.get(name) for name in wanted}
    if row.record.framework not in versions and row.record.version:
        versions = {row.record.framework: row.record.version, **versions}
    return ", ".join(f"{name} {version}" for name, version in versions.items() if version) or "-"


def _by_op(rows: Sequence[Row]) -> str:
    body = [
        (op, *(_cell(one.cells.get((op, ALL)), is_own=one.engine.computes(op)) for one in rows))
        for op in ops_of(rows)
    ]
    return _table(("op", *(one.engine.title for one in rows)), body)


def _by_feature(rows: Sequence[Row]) -> str:
    body = [
        (feature, *(_cell(one.cells.get((ALL, feature)), is_own=True) for one in rows))
        for feature in features_of(rows, ALL)
    ]
    return _table(("feature", *(one.engine.title for one in rows)), body)


def _cell(cell: Cell | None, *, is_own: bool) -> str:
    if cell is None:
        return "-"
    if not cell.is_offered:
        return NOT_OFFERED
    words = f"{cell.passed} / {cell.failed} / {cell.declined}"
    words = words if is_own else f"*{words}*"
    return f"{words} ({cell.not_run} not run)" if cell.not_run else words


def _section(row: Row, faults: Sequence[Fault]) -> str:
    """Return what became of one engine: what fails, by kind, and what it declines."""
    report, record = row.report, row.record
    lines = [f"## {row.engine.title}\n"]
    variables = " ".join(f"{name}={value}" for name, value in row.engine.environment.items())
    where = f"`examples/{row.engine.example}`" + (f" with `{variables}`" if variables else "")
    machine = report.environment
    lines.append(
        f"{where}; {_version(row)}; Python {machine.get('python', '?')}, "
        f"{machine.get('processor', machine.get('platform', '?'))}, {report.created[:10]}; "
        f"specification {report.specification}, {len(report.cases)} cases.\n"
    )
    lines += [f"- **{_escaped(note)}**" for note in row.notes]
    counts, rest = explained(row.engine, record, faults)
    lines += [
        f"- {_cases(count)} failed: [{heading}](found-faults.md#{anchor(heading)})"
        for heading, count in counts.most_common()
    ]
    if rest:
        lines.append(f"- {_cases(len(rest))} failed, not explained yet:")
        lines += [f"  - `{one.case}`: {_first_line(one.detail)}" for one in rest[:_MOST_LISTED]]
        if len(rest) > _MOST_LISTED:
            lines.append(f"  - ... and {len(rest) - _MOST_LISTED} more")
    declined = Counter(one.detail for one in record.outcomes if one.status == UNSUPPORTED)
    lines += [
        f"- {_cases(count)} declined: {_first_line(reason)}"
        for reason, count in declined.most_common()
    ]
    return "\n".join(lines) + "\n"


def _first_line(text: str) -> str:
    return _escaped(text.partition("\n")[0])


def _escaped(text: str) -> str:
    """Return a foreign text that Markdown shows as it is, on one line."""
    line = " ".join(text.split())
    return "".join(f"\\{letter}" if letter in "\\`*_[]<>|" else letter for letter in line)


def _cases(count: int) -> str:
    return f"{count} case{'s' * (count != 1)}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
