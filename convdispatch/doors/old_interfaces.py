"""How Keras 2.2.4 took Keras 1's words: `keras.legacy.interfaces` as a table.

An interface says which names of Keras 1 stand for which of Keras 2, which values, how many
arguments may be given by place, and what happens before: `facades.interfaces` has those functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """One interface.

    positional: the arguments that may be given by place; None: any.
    conversions: names of Keras 1, each with that of Keras 2, in the order of Keras's own table.
    values: by name of Keras 1, its values with those of Keras 2.
    prepare: the function that is given the arguments first, '' for none.
    extra: names that that function takes.
    """

    positional: tuple[str, ...] | None = None
    conversions: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[object, object]] = field(default_factory=dict)
    prepare: str = ""
    extra: tuple[str, ...] = ()

    @property
    def words(self) -> frozenset[str]:
        """Every name that the interface takes beside Keras 2's."""
        return frozenset((*self.conversions, *self.extra))


_ORDERINGS: Mapping[str, Mapping[object, object]] = {
    "dim_ordering": {"tf": "channels_last", "th": "channels_first", "default": None}
}
_ORDERING = {"dim_ordering": "data_format"}
_DRAWN = {
    "init": "kernel_initializer",
    "W_regularizer": "kernel_regularizer",
    "b_regularizer": "bias_regularizer",
    "W_constraint": "kernel_constraint",
    "b_constraint": "bias_constraint",
    "bias": "use_bias",
}
_KERNEL = ("filters", "kernel_size")
_CELLS = {"nb_filter": "filters", "subsample": "strides", "border_mode": "padding", **_ORDERING}
_STATE = {
    "init": "kernel_initializer",
    "inner_init": "recurrent_initializer",
    "inner_activation": "recurrent_activation",
    "W_regularizer": "kernel_regularizer",
    "b_regularizer": "bias_regularizer",
    "U_regularizer": "recurrent_regularizer",
    "dropout_W": "dropout",
    "dropout_U": "recurrent_dropout",
}
_2D = ("nb_row", "nb_col")
_3D = ("kernel_dim1", "kernel_dim2", "kernel_dim3")
_CONV2D = Interface(
    positional=_KERNEL,
    conversions={**_CELLS, **_DRAWN},
    values=_ORDERINGS,
    prepare="conv2d_args_preprocessor",
    extra=_2D,
)
_POOLING = Interface(
    positional=("pool_size", "strides", "padding"),
    conversions={"border_mode": "padding", **_ORDERING},
    values=_ORDERINGS,
)
_DROPPED = Interface(positional=("rate",), conversions={"p": "rate"})


def _ordered(*positional: str) -> Interface:
    return Interface(positional=positional, conversions=_ORDERING, values=_ORDERINGS)


