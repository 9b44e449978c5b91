"""Keras 1.2.2: its layers, one row a class, and what it called the arguments of Keras 2's.

The arguments stand in Keras 1's order with Keras 1's defaults. A layer of `convdispatch.layers`
gets a row here; see `rows`. Differences beyond names are in `keras1/layers/_exceptions.py`.
"""

from __future__ import annotations

from collections.abc import Mapping

from convdispatch.doors.rows import KernelAxes, Lines, Row, Spelled, Table

# What Keras 1 called an argument: the first of these that the class states, else the same.
RENAMES: Mapping[str, tuple[Spelled, ...]] = {
    "filters": ("nb_filter",),
    "kernel_size": (
        ("filter_length",),
        ("nb_row", "nb_col"),
        ("kernel_dim1", "kernel_dim2", "kernel_dim3"),
    ),
    "pool_size": (("pool_length",),),
    "strides": ("subsample", ("subsample_length",), ("stride",)),
    "padding": ("border_mode",),
    "data_format": ("dim_ordering",),
    "dilation_rate": ("atrous_rate",),
    "use_bias": ("bias",),
    "kernel_initializer": ("init",),
    "depthwise_initializer": ("init",),
    "kernel_regularizer": ("W_regularizer",),
    "depthwise_regularizer": ("W_regularizer",),
    "bias_regularizer": ("b_regularizer",),
    "kernel_constraint": ("W_constraint",),
    "depthwise_constraint": ("W_constraint",),
    "bias_constraint": ("b_constraint",),
    "size": (("length",),),
    "rate": ("p",),
    "stddev": ("sigma",),
    "alpha_initializer": ("init",),
    "negative_slope": ("alpha",),
    "beta_initializer": ("beta_init",),
    "gamma_initializer": ("gamma_init",),
    "output_size": ("output_shape",),
    "units": ("output_dim",),
    "axis": ("concat_axis",),
    "axes": ("dot_axes",),
    "recurrent_initializer": ("inner_init",),
    "recurrent_activation": ("inner_activation",),
    "recurrent_regularizer": ("U_regularizer",),
    "dropout": ("dropout_W",),
    "recurrent_dropout": ("dropout_U",),
    "embeddings_initializer": ("init",),
    "embeddings_regularizer": ("W_regularizer",),
    "embeddings_constraint": ("W_constraint",),
}
# Arguments that Keras 1 did not have, with what it did instead of the default.
SETTLED: Mapping[str, object] = {
    "bias_initializer": "zero",
    "reset_after": False,
    "moving_mean_initializer": "zero",
    "moving_variance_initializer": "one",
}
DATA_FORMATS: Mapping[str, str | None] = {
    "th": "channels_first",
    "tf": "channels_last",
    "default": None,
}

_GIVEN = "weights: Sequence[Any] | None = None"
_DRAWN = f"init='glorot_uniform', activation=None, {_GIVEN}"
_PADDED = f"{_DRAWN}, border_mode: Padding = 'valid'"
_CELLS = f"{_DRAWN}, border_mode: str = 'valid'"
_STEPS = f"{_PADDED}, subsample_length: int = 1"
_IMAGE = f"{_PADDED}, subsample: Sequence[int] = (1, 1)"
_VOLUME = f"{_PADDED}, subsample: Sequence[int] = (1, 1, 1)"
_WISHES = (
    "W_regularizer=None, b_regularizer=None, activity_regularizer=None, "
    "W_constraint=None, b_constraint=None, bias=True"
)
_LENGTH = "input_dim: int | None = None, input_length: int | None = None"
_ORDERING = "dim_ordering: DimOrdering = 'default'"
_STEP = "strides: Sequence[int] | None = None, border_mode: PoolPadding = 'valid'"
_POOL_1D = "pool_length: int = 2, stride: int | None = None, border_mode: PoolPadding = 'valid'"
_POOL_2D = f"pool_size: Sequence[int] = (2, 2), {_STEP}, {_ORDERING}"
_POOL_3D = f"pool_size: Sequence[int] = (2, 2, 2), {_STEP}, {_ORDERING}"
_INNER = "init='glorot_uniform', inner_init='orthogonal'"
_FORGETTING = "forget_bias_init: InitializerLike = 'one'"
_ACTIVATED = "activation='tanh', inner_activation='hard_sigmoid'"
_STATE = (
    "W_regularizer=None, U_regularizer=None, b_regularizer=None, dropout_W: float = 0.0, "
    f"dropout_U: float = 0.0, *, {_GIVEN}, return_sequences=False, go_backwards=False, "
    "stateful=False"
)
_LOOP = f"{_STATE}, unroll=False, consume_less: str = 'cpu', {_LENGTH}"
_PAIRS = "Sequence[Sequence[int]]"

