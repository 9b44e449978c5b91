"""JAX's convolutions on a processor: every form, and every gradient, is the same convolution."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest

pytest.importorskip("jax", reason="its backend is not installed")

from jax_problems import CASES, FORMS, GEOMETRIES, by_definition, integers, problem

from convdispatch.ops import ConvTranspose, Signature
from convdispatch.registry import registry


@pytest.mark.parametrize("form", FORMS)
def test_every_form_computes_the_convolution(form: str) -> None:
    """Whole numbers, so exactly."""
    backend: Any = registry.load("jax")
    seen = 0
    for case in CASES:
        op, signature, x, kernel = problem(*case)
        candidates = backend.candidates(op, signature)
        assert next(iter(candidates)) in ("by_shape", "product"), case
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
    convolutions = importlib.import_module("convdispatch_jax._convolutions")
    monkeypatch.setattr(convolutions, f"{of}_gradient_form", lambda sizes: form)
    backend: Any = registry.load("jax")
    for case in CASES:
        op, signature, x, kernel = problem(*case)
        conv = backend.lower(op, signature)
        direction = integers((x if of == "input" else kernel).shape, 4)
        moved = (direction, kernel) if of == "input" else (x, direction)
        zeros = (np.zeros_like(x), np.zeros_like(kernel))
        tangents = (direction, zeros[1]) if of == "input" else (zeros[0], direction)
        exact = by_definition(op, *moved)
        cotangent = integers(exact.shape, 3)
        (dx, dkernel), tangent = _derivatives(conv)(x, kernel, cotangent, tangents)
        gradient = np.asarray(dx if of == "input" else dkernel, np.float64)
        assert float((gradient * direction).sum()) == float((exact * cotangent).sum()), case
        # Forward mode says the same.
        np.testing.assert_array_equal(np.asarray(tangent), exact, str(case))


def _derivatives(conv: Any) -> Any:
    """Return both, compiled together: their ops one by one take nearly twice as long."""
    jax = importlib.import_module("jax")

    def both(x: Any, kernel: Any, cotangent: Any, tangents: Any) -> Any:
        pulled = jax.vjp(conv, x, kernel)[1](cotangent)
        return pulled, jax.jvp(conv, (x, kernel), tangents)[1]

    return jax.jit(both)


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


def test_gradients_of_a_transposed_convolution_are_those_of_a_convolution() -> None:
    """Of cells with zeros between them: XLA's own take up to ten times as long."""
    jax = importlib.import_module("jax")
    op = ConvTranspose(
        strides=(2,),
        pads=((0, 1),),
        dilation=(1,),
        groups=1,
        output_size=(6,),
        channels_last=True,
        bias=False,
        activation="linear",
    )
    signature = Signature(input_shape=(3, 2), weight_shapes=((3, 4, 2),), dtype="float32")
    x, kernel = integers((1, 3, 2), 1), integers((3, 4, 2), 2)
    conv = registry.load("jax").lower(op, signature)
    gradient = jax.grad(lambda x, kernel: conv(x, kernel).sum(), (0, 1))
    asked = (jax.jit(one).lower(x, kernel).as_text() for one in (conv, gradient))
    assert ["lhs_dilate = [2]" in text for text in asked] == [True, False]
    dx, dkernel = map(np.asarray, gradient(x, kernel))
    # Each cell reaches all three taps but the last one, whose third is beyond the result: 4 + 2.
    weights = kernel.sum(1)
    np.testing.assert_array_equal(dx[0], [weights.sum(0), weights.sum(0), weights[:2].sum(0)])
    sums = np.stack([x[0].sum(0), x[0].sum(0), x[0, :2].sum(0)])
    np.testing.assert_array_equal(dkernel, np.repeat(sums[:, None], 4, 1))


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
