"""Bad input and its error: the same on every backend, before anything is computed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from convdispatch.conformance.case import Case, Check
from convdispatch.conformance.cases import refusing
from convdispatch.conformance.cases.refusing import Refusal, UnknownOp
from convdispatch.ops import FLOAT_DTYPES

_CONV: dict[str, Any] = {"filters": 4, "kernel_size": 3}
_EVEN: dict[str, Any] = {"filters": 4, "kernel_size": 4, "strides": 2, "padding": "same"}
_IMAGE = (1, 5, 5, 3)


def _made(layer: str, arguments: dict[str, Any], error: str, says: str) -> Refusal:
    return Refusal(layer=layer, arguments=arguments, error=error, says=says)


def _shaped(
    layer: str,
    arguments: dict[str, Any],
    shape: tuple[int, ...],
    says: str,
    *,
    built_for: tuple[int | None, ...] | None = None,
) -> Refusal:
    return Refusal(
        layer=layer,
        arguments=arguments,
        error="InvalidShape",
        says=says,
        input_shape=shape,
        built_for=built_for,
    )


# fmt: off
_TOO_LARGE = {
    "trap-16-two-cells":
        _shaped("Conv1D", {"filters": 1, "kernel_size": 3}, (1, 2, 1), "would have 0 cells"),
    "trap-16-one-cell":
        _shaped("Conv1D", {"filters": 1, "kernel_size": 3}, (1, 1, 1), "would have -1 cells"),
    "bug-20-depthwise-dilated":
        _shaped("DepthwiseConv1D",
                {"kernel_size": 7, "depth_multiplier": 2, "dilation_rate": 2,
                 "data_format": "channels_first"},
                (4, 10, 12), "reaches over 13 cells"),
    "bug-27-two-by-two":
        _shaped("Conv2D", {"filters": 1, "kernel_size": 3}, (1, 2, 2, 1), "reaches over 3 cells"),
    "bug-27-eleven-taps":
        _shaped("Conv2D", {"filters": 8, "kernel_size": 11}, (4, 10, 10, 128),
                "reaches over 11 cells"),
    "bug-30-crop-of-more-than-there-is":
        _shaped("Cropping2D", {"cropping": ((0, 0), (5, 0))}, (1, 2, 3, 1),
                "would have -2 cells on a spatial axis of 3 cells"),
    "kernel-over-one-axis":
        _shaped("Conv2D", {"filters": 4, "kernel_size": (3, 7)}, _IMAGE, "reaches over 7 cells"),
    "kernel-over-a-volume":
        _shaped("Conv3D", {"filters": 4, "kernel_size": (2, 2, 4)}, (1, 3, 3, 3, 1),
                "reaches over 4 cells"),
    "separable-kernel":
        _shaped("SeparableConv2D", {"filters": 4, "kernel_size": 6}, _IMAGE, "would have 0 cells"),
    "dilated-kernel":
        _shaped("Conv2D", {"filters": 4, "kernel_size": 3, "dilation_rate": (3, 1)}, _IMAGE,
                "`kernel_size` 3 at dilation 3 of 'layer' reaches over 7 cells"),
    "transposed-full-kernel":
        _shaped("Conv2DTranspose", {"filters": 4, "kernel_size": 7, "padding": "full"}, _IMAGE,
                "would have -1 cells"),
    "crop-of-everything":
        _shaped("Cropping1D", {"cropping": (3, 2)}, (1, 5, 2), "takes all of them"),
}
_SIZES = {
    "trap-09-even-kernel-2":
        _made("Conv1DTranspose", {**_EVEN, "kernel_size": 2, "output_padding": 0},
              "InvalidArgument", "`output_padding` must be from 1 to 2"),
    "trap-09-even-kernel-4":
        _made("Conv2DTranspose", {**_EVEN, "output_padding": 0},
              "InvalidArgument", "`output_padding` must be from 1 to 2"),
    "bug-06-even-kernel-16":
        _made("Conv2DTranspose",
              {**_EVEN, "kernel_size": 16, "strides": 8, "output_padding": 0},
              "InvalidArgument", "`output_padding` must be from 1 to 8"),
    "output-padding-of-the-stride":
        _made("Conv2DTranspose", {**_CONV, "strides": 2, "output_padding": 2},
              "InvalidArgument", "`output_padding` must be from 0 to 1"),
    "output-padding-at-stride-1":
        _made("Conv3DTranspose", {**_CONV, "output_padding": (0, 0, 1)},
              "InvalidArgument", "`output_padding` must be from 0 to 0"),
    "output-padding-negative":
        _made("Conv1DTranspose", {**_CONV, "output_padding": -1},
              "InvalidArgument", "every `output_padding` must be at least 0; received -1"),
    "output-size-zero":
        _made("Conv2DTranspose", {**_CONV, "output_size": 0},
              "InvalidArgument", "every `output_size` must be at least 1; received 0"),
    "output-size-fractional":
        _made("Conv2DTranspose", {**_CONV, "output_size": 9.5},
              "InvalidArgument", "`output_size` must be an integer or a tuple of 2 integers"),
    "output-size-infinite":
        _made("Conv2DTranspose", {**_CONV, "output_size": (9, float("inf"))},
              "InvalidArgument", "`output_size` must be an integer or a tuple of 2 integers"),
    "output-size-and-padding":
        _made("Conv2DTranspose", {**_CONV, "output_size": 9, "output_padding": 0},
              "InvalidArgument", "both state the output's size"),
    **{f"trap-17-{padding}-{taps}-taps-to-{size}":
        _shaped("Conv1DTranspose",
                {"filters": 1, "kernel_size": taps, "strides": 2, "padding": padding,
                 "output_size": size},
                (1, 12, 1), f"asks for {size} cells")
       for padding, taps, size in (("valid", 3, 24), ("valid", 3, 27), ("same", 3, 22),
                                   ("same", 3, 25), ("same", 4, 22), ("same", 4, 25))},
}
_CHANNELS = {
    "channels-in-groups":
        _shaped("Conv2D", {**_CONV, "groups": 2}, _IMAGE,
                "channels must be a multiple of `groups`, which is 2 in 'layer'; received 3"),
    "channels-in-groups-first":
        _shaped("Conv1D", {**_CONV, "groups": 4, "data_format": "channels_first"}, (1, 6, 5),
                "channels must be a multiple of `groups`, which is 4 in 'layer'; received 6"),
    "transposed-channels-in-groups":
        _shaped("Conv2DTranspose", {**_CONV, "groups": 2}, _IMAGE, "a multiple of `groups`"),
    "filters-in-groups":
        _made("Conv2D", {**_CONV, "groups": 3}, "InvalidArgument",
              "`filters` must be a multiple of `groups`; received 4 filters in 3 groups"),
    "channels-after-build":
        _shaped("Conv2D", _CONV, (1, 5, 5, 4), "was built for 3 channels on axis 3",
                built_for=(None, None, None, 3)),
    "channels-first-after-build":
        _shaped("DepthwiseConv2D", {"kernel_size": 3, "data_format": "channels_first"},
                (1, 4, 5, 5), "was built for 3 channels on axis 1",
                built_for=(None, 3, None, None)),
    "transposed-channels-after-build":
        _shaped("Conv1DTranspose", _CONV, (1, 5, 4), "was built for 3 channels on axis 2",
                built_for=(None, None, 3)),
}
_RANKS = {
    "without-batch":
        _shaped("Conv2D", _CONV, (5, 5, 3), "Is the batch or the channel axis missing?"),
    "too-many-axes":
        _shaped("Conv1D", _CONV, _IMAGE, "takes inputs with 3 axes"),
    "no-axes":
        _shaped("UpSampling3D", {}, (), "takes inputs with 5 axes"),
    "depthwise-without-batch":
        _shaped("DepthwiseConv2D", {"kernel_size": 3}, (5, 5, 3), "takes inputs with 4 axes"),
    "rank-after-build":
        _shaped("Conv2D", _CONV, (1, 5, 5, 5, 3), "takes inputs with 4 axes",
                built_for=(None, None, None, 3)),
    **{f"no-cells-{layer.lower()}":
        _shaped(layer, arguments, (1, 0, 5, 3), "at least one cell on every axis but the batch")
       for layer, arguments in (("Conv2D", {**_CONV, "padding": "same"}),
                                ("Conv2DTranspose", _CONV), ("SeparableConv2D", _CONV),
                                ("DepthwiseConv2D", {"kernel_size": 1}), ("UpSampling2D", {}),
                                ("ZeroPadding2D", {}), ("Cropping2D", {}))},
    "no-channels":
        _shaped("Conv2D", _CONV, (1, 5, 5, 0), "at least one cell on every axis but the batch"),
}
_ARGUMENTS = {
    "causal-in-2d":
        _made("Conv2D", {**_CONV, "padding": "causal"}, "InvalidArgument",
              "`padding` must be one of 'valid', 'same', 'full'; received 'causal'"),
    "causal-transposed":
        _made("Conv1DTranspose", {**_CONV, "padding": "causal"}, "InvalidArgument",
              "`padding` must be one of 'valid', 'same', 'full'; received 'causal'"),
    "causal-depthwise":
        _made("DepthwiseConv1D", {"kernel_size": 3, "padding": "causal"}, "InvalidArgument",
              "`padding` must be one of 'valid', 'same', 'full'; received 'causal'"),
    "unknown-padding":
        _made("Conv1D", {**_CONV, "padding": "reflect"}, "InvalidArgument",
              "received 'reflect'"),
    "unknown-data-format":
        _made("Conv2D", {**_CONV, "data_format": "NHWC"}, "InvalidArgument",
              "`data_format` must be one of 'channels_last', 'channels_first'"),
    "unknown-interpolation":
        _made("UpSampling2D", {"interpolation": "bicubic"}, "InvalidArgument",
              "`interpolation` must be one of 'nearest', 'bilinear'"),
    "unknown-activation":
        _made("Conv2D", {**_CONV, "activation": "foo"}, "InvalidArgument", "`activation`: "),
    "unknown-dtype":
        _made("Conv2D", {**_CONV, "dtype": "float8"}, "InvalidArgument",
              "`dtype` must be one of 'float16', 'bfloat16', 'float32', 'float64'"),
    "no-stride":
        _made("Conv2D", {**_CONV, "strides": (1, 0)}, "InvalidArgument",
              "every `strides` must be at least 1; received (1, 0)"),
    "no-dilation":
        _made("Conv3D", {**_CONV, "dilation_rate": 0}, "InvalidArgument",
              "every `dilation_rate` must be at least 1; received 0"),
    "no-kernel":
        _made("Conv2D", {"filters": 4, "kernel_size": (3, 0)}, "InvalidArgument",
              "every `kernel_size` must be at least 1; received (3, 0)"),
    "no-filters":
        _made("Conv2D", {"filters": 0, "kernel_size": 3}, "InvalidArgument",
              "`filters` must be at least 1; received 0"),
    "negative-crop":
        _made("Cropping2D", {"cropping": -1}, "InvalidArgument",
              "`cropping` must not be negative; received -1"),
}
# fmt: on

_SINGLE: tuple[tuple[str, str, Check, tuple[object, ...]], ...] = (
    (
        "bug-34-own-integers",
        "A layer refuses integers of the backend's own (jax#7637, pytorch#83505).",
        refusing.refuses_own_integers,
        (),
    ),
    (
        "foreign-elsewhere",
        "A layer of another backend refuses this one's tensor, and says how to convert it.",
        refusing.is_foreign_elsewhere,
        (),
    ),
    (
        "an-unknown-op",
        "Lowering an op of a class that the backend does not know raises UnsupportedOp.",
        refusing.refuses_unknown_ops,
        (UnknownOp(),),
    ),
)


def cases(seed: int) -> Iterator[Case]:
    """Yield a case for each kind of bad input; nothing is drawn."""
    tables = (
        (
            _TOO_LARGE,
            "Arguments that leave no cells are refused once the shape is known (keras#19457).",
        ),
        (_SIZES, "A size that the convolution cannot give back is refused (keras#13231)."),
        (_CHANNELS, "Channels that do not fit the weights or the groups are refused."),
        (_RANKS, "An input without an axis, or with an axis without cells, is refused."),
        (_ARGUMENTS, "An illegal argument is refused when the layer is made."),
    )
    for table, claim in tables:
        for slug, refusal in table.items():
            yield _case(slug, claim, refusing.refuses, refusal)
    yield from _types()
    for slug, claim, check, arguments in _SINGLE:
        yield _case(slug, claim, check, *arguments)


def _types() -> Iterator[Case]:
    for dtype in ("int8", "uint8", "int32", "int64", "bool", "complex64"):
        refusal = Refusal(
            layer="Conv2D",
            arguments=_CONV,
            error="InvalidType",
            says=f"received {dtype}. Convert it first",
            input_shape=_IMAGE,
            dtype=dtype,
        )
        claim = "A layer refuses an element type that is no float (jax#7637, pytorch#83505)."
        yield _case(f"bug-34-{dtype}", claim, refusing.refuses, refusal)
    for kind in refusing.STRANGE:
        claim = "A layer refuses objects that it cannot read as tensors, and says what it takes."
        yield _case(f"strange-input-{kind}", claim, refusing.refuses_strange_inputs, kind)
    for dtype in FLOAT_DTYPES:
        claim = f"The backend holds {dtype} or says that it cannot (keras#23223)."
        yield _case(f"bug-35-kept-or-refused-{dtype}", claim, refusing.keeps_or_refuses, dtype)


def _case(slug: str, claim: str, check: Check, *arguments: object) -> Case:
    return Case(
        id=f"layers/errors/{slug}",
        level="errors",
        op="layers",
        claim=claim,
        check=check,
        arguments=arguments,
    )
