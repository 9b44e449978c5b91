"""Known disparities of element types, gradients and memory, each with its smallest case.

C31-C35, C37 and C46 of the list that `test_known_bugs.py` describes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from rows import (
    CONV1D,
    CONV1D_TRANSPOSE,
    CONVOLUTIONS,
    FLIPPABLE,
    TRANSPOSED,
    RowLayer,
    array,
    ones,
    require_bfloat16,
    require_gradients,
)

from convdispatch import keras1, keras2, layers
from convdispatch.errors import InvalidType, UnsupportedOp
from convdispatch.numerics.gradients import gradients
from convdispatch.ops import Backend

FAMILIES = [
    pytest.param(layers.Conv1D, {"filters": 2, "kernel_size": 3}, id="Conv1D"),
    pytest.param(layers.Conv2D, {"filters": 2, "kernel_size": 3}, id="Conv2D"),
    pytest.param(layers.Conv3D, {"filters": 2, "kernel_size": 3}, id="Conv3D"),
    pytest.param(layers.DepthwiseConv2D, {"kernel_size": 3}, id="DepthwiseConv2D"),
    pytest.param(layers.SeparableConv1D, {"filters": 2, "kernel_size": 3}, id="SeparableConv1D"),
    pytest.param(layers.Conv2DTranspose, {"filters": 2, "kernel_size": 3}, id="Conv2DTranspose"),
    pytest.param(keras2.layers.Conv2D, {"filters": 2, "kernel_size": 3}, id="keras2.Conv2D"),
    pytest.param(
        keras1.layers.Convolution1D, {"nb_filter": 2, "filter_length": 3}, id="keras1.Convolution1D"
    ),
    pytest.param(layers.ZeroPadding2D, {}, id="ZeroPadding2D"),
    pytest.param(layers.UpSampling2D, {"interpolation": "bilinear"}, id="UpSampling2D"),
]


def sum_of_curvatures(backend: Backend, function: Callable[[Any], Any], at: Any) -> list[float]:
    """Return the Hessian of sum(function(t)^2), times ones, at `at`."""
    require_gradients(backend.name)
    total = backend.functions["sum"]

    def squared(tensors: Any) -> Any:
        outputs: Any = function(tensors[0])
        return total(outputs * outputs), None

    def slope(tensors: Any) -> Any:
        _, found = backend.value_and_grad(squared)(tensors)
        return total(found[0]), None

    _, found = backend.value_and_grad(slope)([backend.asarray(at, "float32")])
    curvatures: list[float] = backend.to_numpy(found[0]).ravel().tolist()
    return curvatures


def test_second_derivatives_for_a_dilated_kernel(backend: Backend) -> None:
    """C31, jax#563, #567, #384: windows (1, 3) and (3, 5) give 2 (4 * 1 + 8 * 3), and so on."""
    layer = CONV1D.make([0, 0], strides=2, dilation_rate=2, backend=backend.name)
    x: Any = backend.asarray(CONV1D.tensor([1, 2, 3, 4, 5]), "float32")
    layer(x)
    found = sum_of_curvatures(
        backend, lambda kernel: layer.apply([kernel], x), np.reshape([7, 8], (2, 1, 1))
    )
    assert found == [56, 104]


def test_second_derivatives_for_the_input_of_a_dilated_kernel(backend: Backend) -> None:
    """C31: taps 1 and 10 sum to 11 twice, and go back to the cells that they read."""
    layer = CONV1D.make([1, 10], strides=2, dilation_rate=2, backend=backend.name)
    x = CONV1D.tensor([1, 2, 3, 4, 5])
    layer(x)
    found = sum_of_curvatures(backend, lambda cells: layer.apply(layer.variables, cells), x)
    assert found == [2 * 11, 0, 2 * 121, 0, 2 * 110]


def test_second_derivatives_of_a_dilated_transposed_kernel(backend: Backend) -> None:
    """C31: the outputs are k0, 2 k0 + k1 and 2 k1, so that each row of the Hessian sums to 14."""
    layer = CONV1D_TRANSPOSE.make([0, 0], strides=2, dilation_rate=2, backend=backend.name)
    x: Any = backend.asarray(CONV1D_TRANSPOSE.tensor([1, 2]), "float32")
    layer(x)
    found = sum_of_curvatures(
        backend, lambda kernel: layer.apply([kernel], x), np.reshape([7, 8], (2, 1, 1))
    )
    assert found == [14, 14]


