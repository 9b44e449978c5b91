"""`Backend.compile_step`: one training step, compiled once, done in place or not at all."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from convdispatch.errors import InvalidArgument, InvalidShape
from convdispatch.ops import Backend

WEIGHT, SLOT = np.array([[1.0], [-2.0]]), np.zeros((2, 1))
X = np.array([[1.0, 2.0], [3.0, -1.0], [0.5, 4.0]])
Y = np.array([[1.0], [0.0], [2.0]])


def variables_of(backend: Backend, *arrays: Any) -> list[Any]:
    """Return a variable for each array."""
    return [backend.variable(array, "float32") for array in arrays]


def values_of(backend: Backend, tensors: Any) -> list[Any]:
    """Return the tensors' values."""
    return [np.array(backend.to_numpy(tensor)) for tensor in tensors]


def inputs_of(backend: Backend, x: Any, y: Any, rate: float) -> dict[str, Any]:
    """Return a batch, and the learning rate as a tensor."""
    given = {"x": x, "y": y, "rate": np.array(rate)}
    return {name: backend.asarray(array, "float32") for name, array in given.items()}


class Momentum:
    """A step of gradient descent with momentum for the mean squared error of a product.

    It counts how often its Python code runs: where a framework compiles, once a compilation.
    """

    def __init__(self, backend: Backend) -> None:
        self.calls = 0
        functions = backend.functions

        def loss(tensors: Any, x: Any, y: Any) -> Any:
            error = functions["matmul"](x, tensors[0]) - y
            return functions["mean"](error * error), {"error": error, "none": None}

        def step(variables: Any, inputs: Any) -> Any:
            self.calls += 1
            weight, slot = variables
            compute = backend.value_and_grad(lambda t: loss(t, inputs["x"], inputs["y"]))
            (value, aux), (gradient,) = compute([weight])
            slot = slot * 0.5 + gradient
            return [weight - inputs["rate"] * slot, slot], (value, aux, [weight])

        self.run = backend.compile_step(step)


def by_hand(weight: Any, slot: Any, x: Any, y: Any, rate: float) -> tuple[Any, Any, Any]:
    """Return the new weight, the new slot and the loss before, in float64."""
    error = x @ weight - y
    slot = slot * 0.5 + 2 * x.T @ error / len(x)
    return weight - rate * slot, slot, np.mean(error**2)


def test_steps_are_what_is_computed_by_hand(differentiable: Backend) -> None:
    """Five of them, with another learning rate each time; results stay what they were."""
    backend, weight, slot = differentiable, WEIGHT, SLOT
    momentum = Momentum(backend)
    variables: Any = variables_of(backend, weight, slot)
    results, wanted = [], []
    for rate in (0.1, 0.05, 0.02, 0.01, 0.005):
        wanted.append(weight)
        variables, result = momentum.run(variables, inputs_of(backend, X, Y, rate))
        weight, slot, loss = by_hand(weight, slot, X, Y, rate)
        value, aux, (before,) = result
        assert float(backend.to_numpy(value)) == pytest.approx(loss, rel=1e-5)
        assert (set(aux), aux["none"]) == ({"error", "none"}, None)
        results.append(before)
        for got, want in zip(values_of(backend, variables), (weight, slot), strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)
        assert [backend.describe(one) for one in variables] == [((2, 1), "float32")] * 2
    for got, want in zip(values_of(backend, results), wanted, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)
    if backend.name in ("tensorflow", "jax"):
        assert momentum.calls == 1


def test_another_batch_size_is_another_compilation_and_the_old_one_is_kept(
    differentiable: Backend,
) -> None:
    """Batches of 3, 1, 3, 1, 0 and 3."""
    backend, weight, slot = differentiable, WEIGHT, SLOT
    momentum = Momentum(backend)
    variables: Any = variables_of(backend, weight, slot)
    for size in (3, 1, 3, 1, 3):
        variables, _ = momentum.run(variables, inputs_of(backend, X[:size], Y[:size], 0.01))
        weight, slot, _ = by_hand(weight, slot, X[:size], Y[:size], 0.01)
    for got, want in zip(values_of(backend, variables), (weight, slot), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)
    if backend.name in ("tensorflow", "jax"):
        assert momentum.calls == 2


