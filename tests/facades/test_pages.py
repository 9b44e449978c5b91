"""The two pages of Keras's documentation: their signatures, import paths and examples."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

import pytest
from layer_classes import LayerClass, classes

import convdispatch
from convdispatch.keras1 import layers as keras1
from convdispatch.keras1.models import Sequential

# The pages' signatures, copied.
KERAS_1_PAGE = {
    "Convolution1D": "nb_filter, filter_length, init='uniform', activation='linear', weights=None, border_mode='valid', subsample_length=1, W_regularizer=None, b_regularizer=None, activity_regularizer=None, W_constraint=None, b_constraint=None, bias=True, input_dim=None, input_length=None",  # noqa: E501 - as it stands there
    "AtrousConvolution1D": "nb_filter, filter_length, init='uniform', activation='linear', weights=None, border_mode='valid', subsample_length=1, atrous_rate=1, W_regularizer=None, b_regularizer=None, activity_regularizer=None, W_constraint=None, b_constraint=None, bias=True",  # noqa: E501 - as it stands there
    "Convolution2D": "nb_filter, nb_row, nb_col, init='glorot_uniform', activation='linear', weights=None, border_mode='valid', subsample=(1, 1), dim_ordering='th', W_regularizer=None, b_regularizer=None, activity_regularizer=None, W_constraint=None, b_constraint=None, bias=True",  # noqa: E501 - as it stands there
    "AtrousConvolution2D": "nb_filter, nb_row, nb_col, init='glorot_uniform', activation='linear', weights=None, border_mode='valid', subsample=(1, 1), atrous_rate=(1, 1), dim_ordering='th', W_regularizer=None, b_regularizer=None, activity_regularizer=None, W_constraint=None, b_constraint=None, bias=True",  # noqa: E501 - as it stands there
    "SeparableConvolution2D": "nb_filter, nb_row, nb_col, init='glorot_uniform', activation='linear', weights=None, border_mode='valid', subsample=(1, 1), depth_multiplier=1, dim_ordering='default', depthwise_regularizer=None, pointwise_regularizer=None, b_regularizer=None, activity_regularizer=None, depthwise_constraint=None, pointwise_constraint=None, b_constraint=None, bias=True",  # noqa: E501 - as it stands there
    "Deconvolution2D": "nb_filter, nb_row, nb_col, output_shape, init='glorot_uniform', activation='linear', weights=None, border_mode='valid', subsample=(1, 1), dim_ordering='tf', W_regularizer=None, b_regularizer=None, activity_regularizer=None, W_constraint=None, b_constraint=None, bias=True",  # noqa: E501 - as it stands there
    "Convolution3D": "nb_filter, kernel_dim1, kernel_dim2, kernel_dim3, init='glorot_uniform', activation='linear', weights=None, border_mode='valid', subsample=(1, 1, 1), dim_ordering='th', W_regularizer=None, b_regularizer=None, activity_regularizer=None, W_constraint=None, b_constraint=None, bias=True",  # noqa: E501 - as it stands there
    "Cropping1D": "cropping=(1, 1)",
    "Cropping2D": "cropping=((0, 0), (0, 0)), dim_ordering='default'",
    "Cropping3D": "cropping=((1, 1), (1, 1), (1, 1)), dim_ordering='default'",
    "UpSampling1D": "length=2",
    "UpSampling2D": "size=(2, 2), dim_ordering='th'",
    "UpSampling3D": "size=(2, 2, 2), dim_ordering='th'",
    "ZeroPadding1D": "padding=1",
    "ZeroPadding2D": "padding=(1, 1), dim_ordering='th'",
    "ZeroPadding3D": "padding=(1, 1, 1), dim_ordering='th'",
}
KERAS_2_PAGE = {
    "Conv1D": "filters, kernel_size, strides=1, padding='valid', dilation_rate=1, activation=None, use_bias=True, kernel_initializer='glorot_uniform', bias_initializer='zeros', kernel_regularizer=None, bias_regularizer=None, activity_regularizer=None, kernel_constraint=None, bias_constraint=None",  # noqa: E501 - as it stands there
    # The page has a blank after 'glorot_uniform', which no Keras accepts.
    "Conv2D": "filters, kernel_size, strides=(1, 1), padding='valid', data_format=None, dilation_rate=(1, 1), activation=None, use_bias=True, kernel_initializer='glorot_uniform', bias_initializer='zeros', kernel_regularizer=None, bias_regularizer=None, activity_regularizer=None, kernel_constraint=None, bias_constraint=None",  # noqa: E501 - as it stands there
    "SeparableConv2D": "filters, kernel_size, strides=(1, 1), padding='valid', data_format=None, depth_multiplier=1, activation=None, use_bias=True, depthwise_initializer='glorot_uniform', pointwise_initializer= 'glorot_uniform', bias_initializer='zeros', depthwise_regularizer=None, pointwise_regularizer=None, bias_regularizer=None, activity_regularizer=None, depthwise_constraint=None, pointwise_constraint=None, bias_constraint=None, dilation_rate=(1, 1)",  # noqa: E501 - the last one from the page's list of arguments
    "Conv2DTranspose": "filters, kernel_size, strides=(1, 1), padding='valid', data_format=None, activation=None, use_bias=True, kernel_initializer='glorot_uniform', bias_initializer='zeros', kernel_regularizer=None, bias_regularizer=None, activity_regularizer=None, kernel_constraint=None, bias_constraint=None, dilation_rate=(1, 1)",  # noqa: E501 - the last one from the page's list of arguments
    "Conv3D": "filters, kernel_size, strides=(1, 1, 1), padding='valid', data_format=None, dilation_rate=(1, 1, 1), activation=None, use_bias=True, kernel_initializer='glorot_uniform', bias_initializer='zeros', kernel_regularizer=None, bias_regularizer=None, activity_regularizer=None, kernel_constraint=None, bias_constraint=None",  # noqa: E501 - as it stands there
    "Cropping1D": "cropping=(1, 1)",
    "Cropping2D": "cropping=((0, 0), (0, 0)), data_format=None",
    "Cropping3D": "cropping=((1, 1), (1, 1), (1, 1)), data_format=None",
    "UpSampling1D": "size=2",
    "UpSampling2D": "size=(2, 2), data_format=None",
    "UpSampling3D": "size=(2, 2, 2), data_format=None",
    "ZeroPadding1D": "padding=1",
    "ZeroPadding2D": "padding=(1, 1), data_format=None",
    "ZeroPadding3D": "padding=(1, 1, 1), data_format=None",
}
# Keras 2.2.4's own order where the page leaves arguments out.
KERAS_2_POSITIONS = {
    "Conv1D": "filters kernel_size strides padding data_format dilation_rate activation use_bias",
    "Conv2D": "filters kernel_size strides padding data_format dilation_rate activation use_bias",
    "Conv3D": "filters kernel_size strides padding data_format dilation_rate activation use_bias",
    "SeparableConv2D": "filters kernel_size strides padding data_format dilation_rate "
    "depth_multiplier activation use_bias",
    "Conv2DTranspose": "filters kernel_size strides padding output_padding data_format "
    "dilation_rate activation use_bias",
    "DepthwiseConv2D": "kernel_size strides padding depth_multiplier data_format",
    "Cropping2D": "cropping data_format",
    "UpSampling2D": "size data_format interpolation",
    "ZeroPadding3D": "padding data_format",
}

# The modules of Keras's layers besides `convolutional` and `pooling`.
PLACES = {
    "cudnn_recurrent": ("CuDNNGRU", "CuDNNLSTM"),
    "embeddings": ("Embedding",),
    "advanced_activations": ("ELU", "LeakyReLU", "PReLU", "ReLU", "Softmax", "ThresholdedReLU"),
    "convolutional_recurrent": ("ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"),
    "core": (
        "Activation",
        "ActivityRegularization",
        "Dense",
        "Dropout",
        "Flatten",
        "Masking",
        "Permute",
        "RepeatVector",
        "Reshape",
    ),
    "local": ("LocallyConnected1D", "LocallyConnected2D"),
    "noise": ("AlphaDropout", "GaussianDropout", "GaussianNoise"),
    "normalization": ("BatchNormalization",),
    "recurrent": ("GRU", "LSTM", "SimpleRNN"),
    "wrappers": ("Bidirectional", "TimeDistributed"),
}

ON_A_PAGE = [LayerClass("keras1", name) for name in KERAS_1_PAGE]
ON_A_PAGE += [LayerClass(door, name) for door in ("layers", "keras2") for name in KERAS_2_PAGE]


def page(entry: LayerClass) -> dict[str, Any]:
    """Return the arguments on the class's page with their defaults, `empty` where there is none."""
    text = (KERAS_1_PAGE if entry.door == "keras1" else KERAS_2_PAGE)[entry.name]
    parameters = inspect.signature(eval(f"lambda {text}: None")).parameters
    return {name: parameter.default for name, parameter in parameters.items()}


