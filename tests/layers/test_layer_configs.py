"""A layer's configuration makes the same layer again, for every class and every argument."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from layer_classes import EVERY_CLASS, LayerClass, numbers

import convdispatch

COMMON = {"name": "a_layer", "trainable": False, "dtype": "float16", "convention": "theano"}
EACH_CLASS = pytest.mark.parametrize("entry", EVERY_CLASS, ids=str)

# `output_padding` and `output_size` exclude each other: such a class comes twice.
VARIANTS = [
    (entry, without)
    for entry in EVERY_CLASS
    for without in (
        [("output_padding",), ("output_size",)] if "output_size" in entry.arguments else [()]
    )
]
EACH_VARIANT = pytest.mark.parametrize(
    ("entry", "without"), VARIANTS, ids=[f"{e}-{'-'.join(w)}".rstrip("-") for e, w in VARIANTS]
)


def full(entry: LayerClass, without: tuple[str, ...] = (), **options: Any) -> Any:
    """Make a layer with a value for every argument."""
    return entry.type(**entry.values(without=without), **options)


def plain(entry: LayerClass) -> Any:
    """Make a layer with the arguments that it needs."""
    return entry.type(**{name: entry.value(name) for name in entry.required})


@EACH_VARIANT
def test_a_configuration_makes_the_same_configuration(
    entry: LayerClass, without: tuple[str, ...]
) -> None:
    """get_config, through JSON, from_config and get_config again: nothing has changed."""
    shape = entry.shape(channels_first=entry.is_ordered_first)
    layer = full(entry, without, batch_input_shape=shape, **COMMON)
    config = json.loads(json.dumps(layer.get_config()))
    again = entry.type.from_config(config)
    assert type(again) is entry.type
    assert again.get_config() == layer.get_config()
    assert COMMON.items() <= config.items()
    assert config["batch_input_shape"] == list(shape)


@EACH_VARIANT
def test_no_argument_is_forgotten(entry: LayerClass, without: tuple[str, ...]) -> None:
    """Each argument of the signature stands in the configuration, and not with its default."""
    config, default = full(entry, without).get_config(), plain(entry).get_config()
    given = [name for name in entry.arguments if name not in (*without, *entry.required)]
    assert [name for name in entry.arguments if name not in config] == []
    assert [name for name in given if config[name] == default[name]] == []


@EACH_CLASS
def test_from_config_leaves_the_configuration_alone(entry: LayerClass) -> None:
    """A configuration can be read twice: Keras 1.2.2 took the names out of its regularizers."""
    config = full(entry, ("output_padding",)).get_config()
    before = json.dumps(config)
    entry.type.from_config(config)
    assert json.dumps(config) == before


@EACH_VARIANT
def test_the_same_weights_give_the_same_output(
    backend_name: str, entry: LayerClass, without: tuple[str, ...]
) -> None:
    """A layer made from a configuration is the same function."""
    layer = full(entry, without, backend=backend_name, dtype="float32", convention="theano")
    shape: Any = entry.shape(channels_first=entry.is_ordered_first)
    layer.build((None, *shape[1:]))
    again = entry.type.from_config(layer.get_config(), backend=backend_name)
    again.build((None, *shape[1:]))
    again.set_weights(layer.get_weights())
    x = numbers(layer, shape)
    assert again.output_shape == layer.output_shape
    found, expected, shapes = (
        one if isinstance(one, list) else [one] for one in (again(x), layer(x), layer.output_shape)
    )
    for got, want, stated in zip(found, expected, shapes, strict=True):
        got, want = convdispatch.to_numpy(got), convdispatch.to_numpy(want)
        assert got.shape[1:] == stated[1:]
        assert np.any(want != 0)
        np.testing.assert_array_equal(got, want)


KERAS_1 = [entry for entry in EVERY_CLASS if entry.door == "keras1"]


@pytest.mark.parametrize(
    "entry", [e for e in KERAS_1 if "dim_ordering" in e.arguments], ids=lambda entry: entry.name
)
@pytest.mark.parametrize("dim_ordering", ["th", "tf"])
def test_keras_1_configurations_keep_dim_ordering(entry: LayerClass, dim_ordering: str) -> None:
    """Keras 1.2.2 lost it for upsampling, padding and cropping in two and three dimensions."""
    values = entry.values() | {"dim_ordering": dim_ordering}
    if entry.name == "Deconvolution2D" and dim_ordering == "tf":
        values["output_shape"] = (None, 17, 8, 8)
    again = entry.type.from_config(entry.type(**values).get_config())
    shape = entry.shape(channels_first=dim_ordering == "th")
    first = 2 if entry.name == "ConvLSTM2D" else 1  # after the steps
    channels = again.compute_output_shape(shape)[first if dim_ordering == "th" else -1]
    assert again.get_config()["dim_ordering"] == dim_ordering
    assert channels == values.get("nb_filter", 4)


def test_keras_1_separable_regularizers_keep_their_places() -> None:
    """Keras 1.2.2 wrote the depthwise regularizer in the pointwise one's place."""
    entry = LayerClass("keras1", "SeparableConvolution2D")
    config = full(entry).get_config()
    assert config["depthwise_regularizer"] == {"name": "L1L2Regularizer", "l1": 0.01, "l2": 0.0}
    assert config["pointwise_regularizer"] == {"name": "L1L2Regularizer", "l1": 0.0, "l2": 0.01}


