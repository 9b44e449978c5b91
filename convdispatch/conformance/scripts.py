"""A failing case as a script of its own: what to put into a bug report.

A wrong result is written out with all its numbers, as long as there are few. Every other case
calls its check, which is found where the script imports it from.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping

from convdispatch.conformance.case import Case
from convdispatch.conformance.problem import Array, Problem
from convdispatch.conformance.suite.values import forward

_MOST_NUMBERS = 600  # written out; more are drawn from the seed
_NAMES = ("x", "kernel", "bias")


def script(case: Case, backend: str, environment: Mapping[str, str] | None = None) -> str:
    """Return a Python program that fails as the case does.

    `environment` are the variables of `BackendInfo.test_environment`.
    """
    lines = [f'"""{case.id} on {backend!r}.', "", case.claim, '"""', ""]
    if environment:
        settings = (f"os.environ.setdefault({k!r}, {v!r})" for k, v in environment.items())
        lines += ["import os", "", *settings, ""]
    problem = case.arguments[0] if case.check is forward else None
    if isinstance(problem, Problem) and _numbers(problem) <= _MOST_NUMBERS:
        lines += _written_out(problem, backend)
    else:
        lines += _called(case, backend)
    return "\n".join(lines) + "\n"


def _called(case: Case, backend: str) -> list[str]:
    arguments = ",\n    ".join([f"registry.load({backend!r})", *map(repr, case.arguments)])
    names = _capitalised(repr(case.arguments))
    imports = [f"from {case.check.__module__} import {case.check.__name__}"]
    if "Problem" in names:
        imports.append("from convdispatch.conformance.problem import Problem")
    ops = sorted(names & {"Conv", "ConvTranspose", "Pad", "Upsample", "Signature"})
    if ops:
        imports.append(f"from convdispatch.ops import {', '.join(ops)}")
    imports.append("from convdispatch.registry import registry")
    return [*imports, "", f"{case.check.__name__}(\n    {arguments},\n)"]


def _written_out(problem: Problem, backend: str) -> list[str]:
    names = _NAMES[: len(problem.arrays)]
    want, allowed = problem.expected
    listed = [*zip(names, problem.arrays, strict=True), ("want", want), ("allowed", allowed)]
    return [
        "import numpy as np",
        "",
        "from convdispatch.dispatch import lower",
        f"from convdispatch.ops import {type(problem.op).__name__}, Signature",
        "from convdispatch.registry import registry",
        "",
        *(_assignment(name, array) for name, array in listed),
        "",
        f"backend = registry.load({backend!r})",
        f"op = {problem.op!r}",
        f"compute = lower(backend, op, {problem.signature!r})",
        f"tensors = [backend.asarray(array, {problem.dtype!r}) for array in ({_tuple(names)})]",
        'got = backend.to_numpy(compute(*tensors)).astype("float64")',
        'print("computed", got.ravel())',
        'print("expected", want.ravel())',
        "assert got.shape == want.shape, (got.shape, want.shape)",
        "assert (abs(got - want) <= allowed).all(), abs(got - want).max()",
    ]


def _assignment(name: str, array: Array) -> str:
    numbers = textwrap.fill(", ".join(map(repr, array.ravel().tolist())), 96)
    indented = textwrap.indent(numbers, "    ")
    return f"{name} = np.array([\n{indented}\n]).reshape({array.shape})"


def _tuple(names: tuple[str, ...]) -> str:
    return ", ".join(names) + ("," if len(names) == 1 else "")


def _numbers(problem: Problem) -> int:
    return sum(array.size for array in problem.arrays) + 2 * problem.expected[0].size


def _capitalised(source: str) -> set[str]:
    """Return the names of the classes that the source calls."""
    return set(re.findall(r"\b([A-Z]\w*)\(", source))