@pytest.fixture
def theano_ordering() -> None:
    """Configure 'th' as the dim_ordering; the next test's configuration is its own again."""
    convdispatch.set_image_data_format("channels_first")


@pytest.mark.parametrize("entry", ON_A_PAGE, ids=str)
def test_the_pages_defaults_are_accepted(entry: LayerClass) -> None:
    """Every argument on the page exists and takes the page's default."""
    given = page(entry)
    required = {n: entry.value(n) for n, v in given.items() if v is inspect.Parameter.empty}
    if entry.name == "Deconvolution2D":
        required["output_shape"] = (None, 17, 8, 8)  # the page's default is 'tf'
    layer = entry.type(**given | required)
    assert set(given) - {"weights"} <= set(layer.get_config())


@pytest.mark.parametrize("name", KERAS_1_PAGE)
def test_keras_1_arguments_have_the_pages_positions(name: str) -> None:
    """Called by position with everything on the page, or by name: the same layer."""
    entry = LayerClass("keras1", name)
    values = {argument: entry.value(argument) for argument in page(entry) if argument != "weights"}
    by_position = entry.type(*[values.get(argument) for argument in page(entry)], name="a_layer")
    assert by_position.get_config() == entry.type(**values, name="a_layer").get_config()


@pytest.mark.parametrize("door", ["layers", "keras2"])
@pytest.mark.parametrize("name", KERAS_2_POSITIONS)
def test_keras_2_arguments_have_keras_2_s_positions(name: str, door: str) -> None:
    """Called by position in the order of Keras 2.2.4, or by name: the same layer."""
    entry = LayerClass(door, name)
    values = {argument: entry.value(argument) for argument in KERAS_2_POSITIONS[name].split()}
    by_position = entry.type(*values.values(), name="a_layer")
    assert by_position.get_config() == entry.type(**values, name="a_layer").get_config()