def test_two_models_take_turns_with_one_step(differentiable: Backend) -> None:
    """Each has its own variables."""
    backend = differentiable
    momentum = Momentum(backend)
    models: Any = [variables_of(backend, sign * WEIGHT, SLOT) for sign in (1, -1)]
    wanted: Any = [(sign * WEIGHT, SLOT) for sign in (1, -1)]
    for _ in range(3):
        for place in (0, 1):
            models[place], _ = momentum.run(models[place], inputs_of(backend, X, Y, 0.02))
            wanted[place] = by_hand(*wanted[place], X, Y, 0.02)[:2]
    for got, want in zip(models, wanted, strict=True):
        for one, other in zip(values_of(backend, got), want, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
    if backend.name in ("tensorflow", "jax"):
        assert momentum.calls <= 2


def test_variables_may_change_places(backend: Backend) -> None:
    """A step that exchanges two and leaves the third alone; the result holds the old ones."""

    def step(variables: Any, inputs: Any) -> Any:
        first, second, third = variables
        return [second, first, third], {"old": [first, second], "third": third}

    run = backend.compile_step(step)
    variables: Any = variables_of(backend, WEIGHT, SLOT, WEIGHT * 3)
    results = []
    for _ in range(3):
        variables, result = run(variables, backend.asarray(np.array(0.0), "float32"))
        results.append(result)
    got = values_of(backend, variables)
    assert [one.tolist() for one in got] == [SLOT.tolist(), WEIGHT.tolist(), (WEIGHT * 3).tolist()]
    for turn, result in enumerate(results):
        want = [WEIGHT, SLOT] if turn % 2 == 0 else [SLOT, WEIGHT]
        assert [one.tolist() for one in values_of(backend, result["old"])] == [
            one.tolist() for one in want
        ]


def _raises(variables: Any) -> Any:
    raise KeyError("in the step")


def _too_few(variables: Any) -> Any:
    return [variables[0] + 1]


def _too_large(variables: Any) -> Any:
    return [variables[0] + 1, variables[0] + variables[1]]


@pytest.mark.parametrize(
    ("fault", "error", "message"),
    [
        (_raises, KeyError, "in the step"),
        (_too_few, InvalidArgument, "a new value for each variable; it got 2 and returned 1"),
        (_too_large, InvalidShape, r"variable 1, float32 of shape \(1,\), became .*\(2, 1\)"),
    ],
)
def test_a_step_that_raises_leaves_all_as_it_was(
    backend: Backend, fault: Any, error: type[Exception], message: str
) -> None:
    """Nothing is half written, and the next step finds the variables whole."""
    is_wrong = [True]

    def step(variables: Any, inputs: Any) -> Any:
        if is_wrong[0]:
            return fault(variables), None
        return [variable + inputs for variable in variables], None

    run = backend.compile_step(step)
    variables: Any = variables_of(backend, WEIGHT, np.ones(1))
    one = backend.asarray(np.array(1.0), "float32")
    with pytest.raises(error, match=message):
        run(variables, one)
    assert [value.tolist() for value in values_of(backend, variables)] == [WEIGHT.tolist(), [1]]
    is_wrong[0] = False
    variables, _ = run(variables, one)
    assert values_of(backend, variables)[1].tolist() == [2]


def test_a_step_of_another_element_type_is_refused(backend: Backend) -> None:
    """A variable keeps its own."""

    def step(variables: Any, inputs: Any) -> Any:
        return [backend.cast(variable, "float16") for variable in variables], None

    variables = variables_of(backend, WEIGHT)
    with pytest.raises(InvalidShape, match=r"variable 0, float32 of shape .* became float16"):
        backend.compile_step(step)(variables, backend.asarray(np.array(0.0), "float32"))


def test_variables_are_written_in_place_or_given_away(backend: Backend) -> None:
    """The step returns the variables themselves; on JAX the old ones are deleted."""
    variables = variables_of(backend, WEIGHT)
    run = backend.compile_step(lambda v, i: ([v[0] + i], None))
    returned, _ = run(variables, backend.asarray(np.array(2.0), "float32"))
    if backend.name == "jax":
        gone: Any = variables[0]
        assert gone.is_deleted()
    else:
        assert returned[0] is variables[0]
    assert values_of(backend, returned)[0].tolist() == (WEIGHT + 2).tolist()


def test_a_failure_while_tensorflow_runs_the_step_writes_nothing() -> None:
    """Not even variables whose new values do not depend on what fails."""
    tf = pytest.importorskip("tensorflow", reason="TensorFlow fails while it runs a graph")
    from convdispatch.registry import registry

    backend = registry.load("tensorflow")

    def step(variables: Any, inputs: Any) -> Any:
        with tf.control_dependencies([tf.debugging.Assert(inputs > 0, [inputs])]):
            last = variables[-1] + inputs
        return [*(variable + 1 for variable in variables[:-1]), last], None

    variables = variables_of(backend, *[SLOT] * 4)
    with pytest.raises(tf.errors.InvalidArgumentError, match="assertion failed"):
        backend.compile_step(step)(variables, tf.constant(-1.0))
    assert all(not value.any() for value in values_of(backend, variables))


def test_hooks_see_the_gradients_of_a_step() -> None:
    """On torch the step computes with the variables themselves, and records no more than needed."""
    pytest.importorskip("torch", reason="hooks are torch's")
    from convdispatch.registry import registry

    backend, seen = registry.load("torch"), []
    variables: Any = variables_of(backend, WEIGHT, SLOT)
    variables[0].register_hook(lambda gradient: seen.append(gradient.shape))
    _, (loss, aux, _) = Momentum(backend).run(variables, inputs_of(backend, X, Y, 0.1))
    assert seen == [(2, 1)]
    assert not any(tensor.requires_grad for tensor in (loss, aux["error"]))
    assert [variable.requires_grad for variable in variables] == [True, True]
    assert variables[0].grad is None


def test_python_numbers_in_new_values_cause_no_second_compilation() -> None:
    """On JAX what they alone decide has a type of its own, which the next step would be given."""
    jnp = pytest.importorskip("jax.numpy", reason="weak types are JAX's")
    from convdispatch.registry import registry

    backend, calls = registry.load("jax"), []

    def step(variables: Any, inputs: Any) -> Any:
        calls.append(variables)
        return [jnp.where(variables[0] > inputs, 1.0, 2.0)], None

    run, variables = backend.compile_step(step), variables_of(backend, WEIGHT)
    for _ in range(3):
        variables, _ = run(variables, backend.asarray(np.array(0.0), "float32"))
    assert len(calls) == 1
    assert values_of(backend, variables)[0].tolist() == [[1], [1]]
