"""Write the stubs of the façades' layers from their tables: `python tools/write_stubs.py`.

Classes that are made while a program runs are unknown to type checkers and to editors that run
nothing. The stubs beside those modules tell them the same; a test compares them.
"""

from __future__ import annotations

import importlib
import inspect
import re
import textwrap
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import convdispatch
from convdispatch import layers
from convdispatch.engine.layer import Layer
from convdispatch.facades.classes import FacadeLayer
from convdispatch.facades.signatures import has_own_arguments
from convdispatch.formulas.dialects import KERAS1, KERAS2

PACKAGE = Path(convdispatch.__file__).parent
WIDTH = 100
# Where the words of annotations come from.
SOURCES = {
    "collections.abc": ("Callable", "Mapping", "Sequence"),
    "typing": ("Any", "Unpack"),
    "convdispatch": ("layers",),
    "convdispatch.engine.arguments": ("IntOrTuple", "PairsLike"),
    "convdispatch.engine.constructor_signature": ("LayerOptions", "OptionsBesideWeights"),
    "convdispatch.engine.layer": ("Layer",),
    "convdispatch.types": (
        *("ActivationLike", "CausalPadding", "ConstraintLike", "DataFormat", "DimOrdering"),
        *("InitializerLike", "Interpolation", "Padding", "PoolPadding"),
        *("RegularizerLike",),
    ),
}


def stubs() -> dict[Path, str]:
    """Return the text of every stub by its place."""
    return {
        PACKAGE / dialect.name / "layers" / f"{module}.pyi": stub(
            f"convdispatch.{dialect.name}.layers.{module}"
        )
        for dialect in (KERAS1, KERAS2)
        for module in dialect.layers
    }


def stub(module: str) -> str:
    """Return the stub of one module."""
    found = importlib.import_module(module)
    every = {name: getattr(found, name) for name in found.__all__}
    offered: dict[str, type[FacadeLayer]] = {
        name: one for name, one in every.items() if isinstance(one, type)
    }
    functions = [one for one in every.values() if not isinstance(one, type)]
    own = [one for name, one in offered.items() if one.__name__ == name]
    others = [f"{name} = {one.__name__}" for name, one in offered.items() if one.__name__ != name]
    listed = "".join(f'    "{name}",\n' for name in found.__all__)
    body = "\n\n".join([*map(class_stub, own), *map(function_stub, functions)])
    parts = [
        f'"""{inspect.getdoc(found)}\n\nWritten by tools/write_stubs.py.\n"""',
        imports(body, own, found),
        f"__all__ = [\n{listed}]",
        body,
        *(["\n".join(others)] if others else []),
    ]
    return "\n\n".join(parts) + "\n"


def imports(body: str, classes: list[type[FacadeLayer]], module: ModuleType) -> str:
    """Return the imports that the classes need, and what scripts find here, in ruff's order."""
    needed: dict[str, set[str]] = {}
    code = re.sub('""".*?"""', "", body, flags=re.DOTALL)
    for source, names in SOURCES.items():
        used = {name for name in names if re.search(rf"\b{name}\b", code)}
        if used:
            needed[source] = used
    for one in classes:
        for base in our_bases(one):
            needed.setdefault(base.__module__, set()).add(base.__name__)
    lines = [import_line(source, sorted(names)) for source, names in needed.items()]
    found_here = [
        f"from {one.__module__} import {name} as {name}" for name, one in of_others(module).items()
    ]
    ours = sorted(line for line in [*lines, *found_here] if line.startswith("from convdispatch"))
    others = sorted(set(lines) - set(ours))
    return "\n".join(others) + ("\n\n" if others else "") + "\n".join(ours)


def of_others(module: ModuleType) -> dict[str, type[Layer]]:
    """Return the layers of other modules that can be imported from this one, too."""
    return {
        name: one
        for name, one in vars(module).items()
        if isinstance(one, type) and issubclass(one, Layer)
        if name not in module.__all__ and not one.__module__.endswith("._layer")
    }


def import_line(source: str, names: list[str]) -> str:
    """Return one import, over several lines where it is too long."""
    line = f"from {source} import {', '.join(names)}"
    if len(line) <= WIDTH:
        return line
    return f"from {source} import (\n" + "".join(f"    {name},\n" for name in names) + ")"


def our_bases(one: type[FacadeLayer]) -> list[type]:
    """Return those of the bases that are not imported as attributes of `layers`."""
    return [base for base in one.__bases__ if getattr(layers, base.__name__, None) is not base]


def class_stub(one: type[FacadeLayer]) -> str:
    """Return one class: its bases, its documentation and its constructor."""
    own = our_bases(one)
    bases = [base.__name__ if base in own else f"layers.{base.__name__}" for base in one.__bases__]
    document = textwrap.indent((one.__doc__ or "").strip().replace("\\", "\\\\"), "    ")
    opening = f'class {one.__name__}({", ".join(bases)}):\n    """{document.strip()}\n    """\n'
    return (opening + (constructor(one) if has_own_arguments(one.row) else "")).strip()


def constructor(one: type[FacadeLayer]) -> str:
    """Return the constructor of a class, one argument a line."""
    arguments = "".join(f"        {line},\n" for line in written_parameters(one.__init__))
    return f"\n    def __init__(\n{arguments}    ) -> None: ...\n"


def function_stub(one: Callable[..., object]) -> str:
    """Return one function, one argument a line."""
    arguments = "".join(f"    {line},\n" for line in written_parameters(one))
    document = inspect.getdoc(one)
    return f'def {one.__name__}(\n{arguments}) -> Any:\n    """{document}"""'


def written_parameters(function: Callable[..., object]) -> list[str]:
    """Return the parameters of a function as they are written in a stub."""
    lines, is_keyword_only = [], False
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and not is_keyword_only:
            lines.append("*")
            is_keyword_only = True
        lines.append(written(parameter))
    return lines


def written(parameter: inspect.Parameter) -> str:
    """Return a parameter as it is written in a stub."""
    stars = "**" if parameter.kind is parameter.VAR_KEYWORD else ""
    typed = "" if parameter.annotation is parameter.empty else f": {parameter.annotation}"
    if parameter.default is parameter.empty:
        return f"{stars}{parameter.name}{typed}"
    default = parameter.default
    shown = f'"{default}"' if isinstance(default, str) else repr(default)
    return f"{parameter.name}{typed} = {shown}"


if __name__ == "__main__":
    for path, text in stubs().items():
        path.write_text(text, encoding="utf-8")