OURS = {"name", "trainable", "dtype", "convention"}
_BIAS = {"use_bias", "bias_initializer", "bias_regularizer", "bias_constraint"}
_WINDOW = {"kernel_size", "strides", "padding", "data_format", "dilation_rate", "activation"}
_CONV = _WINDOW | _BIAS | {"activity_regularizer"}
_KERNEL = {"filters", "kernel_initializer", "kernel_regularizer", "kernel_constraint"}
_KINDS = ("initializer", "regularizer", "constraint")
_DEPTHWISE = {f"depthwise_{kind}" for kind in _KINDS}
_POINTWISE = {f"pointwise_{kind}" for kind in _KINDS}
_TRANSPOSED = _CONV | _KERNEL | {"output_padding"}
_KERAS_1 = {"nb_filter", "init", "activation", "border_mode", "activity_regularizer", "bias"}
_KERAS_1_BIAS = {"b_regularizer", "b_constraint"}
_KERAS_1_KERNEL = _KERAS_1 | _KERAS_1_BIAS | {"W_regularizer", "W_constraint"}
_KERAS_1_2D = _KERAS_1_KERNEL | {"nb_row", "nb_col", "subsample", "dim_ordering"}
_KERAS_1_1D = _KERAS_1_KERNEL | {"filter_length", "subsample_length", "input_dim", "input_length"}
_KERAS_1_SEPARABLE = (
    (_KERAS_1 | _KERAS_1_BIAS | {"nb_row", "nb_col", "subsample", "dim_ordering"})
    | {"depth_multiplier", "depthwise_regularizer", "depthwise_constraint"}
    | {"pointwise_regularizer", "pointwise_constraint"}
)

_NORMALIZATION = {"axis", "momentum", "epsilon", "center", "scale"}
_BETA_AND_GAMMA = {f"{weight}_{kind}" for weight in ("beta", "gamma") for kind in _KINDS}
_MOVING = {"moving_mean_initializer", "moving_variance_initializer"}
_POOLING = {"pool_size", "strides", "padding", "data_format"}
_KERAS_1_POOLING = {"pool_size", "strides", "border_mode", "dim_ordering"}

_RECURRENT = (
    {"units", "activation", "use_bias", "activity_regularizer", "dropout", "recurrent_dropout"}
    | {f"{weight}_{kind}" for weight in ("kernel", "recurrent", "bias") for kind in _KINDS}
    | {"return_sequences", "return_state", "go_backwards", "stateful", "unroll"}
)
_OURS_OF_RNN = {"seed", "zero_output_for_mask"}
_OF_CUDNN = _RECURRENT - {"activation", "use_bias", "dropout", "recurrent_dropout", "unroll"}
_LOCAL = _CONV - {"data_format", "dilation_rate"} | _KERNEL
_CONV_LSTM = _CONV | _KERNEL | _RECURRENT - {"units"} | {"recurrent_activation", "unit_forget_bias"}
_KERAS_1_RECURRENT = (
    {"output_dim", "init", "inner_init", "activation", "dropout_W", "dropout_U", "consume_less"}
    | {"W_regularizer", "U_regularizer", "b_regularizer", "input_dim", "input_length"}
    | {"return_sequences", "go_backwards", "stateful", "unroll"}
)

