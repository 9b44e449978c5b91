"""Half precision is computed in float32 and rounded once: formulas, penalties and constraints."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from convdispatch import Sequential, activations, constraints, gradients, regularizers
from convdispatch.layers import Conv1D, SeparableConv1D
from convdispatch.ops import Backend

ml_dtypes = pytest.importorskip("ml_dtypes", reason="NumPy has bfloat16 by it")

HALF = {"float16": np.dtype(np.float16), "bfloat16": np.dtype(ml_dtypes.bfloat16)}


def tensor(backend: Backend, numbers: Any, dtype: str = "float16") -> Any:
    """Return a native tensor of half precision."""
    return backend.asarray(np.asarray(numbers, np.float64), dtype)


def value(backend: Backend, result: Any) -> Any:
    """Return a tensor's numbers as Python's."""
    return np.asarray(backend.to_numpy(result)).astype(np.float64).tolist()


@pytest.mark.parametrize(
    ("formula", "x", "right"),
    [
        (activations.squareplus, 300.0, 300.0),
        # b / (4 |x|) and a millionth of it less: the sum that is written down cancels.
        (activations.squareplus, -300.0, 0.003333),
        (activations.squareplus, -65504.0, 1.526e-5),
        (activations.silu, -11.5, -1.165e-4),
        (activations.mish, -11.5, -1.165e-4),
        (activations.gelu.with_parameters(approximate=True), 300.0, 300.0),
        (activations.gelu, -5.0, -1.4333e-6),
        (activations.hard_silu, 60000.0, 60000.0),
        (activations.softplus, -11.5, 1.013e-5),
        (activations.sparse_plus, 60000.0, 60000.0),
        (activations.softsign, 65504.0, 1.0),
    ],
    ids=lambda each: each.name if isinstance(each, activations.Activation) else str(each),
)
def test_a_formula_overflows_or_vanishes_at_its_end_only(
    backend: Backend, formula: Any, x: float, right: float
) -> None:
    """A result that fits into float16 is right, whatever the intermediate results are."""
    (got,) = value(backend, formula(tensor(backend, [x])))
    assert got == pytest.approx(right, rel=2**-11, abs=2**-25)


@pytest.mark.parametrize(
    ("penalty", "weight", "right"),
    [
        (regularizers.L2(0.01), np.ones(294_912), 2949.12),
        (regularizers.L1(0.01), np.full(294_912, -1.0), 2949.12),
        (regularizers.L1L2(0.01, 0.01), np.ones(294_912), 5898.24),
        (regularizers.KERAS1["l1l2"](0.01, 0.01), np.ones(294_912), 5898.24),
        (regularizers.L2(0.01), np.array([300.0]), 900.0),
        (regularizers.L2(1.0), np.full(10, 1e-3), 1e-5),
        # Two rows of one direction: the cosine of one pair is 1.
        (regularizers.OrthogonalRegularizer(0.5), np.array([[300.0, 400.0], [3e4, 4e4]]), 0.5),
        # The root of the greatest eigenvalue of diag(300^2, 1).
        (regularizers.EigenvalueRegularizer(0.5), np.diag([300.0, 1.0]), 150.0),
    ],
    ids=["l2", "l1", "l1_l2", "keras1", "square", "small", "orthogonal", "eigenvalue"],
)
def test_a_penalty_overflows_at_its_end_only(
    backend: Backend, penalty: Any, weight: Any, right: float
) -> None:
    """A sum of squares beyond 65504 is a penalty all the same."""
    got = value(backend, penalty(tensor(backend, weight)))
    assert got == pytest.approx(right, rel=2**-11, abs=2**-25)


@pytest.mark.parametrize(
    ("constraint", "weight", "right"),
    [
        (constraints.MaxNorm(2.0), [300.0], [2.0]),
        (constraints.MaxNorm(2.0), [300.0, 400.0], [1.2, 1.6]),
        (constraints.UnitNorm(), [30000.0, 40000.0], [0.6, 0.8]),
        (constraints.UnitNorm(), [3e-4, 4e-4], [0.6, 0.8]),
        (constraints.MinMaxNorm(0.5, 1.0, rate=0.5), [300.0], [150.5]),
        (constraints.KERAS1["MaxNorm"](2.0), [300.0], [2.0]),
        (constraints.NonNeg(), [-300.0, 65504.0], [0.0, 65504.0]),
    ],
    ids=["one", "max_norm", "unit_norm", "small", "min_max_norm", "keras1", "non_neg"],
)
def test_a_constraint_overflows_at_its_end_only(
    backend: Backend, constraint: Any, weight: Any, right: Any
) -> None:
    """A norm whose square is beyond 65504 is a norm all the same."""
    got = value(backend, constraint(tensor(backend, weight)))
    # Divided by the norm and epsilon, 1e-7, which is a part in 5000 of the small norm.
    assert got == pytest.approx(right, rel=3e-4 + 2**-11)


def test_a_layers_losses_and_constraints_are_right(backend: Backend) -> None:
    """The numbers of a float16 layer's own penalties and projections."""
    layer = Conv1D(
        1, 1, dtype="float16", backend=backend.name, use_bias=False,
        weights=[np.full((1, 1, 1), 300.0)],
        kernel_regularizer="l2", kernel_constraint="max_norm", activity_regularizer="l2",
    )  # fmt: skip
    layer(np.full((1, 100, 1), 0.5, np.float16))
    # 0.01 x 300^2, and 0.01 times a hundred times 150^2.
    assert [value(backend, loss) for loss in layer.losses] == [900.0, 22496.0]
    layer.apply_constraints()
    assert layer.get_weights()[0].ravel().tolist() == [2.0]


