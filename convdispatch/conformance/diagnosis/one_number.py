"""The smallest case of a wrong function: one number that it gets wrong, alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from convdispatch.conformance.case import Case
from convdispatch.conformance.diagnosis.findings import MinimalCase
from convdispatch.conformance.diagnosis.given import asked_by
from convdispatch.conformance.diagnosis.mistakes.functions import Asked
from convdispatch.conformance.diagnosis.observing import observe_asked
from convdispatch.ops import Backend, BackendInfo

_TRIED = 20  # wrong numbers, the shortest ones first

_SCRIPT = '''"""{case} on {backend!r}, made smaller.

{claim}
"""

import numpy as np
from convdispatch.registry import registry

x = np.array([{number}])
want = np.array([{want}])
allowed = {allowed!r}

backend = registry.load({backend!r})
got = backend.to_numpy(backend.functions[{name!r}](backend.asarray(x, {dtype!r})))
got = np.asarray(got).astype("float64")
print("computed", got)
print("expected", want)
is_same = (got == want) | (np.isnan(got) & np.isnan(want))
assert (is_same | (abs(got - want) <= allowed)).all()
'''


def one_number(backend: Backend, info: BackendInfo, case: Case) -> MinimalCase | None:
    """Return the case of one number; None where more numbers are needed, or all is right now."""
    asked = asked_by(case)
    name = str(case.arguments[0]).removesuffix("-near-zero")
    name = name.removesuffix("-far-out").removesuffix("-of-special")
    is_elementwise = len(asked.arrays) == 1 and asked.right.shape == asked.arrays[0].shape
    if not is_elementwise or name not in backend.functions:
        return None
    found = observe_asked(backend, asked)
    if found is None or found.got[0].shape != asked.right.shape:
        return None
    cells = np.flatnonzero(~found.right_cells(0))
    numbers = asked.arrays[0].ravel()
    for cell in sorted(cells, key=lambda cell: (len(f"{numbers[cell]:.9g}"), cell))[:_TRIED]:
        alone = _alone(asked, int(cell))
        again = observe_asked(backend, alone)
        if again is not None:
            return _described(info, case, name, alone, float(again.got[0].ravel()[0]))
    return None


def _alone(asked: Asked, cell: int) -> Asked:
    def only(array: np.ndarray) -> np.ndarray:
        return array.ravel()[cell : cell + 1]

    return replace(
        asked,
        arrays=(only(asked.arrays[0]),),
        right=only(asked.right),
        limits=only(asked.limits),
    )


def _described(info: BackendInfo, case: Case, name: str, alone: Asked, got: float) -> MinimalCase:
    (number,), (want,) = alone.arrays[0], alone.right
    return MinimalCase(
        case=case.id,
        claim=case.claim,
        cells=1,
        lines=(f"{name}({number:.9g}) = {want:.9g} in {alone.dtype}; got {got:.9g}",),
        drawing=None,
        script=_SCRIPT.format(
            case=case.id,
            claim=case.claim,
            backend=info.name,
            number=_source(float(number)),
            want=_source(float(want)),
            allowed=float(alone.limits[0]),
            name=name,
            dtype=alone.dtype,
        ),
    )


def _source(number: float) -> str:
    return repr(number) if np.isfinite(number) else f"float({str(number)!r})"