# What real Keras 2.2.4 writes beside 'name' and 'trainable', and after it what is ours.
KERAS_2_KEYS = {
    "CuDNNGRU": (_OF_CUDNN, set()),
    "CuDNNLSTM": (_OF_CUDNN | {"unit_forget_bias"}, set()),
    "Conv1D": (_CONV | _KERNEL, {"groups"}),
    "Conv2D": (_CONV | _KERNEL, {"groups"}),
    "Conv3D": (_CONV | _KERNEL, {"groups"}),
    "Conv1DTranspose": (_TRANSPOSED, {"groups", "output_size"}),
    "Conv2DTranspose": (_TRANSPOSED, {"groups", "output_size"}),
    "Conv3DTranspose": (_TRANSPOSED, {"groups", "output_size"}),
    "DepthwiseConv1D": (_CONV | _DEPTHWISE | {"depth_multiplier"}, set()),
    "DepthwiseConv2D": (_CONV | _DEPTHWISE | {"depth_multiplier"}, set()),
    "SeparableConv1D": (_CONV | _DEPTHWISE | _POINTWISE | {"filters", "depth_multiplier"}, set()),
    "SeparableConv2D": (_CONV | _DEPTHWISE | _POINTWISE | {"filters", "depth_multiplier"}, set()),
    "Cropping1D": ({"cropping"}, {"data_format"}),
    "Cropping2D": ({"cropping", "data_format"}, set()),
    "Cropping3D": ({"cropping", "data_format"}, set()),
    "UpSampling1D": ({"size"}, {"data_format"}),
    "UpSampling2D": ({"size", "data_format", "interpolation"}, set()),
    "UpSampling3D": ({"size", "data_format"}, set()),
    "ZeroPadding1D": ({"padding"}, {"data_format"}),
    "ZeroPadding2D": ({"padding", "data_format"}, set()),
    "ZeroPadding3D": ({"padding", "data_format"}, set()),
    "BatchNormalization": (_NORMALIZATION | _BETA_AND_GAMMA | _MOVING, set()),
    "Dropout": ({"rate", "noise_shape", "seed"}, set()),
    "Activation": ({"activation"}, set()),
    "Dense": (
        {"units", "activation", "activity_regularizer"} | _BIAS | _KERNEL - {"filters"},
        set(),
    ),
    "Flatten": ({"data_format"}, set()),
    **{f"MaxPooling{rank}D": (_POOLING, set()) for rank in (1, 2, 3)},
    **{f"AveragePooling{rank}D": (_POOLING, set()) for rank in (1, 2, 3)},
    **{f"GlobalMaxPooling{rank}D": ({"data_format"}, {"keepdims"}) for rank in (1, 2, 3)},
    **{f"GlobalAveragePooling{rank}D": ({"data_format"}, {"keepdims"}) for rank in (1, 2, 3)},
    "Masking": ({"mask_value"}, set()),
    "ActivityRegularization": ({"l1", "l2"}, set()),
    "Embedding": (
        {"input_dim", "output_dim", "activity_regularizer", "mask_zero", "input_length"}
        | {f"embeddings_{kind}" for kind in ("initializer", "regularizer", "constraint")},
        {"batch_input_shape"},
    ),
    "ELU": ({"alpha"}, set()),
    "LeakyReLU": ({"alpha"}, set()),
    "PReLU": ({f"alpha_{kind}" for kind in _KINDS} | {"shared_axes"}, set()),
    "ReLU": ({"max_value", "negative_slope", "threshold"}, set()),
    "Softmax": ({"axis"}, set()),
    "ThresholdedReLU": ({"theta"}, set()),
    "Permute": ({"dims"}, set()),
    "RepeatVector": ({"n"}, set()),
    "Reshape": ({"target_shape"}, set()),
    "SpatialDropout1D": ({"rate", "seed"}, set()),  # and a `noise_shape` that is always None
    "SpatialDropout2D": ({"rate", "seed"}, {"data_format"}),
    "SpatialDropout3D": ({"rate", "seed"}, {"data_format"}),
    "AlphaDropout": ({"rate"}, {"noise_shape", "seed"}),
    "GaussianDropout": ({"rate"}, {"seed"}),
    "GaussianNoise": ({"stddev"}, {"seed"}),
    "SimpleRNN": (_RECURRENT, _OURS_OF_RNN),
    "LSTM": (_RECURRENT | {"recurrent_activation", "unit_forget_bias"}, _OURS_OF_RNN),
    "GRU": (_RECURRENT | {"recurrent_activation", "reset_after"}, _OURS_OF_RNN),
    **{f"ConvLSTM{rank}D": (_CONV_LSTM, _OURS_OF_RNN) for rank in (1, 2, 3)},
    "LocallyConnected1D": (_LOCAL, {"data_format"}),
    "LocallyConnected2D": (_LOCAL | {"data_format"}, set()),
    "Bidirectional": ({"layer", "merge_mode"}, {"backward_layer"}),
    "TimeDistributed": ({"layer"}, set()),
}
# Real Keras 1.2.2's, with the dim_ordering and the initializers of gamma and beta that it forgot.
KERAS_1_KEYS = {
    "Convolution1D": _KERAS_1_1D,
    "AtrousConvolution1D": _KERAS_1_1D | {"atrous_rate"},
    "Convolution2D": _KERAS_1_2D,
    "AtrousConvolution2D": _KERAS_1_2D | {"atrous_rate"},
    "SeparableConvolution2D": _KERAS_1_SEPARABLE,
    "Deconvolution2D": _KERAS_1_2D | {"output_shape"},
    "Convolution3D": (_KERAS_1_2D - {"nb_row", "nb_col"})
    | {"kernel_dim1", "kernel_dim2", "kernel_dim3"},
    "Cropping1D": {"cropping"},
    "Cropping2D": {"cropping", "dim_ordering"},
    "Cropping3D": {"cropping", "dim_ordering"},
    "UpSampling1D": {"length"},
    "UpSampling2D": {"size", "dim_ordering"},
    "UpSampling3D": {"size", "dim_ordering"},
    "ZeroPadding1D": {"padding"},
    "ZeroPadding2D": {"padding", "dim_ordering"},
    "ZeroPadding3D": {"padding", "dim_ordering"},
    "BatchNormalization": {"epsilon", "mode", "axis", "momentum", "beta_init", "gamma_init"}
    | {"beta_regularizer", "gamma_regularizer"},
    "Dropout": {"p"},
    "Activation": {"activation"},
    "Dense": _KERAS_1_KERNEL - {"nb_filter", "border_mode"} | {"output_dim", "input_dim"},
    "Flatten": set(),
    "MaxPooling1D": {"pool_length", "stride", "border_mode"},
    "MaxPooling2D": _KERAS_1_POOLING,
    "MaxPooling3D": _KERAS_1_POOLING,
    "AveragePooling1D": {"pool_length", "stride", "border_mode"},
    "AveragePooling2D": _KERAS_1_POOLING,
    "AveragePooling3D": _KERAS_1_POOLING,
    "GlobalMaxPooling1D": set(),
    "GlobalMaxPooling2D": {"dim_ordering"},
    "GlobalMaxPooling3D": {"dim_ordering"},
    "GlobalAveragePooling1D": set(),
    "GlobalAveragePooling2D": {"dim_ordering"},
    "GlobalAveragePooling3D": {"dim_ordering"},
    "Masking": {"mask_value"},
    "ActivityRegularization": {"l1", "l2"},
    "Embedding": {"input_dim", "output_dim", "init", "input_length", "mask_zero", "dropout"}
    | {"activity_regularizer", "W_regularizer", "W_constraint", "batch_input_shape"},
    "ELU": {"alpha"},
    "LeakyReLU": {"alpha"},
    "PReLU": {"init", "shared_axes"},
    "ThresholdedReLU": {"theta"},
    "Permute": {"dims"},
    "RepeatVector": {"n"},
    "Reshape": {"target_shape"},
    "SpatialDropout1D": {"p"},
    "SpatialDropout2D": {"p", "dim_ordering"},
    "SpatialDropout3D": {"p", "dim_ordering"},
    "GaussianDropout": {"p"},
    "GaussianNoise": {"sigma"},
    "SimpleRNN": _KERAS_1_RECURRENT,
    "LSTM": _KERAS_1_RECURRENT | {"inner_activation", "forget_bias_init"},
    "GRU": _KERAS_1_RECURRENT | {"inner_activation"},
    # with the subsample, the regularizers and the dropout that it forgot
    "ConvLSTM2D": {"nb_filter", "nb_row", "nb_col", "dim_ordering", "border_mode", "subsample"}
    | _KERAS_1_RECURRENT - {"output_dim", "unroll", "consume_less", "input_dim", "input_length"}
    | {"inner_activation", "forget_bias_init"},
    "LocallyConnected1D": _KERAS_1_1D,
    "LocallyConnected2D": _KERAS_1_2D,
    "Bidirectional": {"layer", "merge_mode"},
    "TimeDistributed": {"layer"},
}


