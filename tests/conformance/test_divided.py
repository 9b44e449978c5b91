"""The cases for groups: right engines pass them, and each fault of an engine fails one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from thread_group import Member, in_threads

from conftest import BACKEND_NAMES
from convdispatch.cli import main
from convdispatch.conformance.case import Mismatch
from convdispatch.conformance.cases import divided
from convdispatch.kit import parts_of
from convdispatch.numerics import bounds
from convdispatch.numerics.adjoints import gradients, gradients_in_parts
from convdispatch.ops import Part
from convdispatch.runtime.registry import registry

CASES = {one.id: one for one in divided.cases(0)}
DENSE = [one for one in CASES if one.startswith("dense/") and "-plain-" in one]
ENGINES = [name for name in ("torch",) if name in BACKEND_NAMES]
pytest.importorskip("autograd", reason="the gradients of NumPy's backend")


def failures(size: int, ids: list[str], member: type[Member] = Member) -> list[str]:
    """Return the cases that do not hold for a group of so many threads."""
    backend = registry.load("numpy")
    found = {name: in_threads(backend, size, CASES[name].run, member) for name in ids}
    raised = [exc for excs in found.values() for exc in excs if exc is not None]
    assert all(isinstance(exc, Mismatch) for exc in raised), raised
    return [name for name, excs in found.items() if any(excs)]


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_a_right_engine_passes(size: int) -> None:
    """Batches of 4 and 5 samples, which not every number of threads divides."""
    assert failures(size, list(CASES)) == []


class Sums(Member):
    """Adds up where the mean is taken."""

    def mean(self, gradients: list[Any]) -> Any:
        """Do so."""
        return sum(gradients[1:], start=gradients[0])


class MeansTwice(Member):
    """Divides by the number of parts once more."""

    def mean(self, gradients: list[Any]) -> Any:
        """Do so."""
        return super().mean(gradients) / self.size


class WeighsByRows(Member):
    """Weighs the parts by their rows, which the frontend has done already."""

    def mean(self, gradients: list[Any]) -> Any:
        """Do so."""
        shares = [(part.stop - part.start) / part.total for part in parts_of(5, self.size)]
        pairs = zip(gradients, shares, strict=True)
        return sum(np.asarray(one * share, one.dtype) for one, share in pairs)


class DropsOne(Member):
    """Leaves out the last part."""

    def mean(self, gradients: list[Any]) -> Any:
        """Do so."""
        return super().mean([*gradients[:-1], 0 * gradients[-1]])


class CountsOneTwice(Member):
    """Adds the first part in place of the last."""

    def mean(self, gradients: list[Any]) -> Any:
        """Do so."""
        return super().mean([*gradients[:-1], gradients[0]])


class AddsInHalf(Member):
    """Sends gradients in half precision."""

    def mean(self, gradients: list[Any]) -> Any:
        """Do so."""
        sent = [np.asarray(one, np.float16) for one in gradients]
        return super().mean(sent).astype(gradients[0].dtype)


class GathersBackwards(Member):
    """Returns the rows of the last part first."""

    def gather(self, tensor: Any, part: Part) -> Any:
        """Do so."""
        return np.concatenate(self.exchange(tensor)[::-1])


class GathersOwn(Member):
    """Returns its own rows for those of the others."""

    def gather(self, tensor: Any, part: Part) -> Any:
        """Do so."""
        rows = [tensor] * len(self.exchange(tensor))
        return np.resize(np.concatenate(rows), (part.total or 0, *tensor.shape[1:]))


class BeginsWithItsOwn(Member):
    """Lets each process begin with other weights."""

    def begin(self, variables: Any) -> list[Any]:
        """Do so."""
        return [one + self.rank for one in variables]


@pytest.mark.parametrize(
    "fault",
    [
        Sums,
        MeansTwice,
        WeighsByRows,
        DropsOne,
        CountsOneTwice,
        AddsInHalf,
        GathersBackwards,
        GathersOwn,
        BeginsWithItsOwn,
    ],
)
def test_each_fault_of_an_engine_is_found(fault: type[Member]) -> None:
    """By the cases of one op, on two parts."""
    assert failures(2, DENSE, fault)


def test_a_case_without_a_group_says_how_it_is_started() -> None:
    """It cannot be asked of a process alone."""
    with pytest.raises(Exception, match="--nproc 2"):
        CASES[DENSE[0]].run(registry.load("numpy"))


@pytest.mark.parametrize("name", DENSE)
def test_the_bound_of_parts_is_of_the_whole_s_size(name: str) -> None:
    """The exact numbers are the same; the errors are those of fewer products and more sums."""
    (problem,) = CASES[name].arguments
    for one, parts in zip(gradients(problem), gradients_in_parts(problem, 2), strict=True):
        np.testing.assert_allclose(parts.value, one.value, rtol=1e-12, atol=1e-12)
        assert (parts.error <= 3 * one.error).all()
        assert (parts.error >= one.error / 3).all()


def test_the_bound_of_two_parts_by_hand() -> None:
    """1 + 2, each exact: one addition and two factors, three roundings of 3."""
    exact = np.zeros(1)
    value, error = bounds.in_parts([(np.ones(1), exact), (2 * np.ones(1), exact)], "float32")
    unit = 2.0**-24
    assert value == 3
    assert error == pytest.approx(3 * 3 * unit, rel=1e-6)


@pytest.mark.parametrize("name", ENGINES)
def test_processes_of_an_engine_pass(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A part of the cases, asked of two processes by the command."""
    patterns = ["--case", "dense/grad/in-parts-*", "--case", "training/full/layer-conv1d-*"]
    assert main(["conformance", "--backend", name, "--nproc", "2", "--jobs", "1", *patterns]) == 0
    assert "0 of" in capsys.readouterr().out


def test_a_backend_without_an_engine_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything is run."""
    assert main(["conformance", "--backend", "numpy", "--nproc", "2"]) == 2
    assert "the backend 'numpy' has no engine for several processes" in capsys.readouterr().err
