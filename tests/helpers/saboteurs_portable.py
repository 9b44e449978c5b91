"""Integers that are computed so that a portable mask differs from that of other backends."""

from __future__ import annotations

from sabotage import stateful
from saboteurs_scanning import _scan, scanning

PORTABLE = ("portable/*",)


@stateful(*PORTABLE)
def integers_of_a_loop_carried_in_float32():
    """Carry a state of integers from step to step in float32, which holds 24 bits."""

    def rounded(one):
        return one.astype("float32").astype(one.dtype) if one.dtype.kind == "i" else one

    def run(step, weights, state, inputs):
        def wrong(weights, state, inputs):
            return step(weights, tuple(map(rounded, state)), inputs)

        return _scan(wrong, weights, state, inputs)

    return scanning(run)