@EACH_CLASS
def test_the_keys_are_real_keras_s(entry: LayerClass) -> None:
    """A configuration has the keys that real Keras writes, and of ours those listed."""
    real, ours = KERAS_2_KEYS.get(entry.name, (set(), set()))
    expected = KERAS_1_KEYS[entry.name] if entry.door == "keras1" else real | ours
    if (entry.door, entry.name) == ("layers", "LeakyReLU"):
        expected = {"negative_slope"}  # Keras 3's
    if entry.door == "keras2" and entry.name in ("GRU", "LSTM"):
        expected = expected | {"implementation"}  # which no later Keras has
    assert set(plain(entry).get_config()) == expected | OURS


@pytest.mark.parametrize("name", ["SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"])
def test_real_keras_2_s_spatial_dropout_is_read(name: str) -> None:
    """Keras 2.2.4 wrote the `noise_shape` of `Dropout` as well, which is None."""
    saved = {"name": "d", "trainable": True, "rate": 0.5, "noise_shape": None, "seed": None}
    layer: Any = LayerClass("keras2", name).type.from_config(saved)
    assert layer.rate == 0.5


def test_a_configuration_of_real_keras_2_is_read() -> None:
    """A Conv2D's configuration that Keras 2.2.4 saved makes our Conv2D."""
    entry = LayerClass("keras2", "Conv2D")
    glorot = {"scale": 1.0, "mode": "fan_avg", "distribution": "uniform", "seed": None}
    saved = {
        "name": "conv2d_1",
        "trainable": True,
        "batch_input_shape": [None, 8, 8, 3],
        "dtype": "float32",
        "filters": 4,
        "kernel_size": [3, 3],
        "strides": [1, 1],
        "padding": "valid",
        "data_format": "channels_last",
        "dilation_rate": [1, 1],
        "activation": "linear",
        "use_bias": True,
        "kernel_initializer": {"class_name": "VarianceScaling", "config": glorot},
        "bias_initializer": {"class_name": "Zeros", "config": {}},
        "kernel_regularizer": {"class_name": "L1L2", "config": {"l1": 0.0, "l2": 0.01}},
        "bias_regularizer": None,
        "activity_regularizer": None,
        "kernel_constraint": {"class_name": "MaxNorm", "config": {"max_value": 2, "axis": 0}},
        "bias_constraint": None,
    }
    layer = entry.type.from_config(saved)
    layer.build((None, 8, 8, 3))
    assert layer.output_shape == (None, 6, 6, 4)
    added = {"groups": 1, "convention": "tensorflow"}
    assert json.loads(json.dumps(layer.get_config())) == saved | added


