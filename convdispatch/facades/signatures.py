"""The constructor of a table's row: its signature, and the meaning of each argument."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Mapping

from convdispatch.doors.rows import Row, Spelled, chosen
from convdispatch.engine.layer_options import stated_parameters
from convdispatch.formulas.dialects import Dialect

Parameters = Mapping[str, inspect.Parameter]
Spelling = Mapping[str, Spelled | None]

_SELF = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)


def has_own_arguments(row: Row) -> bool:
    """Whether the row states a constructor other than that of the class that it translates."""
    return bool(row.arguments is not None or row.defaults or row.more)


def spelling(row: Row, like: type, dialect: Dialect) -> Spelling:
    """Return how the row spells the arguments of `like` that it does not call the same.

    One that it does not state at all is None: this Keras does not have it.
    """
    ours = stated_parameters(like)
    if row.arguments is None:
        return {}
    own = set(parsed(row.arguments + row.more))
    spelled = {name: _spelled(name, own, row, dialect) for name in ours}
    return {name: meant for name, meant in spelled.items() if meant != name}


def _spelled(name: str, own: set[str], row: Row, dialect: Dialect) -> Spelled | None:
    if name in row.spelling:
        return row.spelling[name]
    return chosen((*dialect.renames.get(name, ()), name), own)


def signature(row: Row, like: type, spelled: Spelling) -> inspect.Signature:
    """Return the signature of the row's constructor, `self` and `**options` included.

    An argument whose type the row does not state has the type of the one of `like`.
    """
    ours = stated_parameters(like)
    if row.arguments is None:
        own = {name: _with_default(one, row) for name, one in ours.items()}
        own |= parsed(row.more)
    else:
        own = parsed(row.arguments)
        types = dict(_types(ours, spelled))
        for name, one in own.items():
            if one.annotation is one.empty and name in types:
                own[name] = one.replace(annotation=types[name])
    beside = "OptionsBesideWeights" if "weights" in own else "LayerOptions"
    options = inspect.Parameter(
        "options", inspect.Parameter.VAR_KEYWORD, annotation=f"Unpack[{beside}]"
    )
    return inspect.Signature([_SELF, *own.values(), options], return_annotation="None")


def _with_default(parameter: inspect.Parameter, row: Row) -> inspect.Parameter:
    if parameter.name not in row.defaults:
        return parameter
    return parameter.replace(default=row.defaults[parameter.name])


def _types(ours: Parameters, spelled: Spelling) -> Iterator[tuple[str, object]]:
    for name, parameter in ours.items():
        own = spelled.get(name, name)
        if isinstance(own, str):
            yield own, parameter.annotation
        for one in own if isinstance(own, tuple) else ():
            yield one, "int"


def parsed(arguments: str) -> dict[str, inspect.Parameter]:
    """Return the parameters that a text of a signature states."""
    stated = ast.parse(f"def f({arguments}): pass").body[0]
    assert isinstance(stated, ast.FunctionDef)
    found = stated.args
    missing = [None] * (len(found.args) - len(found.defaults))
    parts = [
        (inspect.Parameter.POSITIONAL_OR_KEYWORD, found.args, [*missing, *found.defaults]),
        (inspect.Parameter.KEYWORD_ONLY, found.kwonlyargs, found.kw_defaults),
    ]
    return {
        argument.arg: inspect.Parameter(
            argument.arg,
            kind,
            default=inspect.Parameter.empty if default is None else ast.literal_eval(default),
            annotation=(
                inspect.Parameter.empty
                if argument.annotation is None
                else ast.unparse(argument.annotation)
            ),
        )
        for kind, arguments_of_kind, defaults in parts
        for argument, default in zip(arguments_of_kind, defaults, strict=True)
    }
