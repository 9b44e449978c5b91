"""What a public name's documentation says: its signature, its text and an example that runs.

An example is in the docstring, or else in `docs/reference/examples/`, one file for the modules of
one name: a heading `## name other_name` comes before the example of these names, `## keras1: name`
before one that Keras 1's façade alone has.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from docsite.names import Name

EXAMPLES = Path(__file__).resolve().parents[2] / "docs/reference/examples"
_BLOCKS = {"initializations": "initializers", "np_utils": "utils"}
_SHORT = {"backend": "K"}


def is_formula(value: object) -> bool:
    """Whether it is an activation, a loss or a metric with its parameters settled."""
    return hasattr(value, "parameters") and hasattr(value, "compute")


def signature(name: Name) -> inspect.Signature:
    """Return the arguments of a public name, with their types."""
    value = name.value
    if not is_formula(value):
        return inspect.signature(value)
    kind, tensor = inspect.Parameter.POSITIONAL_OR_KEYWORD, "Tensor"
    tensors = ["y_true", "y_pred"] if hasattr(value, "targets") else ["x"]
    stated = [inspect.Parameter(each, kind, annotation=tensor) for each in tensors]
    stated += [
        inspect.Parameter(each, kind, default=default, annotation=type(default).__name__)
        for each, default in value.parameters
    ]
    return inspect.Signature(stated, return_annotation=tensor)


def text(name: Name) -> str:
    """Return the docstring of a public name; of an alias for settled arguments, the function's."""
    value = getattr(name.value, "func", name.value)
    if is_formula(value):
        value = getattr(value.function, "func", value.function)
    if isinstance(value, type) and "__doc__" not in vars(value):
        return ""
    return inspect.getdoc(value) or ""


def example(name: Name) -> str:
    """Return the doctest of a name whose docstring has none, or the empty text."""
    facade, _, last = name.module.removeprefix("convdispatch").strip(".").rpartition(".")
    found = _examples(_BLOCKS.get(last, last) or "convdispatch")
    own = found.get(f"{facade} {name.name}") or found.get(name.name, "")
    if not own:
        return ""
    imports = ">>> import numpy as np\n" if "np." in own else ""
    if f"{last}." in own or _SHORT.get(last, "?") + "." in own:
        above = name.module.rpartition(".")[0] or "convdispatch"
        short = f" as {_SHORT[last]}" if last in _SHORT else ""
        imports += f">>> from {above} import {last}{short}\n"
    if "convdispatch." in own and not last:
        imports += ">>> import convdispatch\n"
    return imports + own


@functools.cache
def _examples(block: str) -> Mapping[str, str]:
    """Return the examples of one file by name."""
    path = EXAMPLES / f"{block}.txt"
    if not path.exists():
        return {}
    parts = re.split(r"^## (.*)$", path.read_text("utf-8"), flags=re.M)
    found: dict[str, str] = {}
    for heading, body in zip(parts[1::2], parts[2::2], strict=True):
        facade, _, names = heading.rpartition(": ")
        for each in names.split():
            found[f"{facade} {each}".strip()] = body.strip() + "\n"
    return found


def untyped(name: Name) -> list[str]:
    """Return the arguments of a name that have no type."""
    empty = inspect.Parameter.empty
    found = signature(name)
    missing = [each.name for each in found.parameters.values() if each.annotation is empty]
    returns: Any = found.return_annotation
    return missing + (["return"] if returns is empty and not name.is_class else [])
