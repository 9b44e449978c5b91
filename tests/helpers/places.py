"""Where the checkout and the tests' data are."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
HELPERS = TESTS / "helpers"
DOCUMENTS = TESTS / "documents"
GOLDEN = TESTS / "golden"
LEGACY = TESTS / "legacy"
