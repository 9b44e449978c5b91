"""What each Keras's own classes of layers do not know, of what ours have: for files that it reads.

Words only. An argument is left out of a file where it has its value without effect; any other value
cannot be said in that Keras.
"""

from __future__ import annotations

from collections.abc import Mapping

# The version that a file of a dialect states, which its real Keras reads.
VERSIONS: Mapping[str, str] = {
    "keras1": "1.2.2",
    "keras2": "2.2.4",
    "tf_keras": "2.21.0",
    "keras3": "3.15.1",
}
TITLES: Mapping[str, str] = {
    "keras1": "Keras 1.2.2",
    "keras2": "Keras 2.2.4",
    "tf_keras": "tf_keras 2.21",
    "keras3": "Keras 3",
}

_TRANSPOSED = ("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose")
_RECURRENT = ("SimpleRNN", "LSTM", "GRU", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")
_OF_SEQUENCES = ("Cropping1D", "UpSampling1D", "ZeroPadding1D")
_GLOBAL = tuple(f"Global{kind}Pooling{rank}D" for kind in ("Average", "Max") for rank in (1, 2, 3))

# By dialect and argument: the classes whose constructor does not take it.
UNKNOWN: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "keras1": {},
    "keras2": {
        "groups": ("Conv1D", "Conv2D", "Conv3D", *_TRANSPOSED),
        "output_size": _TRANSPOSED,
        "dilation_rate": ("Conv3DTranspose",),
        "data_format": _OF_SEQUENCES,
        "keepdims": _GLOBAL,
        "seed": ("GaussianDropout", "GaussianNoise", *_RECURRENT),
        "zero_output_for_mask": (*_RECURRENT, "RNN"),
        "backward_layer": ("Bidirectional",),
    },
    "tf_keras": {
        "output_size": _TRANSPOSED,
        "data_format": _OF_SEQUENCES,
        "seed": ("SimpleRNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"),
    },
    "keras3": {
        "groups": _TRANSPOSED,
        "output_size": _TRANSPOSED,
        "data_format": ("Cropping1D", "UpSampling1D"),
        "implementation": ("SimpleRNNCell", "GRUCell", "LSTMCell"),
        "reverse_state_order": ("StackedRNNCells",),
        "num_constants": ("RNN", "Bidirectional"),
    },
}
# The values without effect of these arguments; a tuple stands for one of them on every axis.
WITHOUT_EFFECT: Mapping[str, object] = {
    "groups": 1,
    "output_size": None,
    "dilation_rate": (1, 1, 1),
    "data_format": "channels_last",
    "keepdims": False,
    "seed": None,
    "zero_output_for_mask": False,
    "backward_layer": None,
    "implementation": (0, 1, 2),
    "reverse_state_order": False,
    "num_constants": 0,
}
# By dialect: classes of ours that the real Keras does not have.
WITHOUT_CLASS: Mapping[str, tuple[str, ...]] = {
    "keras1": (),
    "keras2": (*("Conv1DTranspose", "DepthwiseConv1D", "ConvLSTM1D", "ConvLSTM3D"),),
    "tf_keras": ("CuDNNGRU", "CuDNNLSTM"),  # which it has, and computes on graphics cards alone
    "keras3": ("ThresholdedReLU", "LocallyConnected1D", "LocallyConnected2D"),
}
# What a file of Keras 1 says of a Merge whose mode is a word, beside the arguments.
OF_MERGE: Mapping[str, object] = {
    "mode_type": "raw",
    "output_shape": None,
    "output_shape_type": "raw",
    "output_mask": None,
    "output_mask_type": "raw",
    "arguments": {},
}
