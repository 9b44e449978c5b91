"""A backend leaves the process as it finds it: NumPy's settings, the generators, the framework's.

Settings are looked at before and after, and where they can be set, they are first set to something
that nobody has by chance: what an earlier case has changed for good shows, too.
"""

from __future__ import annotations

import os
import random
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np

from convdispatch.conformance.case import Case, Mismatch
from convdispatch.conformance.cases import harness
from convdispatch.conformance.cases.every_op import one_of_each
from convdispatch.conformance.cases.plain_cases import plain_case
from convdispatch.conformance.cases.problem_cases import problem_case
from convdispatch.numerics.problem import Problem
from convdispatch.ops import FLOAT_DTYPES, Backend, Dense, Tensor
from convdispatch.runtime.registry import registry

_CLAIM = "Neither lowering nor computing changes a setting of the process or of the framework."
_QUIET = "An op that was computed before is computed again without a warning."
# NumPy's handling of errors, twice: one of the two is not what somebody set.
_ERRORS: tuple[dict[str, Any], ...] = (
    {"divide": "ignore", "over": "warn", "under": "ignore", "invalid": "warn"},
    {"divide": "warn", "over": "ignore", "under": "warn", "invalid": "ignore"},
)
# What a framework's functions of these names return is a setting.
_GETTERS = re.compile(
    r"get_default_\w+|is_\w+_enabled|are_\w+_enabled|get_rng_state|get_num_threads|is_tracing"
)
# Names by which frameworks read and set a setting, and two values for it; words are attributes.
_PAIRS: tuple[tuple[str, str, tuple[Any, Any]], ...] = (
    ("get_default_dtype", "set_default_dtype", ("float32", "float64")),
    ("is_grad_enabled", "set_grad_enabled", (True, True)),
    ("get_num_threads", "set_num_threads", (1, 2)),
    ("are_deterministic_algorithms_enabled", "use_deterministic_algorithms", (False, False)),
)
_PLAIN = (bool, int, float, str, type(None))
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")


def cases(seed: int) -> Iterator[Case]:
    """Yield every op in some element types, and the methods that prepare functions."""
    for ending, problem in one_of_each(seed):
        is_chosen = ending.startswith(("zeros", "windows", "nearest-other", "bilinear-repeated"))
        if ending.startswith("plain") or (is_chosen and len(problem.input_shape) == 4):
            yield problem_case("contract", f"leaves-{ending}", leaves_all, _CLAIM, problem)
            if len(problem.input_shape) in (3, 4):
                yield problem_case("contract", f"quiet-{ending}", is_quiet, _QUIET, problem)
    for dtype in FLOAT_DTYPES:
        for ending, problem in one_of_each(seed, dtype):
            is_chosen = isinstance(problem.op, Dense) or len(problem.input_shape) == 4
            if ending.startswith("plain") and is_chosen and dtype != "float32":
                slug = f"leaves-{ending}-{dtype}"
                yield problem_case("contract", slug, leaves_all, _CLAIM, problem)
    for name, needs in (
        ("compile", ("compile",)),
        ("compile_inference", ()),
        ("compile_step", ("compile_step",)),
    ):
        slug = f"leaves-{name.replace('_', '-')}"
        yield plain_case("tensors", "contract", slug, prepared, _CLAIM, name, needs=needs)
    slug, needs = "leaves-gradients", ("gradients",)
    yield plain_case("tensors", "contract", slug, prepared, _CLAIM, "value_and_grad", needs=needs)


def leaves_all(backend: Backend, problem: Problem) -> None:
    """Lower the op and compute it, twice, and compare the settings."""

    def use() -> None:
        function = harness.plan(backend, problem)
        backend.to_numpy(function(*harness.tensors(backend, problem)))

    _require_left(backend, use)


def prepared(backend: Backend, method: str) -> None:
    """Prepare a function by the method, call it, and compare the settings."""
    prepare = getattr(backend, method, None)
    if prepare is None:
        return
    x = backend.asarray(np.ones(3), "float32")
    total = backend.functions["sum"]

    def held() -> list[Tensor]:
        return [backend.variable(np.ones(3), "float32")]

    uses: dict[str, Callable[[], object]] = {
        "compile": lambda: prepare(lambda t: t * 2)(x),
        "compile_inference": lambda: prepare(lambda v, t: v[0] * t)(held(), x),
        "compile_step": lambda: prepare(lambda v, t: ([v[0] + t * 0], t * 2))(held(), x),
        "value_and_grad": lambda: prepare(lambda t: (total(t[0] * t[0]), None))([x]),
    }
    _require_left(backend, uses[method])


