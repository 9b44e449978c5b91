"""Ops with words that mean nothing: no backend is asked."""

from dataclasses import replace

import pytest

from convdispatch.errors import InvalidArgument
from convdispatch.ops import Op, Pool, Resize, Upsample

OPS: dict[str, Op] = {
    "pool": Pool(
        kind="max", size=(2,), strides=(2,), pads=((0, 0),), counts_pads=False, channels_last=True
    ),
    "upsample": Upsample(factors=(2, 2), interpolation="nearest", channels_last=True),
    "resize": Resize(
        output_size=(3,), interpolation="bilinear", coordinates="corners", channels_last=True
    ),
}


@pytest.mark.parametrize(
    ("name", "field", "allowed"),
    [
        ("pool", "kind", "'max', 'average', 'sum'"),
        ("upsample", "interpolation", "'nearest', 'bilinear'"),
        ("resize", "interpolation", "'nearest', 'bilinear'"),
        ("resize", "coordinates", "'half_pixel', 'asymmetric', 'corners'"),
    ],
)
def test_an_unknown_word_is_refused(name: str, field: str, allowed: str) -> None:
    """A backend would take it for one of the others."""
    with pytest.raises(InvalidArgument, match=f"`{field}`.*'unheard-of'.*{allowed}"):
        replace(OPS[name], **{field: "unheard-of"})  # type: ignore[arg-type]  # a wrong word