def test_a_configuration_of_real_keras_1_is_read() -> None:
    """A Convolution2D's configuration that Keras 1.2.2 saved makes our Convolution2D."""
    entry = LayerClass("keras1", "Convolution2D")
    saved = {
        "name": "convolution2d_1",
        "trainable": True,
        "batch_input_shape": [None, 3, 8, 8],
        "input_dtype": "float32",
        "nb_filter": 4,
        "nb_row": 3,
        "nb_col": 2,
        "init": "glorot_uniform",
        "activation": "linear",
        "border_mode": "valid",
        "subsample": [1, 1],
        "dim_ordering": "th",
        "W_regularizer": {"name": "L1L2Regularizer", "l1": 0.0, "l2": 0.01},
        "b_regularizer": None,
        "activity_regularizer": None,
        "W_constraint": {"name": "MaxNorm", "m": 2.0, "axis": 0},
        "b_constraint": None,
        "bias": True,
    }
    layer = entry.type.from_config(saved)
    layer.build((None, 3, 8, 8))
    assert layer.output_shape == (None, 4, 6, 7)
    written = json.loads(json.dumps(layer.get_config()))
    renamed = {"dtype": "float32", "convention": "tensorflow"}
    assert written == {k: v for k, v in saved.items() if k != "input_dtype"} | renamed