def is_quiet(backend: Backend, problem: Problem) -> None:
    """Lower and compute, then do it again and listen; what is said once may be said."""

    def use() -> None:
        function = harness.plan(backend, problem)
        for _ in range(2):
            backend.to_numpy(function(*harness.tensors(backend, problem)))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        use()
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        use()
    if said:
        raise Mismatch(f"it warns at every call: {said[0].category.__name__}: {said[0].message}")


def _require_left(backend: Backend, use: Callable[[], object]) -> None:
    use()  # what is imported or set up at the first call is the framework's own affair
    modules = _modules(backend)
    for errors in _ERRORS:
        with _set_by_hand(modules, errors):
            before = settings(modules)
            use()
            after = settings(modules)
            changed = [name for name in before if before[name] != after.get(name)]
        if changed:
            name = changed[0]
            raise Mismatch(f"it changed {name}: from {before[name]:.80} to {after[name]:.80}")


@contextmanager
def _set_by_hand(modules: Mapping[str, Any], errors: dict[str, Any]) -> Iterator[None]:
    """Set what can be set to something unusual, and afterwards as it was."""
    state, numpy_state = random.getstate(), np.random.get_state()
    is_first = errors is _ERRORS[0]
    try:
        with ExitStack() as stack:
            stack.enter_context(np.errstate(**errors))
            stack.enter_context(np.printoptions(precision=5 if is_first else 7))
            stack.enter_context(warnings.catch_warnings())
            warnings.simplefilter("ignore", category=EncodingWarning)
            random.seed(is_first)
            np.random.seed(1234 + is_first)
            for module in modules.values():
                stack.enter_context(_put(module, 0 if is_first else 1))
            yield
    finally:
        random.setstate(state)
        np.random.set_state(numpy_state)


@contextmanager
def _put(module: Any, turn: int) -> Iterator[None]:
    """Set what the framework has functions to read and to set; others' settings may be left."""
    found = [
        (getattr(module, get), getattr(module, put), values[turn])
        for get, put, values in _PAIRS
        if callable(getattr(module, get, None)) and callable(getattr(module, put, None))
    ]
    before = [get() for get, _, _ in found]
    try:
        for _, put, value in found:
            put(getattr(module, value) if isinstance(value, str) else value)
        with _seeded(module, 1234 + turn):
            yield
    finally:
        for (_, put, _), value in zip(found, before, strict=True):
            put(value)


@contextmanager
def _seeded(module: Any, number: int) -> Iterator[None]:
    """Seed a framework's global generator, if it has one that can be put back."""
    names = ("get_rng_state", "set_rng_state", "manual_seed")
    if not all(callable(getattr(module, name, None)) for name in names):
        yield
        return
    before = module.get_rng_state()
    module.manual_seed(number)
    try:
        yield
    finally:
        module.set_rng_state(before)


def settings(modules: Mapping[str, Any]) -> dict[str, str]:
    """Return everything that could be changed, each in words."""
    found: dict[str, Any] = {
        "NumPy's handling of errors": np.geterr(),
        "NumPy's global generator": _words(np.random.get_state()),
        "NumPy's options for printing": np.get_printoptions(),
        "Python's global generator": random.getstate(),
        "the filters of warnings": warnings.filters,
        "the environment": dict(os.environ),
        "the working folder": os.getcwd(),
        "the recursion limit": sys.getrecursionlimit(),
        "the path of imports": sys.path,
    }
    for name, module in modules.items():
        for getter in filter(_GETTERS.fullmatch, dir(module)):
            found[f"what {name}.{getter}() returns"] = _asked(getattr(module, getter))
        values = getattr(module, "values", None)
        if isinstance(values, Mapping):
            found |= {f"the setting {key!r} of {name}": value for key, value in values.items()}
    return {name: repr(value) for name, value in found.items()}


def _modules(backend: Backend) -> dict[str, Any]:
    """Return the framework's module and its configuration, if they are imported."""
    entry = registry.entries().get(backend.name)
    name = entry.info.framework if entry is not None and entry.info is not None else ""
    module = sys.modules.get(name)
    if module is None:
        return {}
    parts = {f"{name}.{part}": getattr(module, part, None) for part in ("config", "random")}
    return {name: module} | {path: part for path, part in parts.items() if part is not None}


def _asked(getter: Any) -> str:
    try:
        return _words(getter())
    except Exception:  # noqa: BLE001 - it takes arguments, or there is nothing to say
        return ""


def _words(value: Any) -> str:
    """Return every number of the value in words: `repr` leaves some of a long array out."""
    if isinstance(value, _PLAIN):
        return repr(value)
    if isinstance(value, tuple):
        return " ".join(map(_words, value))
    if hasattr(value, "tolist"):
        return repr(value.tolist())
    # Without addresses: some getters return a new object each time.
    return _ADDRESS.sub("", repr(value))
