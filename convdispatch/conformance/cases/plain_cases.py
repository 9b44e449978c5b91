"""A case about no problem: about a function, a method, or a promise of the contract."""

from __future__ import annotations

from collections.abc import Sequence

from convdispatch.conformance.case import Case, Check


def plain_case(
    op: str,
    level: str,
    slug: str,
    check: Check,
    claim: str,
    *arguments: object,
    needs: Sequence[str] = (),
) -> Case:
    """Return the case that calls check(backend, *arguments); it computes in float32.

    `needs` are capabilities besides that element type.
    """
    return Case(
        id=f"{op}/{level}/{slug}",
        level=level,
        op=op,
        claim=claim,
        check=check,
        arguments=arguments,
        features=("float32", *needs),
    )