_THEANO_2D = KernelAxes((2, 3, 1, 0))
_IMAGES = {"th": {"kernel": _THEANO_2D}}
_STATES = {"th": {"kernel": _THEANO_2D, "recurrent_kernel": _THEANO_2D}}
_SEPARABLE = {"th": {"depthwise_kernel": _THEANO_2D, "pointwise_kernel": _THEANO_2D}}
_VOLUMES = {"th": {"kernel": KernelAxes((2, 3, 4, 1, 0))}}
_SEQUENCES = {"tf": {"kernel": KernelAxes((0, 1, 2, 3), dropped_axis=1)}}
_TRANSPOSED = {
    "tf": {"kernel": KernelAxes((0, 1, 3, 2))},
    "th": {"kernel": KernelAxes((2, 3, 0, 1))},
}


LAYERS: Table = {
    "advanced_activations": (
        Row("ELU", "", "alpha: float = 1.0"),
        Row("LeakyReLU", "", "alpha: float = 0.3"),
        Row("PReLU", "", f"init='zero', {_GIVEN}, shared_axes=None"),
        Row("ThresholdedReLU", "", "theta: float = 1.0"),
    ),
    "convolutional": (
        Row(
            "Convolution1D",
            "Conv1D",
            f"nb_filter, filter_length, {_STEPS}, {_WISHES}, {_LENGTH}",
            layouts=_SEQUENCES,
            fans="th",  # Keras 1.2.2 takes (length, 1, in, out) for Theano's order
            also=("Conv1D",),
        ),
        Row(
            "AtrousConvolution1D",
            "Conv1D",
            f"nb_filter, filter_length, {_STEPS}, atrous_rate: int = 1, {_WISHES}, {_LENGTH}",
            spelling={"dilation_rate": ("atrous_rate",)},
            layouts=_SEQUENCES,
            fans="th",  # Keras 1.2.2 takes (length, 1, in, out) for Theano's order
            also=("AtrousConv1D",),
        ),
        Row(
            "Convolution2D",
            "Conv2D",
            f"nb_filter, nb_row, nb_col, {_IMAGE}, {_ORDERING}, {_WISHES}",
            layouts=_IMAGES,
            also=("Conv2D",),
        ),
        Row(
            "AtrousConvolution2D",
            "Conv2D",
            f"nb_filter, nb_row, nb_col, {_IMAGE}, atrous_rate: Sequence[int] = (1, 1), "
            f"{_ORDERING}, {_WISHES}",
            layouts=_IMAGES,
            also=("AtrousConv2D",),
        ),
        Row(
            "Convolution3D",
            "Conv3D",
            f"nb_filter, kernel_dim1, kernel_dim2, kernel_dim3, {_VOLUME}, {_ORDERING}, {_WISHES}",
            layouts=_VOLUMES,
            also=("Conv3D",),
        ),
        Row(
            "Deconvolution2D",
            "Conv2DTranspose",
            f"nb_filter, nb_row, nb_col, output_shape: Sequence[int | None], {_IMAGE}, "
            f"{_ORDERING}, {_WISHES}",
            layouts=_TRANSPOSED,
            also=("Deconv2D",),
        ),
        Row(
            "SeparableConvolution2D",
            "SeparableConv2D",
            f"nb_filter, nb_row, nb_col, {_IMAGE}, depth_multiplier=1, {_ORDERING}, "
            "depthwise_regularizer=None, pointwise_regularizer=None, b_regularizer=None, "
            "activity_regularizer=None, depthwise_constraint=None, pointwise_constraint=None, "
            "b_constraint=None, bias=True",
            layouts=_SEPARABLE,
            also=("SeparableConv2D",),
        ),
        Row("Cropping1D", "", "cropping: Sequence[int] = (1, 1)"),
        Row("Cropping2D", "", f"cropping: {_PAIRS} = ((0, 0), (0, 0)), {_ORDERING}"),
        Row("Cropping3D", "", f"cropping: {_PAIRS} = ((1, 1), (1, 1), (1, 1)), {_ORDERING}"),
        Row("UpSampling1D", "", "length: int = 2"),
        Row("UpSampling2D", "", f"size: Sequence[int] = (2, 2), {_ORDERING}"),
        Row("UpSampling3D", "", f"size: Sequence[int] = (2, 2, 2), {_ORDERING}"),
        Row("ZeroPadding1D", "", "padding: int | Sequence[int] | Mapping[str, int] = 1"),
        Row(
            "ZeroPadding2D", "", f"padding: Sequence[int] | Mapping[str, int] = (1, 1), {_ORDERING}"
        ),
        Row("ZeroPadding3D", "", f"padding: Sequence[int] = (1, 1, 1), {_ORDERING}"),
    ),
    "convolutional_recurrent": (
        Row(
            "ConvLSTM2D",
            "",
            f"nb_filter, nb_row, nb_col, {_INNER}, {_FORGETTING}, {_ACTIVATED}, {_ORDERING}, "
            "border_mode: Padding = 'valid', subsample: Sequence[int] = (1, 1), " + _STATE,
            layouts=_STATES,
            fans="th",  # Keras 1.2.2 did not say which order the kernel has
        ),
    ),
    "core": (
        Row("Activation", "", "activation"),
        Row("ActivityRegularization"),
        Row("Dense", "", f"output_dim, {_DRAWN}, {_WISHES}, input_dim: int | None = None"),
        Row("Dropout", "", "p"),
        Row("Flatten", "", ""),
        Row(
            "Lambda",
            "",
            "function, output_shape=None, arguments=None",
            spelling={"output_shape": "output_shape"},
        ),
        Row("Masking"),
        Row("Permute", "", "dims"),
        Row("RepeatVector", "", "n"),
        Row("Reshape", "", "target_shape"),
        Row("SpatialDropout1D", "", "p"),
        Row("SpatialDropout2D", "", f"p, {_ORDERING}"),
        Row("SpatialDropout3D", "", f"p, {_ORDERING}"),
    ),
    "local": (
        Row(
            "LocallyConnected1D",
            "",
            f"nb_filter, filter_length, {_CELLS}, subsample_length: int = 1, {_WISHES}, {_LENGTH}",
        ),
        Row(
            "LocallyConnected2D",
            "",
            f"nb_filter, nb_row, nb_col, {_CELLS}, subsample: Sequence[int] = (1, 1), {_ORDERING}, "
            f"{_WISHES}",
        ),
    ),
    "noise": (
        Row("GaussianDropout", "", "p"),
        Row("GaussianNoise", "", "sigma"),
    ),
    "embeddings": (
        Row(
            "Embedding",
            "",
            "input_dim, output_dim, init='uniform', input_length=None, W_regularizer=None, "
            "activity_regularizer=None, W_constraint=None, mask_zero=False, "
            "weights: Sequence[Any] | None = None, dropout: float = 0.0",
            note="`dropout` is the share of the table's rows that are left out in training.",
        ),
    ),
    "normalization": (
        Row(
            "BatchNormalization",
            "",
            "epsilon=0.001, mode: int = 0, axis=-1, momentum=0.99, "
            "weights: Sequence[Any] | None = None, beta_init='zero', gamma_init='one', "
            "gamma_regularizer=None, beta_regularizer=None",
        ),
    ),
    "pooling": (
        Row("MaxPooling1D", "", _POOL_1D),
        Row("MaxPooling2D", "", _POOL_2D),
        Row("MaxPooling3D", "", _POOL_3D),
        Row("AveragePooling1D", "", _POOL_1D),
        Row("AveragePooling2D", "", _POOL_2D),
        Row("AveragePooling3D", "", _POOL_3D),
        Row("GlobalMaxPooling1D", "", ""),
        Row("GlobalMaxPooling2D", "", _ORDERING),
        Row("GlobalMaxPooling3D", "", _ORDERING),
        Row("GlobalAveragePooling1D", "", ""),
        Row("GlobalAveragePooling2D", "", _ORDERING),
        Row("GlobalAveragePooling3D", "", _ORDERING),
    ),
    "recurrent": (
        Row("GRU", "", f"output_dim, {_INNER}, {_ACTIVATED}, {_LOOP}"),
        Row("LSTM", "", f"output_dim, {_INNER}, {_FORGETTING}, {_ACTIVATED}, {_LOOP}"),
        Row("SimpleRNN", "", f"output_dim, {_INNER}, activation='tanh', {_LOOP}"),
    ),
    "wrappers": (
        Row("Bidirectional", "", f"layer, merge_mode: str | None = 'concat', {_GIVEN}"),
        Row("TimeDistributed", "", "layer"),
    ),
}

LINES = Lines(plain="{seconds:.0f}s{numbers}", after_bar=" - {seconds:.0f}s{numbers}")