@pytest.mark.parametrize("entry", classes("layers", "keras1", "keras2"), ids=str)
def test_layers_are_found_under_keras_s_module_path(entry: LayerClass) -> None:
    """`keras.layers.convolutional.<Class>` reads the same with our module's name before it."""
    path = "convdispatch" if entry.door == "layers" else f"convdispatch.{entry.door}"
    found = [place for place, names in PLACES.items() if entry.name in names]
    by_stem = {"Pooling": "pooling", "SpatialDropout": "core"}
    found += [place for stem, place in by_stem.items() if stem in entry.name]
    place = found[0] if found else "convolutional"
    module = importlib.import_module(f"{path}.layers.{place}")
    assert getattr(module, entry.name) is entry.type


@pytest.mark.parametrize("path", ["convdispatch", "convdispatch.keras1", "convdispatch.keras2"])
def test_models_are_found_under_keras_s_module_path(path: str) -> None:
    """`from keras.models import Sequential` reads the same with our module's name before it."""
    module = importlib.import_module(f"{path}.models")
    for found, own in (
        (module.Sequential, convdispatch.Sequential),
        (module.Model, convdispatch.Model),
    ):
        assert issubclass(found, own)
        assert found.__name__ == own.__name__
        assert found.dialect.name == path.rpartition(".")[2].replace("convdispatch", "keras3")


def convolution_1d(**o: Any) -> Sequential:
    """Make the page's model for Convolution1D."""
    model = Sequential(**o)
    model.add(keras1.Convolution1D(64, 3, border_mode="same", input_shape=(10, 32)))
    model.add(keras1.Convolution1D(32, 3, border_mode="same"))
    return model


def atrous_convolution_1d(**o: Any) -> Sequential:
    """Make the page's model for AtrousConvolution1D."""
    model = Sequential(**o)
    model.add(
        keras1.AtrousConvolution1D(64, 3, atrous_rate=2, border_mode="same", input_shape=(10, 32))
    )
    model.add(keras1.AtrousConvolution1D(32, 3, atrous_rate=2, border_mode="same"))
    return model


SHAPES_1D = {
    "Convolution1D": (convolution_1d, [(None, 10, 64), (None, 10, 32)]),
    "AtrousConvolution1D": (atrous_convolution_1d, [(None, 10, 64), (None, 10, 32)]),
}

