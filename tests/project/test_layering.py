"""The import table, and what may not be written where, read from the source and never run.

A package added to the frontend has to be given its place in HOUSE. The word 'tensorflow' is also a
convention's name: it is one where the same statement (for a compound one, its header) says so.
"""

from __future__ import annotations

import ast
import re
import sys

import pytest
from import_graph import (
    at_the_top,
    circles,
    graph_of,
    homeless,
    imported,
    imports_of,
    of_commands,
    parse,
    upwards,
)
from places import ROOT

FRONTEND = sorted((ROOT / "convdispatch").rglob("*.py"))
BACKENDS = sorted((ROOT / "backends").rglob("*.py"))
LONGEST_FILE, LONGEST_FUNCTION = 300, 50

# From the bottom up: a file imports from its own part of the house and from those below, also those
# of the same line. Inside of a part only circles are forbidden.
HOUSE = [
    {"errors", "types"},
    {"support", "doors"},
    {"geometry", "pictures"},
    {"ops"},
    {"hookspecs", "kit", "programs", "saving"},
    {"runtime"},
    {"formulas"},
    {"engine"},
    {"layers"},
    {"symbolic"},
    {"callbacks"},
    {"training"},
    {"models"},
    {"numerics"},
    {"conformance"},
    {"facades", "utilities"},
    {"keras1", "keras2"},
    {"compat"},
    # Doors: users import them, and what runs in other checkouts of the project.
    {"activations", "initializers", "regularizers", "constraints"}
    | {"losses", "metrics", "optimizers"}
    | {"registry", "selection", "dispatch"},
    {"bench"},
    {"cli"},
    {"__main__", "convdispatch"},
]
RANK = {part: rank for rank, parts in enumerate(HOUSE) for part in parts}
MOST_AT_THE_TOP = 14

