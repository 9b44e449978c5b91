"""Every public name says how it is called: a text, types, and an example that runs."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest
from places import ROOT

import convdispatch
from docsite import described, migration
from docsite.names import Name, all_modules, names_of

NAMES = [name for module in all_modules() for name in names_of(module)]


def test_the_names_are_many() -> None:
    """The counts below could not fail if no name were found."""
    assert len(NAMES) > 1200
    full = {name.full for name in NAMES}
    assert {
        "convdispatch.layers.Conv2D",
        "convdispatch.keras1.layers.Convolution2D",
        "convdispatch.keras2.backend.conv2d",
        "convdispatch.errors.UnsupportedOp",
        "convdispatch.kit.derived",
    } <= full


def test_every_name_has_a_text() -> None:
    """The reference has no entry without a sentence."""
    assert [name.full for name in NAMES if not described.text(name)] == []


def test_every_name_has_types() -> None:
    """The reference shows a type for each argument, and what a function returns."""
    untyped = {name.full: described.untyped(name) for name in NAMES}
    assert {name: missing for name, missing in untyped.items() if missing} == {}


def example_of(name: Name) -> str:
    """Return the example of a name, from its text or from the files of examples."""
    text = described.text(name)
    return text if ">>>" in text else described.example(name)


def test_every_name_has_an_example() -> None:
    """The reference shows for each name how it is used."""
    assert [name.full for name in NAMES if ">>>" not in example_of(name)] == []


def examples_in_files() -> dict[str, dict[str, str]]:
    """Return the examples that are in files, by module and name; pytest runs the others."""
    found: dict[str, dict[str, str]] = {}
    seen = set()
    for name in NAMES:
        if ">>>" not in described.text(name) and described.example(name) not in seen:
            seen.add(described.example(name))
            found.setdefault(name.module, {})[name.full] = described.example(name)
    return found


EXAMPLES = examples_in_files()


@pytest.mark.parametrize("module", EXAMPLES)
def test_the_examples_print_what_they_say(
    module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each example of the files, in a namespace of its own, on the NumPy backend."""
    for needed in ("autograd", "h5py", "yaml"):
        pytest.importorskip(needed)
    monkeypatch.chdir(tmp_path)
    wrong: list[str] = []
    with convdispatch.use_backend("numpy"):
        for name, text in EXAMPLES[module].items():
            test = doctest.DocTestParser().get_doctest(text, {}, name, None, 0)
            doctest.DocTestRunner(verbose=False).run(test, out=wrong.append)
    assert wrong == []


def test_no_example_is_left_over() -> None:
    """A name that is gone, or that got an example of its own, leaves none in the files."""
    used = {described.heading_of(name) for name in NAMES if ">>>" not in described.text(name)}
    assert described.headings() - used == set()


@pytest.mark.parametrize("facade", migration.DIALECTS)
def test_the_tables_of_migration_have_every_name(facade: str) -> None:
    """Every class of layers and every function that a façade has stands in its table."""
    dialect = migration.DIALECTS[facade]
    table = "\n".join([*migration.layer_table(dialect), *migration.function_table(dialect)])
    of_layers = [module for module in all_modules() if f"{facade}.layers." in module]
    names = {n.name for m in of_layers for n in names_of(m) if n.is_class}
    for kind in migration.FUNCTIONS:
        names |= set(getattr(dialect, kind))
    assert len(names) > 100
    assert {name for name in names if f"`{name}`" not in table} == set()


def test_a_name_of_keras_1_is_found_by_its_name_here() -> None:
    """By hand: other words, other arguments, another formula."""
    layers = list(migration.layer_table(migration.DIALECTS["keras1"]))
    (atrous,) = [line for line in layers if "AtrousConvolution2D" in line]
    assert "| `Conv2D` |" in atrous
    assert "`init` → `kernel_initializer`" in atrous
    functions = list(migration.function_table(migration.DIALECTS["keras1"]))
    assert "| `objectives` or `losses` | `mean_squared_error`, `mse`, `MSE` |" in str(functions)
    (hard_sigmoid,) = [line for line in functions if "`hard_sigmoid`" in line]
    assert hard_sigmoid.endswith("| no |")  # 0.2 x + 1/2 in Keras 1, x / 6 + 1/2 in Keras 3


BASES = {"ConvDispatchError", "BackendError", "MissingPackage"}  # the last one: PackageMissing


@pytest.mark.parametrize("name", [n.name for n in names_of("convdispatch.errors") if n.is_class])
def test_an_error_leads_to_what_to_do(name: str) -> None:
    """The page of errors has a heading with the class that a traceback ends with."""
    page = (ROOT / "docs/reference/errors.md").read_text("utf-8")
    headings = re.findall(r"^### (.*)$", page, re.M)
    assert name in BASES or any(re.search(rf"\b{name}\b", heading) for heading in headings)
