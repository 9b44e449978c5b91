"""JAX's convolutions on a processor: every form, and every gradient, is the same convolution."""

from __future__ import annotations

import importlib
import itertools
from functools import partial
from typing import Any

import numpy as np
import pytest

pytest.importorskip("jax", reason="its backend is not installed")

from convdispatch.conformance import oracle
from convdispatch.ops import Conv, Signature
from convdispatch.registry import registry

# (strides, pads, kernel size, image): among them a pad beyond the kernel, a crop, cells that a
# stride leaves over, and a stride longer than the kernel.
GEOMETRIES = [
    ((1, 1), ((0, 0), (0, 0)), (3, 3), (6, 5)),
    ((1, 1), ((1, 1), (1, 1)), (3, 3), (5, 6)),
    ((1, 1), ((0, 2), (3, 0)), (2, 3), (5, 6)),
    ((2, 2), ((0, 1), (0, 1)), (3, 3), (6, 8)),
    ((2, 3), ((1, 1), (0, 0)), (3, 2), (7, 9)),
    ((1, 2), ((-1, 1), (2, -2)), (2, 2), (6, 8)),
    ((1, 1), ((0, 0), (0, 0)), (1, 1), (4, 3)),
    ((2, 2), ((0, 0), (0, 0)), (1, 1), (6, 5)),
    ((3, 2), ((1, 0), (0, 1)), (1, 1), (6, 5)),
    ((2, 2), ((0, -1), (-1, 0)), (1, 1), (6, 6)),
    ((1, 1), ((0, 0), (0, 0)), (4, 4), (4, 4)),
]
SIZES = [((1, 3), 1), ((3, 4), 3), ((2, 1), 2)]  # input and output channels, images
CASES = [
    (geometry, *size)
    for geometry, size in zip(GEOMETRIES * 2, itertools.cycle(SIZES), strict=False)
]
FORMS = ("by_shape", "framework", "row", "columns", "columns_by_image", "product")


def integers(shape: tuple[int, ...], seed: int) -> np.ndarray[Any, Any]:
    """Return small whole numbers, whose sums are exact in float32."""
    return np.random.default_rng(seed).integers(-4, 5, shape).astype(np.float32)


def problem(geometry: Any, channels: tuple[int, int], images: int) -> tuple[Any, ...]:
    """Return the op, its signature, and an image and a kernel."""
    strides, pads, taps, size = geometry
    op = Conv(
        strides=strides,
        pads=pads,
        dilation=(1, 1),
        groups=1,
        channels_last=True,
        bias=False,
        activation="linear",
    )
    kernel = integers((*taps, *channels), 1)
    x = integers((images, *size, channels[0]), 2)
    signature = Signature(input_shape=x.shape[1:], weight_shapes=(kernel.shape,), dtype="float32")
    return op, signature, x, kernel


def by_definition(op: Conv, x: Any, kernel: Any) -> Any:
    """Return the convolution by loops in float64."""
    return oracle.conv(
        x.astype(np.float64),
        kernel.astype(np.float64),
        strides=op.strides,
        pads=op.pads,
        dilation=op.dilation,
        groups=1,
        channels_last=True,
    )


@pytest.mark.parametrize("form", FORMS)
def test_every_form_computes_the_convolution(form: str) -> None:
    """Whole numbers, so exactly."""
    backend: Any = registry.load("jax")
    seen = 0
    for case in CASES:
        op, signature, x, kernel = problem(*case)
        candidates = backend.candidates(op, signature)
        assert next(iter(candidates)) in ("by_shape", "product")
        if form in candidates:
            seen += 1
            got = np.asarray(candidates[form](x, kernel))
            np.testing.assert_array_equal(got, by_definition(op, x, kernel), str(case))
    assert seen


