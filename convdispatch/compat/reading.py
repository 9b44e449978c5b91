"""What a script uses of Keras, read and not run: names, arguments, and where they stand."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

# Under which a script has Keras, and which are taken for it.
ROOTS = ("keras", "tensorflow.keras", "tensorflow.contrib.keras", "tensorflow.python.keras")
_MOST_FILES = 200
_NAMES_OF_SHAPES = ("input_shape", "img_shape", "image_shape", "input_size", "img_size")


@dataclass(frozen=True, slots=True)
class Call:
    """One call: of a name of Keras, or of a method that begins with a dot."""

    name: str
    positional: tuple[str, ...]  # the kinds of what stands by place: 'int', 'tuple' or ''
    keywords: tuple[str, ...]
    file: str
    line: int


@dataclass(slots=True)
class Uses:
    """What the files of a script use.

    names: dotted names within Keras, '' itself, with the file and the line of the first use.
    calls: of these names, and of methods.
    tensorflow: dotted names of TensorFlow, apart from its Keras.
    imports_tensorflow: whether TensorFlow is imported at all.
    backend: what the script writes into KERAS_BACKEND.
    refused_line: where it raises an error unless `K.backend()` is Theano, 0 for none.
    shapes: shapes of inputs with three axes, as far as their numbers are written, with the line.
    says_data_format: whether the script speaks of where channels are.
    faults: files that no Python reads, with the line and the message.
    """

    names: dict[str, tuple[str, int]] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    tensorflow: dict[str, tuple[str, int]] = field(default_factory=dict)
    imports_tensorflow: bool = False
    backend: str = ""
    refused_line: int = 0
    shapes: list[tuple[tuple[int | None, ...], int]] = field(default_factory=list)
    says_data_format: bool = False
    files: list[str] = field(default_factory=list)
    faults: list[tuple[str, int, str]] = field(default_factory=list)


def uses_of(script: Path) -> Uses:
    """Return what a script and the modules beside it that it imports use."""
    uses, waiting = Uses(), [script]
    seen: set[Path] = set()
    while waiting and len(seen) < _MOST_FILES:
        path = waiting.pop(0)
        if path in seen:
            continue
        seen.add(path)
        uses.files.append(str(path))
        try:
            tree = ast.parse(path.read_bytes(), str(path))
        except (SyntaxError, ValueError, OSError) as exc:
            line = getattr(exc, "lineno", None) or 1
            uses.faults.append((str(path), line, str(getattr(exc, "msg", exc))))
            continue
        reader = _Reader(str(path), uses)
        reader.visit(tree)
        waiting += [one for one in _beside(script.parent, reader.modules) if one not in seen]
    return uses


def _beside(folder: Path, modules: list[str]) -> Iterator[Path]:
    """Yield the files of modules that lie in a script's own folder."""
    for module in modules:
        path = folder.joinpath(*module.split("."))
        for found in (path.with_suffix(".py"), path / "__init__.py"):
            if found.is_file():
                yield found


