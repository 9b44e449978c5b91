"""Shapes that do not fit: refused alike on every backend, before anything is computed."""

from __future__ import annotations

import pytest
from complaints import IMAGE, K1, Bad, L, built, calling, complaint, forbid_lowering, image

from convdispatch.errors import InvalidArgument, InvalidShape
from convdispatch.models import Sequential

SHAPES = {
    "without-batch": Bad(
        calling(L.Conv2D, 4, 3, x=image(5, 5, 3)),
        ValueError,
        r"Conv2D 'layer' takes inputs with 4 axes \(batch, channels and 2 spatial\); received "
        r"shape \(5, 5, 3\)\. Is the batch or the channel axis missing\?",
    ),
    "too-many-axes": Bad(
        calling(L.Conv1D, 4, 3), ValueError, r"takes inputs with 3 axes .* \(1, 5, 5, 3\)\.$"
    ),
    "no-axes": Bad(calling(L.UpSampling3D, x=3.0), ValueError, r"with 5 axes .* shape \(\)\.$"),
    "keras1-without-batch": Bad(
        calling(K1.Convolution2D, 4, 3, 3, x=image(5, 5, 3)),
        ValueError,
        "Convolution2D 'layer' takes inputs with 4 axes",
    ),
    "channels-after-build": Bad(
        built(L.Conv2D, 4, 3, shape=(None, None, None, 3), x=image(1, 5, 5, 4)),
        ValueError,
        r"Conv2D 'layer' was built for 3 channels on axis 3; received shape \(1, 5, 5, 4\)",
    ),
    "channels-first-after-build": Bad(
        built(
            K1.Convolution2D,
            *(4, 3, 3),
            dim_ordering="th",
            shape=(None, 3, None, None),
            x=image(1, 4, 5, 5),
        ),
        ValueError,
        "Convolution2D 'layer' was built for 3 channels on axis 1; received shape",
    ),
    "channels-in-groups": Bad(
        calling(L.Conv2D, 4, 3, groups=2),
        ValueError,
        "channels must be a multiple of `groups`, which is 2 in 'layer'; received 3 channels",
    ),
    "transposed-channels-in-groups": Bad(
        calling(L.Conv2DTranspose, 4, 3, groups=2), ValueError, "must be a multiple of `groups`"
    ),
    "channels-unknown": Bad(
        built(L.Conv2D, 4, 3, shape=(None, 5, 5, None), x=IMAGE),
        ValueError,
        r"needs a known number of channels on axis 3 \(channels_last\); .* \(None, 5, 5, None\)",
    ),
    "kernel-too-large": Bad(
        calling(L.Conv2D, 4, (3, 7)),
        ValueError,
        "the output would have -1 cells on a spatial axis of 5 cells: `kernel_size` 7 at "
        "dilation 1 of 'layer' reaches over 7 cells and `padding` is 'valid'",
    ),
    "keras1-kernel-too-large": Bad(
        calling(K1.Convolution2D, 4, 3, 7),
        ValueError,
        "`nb_col` 7 at dilation 1 of 'layer' reaches over 7 cells and `border_mode` is 'valid'",
    ),
    "dilated-kernel-too-large": Bad(
        calling(K1.AtrousConvolution2D, 4, 3, 3, atrous_rate=(3, 1)),
        ValueError,
        "`nb_row` 3 at dilation 3 of 'layer' reaches over 7 cells",
    ),
    "depthwise-kernel-too-large": Bad(
        calling(L.DepthwiseConv2D, 6), ValueError, "the output would have 0 cells"
    ),
    "separable-kernel-too-large": Bad(
        calling(L.SeparableConv1D, 4, 6, x=image(1, 5, 3)), ValueError, "would have 0 cells"
    ),
    "transposed-kernel-too-large": Bad(
        calling(L.Conv2DTranspose, 4, 7, padding="full"),
        ValueError,
        "the output would have -1 cells .* `kernel_size` 7 .* `padding` is 'full'",
    ),
    "nothing-left": Bad(
        calling(L.Cropping2D, ((0, 0), (2, 3))),
        ValueError,
        r"the output would have 0 cells on a spatial axis of 5 cells: `cropping` \(2, 3\) of "
        "'layer' takes all of them",
    ),
    "less-than-nothing-left": Bad(
        calling(K1.Cropping1D, (3, 3), x=image(1, 5, 2)), ValueError, "would have -1 cells"
    ),
    "output-size": Bad(
        calling(L.Conv2DTranspose, 4, 3, strides=2, output_size=13),
        ValueError,
        "`output_size` asks for 13 cells .* Allowed sizes: 11 to 12",
    ),
    "output-shape": Bad(
        calling(
            K1.Deconvolution2D,
            *(3, 3, 3, (None, 25, 27, 3)),
            subsample=(2, 2),
            x=image(1, 12, 12, 3),
        ),
        ValueError,
        "`output_shape` asks for 27 cells .* Allowed sizes: 25 to 26",
    ),
    "output-shape-same": Bad(
        calling(
            K1.Deconvolution2D,
            *(3, 4, 4, (None, 22, 23, 3)),
            subsample=(2, 2),
            border_mode="same",
            x=image(1, 12, 12, 3),
        ),
        ValueError,
        "`output_shape` asks for 22 cells .* Allowed sizes: 23 to 24",
    ),
    "output-shape-impossible": Bad(
        calling(K1.Deconvolution2D, 3, 7, 7, (None, 2, 2, 3), border_mode="full"),
        ValueError,
        "`output_shape` asks for 2 cells .* Allowed sizes: none",
    ),
}
EMPTY = {
    "conv": calling(L.Conv2D, 4, 1, x=image(1, 0, 5, 3)),
    "conv-same": calling(L.Conv2D, 4, 3, padding="same", x=image(1, 5, 0, 3)),
    "conv-full": calling(L.Conv2D, 4, 3, padding="full", x=image(1, 0, 5, 3)),
    "conv-no-channels": calling(L.Conv2D, 4, 3, x=image(1, 5, 5, 0)),
    "transposed": calling(L.Conv2DTranspose, 4, 3, x=image(1, 0, 5, 3)),
    "depthwise": calling(L.DepthwiseConv2D, 3, x=image(1, 0, 5, 3)),
    "separable": calling(L.SeparableConv2D, 4, 3, x=image(1, 0, 5, 3)),
    "upsampling": calling(L.UpSampling2D, x=image(1, 0, 5, 3)),
    "zero-padding": calling(L.ZeroPadding2D, x=image(1, 0, 5, 3)),
    "cropping": calling(L.Cropping2D, x=image(1, 0, 5, 3)),
    "keras1": calling(K1.Convolution2D, 4, 3, 3, dim_ordering="th", x=image(1, 3, 0, 5)),
}
SHAPES |= {
    f"empty-{name}": Bad(
        call, ValueError, r"'layer' takes inputs with at least one cell on every axis but the batch"
    )
    for name, call in EMPTY.items()
}


