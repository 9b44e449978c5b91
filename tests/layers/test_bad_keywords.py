"""Keywords that a class does not have: refused with the nearest that it has."""

from __future__ import annotations

from typing import Any

import pytest
from complaints import K1, Bad, L, complaint, conv, old

from convdispatch import keras2
from convdispatch.errors import InvalidType

K2: Any = keras2.layers

# id: class, its arguments, the keyword, the nearest that is allowed or None
UNKNOWN: dict[str, tuple[Any, tuple[Any, ...], str, str | None]] = {
    "plural-on-the-page": (L.Conv2D, (4, 3), "kernel_constraints", "kernel_constraint"),
    "plural-of-the-bias": (L.Conv1D, (4, 3), "bias_constraints", "bias_constraint"),
    "misspelled": (L.Conv3D, (4, 3), "dilation_rates", "dilation_rate"),
    "far-from-all": (L.Conv2D, (4, 3), "zzz", None),
    "an-attribute": (L.Conv2D, (4, 3), "rank", None),
    "of-another-family": (L.DepthwiseConv2D, (3,), "kernel_regularizer", "depthwise_regularizer"),
    "keras2": (K2.Conv2D, (4, 3), "kernel_constraints", "kernel_constraint"),
    "keras2-separable": (K2.SeparableConv2D, (4, 3), "bias_constraints", "bias_constraint"),
    "keras2-separable-unused": (
        K2.SeparableConv2D,
        (4, 3),
        "kernel_constraints",
        "kernel_constraint",
    ),
    "keras1-plural": (K1.Convolution2D, (4, 3, 3), "W_constraints", "W_constraint"),
    "keras1-plural-of-the-bias": (K1.Convolution1D, (4, 3), "b_constraints", "b_constraint"),
    "keras1-constraint": (K1.Convolution2D, (4, 3, 3), "kernel_constraint", "W_constraint"),
    "keras1-initializer": (K1.Convolution2D, (4, 3, 3), "kernel_initializer", "init"),
    "keras1-padding": (K1.Convolution3D, (4, 1, 1, 1), "padding", "border_mode"),
    "keras1-strides": (K1.Convolution1D, (4, 3), "strides", "subsample_length"),
    "keras1-data-format": (K1.ZeroPadding2D, (), "data_format", "dim_ordering"),
    "keras1-bias": (K1.SeparableConvolution2D, (4, 3, 3), "use_bias", "bias"),
    "keras1-size": (K1.UpSampling1D, (), "size", "length"),
    "keras1-size-of-the-output": (
        K1.Deconvolution2D,
        (4, 3, 3, (None, 9, 9, 4)),
        "output_size",
        "output_shape",
    ),
    "keras1-no-data-format": (K1.Cropping1D, (), "data_format", None),
    "keras1-no-interpolation": (K1.UpSampling2D, (), "interpolation", None),
    "keras1-no-groups": (K1.Convolution2D, (4, 3, 3), "groups", None),
    "keras1-no-dilation": (K1.Convolution2D, (4, 3, 3), "atrous_rate", None),
    "keras1-no-dilation-1d": (K1.Convolution1D, (4, 3), "atrous_rate", None),
}


@pytest.mark.parametrize(("cls", "arguments", "keyword", "nearest"), UNKNOWN.values(), ids=UNKNOWN)
def test_an_unknown_keyword_is_refused_with_the_nearest(
    cls: Any, arguments: tuple[Any, ...], keyword: str, nearest: str | None
) -> None:
    """The message names the class, the keyword, the nearest and all that are allowed."""
    hint = rf" Did you mean `{nearest}`\?" if nearest else ""
    with pytest.raises(
        InvalidType,
        match=rf"^{cls.__name__} takes no keyword argument `{keyword}`\.{hint} Allowed: .*, name,",
    ) as caught:
        cls(*arguments, **{keyword: None})
    allowed = str(caught.value).partition("Allowed: ")[2].rstrip(".").split(", ")
    assert keyword not in allowed
    assert nearest is None or nearest in allowed


@pytest.mark.parametrize("make", [conv, old], ids=["keras3", "keras1"])
def test_an_unknown_keyword_is_refused_alike_on_every_backend(
    all_backends: tuple[str, ...], make: Any
) -> None:
    """The backend plays no part."""
    bad = Bad(make(kernel_constraints=None), TypeError, "takes no keyword argument `kernel_con")
    assert len({complaint(bad, backend) for backend in all_backends}) == 1


def test_keras_1_lists_no_name_that_it_lacks() -> None:
    """The allowed keywords are the arguments of the page and those of every layer."""
    with pytest.raises(InvalidType, match="Allowed: length, name, trainable, dtype, input_dtype,"):
        K1.UpSampling1D(foo=1)


@pytest.mark.parametrize("kind", ["initializer", "regularizer", "constraint"])
def test_keras_2_s_unused_arguments_warn(kind: str) -> None:
    """Keras 2's separable layers took them from their base class without using them."""
    value = {"initializer": "ones", "regularizer": "l2", "constraint": "nonneg"}[kind]
    with pytest.warns(UserWarning, match=f"`kernel_{kind}` has no effect .*`depthwise_{kind}` or"):
        layer = K2.SeparableConv2D(4, 3, **{f"kernel_{kind}": value})
    assert f"kernel_{kind}" not in layer.get_config()


class Tilted(L.Conv2D):  # type: ignore[misc]  # the base is untyped here
    """A user's layer with a keyword of its own."""

    def __init__(self, *arguments: Any, tilt: float = 0.0, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.tilt = tilt


class TiltedOld(K1.Convolution2D):  # type: ignore[misc]  # the base is untyped here
    """The same over Keras 1's."""

    def __init__(self, *arguments: Any, tilt: float = 0.0, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.tilt = tilt


@pytest.mark.parametrize(
    ("cls", "arguments", "nearest"),
    [(Tilted, (4, 3), "kernel_constraint"), (TiltedOld, (4, 3, 3), "W_constraint")],
    ids=["keras3", "keras1"],
)
def test_a_user_s_class_has_its_own_keywords_and_those_below(
    cls: Any, arguments: tuple[int, ...], nearest: str
) -> None:
    """Both are allowed, and both are listed."""
    assert cls(*arguments, tilt=2.0, **{nearest: "nonneg"}).tilt == 2
    with pytest.raises(
        InvalidType, match=rf"Did you mean `{nearest}`\? Allowed: tilt, .*{nearest}"
    ):
        cls(*arguments, **{f"{nearest}s": None})