@pytest.mark.parametrize("layer", [*CONVOLUTIONS, *TRANSPOSED], ids=lambda kind: kind.id)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_computes_on_a_processor(
    layer: RowLayer, dtype: str, backend: Backend
) -> None:
    """C32, pytorch#121958: 'not implemented for Half'; the result stays in half precision."""
    if dtype == "bfloat16":
        require_bfloat16(backend.name)
    made = layer.make([1, 10], padding="same", backend=backend.name)
    y: Any = made(backend.asarray(layer.tensor([1, 2, 3, 4]), dtype))
    assert backend.describe(y)[1] == dtype
    expected = [1, 12, 23, 34] if layer in TRANSPOSED else [21, 32, 43, 4]
    assert array(y).astype("float32").ravel().tolist() == expected


def test_half_precision_is_summed_in_single(backend_name: str) -> None:
    """C32: adding 1 twice to 2048 leaves it in float16, unless the sum is rounded once."""
    made = CONV1D.make([1, 1, 1], backend=backend_name)
    y = array(made(CONV1D.tensor([2048, 1, 1]).astype("float16")))
    assert y.dtype == np.float16
    assert y.ravel().tolist() == [2050]


@pytest.mark.parametrize(
    ("layer_class", "input_shape", "output_shape"),
    [
        pytest.param(layers.Conv2D, (0, 3, 100, 50), (0, 16, 98, 48), id="Conv2D"),
        pytest.param(layers.Conv2DTranspose, (0, 3, 10, 5), (0, 16, 12, 7), id="Conv2DTranspose"),
        pytest.param(layers.SeparableConv2D, (0, 3, 10, 5), (0, 16, 8, 3), id="SeparableConv2D"),
        pytest.param(layers.Conv3D, (0, 3, 5, 4, 3), (0, 16, 3, 2, 1), id="Conv3D"),
        pytest.param(layers.Conv1D, (0, 3, 5), (0, 16, 3), id="Conv1D"),
    ],
)
def test_an_empty_batch_has_zero_weight_gradients(
    layer_class: Any,
    input_shape: tuple[int, ...],
    output_shape: tuple[int, ...],
    backend_name: str,
) -> None:
    """C33, pytorch#12013, #19599, #26214, #32612, #63299: forward and backward."""
    require_gradients(backend_name)
    layer = layer_class(16, 3, data_format="channels_first", backend=backend_name, dtype="float32")
    found = gradients(layer, ones(*input_shape))
    assert found.output.shape == output_shape
    assert found.inputs.shape == input_shape
    assert [weight.shape for weight in found.weights] == [w.shape for w in layer.get_weights()]
    assert not any(np.any(weight) for weight in found.weights)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "int64", "bool", "complex64"])
def test_integers_are_refused_alike(dtype: str, backend_name: str) -> None:
    """C34, jax#7637, #14585, #10128, pytorch#83505: each framework made something else of them."""
    layer = CONV1D.make([1, 10], backend=backend_name)
    with pytest.raises(InvalidType, match=f"element types float16, .* received {dtype}"):
        layer(CONV1D.tensor([1, 2, 3]).astype(dtype))


def test_a_frameworks_own_integers_are_refused_alike(backend: Backend) -> None:
    """C34: the backend's own tensor gets the same message."""
    layer = CONV1D.make([1, 10], backend=backend.name)
    integers = backend.cast(backend.asarray(CONV1D.tensor([1, 2, 3]), "float32"), "int32")
    with pytest.raises(InvalidType, match=r"element types float16, .* received int32"):
        layer(integers)


@pytest.mark.usefixtures("double_precision")
@pytest.mark.parametrize("layer", [*FLIPPABLE, *TRANSPOSED], ids=lambda kind: kind.id)
def test_float64_is_kept(layer: RowLayer, backend_name: str) -> None:
    """C35, keras#23223, #23225, #23704: 2**-40 is lost beside 1 in float32."""
    made = layer.make([1], backend=backend_name).to(backend_name, dtype="float64")
    x = layer.tensor([1]).astype("float64") + 2.0**-40
    y = array(made(x))
    assert y.dtype == np.float64
    assert y.ravel().tolist() == [1 + 2.0**-40]


