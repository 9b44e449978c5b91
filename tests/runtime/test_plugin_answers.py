"""Whatever a plugin answers, the registry raises our errors alone, and the others keep working."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from convdispatch.cli import main
from convdispatch.conformance.case import Case
from convdispatch.conformance.cases import collect
from convdispatch.errors import BackendBroken, ConvDispatchError, PluginError
from convdispatch.hookspecs import hookimpl
from convdispatch.ops import Accuracy, BackendInfo, Capabilities
from convdispatch.registry import AVAILABLE, BROKEN, TOO_OLD, UNAVAILABLE, Registry, registry
from convdispatch.runtime.backend_info import checked


class Odd:
    """An object that raises at whatever is done with it."""

    def _raise(self, *arguments: object) -> Any:
        raise SystemExit(0)

    __str__ = __repr__ = __eq__ = __hash__ = __iter__ = __len__ = __bool__ = _raise
    __getattr__ = __call__ = _raise


class OddMapping(Mapping[str, str]):
    """A dictionary that raises when it is read."""

    def __getitem__(self, key: str) -> str:
        raise GeneratorExit

    def __iter__(self) -> Iterator[str]:
        return iter(["conv1d"])

    def __len__(self) -> int:
        return 1


class OddText(str):
    """A string that is more than one."""

    def __str__(self) -> str:
        raise SystemExit(0)

    def partition(self, separator: str) -> Any:
        """Raise where a name is taken apart."""
        raise SystemExit(0)


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.binary(max_size=3),
    st.builds(Odd),
    st.builds(OddMapping),
    st.builds(OddText, st.sampled_from(["odd", "numpy", ""])),
    st.sampled_from([Decimal("NaN"), Fraction(1, 2), 1j, ..., int, "\x1b[31m", "\ud800", "a b"]),
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=5,
)
MAPPINGS = st.dictionaries(
    st.one_of(st.just("conv1d"), SCALARS.filter(lambda v: _hashes(v))), ANYTHING, max_size=2
)
CAPABILITIES = st.one_of(
    ANYTHING,
    st.builds(
        Capabilities,
        unsupported=st.one_of(ANYTHING, MAPPINGS),
        accuracy=st.one_of(
            ANYTHING,
            st.dictionaries(
                st.just("conv1d"), st.builds(Accuracy, factor=ANYTHING, reason=ANYTHING)
            ),
        ),
    ),
)
INFOS = st.builds(
    BackendInfo,
    name=st.one_of(st.just("drawn"), ANYTHING),
    protocol=st.one_of(st.sampled_from([1, 2, 3]), ANYTHING),
    framework=st.one_of(st.sampled_from(["json", "no_such", "json.no_such", "."]), ANYTHING),
    load=st.one_of(st.sampled_from(["json:loads", "no_such:x", ":", "json"]), ANYTHING),
    install=st.one_of(st.just("pip install it"), ANYTHING),
    capabilities=st.one_of(st.just(Capabilities()), CAPABILITIES),
    test_environment=st.one_of(st.just({}), MAPPINGS, ANYTHING),
)
ANSWERS = st.one_of(ANYTHING, st.lists(st.one_of(INFOS, ANYTHING), max_size=3), INFOS)
PROPERTY = settings(
    derandomize=True,
    database=None,
    max_examples=150,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def _hashes(value: object) -> bool:
    try:
        hash(value)
    except BaseException:  # noqa: BLE001 - odd objects raise what would end the program
        return False
    return True


@given(ANSWERS)
@PROPERTY
def test_no_answer_harms_the_registry_or_another_backend(answer: Any) -> None:
    """Every entry has a description or an error; loading raises our errors, and others load."""

    class Plugin:
        @hookimpl
        def convdispatch_backends(self) -> Any:
            return answer

    ours = Registry()
    ours.register(Plugin(), name="drawn:plugin")
    entries = ours.entries()
    assert {"numpy", "torch", "tensorflow", "jax"} <= set(entries)
    for name, entry in entries.items():
        assert (entry.info is None) != (entry.error is None)
        assert ours.status(name) in (AVAILABLE, UNAVAILABLE, TOO_OLD, BROKEN)
        if entry.distribution == "drawn":
            with pytest.raises(ConvDispatchError):
                ours.load(name)
    assert ours.load("numpy").name == "numpy"


@given(ANSWERS)
@settings(PROPERTY, max_examples=30)
def test_no_answer_breaks_the_list_of_backends(answer: Any) -> None:
    """The JSON is whole and strict, whatever the descriptions hold."""

    class Plugin:
        @hookimpl
        def convdispatch_backends(self) -> Any:
            return answer

    plugin = Plugin()
    registry.register(plugin, name="drawn:plugin")
    printed: list[str] = []
    try:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("convdispatch.cli._output.say", printed.append)
            assert main(["backends", "--json"]) == 0
    finally:
        registry.unregister(plugin)
    rows = {row["name"]: row for row in json.loads(printed[0])["backends"]}
    assert rows["numpy"]["status"] == AVAILABLE


def sound(**fields: Any) -> BackendInfo:
    """Return a description with some fields replaced."""
    usual = {"name": "x", "framework": "json", "load": "x:y", "install": "pip install x"}
    return BackendInfo(protocol=2, **usual | fields)


def accuracy(factor: Any) -> Accuracy:
    """Return a declaration with that factor."""
    return Accuracy(factor=factor, reason="why")


def test_a_sound_description_is_taken_as_it_is() -> None:
    """Nothing is refused of what the fields are for."""
    accuracy = {"conv2d": Accuracy(factor=1, reason="Winograd")}
    info = sound(
        name="My-accel_2.0",
        framework="a.b",
        load="a.b._c:backend",
        install="",
        capabilities=Capabilities(unsupported={"conv3d": "use\n2d"}, accuracy=accuracy),
        test_environment={"A": ""},
    )
    assert checked(info) == info


NO_CAPABILITIES: tuple[Any, ...] = (None, {}, "none")
NO_ENVIRONMENTS: tuple[Any, ...] = (None, [], {"A": 1}, {1: "A"}, {"A=": "B"})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("name", name) for name in (None, "", "a b", "a\n", "\x1b[m", "all", "a,b", "a/b", 3)),
        *(("framework", name) for name in (None, "", ".", "a..b", "a b", 3)),
        *(("load", load) for load in (None, "", "x", "x:", ":y", "x:y:z", "x y:z")),
        *(("install", text) for text in (None, "a\nb", "\x1b[m", 3)),
        *(("capabilities", value) for value in NO_CAPABILITIES),
        *(("test_environment", value) for value in NO_ENVIRONMENTS),
        ("test_environment", {"A": "\0"}),
        ("capabilities.unsupported", Capabilities(unsupported=["conv1d"])),  # type: ignore[arg-type]
        ("capabilities.unsupported", Capabilities(unsupported={"conv1d": ""})),
        ("capabilities.unsupported", Capabilities(unsupported={"": "why"})),
        *(
            (
                "capabilities.accuracy",
                Capabilities(accuracy={"conv1d": accuracy(n)}),
            )
            for n in ("2", None, True, math.nan, math.inf, 0.5, -1)
        ),
        ("capabilities.accuracy", Capabilities(accuracy={"conv1d": Accuracy(factor=2, reason="")})),
        ("capabilities.accuracy", Capabilities(accuracy={"conv1d": 2})),  # type: ignore[dict-item]
    ],
    ids=repr,
)
def test_a_field_that_cannot_be_is_named_with_its_value(field: str, value: Any) -> None:
    """The message says which field, what it holds and what is allowed."""
    info = sound(**{field.partition(".")[0]: value})
    with pytest.raises(PluginError, match=rf"^`BackendInfo\.{field}.*` is .*\. (Give|Its keys)"):
        checked(info)


def test_a_parent_of_a_framework_that_raises_is_the_backends_fault(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python imports the parents of a dotted name: what they do is listed with the reason."""
    for name, source in {"quits": "raise SystemExit", "says": "print('hi')"}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(source, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)

    class Plugin:
        @hookimpl
        def convdispatch_backends(self) -> list[BackendInfo]:
            return [
                sound(name=name, framework=f"{name}.part") for name in ("quits", "says", "gone")
            ]

    ours = Registry(group="convdispatch tests: no such group")
    ours.register(Plugin())
    assert [ours.status(name) for name in ("quits", "says", "gone")] == [
        BROKEN,
        BROKEN,
        UNAVAILABLE,
    ]
    with pytest.raises(BackendBroken, match="SystemExit, which would have ended the program"):
        ours.load("quits")