# The page's calls for images, a list a model, and the shape that it states after each.
SHAPES_2D: dict[str, list[tuple[Any, tuple[int | None, ...]]]] = {
    "Convolution2D": [
        (
            lambda **o: keras1.Convolution2D(
                64, 3, 3, border_mode="same", input_shape=(3, 256, 256), **o
            ),
            (None, 64, 256, 256),
        ),
        (
            lambda **o: keras1.Convolution2D(32, 3, 3, border_mode="same", **o),
            (None, 32, 256, 256),
        ),
    ],
    "AtrousConvolution2D": [
        (
            lambda **o: keras1.AtrousConvolution2D(
                64, 3, 3, atrous_rate=(2, 2), border_mode="valid", input_shape=(3, 256, 256), **o
            ),
            (None, 64, 252, 252),
        ),
    ],
    "Deconvolution2D": [
        (
            lambda **o: keras1.Deconvolution2D(
                3,
                3,
                3,
                output_shape=(None, 3, 14, 14),
                border_mode="valid",
                input_shape=(3, 12, 12),
                **o,
            ),
            (None, 3, 14, 14),
        ),
    ],
    "Deconvolution2D-strided": [
        (
            lambda **o: keras1.Deconvolution2D(
                3,
                3,
                3,
                output_shape=(None, 3, 25, 25),
                subsample=(2, 2),
                border_mode="valid",
                input_shape=(3, 12, 12),
                **o,
            ),
            (None, 3, 25, 25),
        ),
    ],
}


@pytest.mark.parametrize("name", SHAPES_1D)
def test_the_pages_sequences_have_the_stated_shapes(backend_name: str, name: str) -> None:
    """The shapes are those in the page's comments, layer by layer, and the outputs have them."""
    build, shapes = SHAPES_1D[name]
    model = build(backend=backend_name)
    assert [layer.output_shape for layer in model.layers] == shapes
    assert model.output_shape == shapes[-1]
    assert model.predict([[[0.5] * 32] * 10]).shape == (1, *shapes[-1][1:])


@pytest.mark.usefixtures("theano_ordering")
@pytest.mark.parametrize("name", SHAPES_2D)
def test_the_pages_images_have_the_stated_shapes_under_th(name: str) -> None:
    """With image_dim_ordering 'th' configured the examples run as they stand there."""
    model = Sequential([make() for make, _ in SHAPES_2D[name]])
    shapes = [shape for _, shape in SHAPES_2D[name]]
    assert [layer.output_shape for layer in model.layers] == shapes
    assert model.output_shape == shapes[-1]


@pytest.mark.parametrize("name", SHAPES_2D)
def test_the_pages_images_have_the_stated_shapes_where_th_is_stated(
    backend_name: str, name: str
) -> None:
    """Without that configuration the argument does it, on every backend."""
    model = Sequential(
        [make(dim_ordering="th", backend=backend_name) for make, _ in SHAPES_2D[name]]
    )
    shapes = [shape for _, shape in SHAPES_2D[name]]
    assert [layer.output_shape for layer in model.layers] == shapes


@pytest.mark.parametrize(("rows", "subsample"), [(14, (1, 1)), (25, (2, 2)), (26, (2, 2))], ids=str)
def test_the_pages_deconvolution_computes_the_stated_size(
    backend_name: str, rows: int, subsample: tuple[int, int]
) -> None:
    """The output of a 12 x 12 image has the size that was asked for; 26 is as legal as 25."""
    layer = keras1.Deconvolution2D(
        3,
        3,
        3,
        output_shape=(None, 3, rows, rows),
        subsample=subsample,
        dim_ordering="th",
        input_shape=(3, 12, 12),
    )
    model = Sequential([layer], backend=backend_name)
    assert model.predict([[[[0.5] * 12] * 12] * 3]).shape == (1, 3, rows, rows)


def test_a_keras_1_configuration_file_gives_the_pages_default(keras_json: Any) -> None:
    """`image_dim_ordering` of keras.json is what 'default' means."""
    keras_json.write_text('{"image_dim_ordering": "th"}', encoding="utf-8")
    layer = keras1.Convolution2D(64, 3, 3, border_mode="same", input_shape=(3, 256, 256))
    assert layer.dim_ordering == "th"
    assert Sequential([layer]).output_shape == (None, 64, 256, 256)
