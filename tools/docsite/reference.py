"""The reference of names: a page for each module, made from docstrings and signatures.

Sphinx's own autodoc would import names that are looked up on use and miss them, and show the
machinery of the façades, whose classes are made from tables. So the pages are written here.
"""

from __future__ import annotations

import importlib
import inspect
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docsite import aliases, described
from docsite.names import FACADES, MODULES, Name, names_of
from docsite.prose import restructured

if TYPE_CHECKING:
    from sphinx.application import Sphinx

# What a user calls of classes whose other attributes are for the package's own use.
_LAYER = [
    "build",
    "compute_output_shape",
    "get_weights",
    "set_weights",
    "weights",
    "trainable_weights",
    "non_trainable_weights",
    "count_params",
    "get_config",
    "from_config",
    "losses",
    "to",
    "plans",
    "input",
    "output",
    "input_shape",
    "output_shape",
    "get_input_at",
    "get_output_at",
]
_MODEL = [
    "compile",
    "fit",
    "fit_generator",
    "evaluate",
    "evaluate_generator",
    "predict",
    "predict_generator",
    "predict_on_batch",
    "train_on_batch",
    "test_on_batch",
    "compile_forward",
    "summary",
    "get_layer",
    "layers",
    "inputs",
    "outputs",
    "input_shape",
    "output_shape",
    "get_weights",
    "set_weights",
    "weights",
    "trainable_weights",
    "save",
    "save_weights",
    "load_weights",
    "to_json",
    "export",
    "to",
    "get_config",
    "reset_states",
]
_METHODS = {"Layer": _LAYER, "Model": _MODEL, "Sequential": ["add", "pop", *_MODEL]}


def setup(app: Sphinx) -> None:
    """Write the pages before Sphinx looks which there are."""
    app.connect("builder-inited", _write_pages)
    app.connect("source-read", _add_toctree)


def _add_toctree(app: Sphinx, docname: str, source: list[str]) -> None:
    """List the pages in the page of names, and in the navigation."""
    if docname != "reference/names":
        return
    for heading, modules in _shelves().items():
        pages = "\n".join(f"api/{module}" for module in modules)
        source[0] += f"\n\n## {heading}\n\n```{{toctree}}\n:maxdepth: 1\n\n{pages}\n```\n"


def _shelves() -> dict[str, list[str]]:
    """Return the modules under the headings of the page of names."""
    backends = [f"convdispatch.{each}" for each in ("ops", "kit", "hookspecs", "errors")]
    return {
        "Layers, models and training": [each for each in MODULES if each not in backends],
        "For backends": backends,
        "Keras 2": [each for each in FACADES if "keras2" in each],
        "Keras 1": [each for each in FACADES if "keras1" in each],
        "Types": [aliases.MODULE],
    }


def _write_pages(app: Sphinx) -> None:
    folder = Path(app.srcdir) / "reference/api"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for module in [*MODULES, *FACADES]:
        (folder / f"{module}.rst").write_text(page(module), "utf-8")


def page(module: str) -> str:
    """Return the page of a module."""
    loaded = importlib.import_module(module)
    names = names_of(module)
    imported_from = names[0].module if names else module
    title = module.removeprefix("convdispatch.")
    head = f"{title}\n{'=' * len(title)}\n\n"
    doc = inspect.getdoc(loaded) or ""
    if not module.startswith("convdispatch.layers.") and ".layers." not in module:
        head += restructured(doc) + "\n"
    head += f"Imported from ``{imported_from}``.\n\n.. py:currentmodule:: {imported_from}\n\n"
    return head + "\n".join(_entry(group) for group in _grouped(names))


def _grouped(names: list[Name]) -> list[list[Name]]:
    """Return names that stand for one thing together, the thing's own name first."""
    groups: dict[int, list[Name]] = {}
    for name in names:
        groups.setdefault(id(name.value), []).append(name)
    own = [
        sorted(group, key=lambda n: n.name != getattr(n.value, "__name__", ""))
        for group in groups.values()
    ]
    return sorted(own, key=lambda group: group[0].name.lower())


def _entry(group: list[Name]) -> str:
    first = group[0]
    kind = "class" if first.is_class else "function"
    stated = _shown(first)
    lines = [f".. py:{kind}:: {first.name}{stated}"]
    # All names lead here, and only the first one shows the arguments.
    lines += [f"              {' ' * len(kind)}{name.name}" for name in group[1:]]
    body = restructured(described.text(first))
    if ">>>" not in body:
        body += "\n" + restructured(described.example(first))
    if first.is_class:
        body += "\n" + "\n".join(_members(first))
    return "\n".join(lines) + "\n\n" + _set_in(body)


def _shown(name: Name) -> str:
    """Return the arguments as a text, without the quotes of types that are looked up late."""
    if name.is_class and issubclass(name.value, BaseException):
        return ""
    try:
        found = described.signature(name)
        returns = inspect.Signature.empty if name.is_class else found.return_annotation
        return _as_text(found.replace(return_annotation=returns))
    except (TypeError, ValueError):
        return "(...)"


def _as_text(signature: inspect.Signature) -> str:
    parameters = []
    for each in signature.parameters.values():
        annotation: Any = each.annotation
        default = each.default
        if isinstance(default, dict):
            default = Named("{...}")
        elif default is not inspect.Parameter.empty and "<" in repr(default):
            default = Named(getattr(default, "__name__", "..."))
        if not isinstance(annotation, str) and annotation is not inspect.Parameter.empty:
            annotation = Named(inspect.formatannotation(annotation))
        elif isinstance(annotation, str):
            annotation = Named(annotation)
        parameters.append(each.replace(annotation=annotation, default=default))
    returns = signature.return_annotation
    if returns is not inspect.Signature.empty:
        returns = Named(returns if isinstance(returns, str) else inspect.formatannotation(returns))
    shown = str(signature.replace(parameters=parameters, return_annotation=returns))
    return shown.replace("\n", " ")


class Named:
    """A text that a signature shows as it is."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


def _members(name: Name) -> Iterator[str]:
    """Return the entries of a class's own public methods, properties and fields."""
    wanted = _METHODS.get(name.name) or [n for n in vars(name.value) if n[0] != "_"]
    if name.name not in _METHODS and any(
        base.__name__ in _METHODS or base.__name__ == "Connected" for base in name.value.__mro__
    ):
        return  # a layer: its methods are those of `Layer`
    for member in wanted:
        value = inspect.getattr_static(name.value, member, None)
        doc = inspect.getdoc(value) if value is not None else None
        if isinstance(value, property):
            yield f".. py:property:: {member}\n\n" + _set_in(restructured(doc or ""))
        elif inspect.isfunction(getattr(value, "__func__", value)) and doc:
            stated = _method_signature(getattr(name.value, member), value)
            yield f".. py:method:: {member}{stated}\n\n" + _set_in(restructured(doc))


def _method_signature(bound: Any, static: Any) -> str:
    try:
        signature = inspect.signature(bound)
    except (TypeError, ValueError):
        return "(...)"
    parameters = list(signature.parameters.values())
    if inspect.isfunction(static):
        parameters = parameters[1:]
    return _as_text(signature.replace(parameters=parameters))


def _set_in(text: str) -> str:
    return "".join(f"   {line}\n" if line.strip() else "\n" for line in text.splitlines())
