"""Which file of a source tree imports which, read from the source and never run.

Imports inside of functions and for type checkers alone count like all others. That Python imports
the packages around a module along with it does not count: a package's `__init__` is a door, which
imports what lies behind it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

PACKAGE = "convdispatch"
COMMANDS = {"bench", "cli"}  # what a person types: nothing below imports it

Graph = Mapping[str, set[str]]


def parse(path: Path) -> ast.Module:
    """Return the file's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"))


def module_name(path: Path, source: Path) -> str:
    """Return the dotted name of a file's module, a package by its own name."""
    parts = path.relative_to(source).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path, source: Path) -> list[str]:
    """Return every module that a file imports, also inside of functions and type checks."""
    return imports_of(ast.walk(parse(path)), path, source)


def imports_of(nodes: Iterable[ast.AST], path: Path, source: Path) -> list[str]:
    """Return every module that those of the nodes that are import statements import."""
    package = module_name(path, source)
    if path.name != "__init__.py":
        package = package.rpartition(".")[0]
    names = []
    for node in nodes:
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: 1 - node.level or None] if node.level else []
            stem = ".".join([*parents, *filter(None, [node.module])])
            names += [_submodule(stem, alias.name, source) for alias in node.names]
    return names


def _submodule(stem: str, name: str, source: Path) -> str:
    """Return the module that `from stem import name` reads: a submodule, or the stem itself."""
    # A backend's folder has no `convdispatch`, of which it imports a submodule.
    places = [root.joinpath(*stem.split("."), name) for root in (source, source.parent)]
    is_module = any(
        place.with_suffix(".py").exists() or (place / "__init__.py").exists() for place in places
    )
    return f"{stem}.{name}" if is_module else stem


def graph_of(source: Path) -> Graph:
    """Return the modules of the frontend below `source`, each with those that it imports."""
    files = sorted((source / PACKAGE).rglob("*.py"))
    names = {module_name(path, source): path for path in files}
    return {
        name: {one for one in imported(path, source) if one.partition(".")[0] == PACKAGE} - {name}
        for name, path in names.items()
    }


def room_of(module: str) -> str:
    """Return the part of the house that a module is in: 'layers' of 'convdispatch.layers._conv'."""
    return module.split(".")[1] if "." in module else module


def homeless(graph: Graph, rank: Mapping[str, int]) -> set[str]:
    """Return the parts of the house that have no rank."""
    return {room_of(module) for module in graph} - set(rank)


def upwards(graph: Graph, rank: Mapping[str, int]) -> list[str]:
    """Return the imports from a higher part of the house, or from one that has no rank."""
    return [
        f"{module} imports {other}"
        for module, others in graph.items()
        for other in sorted(others)
        if rank.get(room_of(other), len(rank)) > rank[room_of(module)]
    ]


def of_commands(graph: Graph) -> list[str]:
    """Return the imports of what a person types, by anything else than that and `__main__`."""
    return [
        f"{module} imports {other}"
        for module, others in graph.items()
        for other in sorted(others)
        if room_of(other) in COMMANDS and room_of(module) not in {*COMMANDS, "__main__"}
    ]


def at_the_top(source: Path) -> list[str]:
    """Return the files that lie at the top of the frontend."""
    return sorted(path.name for path in (source / PACKAGE).glob("*.py"))


def circles(graph: Graph) -> list[list[str]]:
    """Return each set of modules that lead to each other by imports (Tarjan, 1972)."""
    return [sorted(found) for found in _components(graph) if len(found) > 1]


def _components(graph: Graph) -> Iterator[Sequence[str]]:
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []

    def visit(module: str) -> Iterator[Sequence[str]]:
        number[module] = lowest[module] = len(number)
        stack.append(module)
        for other in sorted(graph[module] & set(graph)):
            if other not in number:
                yield from visit(other)
                lowest[module] = min(lowest[module], lowest[other])
            elif other in stack:
                lowest[module] = min(lowest[module], number[other])
        if lowest[module] == number[module]:
            place = stack.index(module)
            found = stack[place:]
            del stack[place:]
            yield found

    for module in graph:
        if module not in number:
            yield from visit(module)