class _Reader(ast.NodeVisitor):
    """Notes what one file uses; `known` are its own names of things of Keras and TensorFlow."""

    def __init__(self, file: str, uses: Uses) -> None:
        self.file, self.uses = file, uses
        self.known: dict[str, str] = {}
        self.modules: list[str] = []
        self.numbers: dict[str, int] = {}

    def visit_Import(self, node: ast.Import) -> None:
        for one in node.names:
            self.modules.append(one.name)
            root = one.name.partition(".")[0]
            if root in ("keras", "tensorflow"):
                self.known[one.asname or root] = one.name if one.asname else root
                self._note(one.name, node.lineno)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        self.modules += [module, *(f"{module}.{one.name}".strip(".") for one in node.names)]
        if node.level or module.partition(".")[0] not in ("keras", "tensorflow"):
            return
        self._note(module, node.lineno)
        for one in node.names:
            if one.name != "*":
                self.known[one.asname or one.name] = f"{module}.{one.name}"
                self._note(f"{module}.{one.name}", node.lineno)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        name = self._name(node)
        if name:
            self._note(name, node.lineno)
        else:
            self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        target = node.targets[0]
        if (
            isinstance(target, ast.Subscript)
            and isinstance(target.slice, ast.Constant)
            and target.slice.value == "KERAS_BACKEND"
            and isinstance(node.value, ast.Constant)
        ):
            self.uses.backend = str(node.value.value)
        self._note_numbers(target, node.value)
        if isinstance(target, ast.Name) and target.id.lower() in _NAMES_OF_SHAPES:
            self._note_shape(node.value)
        self.generic_visit(node)

    def visit_If(self, node: ast.If) -> None:
        if any(isinstance(one, ast.Raise) for one in node.body):
            self._note_refused(node.test, {ast.Eq: "tensorflow", ast.NotEq: "theano"})
        self.generic_visit(node)

    def visit_Assert(self, node: ast.Assert) -> None:
        self._note_refused(node.test, {ast.NotEq: "tensorflow", ast.Eq: "theano"})
        self.generic_visit(node)

    def _note_refused(self, test: ast.expr, words: dict[type[ast.cmpop], str]) -> None:
        """Note the line where the script compares its backend with that word."""
        if not isinstance(test, ast.Compare) or not isinstance(test.left, ast.Call):
            return
        word = test.comparators[0]
        is_backend = (inner(self._name(test.left.func)) or "").endswith("backend.backend")
        wanted = words.get(type(test.ops[0]))
        if is_backend and isinstance(word, ast.Constant) and word.value == wanted:
            self.uses.refused_line = test.lineno

    def _note_numbers(self, target: ast.expr, value: ast.expr) -> None:
        """Keep the numbers that names stand for."""
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            for one, own in zip(target.elts, value.elts, strict=False):
                self._note_numbers(one, own)
        elif isinstance(target, ast.Name) and _kind(value) == "int":
            self.numbers[target.id] = ast.literal_eval(value)

    def _note_shape(self, node: ast.expr) -> None:
        if not isinstance(node, ast.Tuple) or len(node.elts) != 3:
            return
        self.uses.shapes.append((tuple(map(self._number, node.elts)), node.lineno))

    def _number(self, node: ast.expr) -> int | None:
        if isinstance(node, ast.Name):
            return self.numbers.get(node.id)
        return ast.literal_eval(node) if _kind(node) == "int" else None

    def visit_Call(self, node: ast.Call) -> None:
        name = self._name(node.func)
        within = inner(name) if name else None
        if within is None and not name and isinstance(node.func, ast.Attribute):
            within = f".{node.func.attr}"
        if within is not None:
            keywords = tuple(one.arg for one in node.keywords if one.arg)
            kinds = tuple(_kind(one) for one in node.args)
            self.uses.says_data_format |= bool({"dim_ordering", "data_format"} & {*keywords})
            for one in node.keywords:
                if one.arg == "input_shape" or (one.arg == "shape" and within.endswith("Input")):
                    self._note_shape(one.value)
            if within.endswith("Input") and node.args:
                self._note_shape(node.args[0])
            self.uses.calls.append(Call(within, kinds, keywords, self.file, node.lineno))
        self.generic_visit(node)

    def _name(self, node: ast.expr) -> str:
        """Return the whole dotted name of an expression of Keras or TensorFlow, '' for others."""
        if isinstance(node, ast.Name):
            return self.known.get(node.id, "")
        if isinstance(node, ast.Attribute):
            above = self._name(node.value)
            return f"{above}.{node.attr}" if above else ""
        return ""

    def _note(self, name: str, line: int) -> None:
        self.uses.imports_tensorflow |= name.partition(".")[0] == "tensorflow"
        within = inner(name)
        self.uses.says_data_format |= name.endswith(("image_dim_ordering", "image_data_format"))
        if within is not None:
            self.uses.names.setdefault(within, (self.file, line))
        elif name.startswith("tensorflow."):
            self.uses.tensorflow.setdefault(name.partition(".")[2], (self.file, line))


def inner(name: str) -> str | None:
    """Return a name's path within Keras, None for a name of something else.

    >>> inner("tensorflow.keras.layers.Dense")
    'layers.Dense'
    """
    for root in ROOTS:
        if name == root or name.startswith(f"{root}."):
            return name[len(root) + 1 :]
    return None


def _kind(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return "int"
    return "tuple" if isinstance(node, ast.Tuple | ast.List) else ""
