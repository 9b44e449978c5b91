"""The import table, and what may not be written where, read from the source and never run.

A module added to the frontend has to be given its place in LAYERS. The word 'tensorflow' is also a
convention's name: it is one where the same statement (for a compound one, its header) says so.
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FRONTEND = sorted((ROOT / "convdispatch").rglob("*.py"))
BACKENDS = sorted((ROOT / "backends").rglob("*.py"))
LONGEST_FILE, LONGEST_FUNCTION = 300, 50

# From the bottom up: a module imports from its own layer and those below.
LAYERS = [
    {"errors", "_file_locks", "_files", "_locks", "_warnings", "_standard_output", "_foreign"}
    | {"_elsewhere", "_interrupts", "_similar", "_terminal", "_text"},
    {"_documents"},
    {"geometry", "sizes", "taps", "types"},
    {"ops"},
    {"hookspecs", "kit", "resolving"},
    {"_backend_info", "_loading", "_plugins", "registry"},
    {"tuning"},
    {"dispatch"},
    {"selection", "_config_file", "config"},
    {"activations", "initializers", "regularizers", "constraints", "vocabulary"}
    | {"_element_types", "_formulas", "_initializers", "_legacy_initializers", "_lookup", "_random"}
    | {"_variance_scaling"},
    {"layers"},
    {"models"},
    {"training"},
    {"autodiff", "autotuning", "comparison", "keras1", "keras2", "cli", "conformance", "rounding"}
    | {"bench", "__main__", "_child_process", "_facades", "convdispatch"},
]
RANK = {module: rank for rank, layer in enumerate(LAYERS) for module in layer}

# What a backend may import beside the standard library and its own package.
CONTRACT = {
    "convdispatch.errors",
    "convdispatch.geometry",
    "convdispatch.hookspecs",
    "convdispatch.kit",
    "convdispatch.ops",
}
FRAMEWORKS = {
    "convdispatch_numpy": {"numpy", "autograd", "ml_dtypes", "threadpoolctl"},
    "convdispatch_torch": {"numpy", "torch", "ml_dtypes"},
    "convdispatch_tensorflow": {"numpy", "tensorflow", "ml_dtypes"},
    "convdispatch_jax": {"numpy", "jax", "ml_dtypes"},
}
FRAMEWORK_NAME = re.compile("torch|tensorflow|jax", re.IGNORECASE)
PADDING_WORDS = {"valid", "same", "causal", "full"}
# What a framework itself calls no pads, and those of its own which are the given ones, as its
# functions spell the argument.
FRAMEWORK_ARGUMENTS = {"VALID", "SAME"}


def in_root(path):
    """Return the id of a file's test case."""
    return path.relative_to(ROOT).as_posix()


EVERY_FRONTEND_FILE = pytest.mark.parametrize("path", FRONTEND, ids=in_root)
EVERY_BACKEND_FILE = pytest.mark.parametrize("path", BACKENDS, ids=in_root)
EVERY_SHIPPED_FILE = pytest.mark.parametrize("path", FRONTEND + BACKENDS, ids=in_root)


def test_the_source_is_found():
    """Nothing below could fail if no file were read."""
    assert ROOT / "convdispatch/ops/__init__.py" in FRONTEND
    assert {path.parent.name for path in BACKENDS} == set(FRAMEWORKS)


@EVERY_FRONTEND_FILE
def test_imports_go_downwards(path):
    """A module of the frontend imports no module of a layer above its own."""
    names = [module_name(path, ROOT), *imported(path, ROOT)]
    own, *others = [part_of_frontend(name) for name in names if name.startswith("convdispatch")]
    assert {own, *others} <= set(RANK), "give each module its place in LAYERS"
    assert [other for other in others if RANK[other] > RANK[own]] == []


@EVERY_FRONTEND_FILE
def test_the_frontend_imports_no_framework(path):
    """Backends are reached through the registry alone."""
    assert [name for name in imported(path, ROOT) if FRAMEWORK_NAME.search(name)] == []


@pytest.mark.parametrize("name", ["oracle", "bounds"])
def test_the_oracle_imports_numpy_alone(name):
    """An oracle that shares the frontend's geometry would share its bugs."""
    path = ROOT / "convdispatch/conformance" / f"{name}.py"
    packages = {module.partition(".")[0] for module in imported(path, ROOT)}
    assert packages - set(sys.stdlib_module_names) == {"numpy"}


@EVERY_BACKEND_FILE
def test_backends_import_the_contract_and_their_framework(path):
    """Neither another backend nor any part of the frontend beside the contract."""
    package = path.parent.name
    allowed = FRAMEWORKS[package] | {package} | set(sys.stdlib_module_names)
    foreign = [
        name
        for name in imported(path, ROOT / "backends")
        if name.partition(".")[0] not in allowed and name not in CONTRACT
    ]
    assert foreign == []


@pytest.mark.parametrize("package", FRAMEWORKS)
def test_describing_a_backend_imports_no_framework(package):
    """Importing the plugin, its functions not called, imports the contract and nothing else."""
    path = ROOT / "backends" / package / "__init__.py"
    at_once = imports_of(parse(path).body, path, ROOT / "backends")
    packages = {name for name in at_once if name.partition(".")[0] not in sys.stdlib_module_names}
    assert packages
    assert packages <= CONTRACT


