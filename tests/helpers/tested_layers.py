"""For `layer_test`: arguments and a shape of inputs for every layer class of both façades.

A class stands here by its Keras 2 name, with the arguments in Keras 2's words and, where they are
others, in Keras 1's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from convdispatch import keras1, keras2

DOORS: dict[str, Any] = {"keras1": keras1, "keras2": keras2}
_ROWS, _STEPS, _IMAGE, _VOLUME = (3, 2), (2, 5, 3), (2, 5, 5, 3), (2, 4, 4, 4, 2)
_OF_RANK = {1: _STEPS, 2: _IMAGE, 3: _VOLUME}


@dataclass(frozen=True, kw_only=True)
class Case:
    """One class: how it is made, and what it is given."""

    keras2: dict[str, Any] | None = None  # None: Keras 2 has no such class
    keras1: dict[str, Any] | None = None  # None: Keras 1 has not
    old_name: str = ""  # in Keras 1, if it is another one
    shape: tuple[int, ...] = _ROWS
    options: dict[str, Any] | None = None  # of `layer_test`


def _both(shape: tuple[int, ...] = _ROWS, **arguments: Any) -> Case:
    return Case(keras1=arguments, keras2=arguments, shape=shape)


def _kernel(rank: int) -> dict[str, Any]:
    """Return Keras 1's arguments of a convolution with a kernel of 2 along each axis."""
    names = {
        1: ("filter_length",),
        2: ("nb_row", "nb_col"),
        3: ("kernel_dim1", "kernel_dim2", "kernel_dim3"),
    }
    return {"nb_filter": 2, **dict.fromkeys(names[rank], 2)}


_NEW = {"filters": 2, "kernel_size": 2}
_DEPTHWISE = {"kernel_size": 2}
_INTEGERS = {"input_dtype": "int32", "expected_output_dtype": "float32"}


def _convolutions() -> Iterator[tuple[str, Case]]:
    for rank, shape in _OF_RANK.items():
        old = f"Convolution{rank}D"
        yield f"Conv{rank}D", Case(keras2=_NEW, keras1=_kernel(rank), old_name=old, shape=shape)
        if rank < 3:
            old = f"AtrousConvolution{rank}D"
            dilated = {"atrous_rate": 2 if rank == 1 else (2, 2)}
            yield f"Atrous{rank}", Case(keras1=_kernel(rank) | dilated, old_name=old, shape=shape)
            one = Case(keras2=_NEW, keras1=_kernel(rank), shape=shape)
            yield f"LocallyConnected{rank}D", one
            yield f"DepthwiseConv{rank}D", Case(keras2=_DEPTHWISE, shape=shape)
        yield (
            f"ConvLSTM{rank}D",
            Case(
                keras2=_NEW,
                keras1=_kernel(2) if rank == 2 else None,
                shape=(1, 2, *[3] * rank, 2),
            ),
        )
    yield "Conv1DTranspose", Case(keras2=_NEW, shape=_STEPS)
    yield "Conv3DTranspose", Case(keras2=_NEW, shape=_VOLUME)
    old = _kernel(2) | {"output_shape": (None, 6, 6, 2)}
    one = Case(keras2=_NEW, keras1=old, old_name="Deconvolution2D", shape=_IMAGE)
    yield "Conv2DTranspose", one
    yield "SeparableConv1D", Case(keras2=_NEW, shape=_STEPS)
    old_name = "SeparableConvolution2D"
    yield "SeparableConv2D", Case(keras2=_NEW, keras1=_kernel(2), old_name=old_name, shape=_IMAGE)


def _by_rank() -> Iterator[tuple[str, Case]]:
    for rank, shape in _OF_RANK.items():
        for kind in ("AveragePooling", "MaxPooling", "GlobalAveragePooling", "GlobalMaxPooling"):
            yield f"{kind}{rank}D", _both(shape)
        for kind in ("Cropping", "UpSampling", "ZeroPadding"):
            yield f"{kind}{rank}D", _both(shape)
        yield f"SpatialDropout{rank}D", Case(keras2={"rate": 0.5}, keras1={"p": 0.5}, shape=shape)