@pytest.mark.parametrize("form", ["framework", "columns", "columns_by_image"])
@pytest.mark.parametrize("of", ["input", "kernel"])
def test_every_gradient_form_is_the_adjoint(
    form: str, of: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """<A dx, g> = <dx, A' g> for the input, and likewise for the kernel: exactly, again."""
    jax = importlib.import_module("jax")
    processor = importlib.import_module("convdispatch_jax._processor")
    monkeypatch.setattr(processor, f"{of}_gradient_form", lambda sizes: form)
    backend: Any = registry.load("jax")
    for case in CASES:
        op, signature, x, kernel = problem(*case)
        conv = backend.lower(op, signature)
        y, pullback = jax.vjp(conv, x, kernel)
        cotangent = integers(y.shape, 3)
        dx, dkernel = map(np.asarray, pullback(cotangent))
        direction = integers((x if of == "input" else kernel).shape, 4)
        moved = (direction, kernel) if of == "input" else (x, direction)
        forward = float((by_definition(op, *moved) * cotangent).sum())
        gradient = dx if of == "input" else dkernel
        assert float((gradient.astype(np.float64) * direction).sum()) == forward, case
        # Forward mode says the same.
        zeros = (np.zeros_like(x), np.zeros_like(kernel))
        tangents = (direction, zeros[1]) if of == "input" else (zeros[0], direction)
        _, tangent = jax.jvp(conv, (x, kernel), tangents)
        np.testing.assert_array_equal(np.asarray(tangent), by_definition(op, *moved), str(case))


def test_the_rules_choose_every_form() -> None:
    """By sizes at which each has been measured to be the fastest."""
    processor = importlib.import_module("convdispatch_jax._processor")
    rules = importlib.import_module("convdispatch_jax._rules")

    def sizes(images: int, size: int, channels: int, taps: int, stride: int, pads: int) -> Any:
        convolution = processor.ImageConvolution(
            strides=(stride, stride),
            crop=((0, 0), (0, 0)),
            pads=((pads, pads), (pads, pads)),
            kernel_shape=(taps, taps, channels, 8),
            precision=None,
        )
        jax = importlib.import_module("jax")
        return convolution._sizes(jax.ShapeDtypeStruct((images, size, size, channels), "float32"))

    forward = partial(rules.forward_form, is_alone=True)
    assert forward(sizes(8, 56, 64, 3, 1, 0)) == "row"
    assert forward(sizes(8, 56, 64, 3, 1, 1)) == "row"
    assert forward(sizes(8, 28, 128, 3, 1, 1)) == "framework"
    assert forward(sizes(1, 7, 512, 3, 1, 1)) == "columns"
    assert forward(sizes(1, 224, 3, 7, 2, 3)) == "framework"
    assert forward(sizes(1, 8, 4, 3, 1, 0)) == "framework"
    assert forward(sizes(0, 7, 512, 3, 1, 1)) == "framework"
    in_a_whole = partial(rules.forward_form, is_alone=False)
    assert in_a_whole(sizes(8, 56, 64, 3, 1, 0)) == "framework"
    assert in_a_whole(sizes(8, 56, 64, 3, 1, 1)) == "row"
    of_input = rules.input_gradient_form
    assert of_input(sizes(128, 28, 1, 3, 1, 0)) == "columns"
    assert of_input(sizes(8, 56, 128, 3, 2, 0)) == "columns"
    assert of_input(sizes(128, 56, 64, 3, 2, 1)) == "columns_by_image"
    assert of_input(sizes(8, 56, 64, 3, 1, 1)) == "framework"
    of_kernel = rules.kernel_gradient_form
    assert of_kernel(sizes(128, 28, 1, 3, 1, 0)) == "columns"
    assert of_kernel(sizes(128, 26, 32, 3, 1, 0)) == "columns_by_image"
    assert of_kernel(sizes(8, 56, 64, 3, 1, 1)) == "framework"
    # One image has columns of 800 MiB.
    assert of_kernel(sizes(2, 600, 64, 3, 1, 0)) == "framework"
    assert of_input(sizes(2, 1200, 64, 3, 2, 0)) == "framework"


@pytest.mark.parametrize("size", [112, 600])
@pytest.mark.parametrize("stride", [1, 2])
def test_no_form_takes_much_memory(size: int, stride: int) -> None:
    """As XLA plans it: all columns of these would take over 300 MiB, of large images one's as well.

    A winner of one image computes all batches. Another form may keep a result, cut and uncut.
    """
    jax = importlib.import_module("jax")
    images, geometry = (
        (32 if size == 112 else 2),
        ((stride,) * 2, ((0, 0),) * 2, (3, 3), (size,) * 2),
    )
    op, signature, _, _ = problem(geometry, (64, 8), 0)
    x = jax.ShapeDtypeStruct((images, size, size, 64), "float32")
    kernel = jax.ShapeDtypeStruct((3, 3, 64, 8), "float32")

    def memory(conv: Any) -> list[int]:
        squares = jax.grad(lambda *arrays: (conv(*arrays) ** 2).sum(), (0, 1))
        return [
            jax.jit(function).lower(x, kernel).compile().memory_analysis().temp_size_in_bytes
            for function in (conv, squares)
        ]

    candidates = registry.load("jax").candidates(op, signature)
    taken = {name: memory(conv) for name, conv in candidates.items()}
    result = 4 * images * size**2 * 8
    room = [usual + 64 * 2**20 + result for usual in taken["framework"]]
    assert len(taken) == 5
    assert [name for name, both in taken.items() if both[0] > room[0] or both[1] > room[1]] == []


def test_one_large_image_in_strides_is_left_to_the_framework() -> None:
    """The convolution itself, not its gradients: XLA ends the process where cells are unread."""
    jax = importlib.import_module("jax")
    op, signature, x, kernel = problem(((2, 2), ((0, 0), (0, -1)), (1, 1), (21, 24)), (3, 4), 1)
    conv = registry.load("jax").lower(op, signature)
    assert "conv_general_dilated" in str(jax.make_jaxpr(conv)(x, kernel))
    y, pullback = jax.vjp(conv, x, kernel)
    np.testing.assert_array_equal(np.asarray(y), by_definition(op, x, kernel))
    cotangent = integers(y.shape, 3)
    dx, dkernel = map(np.asarray, pullback(cotangent))
    forward = float((np.asarray(y, np.float64) * cotangent).sum())
    assert float((dx * x).sum()) == float((dkernel * kernel).sum()) == forward


def test_an_accelerator_gets_the_framework_s_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is one candidate, and what is lowered asks for the convolution as it is."""
    jax = importlib.import_module("jax")
    lowering = importlib.import_module("convdispatch_jax._lowering")
    op, signature, x, kernel = problem(GEOMETRIES[6], (3, 4), 1)
    backend: Any = registry.load("jax")
    assert "conv_general_dilated" not in str(
        jax.make_jaxpr(backend.lower(op, signature))(x, kernel)
    )
    monkeypatch.setattr(lowering, "is_a_processor", lambda: False)
    assert list(backend.candidates(op, signature)) == ["framework"]
    assert "conv_general_dilated" in str(jax.make_jaxpr(backend.lower(op, signature))(x, kernel))


def test_one_compiled_function_serves_an_unknown_batch() -> None:
    """Exported for any number of images, where no rule can go by it."""
    jax = importlib.import_module("jax")
    export = importlib.import_module("jax.export")
    op, signature, x, kernel = problem(GEOMETRIES[1], (3, 4), 3)
    conv = registry.load("jax").lower(op, signature)
    (batch,) = export.symbolic_shape("batch")
    shapes = (
        jax.ShapeDtypeStruct((batch, *x.shape[1:]), "float32"),
        jax.ShapeDtypeStruct(kernel.shape, "float32"),
    )
    exported = export.export(jax.jit(conv))(*shapes)
    np.testing.assert_array_equal(
        np.asarray(exported.call(x, kernel)), by_definition(op, x, kernel)
    )


def test_transformations_compose() -> None:
    """Vmap over kernels, second derivatives and their transposes, all exact."""
    jax = importlib.import_module("jax")
    op, signature, x, kernel = problem(GEOMETRIES[1], (2, 3), 2)
    conv = registry.load("jax").lower(op, signature)
    kernels = np.stack([kernel, 2 * kernel])
    together = np.asarray(jax.vmap(conv, (None, 0))(x, kernels))
    np.testing.assert_array_equal(together[1], 2 * by_definition(op, x, kernel))

    def energy(x: Any, kernel: Any) -> Any:
        return (conv(x, kernel) ** 2).sum() / 2

    # The Hessian in x is A'A: in a direction d it is the gradient of |A x|^2 / 2 at d.
    direction = integers(x.shape, 5)
    gradient = jax.grad(energy)
    _, hessian = jax.jvp(lambda x: gradient(x, kernel), (x,), (direction,))
    np.testing.assert_array_equal(np.asarray(hessian), np.asarray(gradient(direction, kernel)))


def test_the_first_candidate_is_what_lower_returns() -> None:
    """Traced within a whole, too, where it is another form than alone."""
    op, signature, x, kernel = problem(((1, 1), ((0, 0), (0, 0)), (3, 3), (70, 70)), (16, 16), 3)
    backend: Any = registry.load("jax")
    jax = importlib.import_module("jax")
    lowered, first = (
        str(jax.make_jaxpr(function)(x, kernel))
        for function in (
            backend.lower(op, signature),
            next(iter(backend.candidates(op, signature).values())),
        )
    )
    assert lowered == first
