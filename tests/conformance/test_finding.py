"""A case is found by its id, and no more is made for that than needed."""

from __future__ import annotations

import subprocess
import sys

from convdispatch.conformance.cases import build, finder


def test_every_case_is_found_in_any_order() -> None:
    """It is the same claim about the same numbers as in the list."""
    find = finder(3)
    for case in reversed(build(3)):
        found = find(case.id)
        assert found is not None
        assert (found.id, found.claim, found.features) == (case.id, case.claim, case.features)


def test_an_unknown_id_is_no_case() -> None:
    """Also once the list has been made to its end, and it hides no case."""
    find = finder()
    first = build()[0].id
    assert [find("conv1d/core/nothing"), find("")] == [None, None]
    found = find(first)
    assert found is not None
    assert found.id == first


def test_one_case_does_not_wait_for_the_others() -> None:
    """The first family needs no layer, so none is imported."""
    first = build()[0].id
    code = (
        "import sys; from convdispatch.conformance.cases import finder; "
        f"print(finder()({first!r}).id, 'convdispatch.layers' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.split() == [first, "False"]
