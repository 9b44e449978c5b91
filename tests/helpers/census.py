"""How many public scripts of 2015-2019 find all they use: `python tests/helpers/census.py`.

Each use of `tests/legacy/census.json` is asked of the façades themselves: whether the name exists,
its signature takes the argument, the string is known, and, for a habit, whether a small probe of it
runs. A script is covered when one façade offers all it uses: that of its words, or either one for
a script that mixes both vocabularies, because `convdispatch run` chooses by what is used.

    python tests/helpers/census.py            the percents, and what is missing, most wanted first
    python tests/helpers/census.py --write    the same into docs/legacy-scripts.md
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]

from census_asking import Answers  # noqa: E402 - after the path of it
from places import ROOT  # noqa: E402 - after the path of it

DATA = ROOT / "tests" / "legacy" / "census.json"
PAGE = ROOT / "docs" / "legacy-scripts.md"
BEGIN, END = "<!-- census: begin -->", "<!-- census: end -->"
APIS = ("keras1", "keras2")
OF_WORDS = {"k1": ("keras1",), "k2": ("keras2",)}
ROWS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What one script uses."""

    words: str
    is_sampled: bool
    uses: tuple[str, ...]

    @property
    def apis(self) -> tuple[str, ...]:
        """The façades of which one has to offer everything."""
        return OF_WORDS.get(self.words, APIS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How many scripts are covered, and what the others lack, with how many of them lack it."""

    scripts: int
    covered: int
    sampled: int
    sampled_covered: int
    missing: Counter[str]
    alone: Counter[str]


def scripts() -> list[Script]:
    """Return the scripts of the census."""
    found = json.loads(DATA.read_text(encoding="utf-8"))
    return [
        Script(
            words=one["words"],
            is_sampled=one["sampled"],
            uses=tuple(found["uses"][place] for place in one["uses"]),
        )
        for one in found["scripts"]
    ]


def module_paths() -> list[str]:
    """Return the modules of Keras that the scripts import."""
    return list(json.loads(DATA.read_text(encoding="utf-8"))["module_paths"])


def counted(every: list[Script], offers: Callable[[str, str], bool]) -> Result:
    """Return the result, where `offers(api, use)` says whether a façade has what a script uses."""
    missing: Counter[str] = Counter()
    alone: Counter[str] = Counter()
    covered = []
    for script in every:
        lacks = least([[u for u in script.uses if not offers(api, u)] for api in script.apis])
        named = {name_of(use) for use in lacks}
        missing.update(named)
        if len(named) == 1:
            alone.update(named)
        if not lacks:
            covered.append(script)
    return Result(
        scripts=len(every),
        covered=len(covered),
        sampled=sum(one.is_sampled for one in every),
        sampled_covered=sum(one.is_sampled for one in covered),
        missing=missing,
        alone=alone,
    )


def least(found: list[list[str]]) -> list[str]:
    """Return the shortest list."""
    return min(found, key=len)


def name_of(use: str) -> str:
    """Return what is said to be missing: an argument of a name that is missing is that name."""
    return use


def lines(result: Result) -> Iterator[str]:
    """Yield the percents and the table, in Markdown."""
    for what, part, whole in (
        ("all scripts", result.covered, result.scripts),
        ("the sampled ones", result.sampled_covered, result.sampled),
    ):
        yield f"- {what}: {part} of {whole}, {100 * part / whole:.1f} %"
    yield ""
    yield "| missing | scripts that use it | that lack nothing else |"
    yield "|---|---|---|"
    ordered = sorted(result.missing.items(), key=lambda row: (-row[1], row[0]))
    for use, count in ordered[:ROWS]:
        yield f"| `{use}` | {count} | {result.alone[use]} |"
    rest = len(ordered) - ROWS
    if rest > 0:
        yield ""
        yield f"{rest} others are missing in {ordered[ROWS][1]} scripts or fewer."


@functools.cache
def result() -> Result:
    """Return how far the façades of this checkout go."""
    os.environ.setdefault("CONVDISPATCH_BACKEND", "numpy")
    answers = {api: Answers(api) for api in APIS}
    return counted(scripts(), lambda api, use: answers[api].offers(use))


def page(text: str, table: str) -> str:
    """Return a page with the table between its marks."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{table}\n\n{END}{after}"


def main() -> None:
    """Print the result, or write it into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write it into docs/legacy-scripts.md")
    table = "\n".join(lines(result()))
    if parser.parse_args().write:
        PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), table), encoding="utf-8")
    else:
        sys.stdout.write(table + "\n")


if __name__ == "__main__":
    main()
