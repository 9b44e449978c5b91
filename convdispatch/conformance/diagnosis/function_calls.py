"""How a case calls the functions that it is about: with which axes, shapes and numbers.

The case's own check is run on NumPy, whose functions say how they are called. Nothing that it
raises counts: it stops where gradients are compared, of which NumPy has none.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from convdispatch.conformance.case import Case
from convdispatch.conformance.cases import function_range, ties
from convdispatch.conformance.cases.function_rows import EVERY, REFERENCE
from convdispatch.conformance.cases.tensors import numpy_type
from convdispatch.conformance.diagnosis.call_facts import amounts_of_call, facts_of_call
from convdispatch.conformance.diagnosis.facts import PROPERTY, SUBJECT, Facts
from convdispatch.conformance.diagnosis.method_facts import tell_arguments
from convdispatch.numerics.problem import Array

_USUAL = ("asarray", "describe", "functions", "name", "to_numpy")  # nearly all cases call them
_LENGTHY = ("long_tensors",)  # nothing of their numbers tells more
_STEP = 16  # of all numbers of half precision, zeros of both signs among them
_OF_ROWS = ("memory", "sharing")  # which evaluate a row many times


def tell_calls(facts: Facts, case: Case, names: Collection[str]) -> None:
    """Say how the case calls the functions of these names."""
    if names and _module(case) not in _LENGTHY:
        _run(case, _Recorder(facts, names))


def tell_methods(facts: Facts, case: Case) -> None:
    """Say which of a backend's methods the case calls."""
    recorder = _Recorder(Facts(), (), methods=facts)
    if _module(case) in _LENGTHY:
        words = case.id.split("/", 2)[-1].split("-")
        called = [word for word in words if word in recorder.parts]
    else:
        _run(case, recorder)
        called = list(recorder.called)
    facts.say(SUBJECT, (f"method {name}" for name in called if name not in _USUAL))


def _module(case: Case) -> str:
    return case.check.__module__.rpartition(".")[2]


def _run(case: Case, recorder: Any) -> None:
    with contextlib.suppress(Exception), np.errstate(all="ignore"):
        if case.check is ties.slopes:  # which would stop at the first of several draws
            for drawn in ties.draws(*case.arguments):  # type: ignore[arg-type]
                drawn.compute(recorder.functions, drawn.arrays)
        elif case.check is function_range.everywhere:
            arguments: tuple[Any, ...] = case.arguments
            name, *numbers = arguments
            some = function_range.numbers_of(*numbers)[::_STEP]
            function_range.expression_of(name)(recorder.functions, some)
        elif case.op == "functions" and _module(case) in _OF_ROWS:
            row = EVERY[str(case.arguments[0])]
            row.expression(recorder.functions, *row.arrays)
        else:
            case.check(recorder, *case.arguments)


class _NoGradientsError(Exception):
    """What comes next needs gradients."""


class _Recorder:
    """What a check takes for a backend; `called` are the names of what it asked for.

    `methods` are told about the calls of its methods.
    """

    def __init__(self, facts: Facts, names: Collection[str], methods: Facts | None = None) -> None:
        self.called: dict[str, None] = {}
        self.parts: dict[str, Any] = {
            "name": "recorder",
            "functions": _Table(facts, names),
            "asarray": _array,
            "variable": _array,
            "assign": lambda variable, value: np.array(value, variable.dtype),
            "cast": _array,
            "compile": lambda fn: fn,
            "compile_inference": lambda fn: fn,
            "compile_step": lambda step: step,
            "describe": lambda tensor: (tensor.shape, tensor.dtype.name),
            "owns": lambda value: isinstance(value, np.ndarray),
            "to_numpy": lambda tensor: tensor,
            "value_and_grad": _stopping,
        }
        if methods is not None:
            tell_arguments(methods, self.parts)

    def __getattr__(self, name: str) -> Any:
        self.called[name] = None
        if name not in self.parts:
            raise AttributeError(name)
        return self.parts[name]


def _array(value: Any, dtype: str) -> Array:
    with np.errstate(all="ignore"):
        return np.array(value).astype(numpy_type(dtype))


def _stopping(fn: Callable[[Sequence[Array]], Any]) -> Callable[..., Any]:
    """Return what calls the function, and then stops: NumPy has no gradients."""

    def compute(tensors: Sequence[Array]) -> None:
        fn(tensors)
        raise _NoGradientsError

    return compute


class _Table(Mapping[str, Callable[..., Any]]):
    """NumPy's functions, which say how they are called."""

    def __init__(self, facts: Facts, names: Collection[str]) -> None:
        self._facts = facts
        self._names = names

    def __getitem__(self, name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            if name in self._names:
                self._facts.say(PROPERTY, facts_of_call(name, arguments, options))
                self._facts.count(amounts_of_call(name, arguments, options))
            return _computed(REFERENCE[name], arguments, options)

        return call

    def __iter__(self) -> Iterator[str]:
        return iter(REFERENCE)

    def __len__(self) -> int:
        return len(REFERENCE)


def _computed(function: Callable[..., Any], arguments: Any, options: Any) -> Any:
    """Return what the function gives in float64, rounded to the element type of its tensors."""
    types = [one.dtype for one in _tensors(arguments)]
    wide = next((one for one in types if one.itemsize < 8 and one.kind in "fV"), None)
    if wide is None:
        return function(*arguments, **options)
    given = [_widened(one, wide) for one in arguments]
    result = np.asarray(function(*given, **options))
    return result.astype(wide) if result.dtype == np.float64 else result


def _tensors(arguments: Sequence[Any]) -> list[Array]:
    listed = [one for each in arguments if isinstance(each, list | tuple) for one in each]
    return [one for one in (*arguments, *listed) if isinstance(one, np.ndarray)]


def _widened(argument: Any, dtype: np.dtype[Any]) -> Any:
    """Return a tensor as it is, and a number as that element type has it, in float64."""
    if isinstance(argument, list):
        return [_widened(one, dtype) for one in argument]
    if isinstance(argument, float):
        return float(np.asarray(argument).astype(dtype))
    is_float = isinstance(argument, np.ndarray) and argument.dtype.kind in "fV"
    return argument.astype(np.float64) if is_float else argument
