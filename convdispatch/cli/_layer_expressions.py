"""A layer written as in a script, made without running any code.

Only calls of a façade's layers are understood, with literals as arguments. Nothing is evaluated:
the text is parsed, and each part is looked up or refused.
"""

from __future__ import annotations

import ast
import difflib
import importlib
from typing import Any

from convdispatch.cli._output import UsageError
from convdispatch.engine.layer import Layer
from convdispatch.errors import ConvDispatchError

DOORS = {
    None: "convdispatch.layers",
    "1": "convdispatch.keras1.layers",
    "2": "convdispatch.keras2.layers",
}
_LONGEST = 10_000  # characters
_EXAMPLE = "Write it as in a script: \"Conv2D(4, 3, padding='same')\"."


def layer_of(text: str, keras: str | None) -> Layer:
    """Return the layer that a call of one of a façade's layers makes."""
    if len(text) > _LONGEST:
        raise UsageError(f"a layer takes at most {_LONGEST} characters; received {len(text)}.")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as exc:
        reason = exc.msg if isinstance(exc, SyntaxError) else type(exc).__name__
        raise UsageError(f"{text!r} is no layer: {reason}. {_EXAMPLE}") from exc
    return _made(tree, DOORS[keras])


def _made(tree: ast.expr, door: str) -> Layer:
    if not isinstance(tree, ast.Call):
        raise UsageError(f"{ast.unparse(tree)!r} is no call of a layer. {_EXAMPLE}")
    name = _name(tree.func)
    found = _class(name, door)
    given = [_value(one, door) for one in tree.args]
    named = {}
    for keyword in tree.keywords:
        if keyword.arg is None:
            raise UsageError(f"`**` stands for no argument here. {_EXAMPLE}")
        named[keyword.arg] = _value(keyword.value, door)
    try:
        made: Layer = found(*given, **named)
    except TypeError as exc:
        if isinstance(exc, ConvDispatchError):
            raise
        said = str(exc).rpartition("() ")[2]  # without the name of an inner class
        raise UsageError(f"{name}: {said}.") from exc
    return made


def _name(tree: ast.expr) -> str:
    """Return the name of a class: the last one of `layers.Conv2D`."""
    if isinstance(tree, ast.Name):
        return tree.id
    if isinstance(tree, ast.Attribute) and isinstance(tree.value, ast.Name | ast.Attribute):
        return tree.attr
    raise UsageError(f"{ast.unparse(tree)!r} is no name of a layer. {_EXAMPLE}")


def _class(name: str, door: str) -> Any:
    module = importlib.import_module(door)
    known = [
        one
        for one in module.__all__
        if isinstance(getattr(module, one), type) and issubclass(getattr(module, one), Layer)
    ]
    if name in known:
        return getattr(module, name)
    near = difflib.get_close_matches(name, known, 3)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    other = " `--keras 1` and `--keras 2` take those Kerases' names." if door == DOORS[None] else ""
    raise UsageError(f"{door} has no layer {name!r}.{hint}{other}")


def _value(tree: ast.expr, door: str) -> Any:
    """Return an argument: a literal, or another layer for a wrapper."""
    if isinstance(tree, ast.Call):
        return _made(tree, door)
    try:
        return ast.literal_eval(tree)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError) as exc:
        raise UsageError(
            f"{ast.unparse(tree)!r} is neither a literal nor a layer, so it is no argument here."
        ) from exc
