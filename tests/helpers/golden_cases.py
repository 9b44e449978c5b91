"""The golden cases as data: what real Keras answered, and the layer that is to answer the same.

The manifests are looped over; no case is named here.
"""

from __future__ import annotations

import importlib
import json
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from places import GOLDEN

from convdispatch.layers import Layer

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class GoldenCase:
    """One call of a real Keras layer."""

    file: str
    id: str
    api: str  # keras1 or keras2
    convention: str  # tensorflow or theano
    class_name: str
    kwargs: dict[str, Any]
    input_shape: tuple[int, ...]
    tag: str
    n_weights: int

    def array(self, name: str) -> Array:
        """Return one of the case's arrays: x, w0.., y, cot, gx, gw0.."""
        return np.asarray(_arrays(self.file)[f"{self.id}/{name}"])

    @property
    def weights(self) -> list[Array]:
        """The weights in Keras's order and layout."""
        return [self.array(f"w{index}") for index in range(self.n_weights)]

    def layer(self, *, backend: str, dtype: str, activation: str | None = None) -> Layer:
        """Make our layer of the same class and arguments, with the case's weights."""
        module = importlib.import_module(f"convdispatch.{self.api}.layers")
        layer: Layer = getattr(module, self.class_name)(
            **self.kwargs | ({} if activation is None else {"activation": activation}),
            convention=self.convention,
            backend=backend,
            dtype=dtype,
            **({"weights": self.weights} if self.n_weights else {}),
        )
        return layer


@cache
def cases() -> tuple[GoldenCase, ...]:
    """Return every case of every manifest."""
    return tuple(
        GoldenCase(
            file=path.stem,
            id=entry["id"],
            api=entry["api"],
            convention=entry["framework"],
            class_name=entry["class"],
            kwargs=entry["kwargs"],
            input_shape=tuple(entry["input_shape"]),
            tag=entry["tag"],
            n_weights=entry["n_weights"],
        )
        for path in sorted(GOLDEN.glob("*.json"))
        for entry in json.loads(path.read_text(encoding="utf-8"))["cases"]
    )


def tagged(*tags: str) -> list[GoldenCase]:
    """Return the cases with one of the tags; an empty list would be a broken manifest."""
    found = [case for case in cases() if case.tag in tags]
    assert found, f"no golden case is tagged {tags}"
    return found


@cache
def refused() -> tuple[dict[str, Any], ...]:
    """Return the calls that real Keras refused, with `file` and `framework` beside its words."""
    return tuple(
        {"file": path.stem, "number": number, **entry}
        for path in sorted(GOLDEN.glob("*.json"))
        for number, entry in enumerate(json.loads(path.read_text(encoding="utf-8"))["refused"])
    )


@cache
def _arrays(file: str) -> dict[str, Array]:
    with np.load(GOLDEN / f"{file}.npz") as archive:
        return {name: archive[name] for name in archive.files}
