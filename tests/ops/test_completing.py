"""Parts that a backend leaves out: defaults, NumPy's functions, refusals; and old plugins."""

from __future__ import annotations

import importlib
import json
import types
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import convdispatch
from convdispatch import layers
from convdispatch.cli import main
from convdispatch.cli._conformance_text import as_text
from convdispatch.conformance.case import Case
from convdispatch.conformance.report.html import render
from convdispatch.conformance.report.matrix import as_markdown
from convdispatch.conformance.run import assembling
from convdispatch.conformance.run.execution import Declared, execute
from convdispatch.errors import BackendBroken, BackendTooOld, UnsupportedOp
from convdispatch.hookspecs import hookimpl
from convdispatch.ops import BackendInfo, Capabilities
from convdispatch.registry import AVAILABLE, BROKEN, TOO_OLD, Registry, registry
from convdispatch.runtime.completion import lacking

X = np.array([[[1.0], [2.0], [3.0]]], "float32")
WHY = "the engine computes results alone; train on another backend"


@pytest.fixture
def engine() -> Iterator[Any]:
    """Give the inference engine, registered and loaded."""
    plugin = importlib.import_module("inference_engine")
    registry.register(plugin)
    try:
        yield registry.load("engine")
    finally:
        registry.unregister(plugin)


@pytest.fixture
def empty() -> Registry:
    """Give a registry to which no installed distribution adds anything."""
    return Registry(group="convdispatch tests: no such group")


def plugin_of(backend: object, **changes: Any) -> Any:
    """Return a plugin that describes one backend, found as an attribute of this module."""
    globals()["under_test"] = backend
    fields: dict[str, Any] = {
        "name": "own",
        "framework": "json",
        "load": f"{__name__}:under_test",
        "install": "pip install own",
        "protocol": 2,
        **changes,
    }

    class Plugin:
        @hookimpl
        def convdispatch_backends(self) -> list[BackendInfo]:
            """Describe it."""
            return [BackendInfo(**fields)]

    return Plugin()


def load_own(monkeypatch: pytest.MonkeyPatch, into: Registry, backend: Any, **changes: Any) -> Any:
    """Register and load a backend that is in no file."""
    module = types.ModuleType("own_backend")
    module.__dict__["backend"] = backend
    monkeypatch.setitem(__import__("sys").modules, "own_backend", module)
    into.register(plugin_of(backend, load="own_backend:backend", **changes))
    return into.load("own")


def test_an_engine_of_six_names_runs_a_model(engine: Any) -> None:
    """By a convolution of its own, an op that the kit makes, and a function of NumPy's."""
    model = convdispatch.Sequential(
        [
            layers.Conv1D(1, 1, weights=[np.full((1, 1, 1), 2.0), np.ones(1)], input_shape=(3, 1)),
            layers.UpSampling1D(2),
            layers.Conv1D(1, 2, activation="elu", use_bias=False, weights=[[[[1.0]], [[-1.0]]]]),
        ],
        backend="engine",
    )
    # 3 3 5 5 7 7, then each less the next: 0 -2 0 -2 0, of which elu makes exp(-2) - 1.
    want = [0, np.expm1(-2), 0, np.expm1(-2), 0]
    np.testing.assert_allclose(np.ravel(model(X)), want, rtol=1e-6)
    np.testing.assert_allclose(np.ravel(model.predict(X)), want, rtol=1e-6)
    model.set_weights([array + 1 for array in model.get_weights()])
    assert model.get_weights()[0].item() == 3


@pytest.mark.parametrize(
    "make",
    [
        lambda: layers.BatchNormalization(),
        lambda: layers.Dropout(0.5),
        lambda: layers.Activation("exponential"),
        lambda: layers.GlobalAveragePooling1D(),
        lambda: layers.Flatten(),
        lambda: layers.Conv1D(1, 1),
    ],
    ids=["normalization", "dropout", "activation", "global-pooling", "flatten", "conv1d"],
)
def test_a_declined_element_type_is_refused_by_layers_without_an_op_too(
    engine: Any, make: Callable[[], Any]
) -> None:
    """With the engine's own reason, as an op is; float32 is computed."""
    with convdispatch.use_backend("engine"):
        layer = make()
    with pytest.raises(UnsupportedOp, match=r"'engine' does not support .*float16: the engine has"):
        layer(X.astype("float16"))
    assert engine.owns(layer(X))


def test_an_engine_s_functions_are_numpys(engine: Any) -> None:
    """All of them, from its tensors to its tensors."""
    a = np.array([[1.0, -2.0], [0.5, 4.0]], "float32")
    assert engine.functions["sum"](a, axis=(0,)).tolist() == [1.5, 2]
    assert engine.functions["maximum"](a, 0.75).dtype == np.float32
    assert engine.functions["reshape"](a, (4,)).tolist() == [1, -2, 0.5, 4]
    assert engine.functions["erf"](a).dtype == np.float32
    with pytest.raises(UnsupportedOp, match="'engine' does not support erf:float64: the engine's"):
        engine.functions["erf"](a.astype("float64"))