@pytest.mark.usefixtures("double_precision")
@pytest.mark.parametrize(("layer_class", "arguments"), FAMILIES)
def test_a_float64_layer_answers_in_float64(
    layer_class: Any, arguments: dict[str, Any], backend_name: str
) -> None:
    """C35: from initial weights to the result, whatever the layer."""
    layer = layer_class(**arguments, backend=backend_name, dtype="float64")
    y = array(layer(np.ones((1, *(5,) * layer.rank, 2))))
    assert y.dtype == np.float64
    assert all(weight.dtype == np.float64 for weight in layer.get_weights())


def test_float64_without_jaxs_mode_is_refused() -> None:
    """C35: rather an error with the remedy than a silent float32."""
    jax = pytest.importorskip("jax", reason="only JAX has a mode for float64")
    layer = layers.Conv1D(1, 1, backend="jax", dtype="float64")
    with jax.enable_x64(False), pytest.raises(UnsupportedOp, match="JAX_ENABLE_X64=1"):
        layer(np.ones((1, 1, 1)))


def test_a_slice_of_the_channels_is_read_by_its_strides(backend: Backend) -> None:
    """C37, pytorch#180984: the second channel of (1, 2, 1, 2), as a slice of a native tensor."""
    layer = layers.Conv2D(
        1, (2, 1), use_bias=False, weights=[np.reshape([1, 10], (2, 1, 1, 1))],
        backend=backend.name, dtype="float32",
    )  # fmt: skip
    both: Any = backend.asarray(np.array([[[[1, 2]], [[3, 4]]]], "float32"), "float32")
    assert array(layer(both[..., 1:])).ravel().tolist() == [42]


@pytest.mark.parametrize("layer", [CONV1D, CONV1D_TRANSPOSE], ids=lambda kind: kind.id)
def test_arrays_may_run_backwards(layer: RowLayer, backend_name: str) -> None:
    """C37, pytorch#192212, #197114: neither inputs nor weights have to be contiguous."""
    made = layer.make([0, 0], backend=backend_name)
    x = layer.tensor([9, 2, 9, 1])[:, ::-2]
    made.build(x.shape)
    made.set_weights([np.reshape([10, 9, 1], (3, 1, 1))[::-2]])
    expected = [21] if layer is CONV1D else [1, 12, 20]
    assert array(made(x)).ravel().tolist() == expected


@pytest.mark.parametrize(("layer_class", "arguments"), FAMILIES)
def test_the_inputs_type_decides_for_every_layer(
    layer_class: Any, arguments: dict[str, Any], backend_name: str
) -> None:
    """C46: Keras 3 on JAX went by the kernel's type in convolutions, by the input's elsewhere."""
    layer = layer_class(**arguments, backend=backend_name, dtype="float32")
    y = array(layer(np.ones((1, *(5,) * layer.rank, 2), "float16")))
    assert y.dtype == np.float16


def test_keras1_pads_without_printing(
    backend_name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """C46: Keras 1's Theano backend printed the shapes of an asymmetric padding."""
    layer = keras1.layers.ZeroPadding2D((1, 0, 0, 2), dim_ordering="tf", backend=backend_name)
    y = array(layer(ones(1, 1, 1, 1)))
    assert y[0, ..., 0].tolist() == [[0, 0, 0], [1, 0, 0]]
    assert capsys.readouterr() == ("", "")


def test_keras1_separable_regularizers_keep_their_places() -> None:
    """C46: Keras 1 wrote the depthwise regularizer over the pointwise one."""
    layer = keras1.layers.SeparableConvolution2D(
        1, 2, 2, depthwise_regularizer="l1", pointwise_regularizer="l2"
    )
    config = layer.get_config()
    again = keras1.layers.SeparableConvolution2D.from_config(config).get_config()
    assert again == config
    assert config["depthwise_regularizer"]["l1"] == 0.01
    assert config["pointwise_regularizer"]["l2"] == 0.01
