"""The manifests of tests/legacy as cases, and functions applied to a backend in float64."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from places import LEGACY
from precision import in_float64

from convdispatch import activations, constraints, initializers, losses, metrics, regularizers
from convdispatch.formulas.dialects import KERAS1, KERAS2, Dialect
from convdispatch.ops import Backend

Array = npt.NDArray[np.float64]
Apply = Callable[[Any, Any], Any]  # (a backend's functions, a native tensor) to a native tensor

MODULES: dict[str, Any] = {
    "activation": activations,
    "constraint": constraints,
    "initializer": initializers,
    "loss": losses,
    "metric": metrics,
    "regularizer": regularizers,
}


@dataclass(frozen=True)
class Oracle:
    """One manifest with its arrays and the dialect that must agree with it."""

    dialect: Dialect
    manifest: dict[str, Any]
    arrays: dict[str, Array]

    def resolve(self, kind: str, name: str, config: dict[str, Any]) -> Any:
        """Return our object of that name."""
        return MODULES[kind].get({"class_name": name, "config": config}, self.table(kind))

    def table(self, kind: str) -> Any:
        """Return the dialect's names of functions of that kind."""
        return getattr(self.dialect, "losses" if kind == "loss" else f"{kind}s")


@dataclass(frozen=True)
class Case:
    """One entry of a manifest."""

    oracle: Oracle
    entry: dict[str, Any]

    def __str__(self) -> str:
        parts = ("name", "kwargs", "shape", "inputs")
        described = "-".join(str(self.entry[part]) for part in parts if part in self.entry)
        return f"{self.oracle.dialect.name}-{self.entry.get('output', described)}"

    @property
    def function(self) -> Any:
        """Our object that the entry is about."""
        config = {**self.entry["kwargs"], **self.entry.get("constructor_kwargs", {})}
        config.pop("dim_ordering", None)
        name = self.entry["name"].removeprefix("get:")
        kind = self.entry.get("kind", "initializer").removesuffix("_exact")
        return self.oracle.resolve(kind, name, config)

    @property
    def apply(self) -> Apply:
        """Our function in terms of a backend's table."""
        method = {"activation": "compute", "regularizer": "loss", "constraint": "apply"}
        applied: Apply = getattr(self.function, method[self.entry["kind"]])
        return applied

    def array(self, key: str) -> Array:
        """Return one of the entry's arrays."""
        return self.arrays(key)[0]

    def arrays(self, key: str) -> list[Array]:
        """Return the entry's arrays of that kind."""
        names = self.entry[key]
        names = [names] if isinstance(names, str) else names
        return [self.oracle.arrays[name] for name in names]

    def draws(self) -> Array:
        """Return as many of our numbers as the oracle took, as repeated weights."""
        shape = tuple(self.entry["shape"])
        count = self.entry["draws"] // math.prod(shape)
        ordering = self.entry["kwargs"].get("dim_ordering")
        initializers.set_random_seed(20)
        function = self.function
        return np.stack(
            [initializers.draw(function, shape, dim_ordering=ordering) for _ in range(count)]
        )


def load(dialect: Dialect) -> Oracle:
    """Read the manifest of a dialect."""
    path = LEGACY / f"functions_{dialect.name}.json"
    with np.load(path.with_suffix(".npz")) as arrays:
        return Oracle(dialect, json.loads(path.read_text()), dict(arrays))


ORACLES = [load(KERAS1), load(KERAS2)]


def entries(section: str, *kinds: str) -> list[Case]:
    """Return the cases of a section of every manifest, of some kinds only where named."""
    return [
        Case(oracle, entry)
        for oracle in ORACLES
        for entry in oracle.manifest[section]
        if not kinds or entry["kind"] in kinds
    ]


def with_key(cases: list[Case], key: str) -> list[Case]:
    """Return the cases whose entry has the key."""
    return [case for case in cases if key in case.entry]


def value(backend: Backend, apply: Apply, x: Array) -> Array:
    """Return what the function gives on the backend in float64."""
    with in_float64(backend.name):
        result = backend.to_numpy(apply(backend.functions, backend.asarray(x, "float64")))
    assert result.dtype == np.float64
    return np.asarray(result, np.float64)


def gradient(backend: Backend, apply: Apply, x: Array) -> Array:
    """Return the gradient of the sum of what the function gives on the backend in float64."""
    if backend.name == "numpy":
        pytest.importorskip("autograd", reason="NumPy's gradients need the package autograd")
    with in_float64(backend.name):
        differentiate = backend.value_and_grad(
            lambda tensors: (backend.functions["sum"](apply(backend.functions, tensors[0])), None)
        )
        _, (result,) = differentiate([backend.variable(x, "float64")])
        return np.asarray(backend.to_numpy(result), np.float64)