def _recurrent() -> Iterator[tuple[str, Case]]:
    for name in ("GRU", "LSTM", "SimpleRNN"):
        old = {"output_dim": 3, "dropout_W": 0.1, "dropout_U": 0.1}
        new = {"units": 3, "dropout": 0.1, "recurrent_dropout": 0.1}
        yield name, Case(keras2=new, keras1=old, shape=_STEPS)
    for name in ("CuDNNGRU", "CuDNNLSTM"):
        yield name, Case(keras2={"units": 3}, shape=_STEPS)


LAYERS: dict[str, Case] = {
    **dict(_convolutions()),
    **dict(_by_rank()),
    **dict(_recurrent()),
    "Activation": _both(activation="relu"),
    "ActivityRegularization": _both(l1=0.1),
    "AlphaDropout": Case(keras2={"rate": 0.2}),
    "BatchNormalization": _both((3, 4, 2)),
    "Bidirectional": Case(
        keras2={"layer": keras2.layers.GRU(2)},
        keras1={"layer": keras1.layers.GRU(2)},
        shape=_STEPS,
    ),
    "Dense": Case(keras2={"units": 3}, keras1={"output_dim": 3}, shape=(3, 4, 2)),
    "Dropout": Case(keras2={"rate": 0.5}, keras1={"p": 0.5}),
    "ELU": _both(alpha=0.5),
    "Embedding": Case(
        keras2={"input_dim": 12, "output_dim": 3},
        keras1={"input_dim": 12, "output_dim": 3},
        shape=(3, 2),
        options=_INTEGERS,
    ),
    "Flatten": _both((3, 2, 2)),
    "GaussianDropout": Case(keras2={"rate": 0.5}, keras1={"p": 0.5}),
    "GaussianNoise": Case(keras2={"stddev": 1.0}, keras1={"sigma": 1.0}),
    "Highway": _both(activation="relu"),
    "Lambda": _both(function=lambda x: x + 1),
    "LeakyReLU": _both(alpha=-1.0),
    "Masking": _both((3, 2, 3)),
    "MaxoutDense": _both(output_dim=3),
    "PReLU": _both((2, 3, 4), shared_axes=[1]),
    "ParametricSoftplus": Case(keras1={}, shape=(2, 3, 4)),
    "Permute": _both((3, 2, 4), dims=(2, 1)),
    "ReLU": Case(keras2={"max_value": 6}),
    "RepeatVector": _both(n=3),
    "Reshape": _both((3, 2, 4), target_shape=(-1, 1)),
    "SReLU": Case(keras1={"shared_axes": 1}, shape=(2, 3, 4)),
    "Softmax": Case(keras2={}, shape=(2, 3, 4)),
    "ThresholdedReLU": _both(theta=0.5),
    "TimeDistributed": Case(
        keras2={"layer": keras2.layers.Dense(2)},
        keras1={"layer": keras1.layers.Dense(2)},
        shape=_STEPS,
    ),
    "TimeDistributedDense": Case(keras1={"output_dim": 2}, shape=_STEPS),
}
# Those of several inputs, and what is for models and for layers of a script's own.
NOT_TESTED = {
    *("Add", "Average", "Concatenate", "Dot", "Maximum", "Merge", "Minimum", "Multiply"),
    *("GRUCell", "InputLayer", "InputSpec", "LSTMCell", "Layer", "RNN", "Recurrent"),
    *("SimpleRNNCell", "StackedRNNCells", "Subtract", "Wrapper"),
}


def cases_of(door: str) -> dict[str, Case]:
    """Return the classes of a façade by its own names of them."""
    if door == "keras2":
        return {name: one for name, one in LAYERS.items() if one.keras2 is not None}
    return {one.old_name or name: one for name, one in LAYERS.items() if one.keras1 is not None}


def classes_of(door: str) -> set[str]:
    """Return the names of all layer classes of a façade."""
    layers = DOORS[door].layers
    every = {name: getattr(layers, name) for name in layers.__all__}
    return {n for n, one in every.items() if isinstance(one, type) and one.__name__ == n}