def test_defaults_are_right_for_plain_tensors(engine: Any) -> None:
    """A variable is a copy, an assigned one a new tensor of the old one's type."""
    numbers = np.array([1.0, 2.5])
    variable = engine.variable(numbers, "float32")
    numbers[0] = 9
    assert variable.tolist() == [1, 2.5]
    for value in (np.array([3, 4], "int64"), engine.asarray(np.array([3.0, 4.0]), "float64")):
        assigned = engine.assign(variable, value)
        assert (assigned.dtype.name, assigned.tolist()) == ("float32", [3, 4])
    assert engine.cast(variable, "float64").dtype == np.float64
    assert engine.synchronize(variable) is None
    assert engine.outside_trace(lambda: 5) == 5


ASKED: dict[str, Callable[[Any, Any], object]] = {
    "gradients": lambda engine, model: convdispatch.gradients(model, X[:, :2]),
    "compile": lambda engine, model: model.compile_forward(),
    "random": lambda engine, model: engine.random["uniform"],
    "compile_step": lambda engine, model: engine.compile_step(lambda v, i: (v, i)),
    "wrap": lambda engine, model: engine.wrap(model),
}


@pytest.mark.parametrize("feature", ASKED)
def test_what_is_declined_is_refused_with_the_reason(engine: Any, feature: str) -> None:
    """Before anything runs."""
    model = convdispatch.Sequential([layers.Conv1D(1, 1, input_shape=(3, 1))], backend="engine")
    reason = "the engine has no compiler" if feature == "compile" else WHY
    before = model.plans()
    with pytest.raises(UnsupportedOp, match=f"'engine' does not support {feature}: {reason}$"):
        ASKED[feature](engine, model)
    assert model.plans() == before


