"""What a release states in several places is the same in all of them."""

from __future__ import annotations

import re
import tomllib

import pytest
from places import ROOT

import convdispatch

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
ADDRESS = PROJECT["urls"]["Repository"]
yaml = pytest.importorskip("yaml")
TEMPLATES = sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml"))


def test_the_version_is_one() -> None:
    """The package, its metadata and the citation."""
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    stated = {convdispatch.__version__, PROJECT["version"], str(citation["version"])}
    assert len(stated) == 1
    assert citation["license"] == PROJECT["license"]


def test_the_address_is_one() -> None:
    """Each link to the repository begins with the address that pyproject.toml states."""
    files = [ROOT / "CITATION.cff", ROOT / "pyproject.toml", *TEMPLATES]
    found = {
        link
        for path in files
        for link in re.findall(r"https://[\w./-]*convdispatch[\w./-]*", path.read_text("utf-8"))
    }
    assert len(found) > 3
    assert {link for link in found if not f"{link}/".startswith(f"{ADDRESS}/")} == set()


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_can_be_filled_in(path) -> None:
    """It has a name and fields with labels; those of faults ask for what doctor says."""
    template = yaml.safe_load(path.read_text("utf-8"))
    if path.name == "config.yml":
        assert template["contact_links"][0]["url"].startswith(ADDRESS)
        return
    labels = [field["attributes"]["label"] for field in template["body"]]
    assert template["name"]
    assert any("`convdispatch doctor --json`" in label for label in labels)


def test_there_are_templates() -> None:
    """The test above could not fail if none were found."""
    assert len(TEMPLATES) == 3
