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
_SHORT = {"backend": "K"}


def is_formula(value: object) -> bool:
    """Whether it is an activation, a loss or a metric with its parameters settled."""
    is_class = isinstance(value, type)
    return not is_class and hasattr(value, "parameters") and hasattr(value, "compute")


def signature(name: Name) -> inspect.Signature:
    """Return the arguments of a public name, with their types."""
    value = name.value
    if is_formula(value):
        return _of_formula(value)
    if name.is_class and (
        issubclass(value, BaseException) or getattr(value, "_is_protocol", False)
    ):
        return inspect.Signature()  # nobody calls a protocol; an error takes its message
    return inspect.signature(value)


def _of_formula(value: Any) -> inspect.Signature:
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
    value = name.value
    if is_formula(value):
        value = value.function  # or Keras 1's mean of one
        value = value.args[0] if isinstance(value, functools.partial) else value
    value = getattr(value, "func", value)
    if isinstance(value, type) and "__doc__" not in vars(value):
        return ""
    return inspect.getdoc(value) or ""


def example(name: Name) -> str:
    """Return the doctest of a name whose docstring has none, or the empty text."""
    heading = heading_of(name)
    if heading is None:
        return ""
    own = _examples(heading[0])[heading[1]]
    above, _, last = name.module.rpartition(".")
    imports = ">>> import numpy as np\n" if "np." in own else ""
    short = _SHORT.get(last)
    if above and re.search(rf"(?<![\w.]){short or last}\.", own):
        imports += f">>> from {above} import {last}{f' as {short}' if short else ''}\n"
    if not above:
        imports += ">>> import convdispatch\n"
    return imports + own


def heading_of(name: Name) -> tuple[str, str] | None:
    """Return the file and the heading that a name's example has, None if it has none."""
    _, facade, last = f"..{name.module.removeprefix('convdispatch')}".rsplit(".", 2)
    block = last or "convdispatch"
    for heading in (f"{facade}: {name.name}", name.name):
        if heading in _examples(block):
            return block, heading
    return None


def headings() -> set[tuple[str, str]]:
    """Return the file and the name of every heading of the files."""
    return {(path.stem, each) for path in EXAMPLES.glob("*.txt") for each in _examples(path.stem)}


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
            found[f"{facade}: {each}" if facade else each] = body.strip() + "\n"
    return found


def untyped(name: Name) -> list[str]:
    """Return the arguments of a name that have no type."""
    empty = inspect.Parameter.empty
    found = signature(name)
    missing = [each.name for each in found.parameters.values() if each.annotation is empty]
    returns: Any = found.return_annotation
    return missing + (["return"] if returns is empty and not name.is_class else [])
