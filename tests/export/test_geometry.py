"""Convolutions and poolings of any geometry, exported to each target in this process."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convdispatch import Sequential, layers
from convdispatch.errors import ConvDispatchError
from convdispatch.models._programs import program_of


@st.composite
def models(draw: st.DrawFn) -> tuple[Sequential, Any]:
    """Return a model of one layer with a window, and an input that it takes."""
    rank = draw(st.integers(1, 3))
    kind = draw(st.sampled_from(["conv", "transpose", "depthwise", "max", "average", "pad"]))
    each = lambda low, high: tuple(draw(st.integers(low, high)) for _ in range(rank))  # noqa: E731
    sizes, window, strides = each(3, 7), each(1, 4), each(1, 3)
    first = draw(st.booleans())
    options: dict[str, Any] = {"data_format": "channels_first" if first else "channels_last"}
    options |= {"convention": draw(st.sampled_from(["tensorflow", "theano"])), "dtype": "float32"}
    padding = draw(st.sampled_from(["valid", "same"]))
    channels = draw(st.sampled_from([1, 2, 4]))
    if kind in ("max", "average"):
        name = f"{'Max' if kind == 'max' else 'Average'}Pooling{rank}D"
        layer = getattr(layers, name)(window, strides=strides, padding=padding, **options)
    elif kind == "pad":
        pads = tuple((draw(st.integers(0, 3)), draw(st.integers(0, 3))) for _ in range(rank))
        layer = getattr(layers, f"ZeroPadding{rank}D")(pads if rank > 1 else pads[0], **options)
    elif kind == "depthwise" and rank < 3:
        layer = getattr(layers, f"DepthwiseConv{rank}D")(
            window, strides=strides[0], padding=padding, depth_multiplier=2, **options
        )
    else:
        dilation = each(1, 2) if max(strides) == 1 else (1,) * rank
        name = f"Conv{rank}D{'Transpose' if kind == 'transpose' else ''}"
        groups = draw(st.sampled_from([one for one in (1, 2) if channels % one == 0]))
        layer = getattr(layers, name)(
            4, window, strides=strides, padding=padding, dilation_rate=dilation, groups=groups,
            **options,
        )  # fmt: skip
    shape = (channels, *sizes) if first else (*sizes, channels)
    model = Sequential([layer], name="m", backend="numpy")
    model.build((None, *shape))
    return model, np.random.default_rng(math.prod(sizes)).normal(size=(2, *shape)).astype("float32")


def found_by_torch(model: Any, x: Any) -> Any:
    """Return the output of the torch module."""
    torch = pytest.importorskip("torch")
    return model.export("torch")(torch.from_numpy(x)).detach().numpy()


def found_by_jax(model: Any, x: Any) -> Any:
    """Return the output of JAX's function."""
    pytest.importorskip("jax")
    apply, weights = model.export("jax")
    return apply(weights, x)


def found_by_onnx(model: Any, x: Any) -> Any:
    """Return the output of ONNX Runtime."""
    pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    from convdispatch_onnx._export import exporter

    exported = exporter.export(program_of(model, exporter.supports)).SerializeToString()
    session = runtime.InferenceSession(exported, providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0]


@pytest.mark.parametrize("compute", [found_by_torch, found_by_jax, found_by_onnx])
@settings(max_examples=40, deadline=None, derandomize=True)
@given(data=st.data())
def test_any_geometry_is_exported(compute: Any, data: st.DataObject) -> None:
    """Windows, strides, dilation, pads of both conventions, groups, both layouts."""
    try:
        model, x = data.draw(models())
    except ConvDispatchError:
        return  # such a layer does not exist
    np.testing.assert_allclose(compute(model, x), model(x), rtol=1e-4, atol=1e-4)


SMALL = [  # size, window, stride, convention
    (size, window, stride, convention)
    for size in (1, 2, 3, 4)
    for window in (2, 3, 4)
    for stride in (1, 2)
    for convention in ("tensorflow", "theano")
]


@pytest.mark.parametrize("compute", [found_by_torch, found_by_onnx])
@pytest.mark.parametrize(("size", "window", "stride", "convention"), SMALL)
def test_averages_of_images_as_small_as_the_window(
    size: int, window: int, stride: int, convention: str, compute: Any
) -> None:
    """Where each window has as many cells in the image, but fewer than it has in all."""
    layer = layers.AveragePooling1D(
        window, strides=stride, padding="same", convention=convention, dtype="float32"
    )
    model = Sequential([layer], name="m", backend="numpy")
    model.build((None, size, 1))
    x = np.arange(1.0, size + 1, dtype="float32").reshape(1, size, 1)
    np.testing.assert_allclose(compute(model, x), model(x), rtol=1e-6)


def test_an_average_of_fewer_cells_than_the_window_has() -> None:
    """On JAX: a window of three cells over an image of two."""
    model = Sequential(
        [layers.AveragePooling1D(3, strides=1, padding="same", dtype="float32")], backend="numpy"
    )
    model.build((None, 2, 1))
    x = np.array([[[1.0], [3.0]]], "float32")
    assert np.asarray(found_by_jax(model, x)).ravel().tolist() == [2.0, 2.0]
