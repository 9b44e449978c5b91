"""`convdispatch completion SHELL`: prints a script that lets a shell complete this command.

The words come from the parser itself, and the backends' names from the registry when the script is
printed, so pressing Tab does not start Python. `_completion_scripts` has each shell's syntax.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator

from convdispatch.cli._completion_scripts import SCRIPTS
from convdispatch.cli._completion_words import FILES, FOLDERS, Command, Option, Value
from convdispatch.cli._output import one_line, say


def run(arguments: argparse.Namespace) -> int:
    """Print the script for one shell."""
    from convdispatch.cli import _parser

    say(SCRIPTS[arguments.shell](list(commands(_parser(), ""))).rstrip("\n"))
    return 0


def commands(parser: argparse.ArgumentParser, path: str) -> Iterator[Command]:
    """Yield the command of a parser and its subcommands."""
    options, places = [], []
    children: dict[str, argparse.ArgumentParser] = {}
    helps: dict[str, str] = {}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            children = dict(action.choices)
            helps = {one.dest: one_line(one.help or "") for one in action._choices_actions}
        elif action.option_strings:
            value = None if action.nargs == 0 else value_of(action)
            names = tuple(action.option_strings)
            options.append(Option(names=names, help=one_line(action.help or ""), value=value))
        else:
            places.append(value_of(action))
    yield Command(path=path, options=tuple(options), places=tuple(places), children=helps)
    for name, child in children.items():
        yield from commands(child, f"{path} {name}".strip())


def value_of(action: argparse.Action) -> Value:
    """Return the allowed values of an argument, from its choices, its name or its metavariable."""
    if action.choices is not None:
        return Value(words=tuple(map(str, action.choices)))
    known = _by_dest().get(action.dest)
    return known if known is not None else BY_METAVAR[str(action.metavar)]


# A test finds a parser that names a value differently.
BY_METAVAR = {
    "FILE": Value(kind=FILES),
    "FILE.py": Value(kind=FILES),
    "OUT": Value(kind=FILES),
    "SCRIPT.py": Value(kind=FILES),
    "ARGUMENT": Value(kind=FILES),
    "FILE.md": Value(kind=FILES),
    "OLD.json": Value(kind=FILES),
    "NEW.json": Value(kind=FILES),
    "REPORT.json": Value(kind=FILES),
    "FOLDER": Value(kind=FOLDERS),
    "BASE": Value(kind=FOLDERS),
    "HEAD": Value(kind=FOLDERS),
    "NAME": Value(),
    "MODULE": Value(),
    "PATH": Value(kind=FILES),
    "N": Value(),
    "N/M": Value(),
    "PATTERN": Value(),
    "RATIO": Value(),
    "CASE": Value(),
    "CELL": Value(),
    "LAYER": Value(),
    "SIZES": Value(),
    "SECONDS": Value(),
}


def _by_dest() -> dict[str, Value]:
    from convdispatch.bench.benchmarks import BENCHMARKS
    from convdispatch.conformance.case import LEVELS
    from convdispatch.conformance.run.choosing import ALL
    from convdispatch.runtime.config import ALLOWED
    from convdispatch.runtime.registry import registry

    # Some characters of a word have a meaning for the shell.
    backends = tuple(name for name in sorted(registry.entries()) if re.fullmatch(r"[\w.-]+", name))
    settings = [word for words in ALLOWED.values() for word in words]
    return {
        "backend": Value(words=(*backends, ALL), is_list=True),
        "backends": Value(words=backends, is_list=True),
        "level": Value(words=LEVELS, is_list=True),
        "select": Value(words=tuple(BENCHMARKS)),
        "value": Value(words=(*backends, *dict.fromkeys(settings))),
    }
