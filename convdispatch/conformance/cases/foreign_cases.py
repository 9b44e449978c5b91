"""The cases that plugins add to the suite: complete ones are taken, others are reported.

A run that leaves a plugin's case out has a problem, and fails: a check that somebody asked for
was not made.
"""

from __future__ import annotations

from collections.abc import Iterable

from convdispatch.conformance.case import LEVELS, Case
from convdispatch.errors import PluginError
from convdispatch.runtime.registry import registry
from convdispatch.support.foreign import call, said, shown


def from_plugins(taken: Iterable[str]) -> tuple[list[Case], list[str]]:
    """Return plugins' cases whose ids are not `taken`, and what is wrong with the others."""
    ids = set(taken)
    cases: list[Case] = []
    problems: list[str] = []
    for plugin, answer in registry.conformance_cases():
        if isinstance(answer, Exception):
            problems.append(f"the plugin {plugin!r} adds no cases: {said(answer)}.")
            continue
        for offered in answer:
            try:
                case = call(_checked, offered, ids)
            except Exception as exc:  # noqa: BLE001 - the values are foreign, and may do anything
                problems.append(f"a case of the plugin {plugin!r} is left out: {said(exc)}")
                continue
            ids.add(case.id)
            cases.append(case)
    return cases, problems


def _checked(offered: object, taken: set[str]) -> Case:
    if not isinstance(offered, Case):
        raise PluginError(
            f"convdispatch_conformance_cases() gave {shown(offered)}, which is no "
            "`convdispatch.conformance.case.Case`."
        )
    words = {name: getattr(offered, name) for name in ("id", "level", "op", "claim", "since")}
    for name, value in words.items():
        if not isinstance(value, str) or not value.strip() or not value.isprintable():
            raise PluginError(f"`{name}` is {shown(value)}. Give a text of one line.")
    if offered.id in taken:
        raise PluginError(f"two conformance cases have the id {offered.id!r}. Rename one.")
    if offered.level not in LEVELS:
        raise PluginError(
            f"the conformance case {offered.id!r} has the level {offered.level!r}. "
            f"Choose from {', '.join(LEVELS)}."
        )
    if not callable(offered.check) or not isinstance(offered.arguments, tuple):
        raise PluginError(
            f"the conformance case {offered.id!r} has the check {shown(offered.check)} and the "
            f"arguments {shown(offered.arguments)}. Give a function and a tuple."
        )
    if not isinstance(offered.features, tuple) or not all(
        isinstance(feature, str) for feature in offered.features
    ):
        raise PluginError(
            f"the conformance case {offered.id!r} has the features {shown(offered.features)}. "
            "Give a tuple of names."
        )
    return offered