def test_a_declined_method_that_is_there_is_not_called(
    empty: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unfinished method may be declined; the conformance suite may still try it."""
    declared = replace(importlib.import_module("inference_engine").INFO, name="own").capabilities
    backend = _engine()
    backend.wrap = lambda model: "written already"
    loaded = load_own(monkeypatch, empty, backend, capabilities=declared)
    assert loaded.wrap(None) == "written already"


def test_a_backend_that_declines_nothing_gets_defaults_alone(backend: Any) -> None:
    """Nothing of its own is replaced, and what is loaded is the object that the plugin names."""
    info = registry.entries()[backend.name].info
    assert info is not None
    module, _, attribute = info.load.partition(":")
    assert getattr(importlib.import_module(module), attribute) is backend
    added = vars(backend).get("_completed_by_convdispatch", set())
    assert added <= {"variable", "assign", "cast", "synchronize", "outside_trace"}
    assert not added & vars(type(backend)).keys()
    assert lacking(backend, info) == []


def _engine() -> Any:
    backend: Any = type(importlib.import_module("inference_engine").backend)()
    backend.name = "own"
    return backend


@pytest.mark.parametrize(
    ("declined", "missing"),
    [
        ((), "functions, random, compile, value_and_grad, compile_step, wrap"),
        (("functions", "random", "compile", "gradients", "wrap"), "lacks compile_step. See"),
    ],
)
def test_what_is_neither_there_nor_declined_is_named(
    empty: Registry, monkeypatch: pytest.MonkeyPatch, declined: tuple[str, ...], missing: str
) -> None:
    """In the order of the protocol, with what may be done about it."""
    declared = Capabilities(unsupported=dict.fromkeys(declined, "not written"))
    with pytest.raises(BackendBroken, match=rf"{missing}.*may be declined in `Capabilities"):
        load_own(monkeypatch, empty, _engine(), capabilities=declared)


def test_a_function_may_be_declined_alone(empty: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are the backend's own."""
    numpys = dict(registry.load("numpy").functions)
    del numpys["erf"]
    backend = _engine()
    backend.functions = numpys
    kinds = ("random", "compile", "gradients", "compile_step", "wrap")
    declared = {**dict.fromkeys(kinds, "not written"), "erf": "the engine has no erf"}
    loaded = load_own(monkeypatch, empty, backend, capabilities=Capabilities(unsupported=declared))
    assert loaded.functions["sum"] is numpys["sum"]
    with pytest.raises(UnsupportedOp, match=r"'own' does not support erf: the engine has no erf$"):
        loaded.functions["erf"](X)


def test_a_backend_that_is_loaded_again_is_completed_anew(
    empty: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By what is declared then."""
    backend, kinds = _engine(), ("functions", "random", "compile", "gradients", "compile_step")
    for reason in ("of the first time", "of the second time"):
        declared = Capabilities(unsupported=dict.fromkeys((*kinds, "wrap"), reason))
        fresh = Registry(group="convdispatch tests: no such group")
        loaded = load_own(monkeypatch, fresh, backend, capabilities=declared)
        with pytest.raises(UnsupportedOp, match=f"{reason}$"):
            loaded.wrap(None)
    declared = Capabilities(unsupported=dict.fromkeys(kinds, "not written"))
    with pytest.raises(BackendBroken, match="lacks wrap"):
        load_own(monkeypatch, empty, backend, capabilities=declared)


def test_a_plugin_of_the_first_protocol_is_too_old(empty: Registry) -> None:
    """It is listed with what to change, and a sound one beside it works."""
    empty.register(plugin_of(None, name="old", protocol=1))
    empty.register(importlib.import_module("convdispatch_numpy"))
    assert {name: empty.status(name) for name in empty.entries()} == {
        "old": TOO_OLD,
        "numpy": AVAILABLE,
    }
    with pytest.raises(BackendTooOld, match=r"version 1 .* version 2\. .*`pip install own`.*auxil"):
        empty.load("old")
    assert empty.load("numpy").name == "numpy"


def test_a_description_that_does_not_say_is_of_the_first_protocol() -> None:
    """Which is what every plugin written before the second one does not say."""
    assert BackendInfo(name="x", framework="json", load="x:y", install="").protocol == 1


def test_a_plugin_of_a_later_protocol_asks_for_another_convdispatch(empty: Registry) -> None:
    """The frontend is what is old."""
    empty.register(plugin_of(None, protocol=3))
    assert empty.status("own") == BROKEN
    with pytest.raises(BackendBroken, match=r"version 3 .* version 2\. Upgrade convdispatch"):
        empty.load("own")


@pytest.mark.parametrize("protocol", [0, -1, True, "2", None, 2.0])
def test_a_protocol_is_a_number(empty: Registry, protocol: Any) -> None:
    """The plugin is listed as broken with the field's name."""
    empty.register(plugin_of(None, protocol=protocol), name="plugin")
    (entry,) = empty.entries().values()
    assert "`BackendInfo.protocol` is" in str(entry.error)


OLD = """
    from convdispatch.hookspecs import hookimpl
    from convdispatch.ops import BackendInfo

    @hookimpl
    def convdispatch_backends():
        return [BackendInfo(name="old", framework="json", load="x:y", install="pip install old")]
"""


def test_the_list_of_backends_and_the_doctor_name_a_plugin_that_is_too_old(
    make_distribution: Any, run_python: Any
) -> None:
    """And what to do; the doctor is not content."""
    folder = make_distribution("oldplugin", OLD)
    found = {}
    for command, code in (("backends", 0), ("doctor", 1)):
        done = run_python("-m", "convdispatch", command, "--json", paths=(folder,))
        assert done.returncode == code, done.stderr
        found[command] = {row["name"]: row for row in json.loads(done.stdout)["backends"]}
    assert found["backends"]["old"]["status"] == found["doctor"]["old"]["status"] == "too old"
    assert "`pip install old`" in found["backends"]["old"]["error"]
    assert "says `protocol=2`" in found["doctor"]["old"]["detail"]
    assert found["doctor"]["numpy"]["status"] == "ok"


def test_every_report_says_whose_functions_are_called(
    engine: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """The list of backends, the suite's table, its page and the support matrix."""
    pytest.importorskip("jinja2", reason="the page is made by jinja2")
    said = "NumPy's are called, not the engine's own: the engine has ops alone"
    assert main(["backends"]) == 0
    assert f"functions: {said}" in capsys.readouterr().out
    assert main(["backends", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)["backends"]}
    assert rows["engine"]["note"] == f"functions: {said}"
    assert rows["numpy"]["note"] is None
    info = registry.entries()["engine"].info
    assert info is not None
    case = Case(id="x", level="core", op="functions", claim="It is.", check=lambda backend: None)
    outcome = execute(case, engine, Declared.of(info))
    record = assembling.backend_record(info, [outcome], {}, status=AVAILABLE)
    assert record.unsupported["functions"] == said
    report = assembling.report([case], [record], levels=("core",), seed=0)
    assert said in as_text(report, {})
    assert said in as_markdown(report)
    assert said.replace("'", "&#39;") in render(report)


def test_a_case_that_runs_into_a_declared_limit_is_unsupported(engine: Any) -> None:
    """Though its features do not name the function that the backend declines."""
    info = registry.entries()["engine"].info
    assert info is not None

    def check(backend: Any) -> None:
        backend.functions["erf"](np.ones(3))

    case = Case(id="x", level="core", op="functions", claim="It is computed.", check=check)
    outcome = execute(case, engine, Declared.of(info))
    assert outcome.status == "unsupported"
    assert outcome.detail == "erf:float64: the engine's is of float32"
    assert execute(case, engine, Declared.nothing()).kind == "undeclared"
