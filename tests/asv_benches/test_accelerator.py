"""The script that measures on an accelerator, tried on a processor: what it says, not how fast."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Iterator
from types import ModuleType

import numpy as np
import pytest
from places import ROOT

from conftest import BACKEND_NAMES

FRAMEWORKS = [name for name in ("torch", "jax") if name in BACKEND_NAMES]
FILE = ROOT / "asv_benches" / "accelerator.py"
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def script() -> Iterator[ModuleType]:
    """Give the script as a module, with two small shapes and the framework's settings put back."""
    spec = importlib.util.spec_from_file_location("accelerator", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.__dict__.update(SHAPES=((2, 8, 4, 8, 3, 1), (1, 9, 3, 4, 7, 2)), SIDE=8)
    torch = sys.modules.get("torch")
    allowed = torch.backends.cuda.matmul.allow_tf32 if torch else None
    yield module
    if torch is not None:
        torch.set_default_device(None)
        torch.backends.cuda.matmul.allow_tf32 = allowed


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_it_says_a_line_a_shape(script: ModuleType, framework: str, capsys: Capture) -> None:
    """Times, their ratio and a share of what a matrix product reaches."""
    assert script.main(["--backend", framework, "--device", "cpu", "--rounds", "2"]) == 0
    head, _, *lines = capsys.readouterr().out.splitlines()
    assert head.startswith(f"{framework} on ")
    assert [line.split("  ")[0] for line in lines] == ["2x8x8x4, 3x3/1, 8", "1x9x9x3, 7x7/2, 4"]
    for line in lines:
        ours, raw, ratio = map(float, re.findall(r"\d+\.\d+", line))
        assert min(ours, raw) >= 0
        assert ratio > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--rounds", "0"], "'0' is no number of rounds, such as 21"),
        (["--backend", "numpy"], "invalid choice: 'numpy'"),
        (["--device"], "expected one argument"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_wrong_usage_is_one_line(
    script: ModuleType, capsys: Capture, arguments: list[str], message: str
) -> None:
    """And exit status 2."""
    with pytest.raises(SystemExit) as caught:
        script.main(arguments)
    assert caught.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_without_a_card_it_says_so(script: ModuleType, framework: str) -> None:
    """And what can be tried instead."""
    with pytest.raises(SystemExit, match=f"{framework} finds no card: .* Try --device cpu"):
        script.main(["--backend", framework, "--device", "card"])


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_different_computations_are_not_compared(
    script: ModuleType, framework: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their ratio would be one of nothing."""
    chosen = script.FRAMEWORKS[framework]
    raw = chosen.raw
    monkeypatch.setattr(chosen, "raw", lambda self, kernel, x, *how: raw(self, kernel * 2, x, *how))
    with pytest.raises(SystemExit, match="do not compute the same"):
        script.main(["--backend", framework, "--device", "cpu", "--rounds", "1"])


def test_the_medians_are_of_pairs(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of made-up times: ours 2, 9, 4 and theirs 1, 3, 4 are ratios of 2, 3 and 1."""

    class Fake:
        """A framework on a clock of ours."""

        def __init__(self) -> None:
            self.made_up = iter([1e0, 2e0, 9e0, 3e0, 4e0, 4e0])  # theirs, ours, ours, theirs, ...

        def raw(self, *_: object) -> object:
            return lambda: np.zeros((1, 6, 6, 8))

        def seconds(self, _: object) -> float:
            return next(self.made_up)

    monkeypatch.setattr(script, "require_same", lambda *_: None)
    ours, raw, ratio, flops = script.row(Fake(), "numpy", (1, 6, 2, 8, 3, 1), 3)
    assert (ours, raw, ratio) == (4.0, 3.0, 2.0)
    assert flops == 2 * 6 * 6 * 9 * 2 * 8