INTERFACES: Mapping[str, Interface] = {
    "legacy_dense_support": Interface(
        positional=("units",), conversions={"output_dim": "units", **_DRAWN}
    ),
    "legacy_dropout_support": Interface(
        positional=("rate", "noise_shape", "seed"), conversions={"p": "rate"}
    ),
    "legacy_embedding_support": Interface(
        positional=("input_dim", "output_dim"),
        conversions={
            "init": "embeddings_initializer",
            "W_regularizer": "embeddings_regularizer",
            "W_constraint": "embeddings_constraint",
        },
        prepare="embedding_kwargs_preprocessor",
        extra=("dropout",),
    ),
    "legacy_pooling1d_support": Interface(
        positional=("pool_size", "strides", "padding"),
        conversions={"pool_length": "pool_size", "stride": "strides", "border_mode": "padding"},
    ),
    "legacy_prelu_support": Interface(
        positional=("alpha_initializer",), conversions={"init": "alpha_initializer"}
    ),
    "legacy_gaussiannoise_support": Interface(
        positional=("stddev",), conversions={"sigma": "stddev"}
    ),
    "legacy_gaussiandropout_support": _DROPPED,
    "legacy_recurrent_support": Interface(
        positional=("units",),
        conversions={"output_dim": "units", **_STATE, "consume_less": "implementation"},
        values={"consume_less": {"cpu": 0, "mem": 1, "gpu": 2}},
        prepare="recurrent_args_preprocessor",
        extra=("forget_bias_init", "input_dim", "input_length"),
    ),
    "legacy_pooling2d_support": _POOLING,
    "legacy_pooling3d_support": _POOLING,
    "legacy_global_pooling_support": Interface(conversions=_ORDERING, values=_ORDERINGS),
    "legacy_upsampling1d_support": Interface(positional=("size",), conversions={"length": "size"}),
    "legacy_upsampling2d_support": _ordered("size"),
    "legacy_upsampling3d_support": _ordered("size"),
    "legacy_conv1d_support": Interface(
        positional=_KERNEL,
        conversions={
            "nb_filter": "filters",
            "filter_length": "kernel_size",
            "subsample_length": "strides",
            "border_mode": "padding",
            **_DRAWN,
        },
        prepare="conv1d_args_preprocessor",
        extra=("input_dim", "input_length"),
    ),
    "legacy_conv2d_support": _CONV2D,
    "legacy_separable_conv2d_support": Interface(
        positional=_KERNEL,
        conversions={
            **_CELLS,
            "b_regularizer": "bias_regularizer",
            "b_constraint": "bias_constraint",
            "bias": "use_bias",
        },
        values=_ORDERINGS,
        prepare="separable_conv2d_args_preprocessor",
        extra=(*_2D, "init"),
    ),
    "legacy_deconv2d_support": Interface(
        positional=_KERNEL,
        conversions=_CONV2D.conversions,
        values=_ORDERINGS,
        prepare="deconv2d_args_preprocessor",
        extra=(*_2D, "output_shape"),
    ),
    "legacy_conv3d_support": Interface(
        positional=_KERNEL,
        conversions=_CONV2D.conversions,
        values=_ORDERINGS,
        prepare="conv3d_args_preprocessor",
        extra=_3D,
    ),
    "legacy_convlstm2d_support": Interface(
        positional=_KERNEL,
        conversions={**_CELLS, **_STATE, "bias": "use_bias"},
        values=_ORDERINGS,
        prepare="convlstm2d_args_preprocessor",
        extra=(*_2D, "forget_bias_init"),
    ),
    "legacy_batchnorm_support": Interface(
        conversions={"beta_init": "beta_initializer", "gamma_init": "gamma_initializer"},
        prepare="batchnorm_args_preprocessor",
        extra=("mode",),
    ),
    "legacy_zeropadding2d_support": Interface(
        positional=("padding",),
        conversions=_ORDERING,
        values=_ORDERINGS,
        prepare="zeropadding2d_args_preprocessor",
    ),
    "legacy_zeropadding3d_support": _ordered("padding"),
    "legacy_cropping2d_support": _ordered("cropping"),
    "legacy_cropping3d_support": _ordered("cropping"),
    "legacy_spatialdropout1d_support": _DROPPED,
    "legacy_spatialdropoutNd_support": Interface(
        positional=("rate",), conversions={"p": "rate", **_ORDERING}, values=_ORDERINGS
    ),
    "legacy_generator_methods_support": Interface(
        positional=("generator", "steps_per_epoch", "epochs"),
        conversions={
            "samples_per_epoch": "steps_per_epoch",
            "val_samples": "steps",
            "nb_epoch": "epochs",
            "nb_val_samples": "validation_steps",
            "nb_worker": "workers",
            "pickle_safe": "use_multiprocessing",
            "max_q_size": "max_queue_size",
        },
        prepare="generator_methods_args_preprocessor",
    ),
    "legacy_model_constructor_support": Interface(
        conversions={"input": "inputs", "output": "outputs"}
    ),
    "legacy_add_weight_support": Interface(
        positional=("name", "shape"), prepare="add_weight_args_preprocessing"
    ),
    "legacy_get_updates_support": Interface(prepare="get_updates_arg_preprocessing"),
}
# The interface of each class of layers of Keras 2.
OF_LAYERS: Mapping[str, str] = {
    name: f"legacy_{interface}_support"
    for interface, names in {
        "batchnorm": "BatchNormalization",
        "conv1d": "Conv1D",
        "conv2d": "Conv2D",
        "conv3d": "Conv3D",
        "convlstm2d": "ConvLSTM2D",
        "cropping2d": "Cropping2D",
        "cropping3d": "Cropping3D",
        "deconv2d": "Conv2DTranspose",
        "dense": "Dense",
        "dropout": "Dropout",
        "embedding": "Embedding",
        "gaussiandropout": "GaussianDropout",
        "gaussiannoise": "GaussianNoise",
        "global_pooling": (
            "GlobalMaxPooling2D GlobalAveragePooling2D GlobalMaxPooling3D GlobalAveragePooling3D"
        ),
        "pooling1d": "MaxPooling1D AveragePooling1D",
        "pooling2d": "MaxPooling2D AveragePooling2D",
        "pooling3d": "MaxPooling3D AveragePooling3D",
        "prelu": "PReLU",
        "recurrent": "SimpleRNN GRU LSTM",
        "separable_conv2d": "SeparableConv2D",
        "spatialdropout1d": "SpatialDropout1D",
        "spatialdropoutNd": "SpatialDropout2D SpatialDropout3D",
        "upsampling1d": "UpSampling1D",
        "upsampling2d": "UpSampling2D",
        "upsampling3d": "UpSampling3D",
        "zeropadding2d": "ZeroPadding2D",
        "zeropadding3d": "ZeroPadding3D",
    }.items()
    for name in names.split()
}
# The interface of methods of models; `Model` means the constructor of that class.
OF_METHODS: Mapping[str, str] = {
    "Model": "legacy_model_constructor_support",
    "evaluate_generator": "legacy_generator_methods_support",
    "fit_generator": "legacy_generator_methods_support",
    "predict_generator": "legacy_generator_methods_support",
}
