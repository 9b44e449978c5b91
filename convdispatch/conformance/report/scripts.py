"""A failing case as a script of its own: what to put into a bug report.

A wrong result is written out with all its numbers, as long as there are few. Another case calls
its check with its arguments, and where these cannot be written down, looks itself up in the list.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

from convdispatch.conformance.case import Case
from convdispatch.conformance.cases.values import forward
from convdispatch.conformance.report.source import SourceWriter, Unwritable
from convdispatch.conformance.results import FAILED, KNOWN_FAILURE, Outcome
from convdispatch.numerics.problem import Array, Problem
from convdispatch.ops import BackendInfo, features
from convdispatch.support.text import one_line, printable

_MOST_NUMBERS = 600  # written out; more are drawn from the seed
_NAMES = ("x", "kernel", "bias")


def explained(case: Case, outcome: Outcome, info: BackendInfo, seed: int) -> str:
    """Return the script of a failure, known or not; nothing for another outcome."""
    if outcome.status not in (FAILED, KNOWN_FAILURE):
        return ""
    try:
        return script(case, info.name, info=info, seed=seed)
    except Exception as exc:  # noqa: BLE001 - a plugin's values may do anything when written down
        return f"# No script can be written: {type(exc).__name__}: {one_line(str(exc))}\n"


def script(case: Case, backend: str, *, info: BackendInfo | None = None, seed: int = 0) -> str:
    """Return a Python program that fails as the case does.

    `info` is the backend's description where it has one, `seed` that of the list of cases.
    """
    lines = [*_docstring(case, backend), ""]
    if info is not None and info.test_environment:
        lines += [*_settings(info.test_environment), ""]
    problem = case.arguments[0] if case.check is forward else None
    if isinstance(problem, Problem) and _numbers(problem) <= _MOST_NUMBERS:
        lines += _written_out(problem, backend, _factor(problem, info))
    else:
        lines += _called(case, backend, seed)
    return "\n".join(lines) + "\n"


def _docstring(case: Case, backend: str) -> list[str]:
    lines = [f"{case.id} on {backend!r}.", "", *case.claim.splitlines(), ""]
    text = "\n".join(line.replace("\\", "\\\\").replace('"', r"\"") for line in lines)
    # Characters that are invisible, or that no file can hold, are escaped as Python does.
    return ['"""' + "\n".join(map(printable, text.split("\n"))) + '"""']


def _settings(environment: Mapping[str, str]) -> list[str]:
    settings = (f"os.environ.setdefault({k!r}, {v!r})" for k, v in environment.items())
    return ["import os", "", *settings]


def _called(case: Case, backend: str, seed: int) -> list[str]:
    try:
        return _direct(case, backend)
    except Unwritable:
        return [
            "from convdispatch.conformance import cases",
            "from convdispatch.registry import registry",
            "",
            f"(case,) = [case for case in cases.build({seed}) if case.id == {case.id!r}]",
            f"case.run(registry.load({backend!r}))",
        ]


def _direct(case: Case, backend: str) -> list[str]:
    """Return the call of the check; raise `Unwritable` where it has no name to import."""
    source = SourceWriter()
    source.imports.add("from convdispatch.registry import registry")
    check = source.of(case.check)
    arguments = [f"registry.load({backend!r})", *map(source.of, case.arguments)]
    listed = "".join(f"    {argument},\n" for argument in arguments)
    return [*sorted(source.imports), "", f"{check}(\n{listed})"]


def _written_out(problem: Problem, backend: str, factor: float) -> list[str]:
    names = _NAMES[: len(problem.arrays)]
    want, allowed = problem.expected
    arrays = [*problem.arrays, want, factor * allowed]
    source = SourceWriter()
    assignments = [
        f"{name} = {_multiline(source, array)}"
        for name, array in zip([*names, "want", "allowed"], arrays, strict=True)
    ]
    op, signature = source.of(problem.op), source.of(problem.signature)
    source.imports |= {
        "from convdispatch.dispatch import lower",
        "from convdispatch.registry import registry",
    }
    return [
        *sorted(source.imports, key=lambda line: (not line.startswith("import"), line)),
        "",
        *assignments,
        "",
        f"backend = registry.load({backend!r})",
        f"op = {op}",
        f"compute = lower(backend, op, {signature})",
        f"tensors = [backend.asarray(array, {problem.dtype!r}) for array in ({', '.join(names)},)]",
        "got = backend.to_numpy(compute(*tensors))",
        'print("computed", got.ravel())',
        'print("expected", want.ravel())',
        "assert got.shape == want.shape, (got.shape, want.shape)",
        f"assert got.dtype.name == {problem.dtype!r}, got.dtype",
        'error = abs(got.astype("float64") - want)',
        "assert (error <= allowed).all(), error.max()",
    ]


def _multiline(source: SourceWriter, array: Array) -> str:
    numbers = textwrap.fill(", ".join(map(source.of, array.ravel().tolist())), 96)
    indented = textwrap.indent(numbers, "    ")
    source.imports.add("import numpy as np")
    return f"np.array([\n{indented}\n]).reshape({array.shape})"


def _factor(problem: Problem, info: BackendInfo | None) -> float:
    """Return by how much the backend declares its errors to exceed the bound, as the check does."""
    declared = info.capabilities.accuracy if info is not None else {}
    used = features(problem.op, problem.signature)
    return max((declared[name].factor for name in used if name in declared), default=1.0)


def _numbers(problem: Problem) -> int:
    return sum(array.size for array in problem.arrays) + 2 * problem.expected[0].size
