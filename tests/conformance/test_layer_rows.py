"""The checks behind the hand-made cases: what fails them, and what has no say in them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from handmade_cases import CASES, ROWS, spoilt

from convdispatch.conformance.case import Mismatch
from convdispatch.conformance.cases.layer_rows import computes, ones, row
from convdispatch.conformance.cases.refusing import Refusal, refuses
from convdispatch.conformance.report import scripts
from convdispatch.errors import InvalidArgument
from convdispatch.hookspecs import hookimpl
from convdispatch.ops import Accuracy, Backend, BackendInfo, Capabilities, Op, Signature
from convdispatch.registry import registry

COMPUTED = [
    i
    for i, c in ROWS.items()
    if c.check is computes and c.level in ("core", "dtype") and "bfloat16" not in i
]


@pytest.mark.parametrize("case_id", COMPUTED)
def test_no_row_passes_with_a_wrong_number(case_id: str) -> None:
    """A result that is off by a tenth in one cell is a mismatch."""
    found: Any = CASES[case_id].arguments[0]
    wrong = spoilt(found)
    with pytest.raises(Mismatch, match="is wrong in 1 of"):
        computes(registry.load("numpy"), wrong)


LEGAL = Refusal(
    layer="Conv1D",
    arguments={"filters": 1, "kernel_size": 3},
    error="InvalidShape",
    says="reaches over 3 cells",
    input_shape=(1, 2, 1),
)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"input_shape": (1, 3, 1)}, "Conv was lowered before the complaint"),
        ({"input_shape": None}, "nothing was raised; expected InvalidShape"),
        ({"says": "reaches over 4 cells"}, "complained: .* expected to read 'reaches over 4"),
        ({"error": "InvalidType"}, "raised InvalidShape: .*; expected InvalidType"),
    ],
    ids=["no-error", "no-error-when-made", "another-message", "another-class"],
)
def test_a_refusal_is_the_stated_one(change: dict[str, Any], message: str) -> None:
    """No error, another error or another message is a mismatch."""
    refuses(registry.load("numpy"), LEGAL)
    with pytest.raises(Mismatch, match=message):
        refuses(registry.load("numpy"), replace(LEGAL, **change))


SAMPLE = (
    "layers/core/trap-01-strided-same-of-4-conv2d-first",
    "layers/core/trap-13-constraint-of-kernel",
    "layers/core/bug-03-even-kernel-at-stride-1",
    "conv2d_transpose/core/bug-01-as-reported",
    "layers/edge/bug-37-views-conv2d",
    "layers/errors/output-size-infinite",
    "layers/errors/an-unknown-op",
    "layers/errors/strange-input-a-foreign-tensor",
)

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.mark.parametrize("case_id", SAMPLE)
def test_a_case_is_a_script_that_runs_alone(case_id: str, run_python: Run) -> None:
    """The script that a report shows imports all it names, and passes where the case does."""
    done = run_python("-c", scripts.script(CASES[case_id], "numpy"))
    assert (done.returncode, done.stderr) == (0, "")


def test_a_failing_case_is_a_script_that_fails(run_python: Run) -> None:
    """It ends with the mismatch that the report speaks of."""
    case = CASES[SAMPLE[0]]
    found: Any = case.arguments[0]
    wrong = spoilt(found)
    done = run_python("-c", scripts.script(replace(case, arguments=(wrong,)), "numpy"))
    assert done.returncode == 1
    assert "Mismatch: the result is wrong in 1 of 2 cells" in done.stderr


@pytest.mark.parametrize(
    "case_id",
    [
        "layers/core/trap-02-even-kernel-conv3d",
        "layers/core/trap-06-adjoint-conv3dtranspose",
        "layers/core/trap-15-cropping2d-start",
        "layers/errors/no-cells-zeropadding2d",
        "layers/errors/channels-after-build",
    ],
)
@pytest.mark.usefixtures("contrary_settings")
def test_the_users_configuration_has_no_say(case_id: str) -> None:
    """Element type, layout, convention and backend are stated by each case."""
    CASES[case_id].run(registry.load("numpy"))


class Coarse:
    """NumPy's backend, each of its numbers off by a few units in the last place."""

    name = "coarse"

    def __getattr__(self, attribute: str) -> Any:
        return getattr(registry.load("numpy"), attribute)

    def lower(self, op: Op, signature: Signature) -> Callable[..., Any]:
        """Lower the op, and let it multiply its result by nearly one."""
        exact: Any = registry.load("numpy").lower(op, signature)
        return lambda *tensors: exact(*tensors) * np.float32(1 + 20 * 2.0**-23)


class CoarsePlugin:
    """Describes it."""

    def __init__(self, info: BackendInfo) -> None:
        self._info = info

    @hookimpl
    def convdispatch_backends(self) -> tuple[BackendInfo, ...]:
        """Return what the plugin was made with."""
        return (self._info,)


@contextmanager
def coarse(monkeypatch: pytest.MonkeyPatch, **accuracy: Accuracy) -> Iterator[Backend]:
    """Register the backend for as long as the block lasts."""
    info = BackendInfo(
        protocol=2,
        name="coarse",
        framework="numpy",
        load="coarse_backend:backend",
        install="it is here",
        capabilities=Capabilities(accuracy=accuracy),
    )
    plugin = CoarsePlugin(info)
    monkeypatch.setitem(sys.modules, "coarse_backend", SimpleNamespace(backend=Coarse()))
    registry.register(plugin)
    try:
        yield registry.load("coarse")
    finally:
        registry.unregister(plugin)


POINTWISE = row(
    "Conv1D", ones(1, 1, 1), x=ones(1, 4, 1), expected=ones(1, 4, 1),
    filters=1, kernel_size=1, use_bias=False,
)  # fmt: skip


def test_a_declared_accuracy_widens_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of 40 units of the bound fails, and passes where a factor of 50 is declared."""
    with coarse(monkeypatch) as backend, pytest.raises(Mismatch, match="wrong in 4 of 4"):
        computes(backend, POINTWISE)
    declared = Accuracy(factor=50, reason="a test")
    with coarse(monkeypatch, conv1d=declared) as backend:
        assert 0.7 < computes(backend, POINTWISE).bounds <= 1
    with (
        coarse(monkeypatch, conv2d=declared) as backend,
        pytest.raises(Mismatch, match="wrong in 4 of 4"),
    ):
        computes(backend, POINTWISE)


def test_another_backend_of_the_name_is_not_checked_by_mistake() -> None:
    """A layer finds its backend by name: an unregistered one would pass unchecked."""
    imposter = Coarse()
    imposter.name = "numpy"
    with pytest.raises(InvalidArgument, match="'numpy' is registered for another object"):
        computes(imposter, POINTWISE)
