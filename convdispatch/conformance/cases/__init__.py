"""Every case, one list: each module here gives the cases of one idea.

The ids are stable. They name what is computed and not where in a list it stands, so that a case
added here renames no other.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator, Sequence

from convdispatch.conformance.case import LEVELS, Case
from convdispatch.conformance.cases.foreign_cases import from_plugins
from convdispatch.errors import InvalidArgument

# Each has cases(seed) -> Iterable[Case].
_MODULES = (
    "geometries",
    "enumerated",
    "blocks",
    "vast",
    "long_tensors",
    "gradients",
    "half_gradients",
    "kinks",
    "second_order",
    "differentiation",
    "pooling",
    "pooling_gradients",
    "resizing",
    "products_of_rows",
    "identities",
    "other_ops",
    "generated",
    "traps",
    "traps_elsewhere",
    "known_bugs",
    "known_bugs_channels",
    "known_bugs_transposed",
    "known_bugs_transposed_axes",
    "known_bugs_types",
    "refusals",
    "metamorphic",
    "symmetries",
    "neighbours",
    "rewritten",
    "causality",
    "conventions",
    "resized",
    "dtypes",
    "rounded_once",
    "magnitudes",
    "edges",
    "unknown_sizes",
    "far_apart",
    "special_values",
    "special_weights",
    "every_place",
    "fused_range",
    "inputs",
    "memory",
    "sharing",
    "stale",
    "stale_methods",
    "concurrency",
    "reproducible",
    "compiling",
    "contract",
    "signatures",
    "candidates",
    "optional_methods",
    "process_state",
    "unknown_words",
    "tensors",
    "conversions",
    "functions",
    "function_range",
    "drawn_functions",
    "drawn_moves",
    "products",
    "scores",
    "slopes",
    "ties",
    "gradient_ways",
    "slopes_range",
    "integers",
    "draws",
    "keys",
    "portable",
    "steps",
    "many_variables",
    "training",
    "auxiliary",
    "assigning",
    "wrapping",
    "formulas",
    "training_layers",
    "noise_layers",
    "layer_calls",
    "declarations",
)


def build(seed: int = 0) -> list[Case]:
    """Return all cases, those of plugins last; `seed` draws other numbers and other geometries."""
    return collect(seed)[0]


def collect(seed: int = 0) -> tuple[list[Case], list[str]]:
    """Return all cases, and what is wrong with those of plugins that are left out.

    Raises `InvalidArgument` where two cases of ours have one id.
    """
    made = [case for family in _families(seed) for case in family]
    _require_distinct(made)
    added, problems = from_plugins(case.id for case in made)
    return made + added, problems


def finder(seed: int = 0) -> Callable[[str], Case | None]:
    """Return the function that finds a case by its id, None where there is no such case.

    It makes no more families than it must: a process that is asked for one case, or for cases in
    the order of the list, need not wait for the rest.
    """
    made: dict[str, Case] = {}
    families = _families_and_plugins(seed, made)

    def find(case_id: str) -> Case | None:
        while case_id not in made:
            family = next(families, None)
            if family is None:
                return None
            made.update((case.id, case) for case in family)
        return made[case_id]

    return find


def select(cases: Sequence[Case], levels: Sequence[str]) -> list[Case]:
    """Return the cases of these levels; 'full' stands for all.

    Raises `InvalidArgument` for a word that is no level.
    """
    unknown = [level for level in levels if level not in LEVELS]
    if unknown or not levels:
        raise InvalidArgument(
            f"no conformance level {', '.join(map(repr, unknown)) or 'was given'}. "
            f"Choose from {', '.join(LEVELS)}; 'full' runs every case."
        )
    if "full" in levels:
        return list(cases)
    return [case for case in cases if case.level in levels]


def _families(seed: int) -> Iterator[list[Case]]:
    for name in _MODULES:
        module = importlib.import_module(f"{__name__}.{name}")
        cases: Callable[[int], Iterable[Case]] = module.cases
        yield list(cases(seed))


def _families_and_plugins(seed: int, made: Iterable[str]) -> Iterator[list[Case]]:
    """Yield our families, then the cases of plugins, whose ids are not among those `made`."""
    yield from _families(seed)
    yield from_plugins(made)[0]


def _require_distinct(cases: Sequence[Case]) -> None:
    seen: set[str] = set()
    for case in cases:
        if case.id in seen:
            raise InvalidArgument(f"two conformance cases have the id {case.id!r}. Rename one.")
        seen.add(case.id)