@EVERY_FRONTEND_FILE
def test_the_frontends_code_names_no_framework(path):
    """No identifier and no one-word string does; prose may, and the convention of that name."""
    assert framework_names(parse(path)) == []


@EVERY_FRONTEND_FILE
def test_the_frontend_never_asks_which_backend_it_has(path):
    """No comparison with a backend's name: what differs between backends, they declare."""
    asked = [
        node.lineno
        for node in ast.walk(parse(path))
        if isinstance(node, ast.Compare | ast.Match)
        and any(is_backend_name(part) for part in ast.iter_child_nodes(node))
    ]
    assert asked == []


@EVERY_BACKEND_FILE
def test_backends_never_see_a_padding_word(path):
    """They get explicit pads, so they cannot disagree about what a word means."""
    tree = parse(path)
    prose = docstrings(tree)
    words = [
        (node.lineno, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and node not in prose
        and str(node.value).lower() in PADDING_WORDS
        and node.value not in FRAMEWORK_ARGUMENTS
    ]
    assert words == []


@EVERY_SHIPPED_FILE
def test_files_are_short(path):
    """One idea a file leaves room for no more."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE


@EVERY_SHIPPED_FILE
def test_functions_are_short(path):
    """A function is read as check, compute, return, without scrolling; its docstring aside."""
    long = [
        f"{node.name} ({lines_of_code(node)} lines)"
        for node in ast.walk(parse(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and lines_of_code(node) > LONGEST_FUNCTION
    ]
    assert long == []


EVADING = """
import torch
frameworks = {"jax": 1}
def jax_only(default="tensorflow"): pass
if convention == "tensorflow":
    backend = "tensorflow"
raise ValueError("install torch first")
"""


def test_the_rule_on_names_catches_evasions():
    """Only the comparison of a convention and the sentence pass."""
    caught = framework_names(ast.parse(EVADING))
    assert sorted(line for line, _ in caught) == [2, 3, 4, 4, 6]


def lines_of_code(function):
    """Return how many lines a function has without its docstring."""
    first = function.body[0]
    is_documented = ast.get_docstring(function) is not None
    prose = first.end_lineno - first.lineno + 1 if is_documented else 0
    return function.end_lineno - function.lineno + 1 - prose


def parse(path):
    """Return the file's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"))


def module_name(path, source):
    """Return the dotted name of a file's module, a package by its own name."""
    parts = path.relative_to(source).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def part_of_frontend(name):
    """Return the part of a name that has a layer: 'layers' of 'convdispatch.layers._conv'."""
    return name.split(".")[1] if "." in name else name


def imported(path, source):
    """Return every module that a file imports, also inside of functions and type checks."""
    return imports_of(ast.walk(parse(path)), path, source)


def imports_of(nodes, path, source):
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
            names += [submodule(stem, alias.name, source) for alias in node.names]
    return names


def submodule(stem, name, source):
    """Return the module that `from stem import name` reads: a submodule, or the stem itself."""
    place = source.joinpath(*stem.split("."), name)
    is_module = place.with_suffix(".py").exists() or (place / "__init__.py").exists()
    return f"{stem}.{name}" if is_module else stem


def docstrings(tree):
    """Return the constants that are documentation: strings that stand alone as a statement."""
    expressions = (node.value for node in ast.walk(tree) if isinstance(node, ast.Expr))
    return {value for value in expressions if isinstance(value, ast.Constant)}


def framework_names(tree):
    """Return the line and the word wherever code names a framework."""
    prose = docstrings(tree)
    every = (node for node in ast.walk(tree) if isinstance(node, ast.stmt))
    code = [node for node in every if not (isinstance(node, ast.Expr) and node.value in prose)]
    return [
        (node.lineno, word)
        for statement in code
        for node, word in words_of(statement)
        if FRAMEWORK_NAME.search(word)
        and not (word == "tensorflow" and speaks_of_convention(statement))
    ]


def own_nodes(statement):
    """Yield a statement's nodes, without those of the statements inside of it."""
    yield statement
    pending = [node for node in ast.iter_child_nodes(statement) if not isinstance(node, ast.stmt)]
    while pending:
        node = pending.pop()
        yield node
        pending += [n for n in ast.iter_child_nodes(node) if not isinstance(n, ast.stmt)]


def words_of(statement):
    """Yield each identifier and each string without a blank of a statement's own nodes."""
    for node in own_nodes(statement):
        fields = [getattr(node, name, None) for name in ("id", "attr", "arg", "name", "module")]
        fields += [getattr(node, "asname", None), getattr(node, "value", None)]
        for word in fields:
            if isinstance(word, str) and " " not in word:
                yield (node if hasattr(node, "lineno") else statement), word


def speaks_of_convention(statement):
    """Say whether a statement's own words, 'tensorflow' aside, name a convention."""
    return any("convention" in word.lower() for _, word in words_of(statement))


def is_backend_name(node):
    """Say whether an expression reads `.name` of something called a backend."""
    if not (isinstance(node, ast.Attribute) and node.attr == "name"):
        return False
    owner = getattr(node.value, "id", getattr(node.value, "attr", ""))
    return owner.lower().endswith("backend")
