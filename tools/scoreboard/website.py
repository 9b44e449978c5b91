"""The scoreboard as a page for browsers: engine, op and feature, in one file without scripts."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from html import escape

from scoreboard.counting import ALL, Cell, Row, features_of, ops_of
from scoreboard.faults import Fault, anchor, explained

_STYLE = """
:root { color-scheme: light dark; font: 15px/1.45 system-ui, sans-serif; }
:root { background: Canvas; color: CanvasText; }
body { margin: 2rem auto; max-width: 80rem; padding: 0 1rem; }
table { border-collapse: collapse; margin: .6rem 0 1.2rem; }
th, td { padding: .15rem .55rem; text-align: right; white-space: nowrap; }
th { font-weight: 600; } th:first-child { text-align: left; }
td { border: 1px solid #8884; font-variant-numeric: tabular-nums; }
.p { background: #2a82; } .d { background: #8882; } .f { background: #d223; font-weight: 600; }
.n { opacity: .55; } .k { font-style: italic; }
summary { cursor: pointer; font-weight: 600; padding: .2rem 0; }
.scroll { overflow-x: auto; }
"""
_LEGEND = """\
<p>A cell is passed / failed / declined, and below it the worst error of the passed cases in units
of the bound. Green: all passed. Red: something failed. Grey: some are declined, and declined is not
passed. Faint: not offered, every case is declined. Italics: the example composes the op; the engine
has no operator of its own for it there.</p>
"""


def page(rows: Sequence[Row], faults: Iterable[Fault]) -> str:
    """Return the page."""
    every = tuple(faults)
    tested = [one for one in rows if one.report.cases]
    digest = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'"
    parts = [
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f"<title>Scoreboard</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n",
        "<h1>Scoreboard</h1>\n",
        *(_heading(one, every) for one in rows),
        "<h2>Engine, op, feature</h2>\n",
        _LEGEND,
        *(_op(op, tested) for op in (ALL, *ops_of(tested))),
        "</body>\n</html>\n",
    ]
    text = "".join(parts)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _heading(row: Row, faults: Sequence[Fault]) -> str:
    """Return a line for the engine, and what failed of it by kind."""
    words = [row.total.words() if row.report.cases else row.record.status, *row.notes]
    counts, rest = explained(row.engine, row.record, faults)
    items = [
        f'<li>{count} failed: <a href="found-faults.md#{escape(anchor(heading))}">'
        f"{escape(heading)}</a></li>"
        for heading, count in counts.most_common()
    ]
    items += [f"<li>{len(rest)} failed, not explained yet</li>"] if rest else []
    title = f"{row.engine.title}, {row.report.created[:10]}"
    listed = f"<ul>{''.join(items)}</ul>" if items else ""
    return f"<p><b>{escape(title)}</b>: {escape('; '.join(words))}</p>{listed}\n"


def _op(op: str, rows: Sequence[Row]) -> str:
    head = "".join(f"<th>{escape(one.engine.title)}" for one in rows)
    body = "".join(
        f"<tr><th>{escape(feature)}"
        + "".join(
            _cell(one.cells.get((op, feature)), is_own=op == ALL or one.engine.computes(op))
            for one in rows
        )
        + "\n"
        for feature in (ALL, *features_of(rows, op))
    )
    is_open = " open" if op == ALL else ""
    return (
        f"<details{is_open}><summary>{escape('all ops' if op == ALL else op)}</summary>"
        f'<div class="scroll" tabindex="0"><table><tr><th>{head}\n{body}</table></div></details>\n'
    )


def _cell(cell: Cell | None, *, is_own: bool) -> str:
    if cell is None:
        return '<td class="n">'
    if not cell.is_offered:
        return '<td class="n">not offered'
    style = "f" if cell.failed or cell.not_run else "d" if cell.declined else "p"
    numbers = f"{cell.passed} / {cell.failed} / {cell.declined}"
    numbers += f" ({cell.not_run} not run)" if cell.not_run else ""
    worst = f"<br>{cell.worst:.2g}" if cell.is_measured else ""
    return f'<td class="{style}{"" if is_own else " k"}">{numbers}{worst}'
