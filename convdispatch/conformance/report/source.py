"""Values as Python source, with the imports that the source needs."""

from __future__ import annotations

import dataclasses
import enum
import functools
import math
import sys
from typing import Any

import numpy as np

_LITERALS = (bool, int, str, bytes, type(None))
_BRACKETS: dict[type, tuple[str, str]] = {
    list: ("[", "]"),
    tuple: ("(", ",)"),
    set: ("{", "}"),
    frozenset: ("frozenset({", "})"),
}


class Unwritable(ValueError):  # noqa: N818 - named after what is wrong
    """No expression reproduces the value."""


class SourceWriter:
    """Writes values down; `imports` are the lines that the expressions rely on."""

    def __init__(self) -> None:
        self.imports: set[str] = set()
        self._homes: dict[str, str] = {}  # of each imported name, its module

    def of(self, value: Any) -> str:
        """Return an expression that gives the value again; raise `Unwritable` if none does.

        >>> SourceWriter().of((1, 2.5, float("inf"), {"a": []}))
        "(1, 2.5, float('inf'), {'a': []},)"
        """
        kind = type(value)
        if kind in _LITERALS:
            return repr(value)
        if kind is float:
            return repr(value) if math.isfinite(value) else f"float({str(value)!r})"
        if kind in _BRACKETS:
            start, end = _BRACKETS[kind]
            return start + ", ".join(map(self.of, value)) + end if value else repr(kind())
        if kind is dict:
            return "{" + ", ".join(f"{self.of(k)}: {self.of(v)}" for k, v in value.items()) + "}"
        if isinstance(value, np.ndarray | np.generic | np.dtype):
            return self._numpy(value)
        return self._object(value)

    def _numpy(self, value: Any) -> str:
        dtype = value if isinstance(value, np.dtype) else value.dtype
        if dtype.kind not in "biufc":
            raise Unwritable(f"NumPy itself has no element type {dtype}")
        self.imports.add("import numpy as np")
        if isinstance(value, np.dtype):
            return f"np.dtype({dtype.name!r})"
        if isinstance(value, np.generic):
            return f"np.{dtype.name}({self.of(value.item())})"
        numbers = self.of(value.ravel().tolist())
        return f"np.array({numbers}, {dtype.name!r}).reshape({value.shape})"

    def _object(self, value: Any) -> str:
        if isinstance(value, enum.Enum):
            return f"{self._named(type(value))}.{value.name}"
        if isinstance(value, functools.partial):
            self.imports.add("from functools import partial")
            keywords = [f"{name}={self.of(one)}" for name, one in value.keywords.items()]
            return f"partial({', '.join([*map(self.of, (value.func, *value.args)), *keywords])})"
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = [one.name for one in dataclasses.fields(value) if one.init]
            given = ", ".join(f"{name}={self.of(getattr(value, name))}" for name in fields)
            return f"{self._named(type(value))}({given})"
        return self._named(value)

    def _named(self, value: Any) -> str:
        """Return the name of a function or a class, imported from where it is."""
        module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
        outermost = str(name).partition(".")[0]
        found: Any = sys.modules.get(str(module))
        for part in str(name).split("."):
            found = getattr(found, part, None)
        if found is value:
            module = _door(str(module), outermost)
        if name is None or found is not value or self._homes.get(outermost, module) != module:
            raise Unwritable(f"{value!r} cannot be imported by a name of its own")
        self._homes[outermost] = str(module)
        if module != "builtins":
            self.imports.add(f"from {module} import {outermost}")
        return str(name)


def _door(module: str, name: str) -> str:
    """Return the package that offers what its private module holds, or else the module.

    >>> from convdispatch.ops import Conv
    >>> _door(Conv.__module__, "Conv")
    'convdispatch.ops'
    """
    package, _, own = module.rpartition(".")
    if not package or not own.startswith("_"):
        return module
    held, offered = (vars(sys.modules[one]).get(name) for one in (module, package))
    return _door(package, name) if held is offered else module
