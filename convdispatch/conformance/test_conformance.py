"""The suite as tests: `pytest --pyargs convdispatch.conformance --convdispatch-backend=NAME`.

`plugin` collects this file only where a backend is asked for, and gives the parameters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

    from convdispatch.conformance.run.pytest_items import Declarations, Trial


def test_conformance(conformance_trial: Trial, request: pytest.FixtureRequest) -> None:
    """The claim of one case holds on one backend."""
    conformance_trial.check(request.node)


def test_declarations(
    conformance_declarations: Declarations, request: pytest.FixtureRequest
) -> None:
    """A backend loads in silence, and every known failure that it lists is about some case."""
    conformance_declarations.check(request.node)