@pytest.mark.parametrize(
    ("activation", "right"),
    [
        ("silu", 0.0),
        ("gelu", 0.0),
        ("mish", 0.0),
        ("softsign", -1.0),
        ("elu", -1.0),
        (None, -np.inf),
    ],
)
def test_a_convolution_overflows_after_its_activation_only(
    backend: Backend, activation: Any, right: float
) -> None:
    """300 x -300 is beyond float16, and what the activation makes of it is not."""
    layer = Conv1D(
        1, 1, activation=activation, backend=backend.name, dtype="float16", use_bias=False,
        weights=[np.full((1, 1, 1), 300.0)],
    )  # fmt: skip
    with np.errstate(over="ignore"):
        got = value(backend, layer(np.full((1, 2, 1), -300.0, np.float16)))
    assert got == [[[right], [right]]]


def test_a_separable_convolution_overflows_after_its_second_step_only(backend: Backend) -> None:
    """300 x 300 is beyond float16, and a hundredth of it is not."""
    layer = SeparableConv1D(
        1, 1, backend=backend.name, dtype="float16", use_bias=False,
        weights=[np.full((1, 1, 1), 300.0), np.full((1, 1, 1), 0.0099945068359375)],
    )  # fmt: skip
    got = value(backend, layer(np.full((1, 1, 1), 300.0, np.float16)))
    assert got == [[[899.5]]]


@pytest.mark.parametrize(
    ("formula", "x", "slope"),
    [
        (activations.squareplus, 300.0, 1.0),
        # b / (4 x^2) to a millionth: (1 + x / sqrt(x^2 + 4)) / 2 at -300.
        (activations.squareplus, -300.0, 1.111e-5),
        # s (1 + x (1 - s)) for the sigmoid s = 1.013e-5.
        (activations.silu, -11.5, -1.0636e-4),
        (activations.sigmoid, -11.5, 1.0130e-5),
        (activations.softplus, -11.5, 1.0130e-5),
        # 1 / (1 + |x|)^2
        (activations.softsign, 200.0, 2.475e-5),
        # 0.02 x for each of many weights, whose penalty is 2949.
        (regularizers.L2(0.01), np.ones(294_912), 0.02),
        (regularizers.L1(0.01), np.ones(294_912), 0.01),
        (regularizers.L2(0.01), 300.0, 6.0),
    ],
)
def test_a_gradient_overflows_or_vanishes_at_its_end_only(
    backend: Backend, formula: Any, x: Any, slope: float
) -> None:
    """The slope of a formula is rounded once, too."""
    if backend.name == "numpy":
        pytest.importorskip("autograd", reason="NumPy's gradients need the package autograd")
    total = backend.functions["sum"]
    weights = tensor(backend, np.atleast_1d(x))
    _, (found,) = backend.value_and_grad(lambda t: (total(formula(t[0])), None))([weights])
    assert backend.describe(found)[1] == "float16"
    (got,) = set(value(backend, found))
    assert got == pytest.approx(slope, rel=2**-10, abs=2**-24)


@pytest.mark.parametrize("dtype", HALF)
def test_gradients_of_a_layer_have_its_element_type(backend: Backend, dtype: str) -> None:
    """3000 cells of 1.5, times the slope 1, are added up in float32 and rounded once."""
    layer = Conv1D(
        1, 1, activation="elu", backend=backend.name, dtype=dtype, use_bias=False,
        weights=[np.ones((1, 1, 1))],
    )  # fmt: skip
    found = gradients(layer, np.full((1, 3000, 1), 1.5).astype(HALF[dtype]))
    assert found.weights[0].dtype == HALF[dtype]
    assert float(found.weights[0].item()) == float(np.array(4500.0).astype(HALF[dtype]))


@pytest.mark.parametrize("dtype", HALF)
def test_compiled_models_round_once(backend: Backend, dtype: str) -> None:
    """A compiler is given the same casts: -300 x 300, then silu, is -0, and 11.5 is 11.5."""
    model = Sequential(
        [Conv1D(1, 1, activation="silu", dtype=dtype, use_bias=False, input_shape=(2, 1))],
        backend=backend.name,
    )
    model.set_weights([np.full((1, 1, 1), 300.0)])
    x = np.array([[[-300.0], [0.03833]]]).astype(HALF[dtype])
    want = np.asarray(backend.to_numpy(model(x))).astype(np.float64)
    assert want.ravel() == pytest.approx([0.0, 11.5], rel=2**-7)
    for got in (model.predict(x), backend.to_numpy(model.compile_forward()(x))):
        assert np.asarray(got).dtype == HALF[dtype]
        assert np.asarray(got).astype(np.float64).ravel() == pytest.approx(want.ravel(), rel=2**-7)
