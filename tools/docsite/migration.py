"""The tables of `docs/reference/migration.md`: every name of Keras 1 and 2, from the façades' own.

A line `<!-- table: layers of keras1 -->` of the page is where a table goes.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any

from convdispatch import layers
from convdispatch.doors.rows import Row, chosen, names_in
from convdispatch.engine.layer_options import stated_parameters
from convdispatch.formulas.dialects import KERAS1, KERAS2, Dialect

if TYPE_CHECKING:
    from sphinx.application import Sphinx

DIALECTS = {"keras1": KERAS1, "keras2": KERAS2}
# What a function has been called since, where that is another word.
SINCE = {
    "zero": "Zeros",
    "one": "Ones",
    "normal": "RandomNormal",
    "uniform": "RandomUniform",
    "l1l2": "l1_l2",
    "cosine": "cosine_similarity",
    "cosine_proximity": "cosine_similarity",
    "kullback_leibler_divergence": "kl_divergence",
    "kld": "kl_divergence",
    "KLD": "kl_divergence",
    "precision": "Precision",
    "recall": "Recall",
    "fbeta_score": "FBetaScore",
    "f1score": "F1Score",
    "fscore": "F1Score",
    "fmeasure": "F1Score",
}
# The tables of a Keras's functions, and how its own modules were called.
FUNCTIONS = {
    "activations": "activations",
    "initializers": "initializations or initializers",
    "regularizers": "regularizers",
    "constraints": "constraints",
    "losses": "objectives or losses",
    "metrics": "metrics",
    "optimizers": "optimizers",
}


def setup(app: Sphinx) -> None:
    """Fill the page in when it is read."""
    app.connect("source-read", _fill)


def _fill(app: Sphinx, docname: str, source: list[str]) -> None:
    if docname == "reference/migration":
        source[0] = re.sub(r"^<!-- table: (.*) -->$", _table, source[0], flags=re.M)


def _table(found: re.Match[str]) -> str:
    kind, _, name = found[1].partition(" of ")
    made = {"layers": layer_table, "arguments": argument_table, "functions": function_table}
    return "\n".join(made[kind](DIALECTS[name]))


def _lines(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    cells = [list(head), ["---"] * len(list(head)), *(list(row) for row in rows)]
    yield from (f"| {' | '.join(row)} |" for row in cells)


def layer_table(dialect: Dialect) -> Iterator[str]:
    """Return a line for each class of layers: its names, ours, and the arguments that differ."""
    head = (dialect.title, "here", "arguments that mean other ones", "other defaults")
    yield from _lines(head, (_row(dialect, row) for row in rows_of(dialect)))


def rows_of(dialect: Dialect) -> list[Row]:
    """Return the rows of a Keras's table, in the order of its modules."""
    return [row for rows in dialect.layers.values() for row in rows]


def _row(dialect: Dialect, row: Row) -> list[str]:
    theirs = getattr(importlib.import_module(f"convdispatch.{dialect.name}.layers"), row.name)
    ours = getattr(layers, row.likeness, None)
    renamed, defaults = [], []
    if ours is not None:
        stated = stated_parameters(theirs)
        for name, parameter in stated_parameters(ours).items():
            spelled = row.spelling.get(name) or spelling(dialect, name, stated)
            words = names_in(spelled)
            if words and words != (name,):
                always = is_always_meant(dialect, words)
                renamed += [] if always else [f"{_code(words)} → `{name}`"]
            elif words and stated[name].default != parameter.default:
                defaults.append(f"`{name}={stated[name].default!r}`")
    here = f"`{row.likeness}`" if ours is not None else "the façade's own"
    return [_code(row.names), here, ", ".join(renamed), ", ".join(defaults)]


def spelling(dialect: Dialect, name: str, stated: Mapping[str, inspect.Parameter]) -> Any:
    """Return how a class of a Keras spells an argument of ours, None if it has none."""
    return chosen((*dialect.renames.get(name, ()), name), stated)


def is_always_meant(dialect: Dialect, words: tuple[str, ...]) -> bool:
    """Whether these words stand for one and the same argument of ours in every layer."""
    spelled = [names_in(each) for all_ in dialect.renames.values() for each in all_]
    return spelled.count(words) == 1


def argument_table(dialect: Dialect) -> Iterator[str]:
    """Return a line for each argument of ours that a Keras spells otherwise."""
    rows = (
        [" or ".join(_code(names_in(each)) for each in spelled), f"`{name}`"]
        for name, spelled in dialect.renames.items()
    )
    yield from _lines((dialect.title, "here"), rows)


def function_table(dialect: Dialect) -> Iterator[str]:
    """Return a line for each function that a Keras knows by name, and what it is called here."""
    head = ("module", dialect.title, "here", "the same")
    yield from _lines(head, _functions(dialect))


def _functions(dialect: Dialect) -> Iterator[list[str]]:
    for table, modules in FUNCTIONS.items():
        module = importlib.import_module(f"convdispatch.{table}")
        theirs: Mapping[str, Any] = getattr(dialect, table)
        together: dict[tuple[str, bool], list[str]] = {}
        for name, value in theirs.items():
            together.setdefault(here(name, value, module), []).append(name)
        for (found, is_same), names in together.items():
            ours = f"`{table}.{found}`" if found else "nothing"
            said = "yes" if is_same else "no"
            yield [f"`{modules}`".replace(" or ", "` or `"), _code(names), ours, said]


def here(name: str, value: Any, module: ModuleType) -> tuple[str, bool]:
    """Return what a function of an old Keras is called in a module of ours, and if it is the same.

    '' if nothing of ours has its name or its formula.
    """
    same = [each for each in dir(module) if is_same(value, getattr(module, each))]
    words = (getattr(value, "__name__", ""), name, _as_class(name), SINCE.get(name, ""))
    named = [each for each in words if each and hasattr(module, each)]
    preferred = [each for each in named if each in same] or same or named
    return (preferred[0], bool(same)) if preferred else ("", False)


def _as_class(name: str) -> str:
    """Return a name as classes spell it: glorot_uniform is GlorotUniform."""
    return "".join(part.capitalize() for part in name.split("_"))


def is_same(value: Any, ours: Any) -> bool:
    """Whether two functions are one formula with the same defaults."""
    if value is ours:
        return True
    formulas = [(getattr(each, "function", each), _settled(each)) for each in (value, ours)]
    return type(value) is type(ours) and formulas[0] == formulas[1] and formulas[0][0] is not value


def _settled(value: Any) -> object:
    return getattr(value, "parameters", None)


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