def nothing(backend: object) -> None:
    """Claim nothing."""


def case(**fields: Any) -> Case:
    """Return a case of a plugin's with some fields replaced."""
    usual = {"id": "layers/core/drawn", "level": "core", "op": "layers", "claim": "It is."}
    return Case(**{**usual, "check": nothing, **fields})


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (lambda: None, "adds no cases: .*gave None"),
        (lambda: 1 / 0, "adds no cases: ZeroDivisionError"),
        (lambda: exit(0), "adds no cases: .*SystemExit: 0"),
        (lambda: [case(), 3], "left out: .*gave 3, which is no"),
        (lambda: [case(), case()], "two conformance cases have the id"),
        (lambda: [case(), case(id="b", level="hard")], "has the level 'hard'"),
        (lambda: [case(), case(id="b", check=None)], "the check None"),
        (lambda: [case(), case(id=None)], "`id` is None"),
        (lambda: [case(), case(id="b", features="f")], "the features 'f'"),
    ],
    ids=["none", "raises", "exits", "no case", "twice", "level", "check", "id", "features"],
)
def test_a_case_that_cannot_be_run_is_a_problem_and_the_others_are_run(
    answer: Any, problem: str
) -> None:
    """A plugin's sound cases are in the suite, and what is wrong with the others is said."""

    class Plugin:
        @hookimpl
        def convdispatch_conformance_cases(self) -> Any:
            return answer()

    plugin = Plugin()
    usual = len(collect()[0])
    registry.register(plugin, name="drawn:plugin")
    try:
        cases, problems = collect()
    finally:
        registry.unregister(plugin)
    assert len(cases) - usual == (0 if "adds no cases" in problem else 1)
    (found,) = problems
    assert "'drawn:plugin'" in found
    with pytest.raises(AssertionError, match=problem):
        raise AssertionError(found)