# What a backend may import beside the standard library and its own package.
CONTRACT = {
    "convdispatch.errors",
    "convdispatch.geometry",
    "convdispatch.hookspecs",
    "convdispatch.kit",
    "convdispatch.ops",
    "convdispatch.programs",
}
FRAMEWORKS = {
    "convdispatch_numpy": {"numpy", "autograd", "ml_dtypes", "threadpoolctl"},
    "convdispatch_torch": {"numpy", "torch", "ml_dtypes"},
    "convdispatch_tensorflow": {"numpy", "tensorflow", "ml_dtypes"},
    "convdispatch_jax": {"numpy", "jax", "ml_dtypes"},
    "convdispatch_onnx": {"numpy", "onnx"},
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


@pytest.fixture(scope="module")
def graph():
    """Return which module of the frontend imports which."""
    return graph_of(ROOT)


def test_every_part_of_the_house_has_its_place(graph):
    """A new package is given a line of HOUSE, or nobody can say what it may import."""
    assert homeless(graph, RANK) == set()


def test_imports_go_downwards(graph):
    """No file of the frontend imports one of a higher part of the house."""
    assert upwards(graph, RANK) == []


def test_no_files_import_each_other(graph):
    """Nor do several in a circle: each can be understood, and tested, after those it imports."""
    assert circles(graph) == []


def test_nothing_imports_the_commands(graph):
    """The library works without a terminal."""
    assert of_commands(graph) == []


def test_few_modules_lie_at_the_top():
    """A newcomer sees the rooms, and which doors lead into them."""
    assert len(at_the_top(ROOT)) <= MOST_AT_THE_TOP


@EVERY_FRONTEND_FILE
def test_the_frontend_imports_no_framework(path):
    """Backends are reached through the registry alone."""
    assert [name for name in imported(path, ROOT) if FRAMEWORK_NAME.search(name)] == []


@pytest.mark.parametrize("name", ["oracle", "oracle_pooling", "oracle_resizing", "bounds"])
def test_the_oracle_imports_numpy_alone(name):
    """An oracle that shares the frontend's geometry would share its bugs."""
    path = ROOT / "convdispatch/numerics" / f"{name}.py"
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
    """No identifier and no one-word string does; prose may, and the convention of that name.

    What reads old scripts looks for the names that they import.
    """
    if path.parent.name != "compat":
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


# A house in order, and what disturbs it: a file, its text, and what finds it.
IN_ORDER = {
    "__init__": "",
    "errors": "",
    "ops": "from convdispatch.errors import InvalidShape",
    "support/__init__": "",
    "support/text": "from convdispatch import errors",
    "layers/__init__": "from convdispatch.layers._conv import Conv2D",
    "layers/_conv": "from convdispatch.support import text",
    "cli/__init__": "from convdispatch.layers import Conv2D",
    "bench/__init__": "from convdispatch import layers",
    "__main__": "from convdispatch.cli import main",
}
LATER = "def run():\n    "  # an import that is made when the function is called
PLANTED = {
    "upwards": ("upwards", {"support/text": "from convdispatch.layers import Conv2D"}),
    "as-a-whole": ("upwards", {"support/text": "import convdispatch.layers._conv as conv"}),
    "later": ("upwards", {"support/text": f"{LATER}from convdispatch.layers import _conv"}),
    "for-type-checkers": (
        "upwards",
        {"support/text": "if TYPE_CHECKING:\n    from convdispatch.layers import Conv2D"},
    ),
    "relatively": ("upwards", {"support/text": "from ..layers import _conv"}),
    "to-the-roof": ("upwards", {"layers/_conv": "from convdispatch import Sequential"}),
    "into-the-unknown": ("upwards", {"layers/_conv": "from convdispatch.cellar import wine"}),
    "a-new-room": ("homeless", {"cellar/__init__": ""}),
    "a-circle": ("circles", {"layers/_conv": "from convdispatch.layers import Conv2D"}),
    "a-circle-later": (
        "circles",
        {
            "support/files": "from convdispatch.support import locks",
            "support/locks": f"{LATER}from convdispatch.support.files import read",
        },
    ),
    "a-circle-of-three": (
        "circles",
        {
            "support/files": "from convdispatch.support import locks",
            "support/locks": "from convdispatch.support import text",
            "support/text": "from convdispatch.support import files",
        },
    ),
    "a-command": ("of_commands", {"layers/_conv": "from convdispatch.cli import table"}),
    "a-command-later": ("of_commands", {"ops": f"{LATER}from convdispatch import bench"}),
    "too-many": ("at_the_top", {f"door_{number}": "" for number in range(MOST_AT_THE_TOP)}),
}


def disorder(tree):
    """Return what each rule finds in a source tree."""
    graph = graph_of(tree)
    places = {room: RANK.get(room, len(RANK)) for room in homeless(graph, RANK)} | RANK
    return {
        "homeless": homeless(graph, RANK),
        "upwards": upwards(graph, places),
        "circles": circles(graph),
        "of_commands": of_commands(graph),
        "at_the_top": at_the_top(tree)[MOST_AT_THE_TOP:],
    }


def build(tree, files):
    """Write the files of a house."""
    for name, text in files.items():
        path = tree / "convdispatch" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def test_a_house_in_order_passes(tmp_path):
    """No rule finds anything where there is nothing."""
    build(tmp_path, IN_ORDER)
    assert not any(disorder(tmp_path).values())


@pytest.mark.parametrize("planted", PLANTED)
def test_each_rule_finds_what_is_planted(tmp_path, planted):
    """And does so where the import hides in a function, in a type check or in dots."""
    rule, files = PLANTED[planted]
    build(tmp_path, IN_ORDER | files)
    assert disorder(tmp_path)[rule]


def lines_of_code(function):
    """Return how many lines a function has without its docstring."""
    first = function.body[0]
    is_documented = ast.get_docstring(function) is not None
    prose = first.end_lineno - first.lineno + 1 if is_documented else 0
    return function.end_lineno - function.lineno + 1 - prose


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
