"""Keras 2.2.4: its layers, one row a class.

The layers are those of `convdispatch.layers`. Each has a row here, which states where Keras 2
differs. Differences beyond names are in `keras2/layers/_exceptions.py`.
"""

from __future__ import annotations

from convdispatch.doors.rows import Lines, Row, Table

_LENGTH = "*, input_dim: int | None = None, input_length: int | None = None"
_LENGTH_NOTE = (
    "`input_dim` and `input_length`, which Keras 2 still took in Keras 1's manner, state the "
    "input's channels and steps."
)
_LOOP = f"{_LENGTH}, implementation: int = 1"
_LOOP_NOTE = (
    f"{_LENGTH_NOTE} `implementation` is 0, 1 or 2, Keras 2's ways to compute the same numbers; it "
    "has no effect."
)
_GRID = "*, coordinates: str | None = None"
_GRID_NOTE = (
    "`coordinates` is the grid of 'bilinear'. 'asymmetric' begins in the centre of the first cell: "
    "`[0, 1]` becomes `[0, 0.5, 1, 1]`, as on Theano and on TensorFlow 1. 'half_pixel' makes `[0, "
    "0.25, 0.75, 1]` of it, as TensorFlow 2 does. None is the grid of the convention: 'asymmetric' "
    "for Theano's, 'half_pixel' for TensorFlow's."
)

LAYERS: Table = {
    "advanced_activations": (
        Row("ELU"),
        Row("LeakyReLU", "", "alpha: float = 0.3", spelling={"negative_slope": "alpha"}),
        Row("PReLU"),
        Row("ReLU"),
        Row("Softmax"),
        Row("ThresholdedReLU"),
    ),
    # Other names are those that Keras 2 kept for Keras 1's users.
    "convolutional": (
        Row(
            "Conv1D",
            also=("Convolution1D",),
            more=_LENGTH,
            note=_LENGTH_NOTE,
        ),
        Row("Conv2D", also=("Convolution2D",)),
        Row("Conv3D", also=("Convolution3D",)),
        Row("Conv1DTranspose"),
        Row("Conv2DTranspose", also=("Deconvolution2D", "Deconv2D", "Convolution2DTranspose")),
        Row("Conv3DTranspose", also=("Deconvolution3D", "Deconv3D")),
        Row("DepthwiseConv1D"),
        Row("DepthwiseConv2D"),
        Row("SeparableConv1D", also=("SeparableConvolution1D",)),
        Row("SeparableConv2D", also=("SeparableConvolution2D",)),
        Row("Cropping1D"),
        Row("Cropping2D"),
        Row("Cropping3D"),
        Row("UpSampling1D"),
        Row("UpSampling2D", more=_GRID, note=_GRID_NOTE),
        Row("UpSampling3D"),
        Row("ZeroPadding1D"),
        Row("ZeroPadding2D"),
        Row("ZeroPadding3D"),
    ),
    "convolutional_recurrent": tuple(
        Row(f"ConvLSTM{rank}D", defaults={"recurrent_activation": "hard_sigmoid"})
        for rank in (1, 2, 3)
    ),
    "core": (
        Row("Activation"),
        Row("ActivityRegularization"),
        Row(
            "Dense",
            more="*, input_dim: int | None = None",
            note="`input_dim` states the input's channels, as in Keras 1.",
        ),
        Row("Dropout"),
        Row("Flatten"),
        Row("Lambda"),
        Row("Masking"),
        Row("Permute"),
        Row("RepeatVector"),
        Row("Reshape"),
        Row("SpatialDropout1D"),
        Row("SpatialDropout2D"),
        Row("SpatialDropout3D"),
    ),
    "embeddings": (Row("Embedding"),),
    "local": (
        Row("LocallyConnected1D", more=_LENGTH, note=_LENGTH_NOTE),
        Row("LocallyConnected2D"),
    ),
    "merge": (
        Row("Add", function="add"),
        Row("Subtract", function="subtract"),
        Row("Multiply", function="multiply"),
        Row("Average", function="average"),
        Row("Maximum", function="maximum"),
        Row("Minimum", function="minimum"),
        Row("Concatenate", function="concatenate"),
        Row("Dot", function="dot"),
    ),
    "noise": (
        Row("AlphaDropout"),
        Row("GaussianDropout"),
        Row("GaussianNoise"),
    ),
    "normalization": (
        Row(
            "BatchNormalization",
            note="The moving variance is an estimate of the population's: of a batch with n "
            "numbers a channel it takes n / (n - 1 - epsilon) times the variance.",
        ),
    ),
    "pooling": (
        Row("MaxPooling1D", aliases=("MaxPool1D",)),
        Row("MaxPooling2D", aliases=("MaxPool2D",)),
        Row("MaxPooling3D", aliases=("MaxPool3D",)),
        Row("AveragePooling1D", aliases=("AvgPool1D",)),
        Row("AveragePooling2D", aliases=("AvgPool2D",)),
        Row("AveragePooling3D", aliases=("AvgPool3D",)),
        Row("GlobalMaxPooling1D", aliases=("GlobalMaxPool1D",)),
        Row("GlobalMaxPooling2D", aliases=("GlobalMaxPool2D",)),
        Row("GlobalMaxPooling3D", aliases=("GlobalMaxPool3D",)),
        Row("GlobalAveragePooling1D", aliases=("GlobalAvgPool1D",)),
        Row("GlobalAveragePooling2D", aliases=("GlobalAvgPool2D",)),
        Row("GlobalAveragePooling3D", aliases=("GlobalAvgPool3D",)),
    ),
    "recurrent": (
        Row(
            "GRU",
            defaults={"recurrent_activation": "hard_sigmoid", "reset_after": False},
            more=_LOOP,
            note=_LOOP_NOTE,
        ),
        Row(
            "LSTM",
            defaults={"recurrent_activation": "hard_sigmoid"},
            more=_LOOP,
            note=_LOOP_NOTE,
        ),
        Row("SimpleRNN", more=_LOOP, note=_LOOP_NOTE),
    ),
    "wrappers": (
        Row("Bidirectional"),
        Row("TimeDistributed"),
    ),
}

# The layers whose calls take `training`.
PHASED = frozenset(
    (
        *("AlphaDropout", "BatchNormalization", "Bidirectional", "Dropout", "GRU"),
        *("ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "GaussianDropout", "GaussianNoise", "LSTM"),
        *("SimpleRNN", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"),
        "TimeDistributed",
    )
)

# What models' methods call arguments of Keras 1.
OLD_ARGUMENTS = {
    "nb_epoch": "epochs",
    "samples_per_epoch": "steps_per_epoch",
    "val_samples": "steps",
    "nb_val_samples": "validation_steps",
    "max_q_size": "max_queue_size",
    "nb_worker": "workers",
    "pickle_safe": "use_multiprocessing",
    "input": "inputs",
    "output": "outputs",
}

LINES = Lines(plain=" - {seconds:.0f}s{numbers}", after_bar=" - {seconds:.0f}s {pace}{numbers}")