@pytest.mark.parametrize("bad", SHAPES.values(), ids=SHAPES)
def test_a_shape_that_does_not_fit_is_refused_alike(
    all_backends: tuple[str, ...], bad: Bad
) -> None:
    """The message names the layer, the shape as it was received and what would fit."""
    assert len({complaint(bad, backend) for backend in all_backends}) == 1


@pytest.mark.parametrize("bad", SHAPES.values(), ids=SHAPES)
def test_it_is_refused_before_a_backend_is_asked(bad: Bad, monkeypatch: pytest.MonkeyPatch) -> None:
    """No op is lowered, let alone computed."""
    forbid_lowering(monkeypatch)
    complaint(bad, "numpy")


def test_unknown_sizes_are_known_when_it_comes_to_computing(backend_name: str) -> None:
    """A layer built for any height takes several, and says what it can of its output's shape."""
    layer = L.Conv2D(4, 3, strides=2, backend=backend_name)
    layer.build((None, None, 7, 3))
    assert layer.output_shape == (None, None, 3, 4)
    assert [tuple(layer(image(2, height, 7, 3)).shape) for height in (5, 9)] == [
        (2, 2, 3, 4),
        (2, 4, 3, 4),
    ]


def test_an_error_names_the_layer_of_a_model() -> None:
    """In a deep model the message says which layer it was."""
    model = Sequential([L.Conv2D(4, 3, name="stem"), L.Cropping2D(2, name="trim")])
    with pytest.raises(InvalidShape, match=r"`cropping` \(2, 2\) of 'trim' takes all of them"):
        model(IMAGE)


def test_an_empty_model_is_refused() -> None:
    """There is nothing to apply, to build or to compare."""
    with pytest.raises(InvalidShape, match="has no layers to apply"):
        Sequential()(IMAGE)
    with pytest.raises(InvalidShape, match="has no layers to apply"):
        Sequential().predict(IMAGE)
    with pytest.raises(InvalidShape, match="has no layers to build"):
        Sequential().summary()


def test_a_model_that_knows_no_shape_says_how_to_give_one() -> None:
    """Asking for shapes or weights before the first data is answered with what to do."""
    model = Sequential([L.Conv2D(4, 3)], name="model")
    with pytest.raises(InvalidShape, match="'model' does not know its input shape: give `input_s"):
        _ = model.output_shape
    with pytest.raises(InvalidArgument, match="has no weights yet: build it or call it once"):
        model.layers[0].count_params()
