"""Batch normalization on every backend: an independent formula, its gradients, its state."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest

from convdispatch import Sequential, keras2, layers
from convdispatch.errors import InvalidArgument, InvalidShape, InvalidType
from convdispatch.ops import Backend

RNG = np.random.default_rng(7)
# By the size of the axis that holds the channels.
GAMMA, BETA = np.array([0.5, -2.0, 3.0]), np.array([1.0, 0.25, -4.0])
MEAN, VARIANCE = np.array([1.0, 2.0, -1.0]), np.array([0.25, 4.0, 9.0])

# axis, x: (batch, channels), (batch, steps, channels), images with channels last and first, volumes
SHAPES = {
    "vectors": (-1, RNG.normal(0, 1, (6, 3))),
    "sequences": (2, RNG.normal(3, 1, (4, 5, 3))),
    "images": (-1, RNG.normal(-2, 2, (2, 4, 5, 3))),
    "channels-first": (1, RNG.normal(1, 3, (2, 3, 4, 5))),
    "volumes": (-1, RNG.normal(1, 1, (2, 2, 3, 2, 3))),
}
EVERY_SHAPE = pytest.mark.parametrize("shape", SHAPES)


def aligned(values: np.ndarray[Any, Any], axis: int, rank: int) -> np.ndarray[Any, Any]:
    """Return one value a channel with ones for the sizes of all other axes."""
    sizes = [1] * rank
    sizes[axis] = len(values)
    return values.reshape(sizes)


def normalized(x: Any, axis: int, mean: Any, variance: Any, epsilon: float) -> Any:
    """Return gamma * (x - mean) / sqrt(variance + epsilon) + beta, written down."""
    gamma, beta, mean, variance = (
        aligned(one, axis, x.ndim) for one in (GAMMA, BETA, mean, variance)
    )
    return gamma * (x - mean) / np.sqrt(variance + epsilon) + beta


def moments(x: Any, axis: int) -> tuple[Any, Any]:
    """Return each channel's mean and variance over all its numbers, two passes in float64."""
    channels = np.moveaxis(x, axis, 0).reshape(x.shape[axis], -1)
    mean = channels.sum(1) / channels.shape[1]
    return mean, ((channels - mean[:, None]) ** 2).sum(1) / channels.shape[1]


def made(backend: Backend, axis: int, dtype: str = "float64", **options: Any) -> Any:
    """Return a layer with the weights above."""
    weights = [GAMMA, BETA, MEAN, VARIANCE]
    return layers.BatchNormalization(
        axis=axis, weights=weights, dtype=dtype, backend=backend.name, **options
    )


def key(backend: Backend, *numbers: int) -> Any:
    """Return a key of random numbers."""
    return backend.asarray(np.array(numbers or (1, 2), np.int32), "int32")


@EVERY_SHAPE
@pytest.mark.usefixtures("double_precision")
def test_a_call_uses_the_moving_statistics(backend: Backend, shape: str) -> None:
    """Whatever the batch."""
    axis, x = SHAPES[shape]
    layer = made(backend, axis, epsilon=0.01)
    got = backend.to_numpy(layer(x))
    np.testing.assert_allclose(got, normalized(x, axis, MEAN, VARIANCE, 0.01), rtol=1e-13)
    np.testing.assert_allclose(backend.to_numpy(layer(x[:1])), got[:1], rtol=1e-13)


@EVERY_SHAPE
@pytest.mark.usefixtures("double_precision")
def test_training_uses_the_batch_and_moves_the_statistics(backend: Backend, shape: str) -> None:
    """Moving * momentum + batch's * (1 - momentum), and nothing is assigned."""
    axis, x = SHAPES[shape]
    layer = made(backend, axis, epsilon=0.01, momentum=0.75)
    layer.build((None, *x.shape[1:]))
    outputs, effects = layer.apply_training(layer.variables, x, key(backend))
    mean, variance = moments(x, axis)
    want = normalized(x, axis, mean, variance, 0.01)
    np.testing.assert_allclose(backend.to_numpy(outputs), want, rtol=1e-11, atol=1e-12)
    assert set(effects.updates) == {"moving_mean", "moving_variance"}
    moved = {name: backend.to_numpy(new) for name, new in effects.updates.items()}
    np.testing.assert_allclose(moved["moving_mean"], MEAN * 0.75 + mean * 0.25, rtol=1e-13)
    np.testing.assert_allclose(
        moved["moving_variance"], VARIANCE * 0.75 + variance * 0.25, rtol=1e-13
    )
    assert effects.losses == ()
    for kept, given in zip(layer.get_weights(), [GAMMA, BETA, MEAN, VARIANCE], strict=True):
        assert kept.tolist() == given.tolist()


@pytest.mark.usefixtures("double_precision")
def test_theano_adds_epsilon_to_the_variance_that_it_keeps(backend: Backend) -> None:
    """Keras takes 1 / stdinv**2 of `batch_normalization_train`: 0 and 2 have a variance of 1."""
    layer = layers.BatchNormalization(
        momentum=0.5, epsilon=0.5, convention="theano", dtype="float64", backend=backend.name
    )
    layer.build((None, 1))
    _, effects = layer.apply_training(layer.variables, np.array([[0.0], [2.0]]), key(backend))
    assert backend.to_numpy(effects.updates["moving_variance"]).tolist() == [0.5 + 0.5 * 1.5]


@pytest.mark.usefixtures("double_precision")
def test_without_scale_and_center_there_are_only_statistics(backend: Backend) -> None:
    """By hand: (x - 1) / sqrt(3 + 1) for a moving mean of 1 and a moving variance of 3."""
    layer = layers.BatchNormalization(
        center=False,
        scale=False,
        epsilon=1.0,
        weights=[np.array([1.0]), np.array([3.0])],
        dtype="float64",
        backend=backend.name,
    )
    assert backend.to_numpy(layer(np.array([[1.0], [5.0]]))).ravel().tolist() == [0, 2]
    assert [weight.name for weight in layer.declared_weights] == ["moving_mean", "moving_variance"]
    assert layer.trainable_weights == []


@pytest.mark.usefixtures("double_precision")
def test_gradients_are_those_of_the_formula(differentiable: Backend) -> None:
    """By central differences of the formula written down, for x, gamma and beta."""
    backend, (axis, x) = differentiable, SHAPES["images"]
    layer = made(backend, axis, epsilon=0.01)
    layer.build((None, *x.shape[1:]))
    cotangent = RNG.normal(0, 1, x.shape)
    seed = backend.asarray(cotangent, "float64")

    def loss(tensors: Any) -> Any:
        outputs, effects = layer.apply_training(
            [*tensors[1:], *layer.variables[2:]], tensors[0], key(backend)
        )
        return backend.functions["sum"](outputs * seed), dict(effects.updates)

    given = [backend.asarray(x, "float64"), *layer.variables[:2]]
    (_, updates), found = backend.value_and_grad(loss)(given)
    assert set(updates) == {"moving_mean", "moving_variance"}
    wanted = numerical_gradients(x, axis, cotangent)
    for got, want in zip(found, wanted, strict=True):
        np.testing.assert_allclose(backend.to_numpy(got), want, rtol=1e-6, atol=1e-7)


def numerical_gradients(x: Any, axis: int, cotangent: Any, step: float = 1e-5) -> list[Any]:
    """Return central differences of the sum of the formula times the cotangent."""

    def value(x: Any, gamma: Any, beta: Any) -> Any:
        mean, variance = (aligned(one, axis, x.ndim) for one in moments(x, axis))
        y = aligned(gamma, axis, x.ndim) * (x - mean) / np.sqrt(variance + 0.01)
        return ((y + aligned(beta, axis, x.ndim)) * cotangent).sum()

    arguments = [x, GAMMA, BETA]
    gradients = []
    for place, argument in enumerate(arguments):
        gradient = np.zeros_like(argument)
        for index in np.ndindex(argument.shape):
            ends = []
            for sign in (1, -1):
                moved = argument.copy()
                moved[index] += sign * step
                ends.append(value(*arguments[:place], moved, *arguments[place + 1 :]))
            gradient[index] = (ends[0] - ends[1]) / (2 * step)
        gradients.append(gradient)
    return gradients


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_rounded_once(backend: Backend, dtype: str) -> None:
    """A variance of 90,000 does not fit float16, the result and the moving mean do."""
    pytest.importorskip("ml_dtypes")
    x = np.array([[-300.0], [300.0]])
    layer = layers.BatchNormalization(
        dtype=dtype, epsilon=0.0, momentum=0.5, scale=False, center=False, backend=backend.name
    )
    layer.build((None, 1))
    outputs, effects = layer.apply_training(
        layer.variables, backend.asarray(x, dtype), key(backend)
    )
    assert np.asarray(backend.to_numpy(outputs), np.float64).ravel().tolist() == [-1, 1]
    assert backend.describe(effects.updates["moving_mean"])[1] == dtype
    assert np.asarray(backend.to_numpy(effects.updates["moving_mean"]), float).tolist() == [0]


def test_inputs_of_another_type_move_statistics_of_the_weights_type(backend: Backend) -> None:
    """The output has the input's type, a new value that of the weight."""
    layer = layers.BatchNormalization(dtype="float32", backend=backend.name)
    layer.build((None, 2))
    x = np.ones((3, 2), np.float16)
    outputs, effects = layer.apply_training(layer.variables, x, key(backend))
    assert backend.describe(outputs)[1] == "float16"
    assert {backend.describe(new)[1] for new in effects.updates.values()} == {"float32"}


def test_moving_statistics_are_weights_that_no_trainer_changes(backend: Backend) -> None:
    """In Keras's order; all of them stay where the layer is not trainable."""
    model = Sequential(
        [layers.BatchNormalization(input_shape=(2,), name="n")], backend=backend.name
    )
    (layer,) = model.layers
    names = [weight.name for weight in layer.declared_weights]
    assert names == ["gamma", "beta", "moving_mean", "moving_variance"]
    assert (len(model.trainable_weights), len(model.non_trainable_weights)) == (2, 2)
    are_trainable = [trainable for _, trainable in model.named_weights().values()]
    assert are_trainable == [True, True, False, False]
    assert next(iter(model.functional().weights)) == "n/gamma"
    layer.trainable = False
    assert (len(model.trainable_weights), len(model.non_trainable_weights)) == (0, 4)


def test_a_model_says_which_layer_s_state_it_updates(backend: Backend) -> None:
    """By path; the losses are those of outputs and of weights."""
    model = Sequential(
        [
            layers.Conv1D(2, 2, input_shape=(5, 1), kernel_regularizer="l2", name="c"),
            layers.BatchNormalization(name="n", gamma_regularizer="l2"),
        ],
        backend=backend.name,
    )
    functional = model.functional()
    weights = {path: tensor for path, (tensor, _) in model.named_weights().items()}
    x = np.ones((3, 5, 1), np.float32)
    _, effects = functional.training(weights, x, key(backend))
    assert set(effects.updates) == {"n/moving_mean", "n/moving_variance"}
    assert len(effects.losses) == 2
    assert float(backend.to_numpy(effects.losses[1])) == pytest.approx(0.02)  # two ones
    np.testing.assert_array_equal(
        backend.to_numpy(functional.forward(weights, x)), backend.to_numpy(model(x))
    )
    with pytest.raises(InvalidArgument, match="received no value for 'c/bias'"):
        functional.forward({"c/kernel": weights["c/kernel"]}, x)
    with pytest.raises(InvalidArgument, match="received a value for 'd/bias'"):
        functional.forward({**weights, "d/bias": weights["c/bias"]}, x)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"momentum": 1.5}, InvalidArgument, "`momentum` must be from 0 to 1; received 1.5"),
        ({"momentum": "much"}, InvalidType, "`momentum` must be a number; received 'much'"),
        ({"epsilon": -1}, InvalidArgument, "`epsilon` must be finite and at least 0; received -1"),
        ({"epsilon": float("nan")}, InvalidArgument, "`epsilon` must be finite"),
        ({"axis": 1.5}, InvalidType, "`axis` must be an integer; received 1.5"),
        ({"gamma_initializer": None}, InvalidType, "`gamma_initializer` must be a name"),
        ({"gama_initializer": "ones"}, InvalidType, "Did you mean `gamma_initializer`"),
    ],
)
def test_bad_arguments_are_refused(
    arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    """In one sentence."""
    with pytest.raises(error, match=message):
        layers.BatchNormalization(**arguments)


@pytest.mark.parametrize("axis", [0, 3, -3, -4])
def test_an_axis_that_is_not_there_is_refused(axis: int) -> None:
    """The batch axis, too."""
    with pytest.raises(InvalidShape, match="must be an axis of its input other than the batch"):
        layers.BatchNormalization(axis=axis, backend="numpy")(np.ones((2, 3, 4)))


def test_other_channels_than_it_was_built_for_are_refused() -> None:
    """Other sizes are not."""
    layer = layers.BatchNormalization(backend="numpy")
    layer(np.ones((2, 3, 4)))
    layer(np.ones((2, 9, 4)))
    with pytest.raises(InvalidShape, match="was built for 4 channels on axis 2"):
        layer(np.ones((2, 3, 5)))


def test_a_configuration_makes_an_equal_layer() -> None:
    """Names, dictionaries and numbers."""
    layer = layers.BatchNormalization(
        axis=1, momentum=0.5, epsilon=0.1, scale=False, beta_regularizer="l2", name="n"
    )
    config = layer.get_config()
    assert layers.BatchNormalization.from_config(config).get_config() == config
    assert (config["axis"], config["momentum"], config["scale"]) == (1, 0.5, False)


@pytest.mark.filterwarnings("ignore:.torch.jit.script_method. is deprecated:DeprecationWarning")
def test_the_frameworks_compilers_take_it(backend: Backend) -> None:
    """Inference and training compute the same compiled as not."""
    model = of_all_kinds(backend.name)
    x = backend.asarray(RNG.normal(0, 1, (3, 4, 5, 2)), "float32")
    weights, functional = model.variables, model.functional()

    def inference(*tensors: Any) -> Any:
        return model.apply(list(tensors[1:]), tensors[0])

    np.testing.assert_allclose(
        backend.to_numpy(backend.compile(inference)(x, *weights)),
        backend.to_numpy(model(x)),
        rtol=1e-5,
        atol=1e-6,
    )
    if backend.name == "torch":  # torch.compile draws no numbers by a key; steps are not compiled
        return

    def training(*tensors: Any) -> Any:
        values = dict(zip(functional.weights, tensors[2:], strict=True))
        outputs, effects = functional.training(values, tensors[0], tensors[1])
        return backend.functions["sum"](outputs) + sum(
            backend.functions["sum"](new) for new in effects.updates.values()
        )

    got = backend.compile(training)(x, key(backend, 3, 4), *weights)
    want = training(x, key(backend, 3, 4), *weights)
    np.testing.assert_allclose(backend.to_numpy(got), backend.to_numpy(want), rtol=1e-4)


def of_all_kinds(backend: str) -> Any:
    """Return a model of a convolution, a normalization and a dropout."""
    return Sequential(
        [
            layers.Conv2D(3, 2, input_shape=(4, 5, 2), name="c"),
            layers.BatchNormalization(name="n"),
            layers.Dropout(0.5),
        ],
        backend=backend,
    )


@pytest.mark.filterwarnings("ignore:.torch.jit.script_method. is deprecated:DeprecationWarning")
def test_torch_export_takes_it(all_backends: tuple[str, ...]) -> None:
    """For any batch size, the moving statistics as they are."""
    if "torch" not in all_backends:
        pytest.skip("torch is not under test here")
    torch = pytest.importorskip("torch")
    from convdispatch_torch import as_module

    model = of_all_kinds("torch")
    module = as_module(model).eval()
    x = torch.randn(3, 4, 5, 2)
    batch = torch.export.Dim("batch", min=2)
    exported = torch.export.export(module, (x,), dynamic_shapes=({0: batch},))
    other = torch.randn(5, 4, 5, 2)
    torch.testing.assert_close(exported.module()(other), model(other))


def test_tf_function_takes_it_with_an_unknown_batch(all_backends: tuple[str, ...]) -> None:
    """Inference and training; the count of Keras 2's moving variance is known at run time alone."""
    if "tensorflow" not in all_backends:
        pytest.skip("tensorflow is not under test here")
    tf = pytest.importorskip("tensorflow")
    from convdispatch.keras2.layers import BatchNormalization as Keras2s

    layer = Keras2s(momentum=0.5, epsilon=0.5, backend="tensorflow")
    layer.build((None, 1))
    spec = tf.TensorSpec((None, 1), tf.float32)

    @tf.function(input_signature=[spec], autograph=False)
    def trained(x: Any) -> Any:
        outputs, effects = layer.apply_training(layer.variables, x, tf.constant([1, 2]))
        return outputs, effects.updates["moving_variance"]

    # A variance of 1; of n numbers the estimate is n / (n - 1.5): 2 / 0.5 of two, 4 / 2.5 of four.
    for n, estimate in ((2, 4.0), (4, 1.6)):
        _, moved = trained(tf.constant([[0.0], [2.0]] * (n // 2)))
        assert float(moved[0]) == pytest.approx(0.5 + 0.5 * estimate)


def test_keras_2_keeps_an_estimate_of_the_population_s_variance(backend: Backend) -> None:
    """N / (n - 1 - epsilon) times the batch's: 2 / 0.5 of two numbers, by hand."""
    from convdispatch.keras2.layers import BatchNormalization as Keras2s

    layer = Keras2s(momentum=0.5, epsilon=0.5, backend=backend.name)
    layer.build((None, 1))
    x = np.array([[0.0], [2.0]], np.float32)
    _, effects = layer.apply_training(layer.variables, x, key(backend))
    moved = backend.to_numpy(effects.updates["moving_variance"])
    assert moved.tolist() == [0.5 + 0.5 * 4]


@pytest.mark.parametrize(
    ("mode", "x", "want"),
    [
        # Of the batch: means 2 and 4, variances 1 and 4.
        (2, [[1.0, 2.0], [3.0, 6.0]], [[-1, -1], [1, 1]]),
        # Of each sample: means 1.5 and 4.5, standard deviations 0.5 and 1.5.
        (1, [[1.0, 2.0], [3.0, 6.0]], [[-1, 1], [-1, 1]]),
        # The running ones: mean 0, variance 1.
        (0, [[1.0, 2.0], [3.0, 6.0]], [[1, 2], [3, 6]]),
    ],
)
def test_keras_1_s_modes(backend: Backend, mode: int, x: Any, want: Any) -> None:
    """In a call, without epsilon; only mode 0 has state to update."""
    from convdispatch.keras1.layers import BatchNormalization as Keras1s

    layer = Keras1s(mode=mode, epsilon=0.0, backend=backend.name)
    got = layer(np.array(x, np.float32))
    np.testing.assert_allclose(backend.to_numpy(got), want, rtol=1e-6)
    _, effects = layer.apply_training(layer.variables, np.array(x, np.float32), key(backend))
    assert len(effects.updates) == (2 if mode == 0 else 0)


@pytest.mark.parametrize("shape", [(0, 3), (0, 4, 3)], ids=str)
@pytest.mark.parametrize("door", [layers, keras2.layers], ids=["keras3", "keras2"])
def test_an_empty_batch_leaves_the_statistics(
    backend: Backend, door: Any, shape: tuple[int, ...]
) -> None:
    """Keras 3.15 makes them NaN; there is nothing to learn from no sample."""
    weights = [GAMMA, BETA, MEAN, VARIANCE]
    layer = door.BatchNormalization(weights=weights, dtype="float32", backend=backend.name)
    layer.build((None, *shape[1:]))
    x = backend.asarray(np.ones(shape), "float32")
    outputs, effects = layer.apply_training(layer.weights, x, key(backend))
    assert backend.to_numpy(outputs).shape == shape
    assert list(effects.updates) == ["moving_mean", "moving_variance"]
    for name, value in (("moving_mean", MEAN), ("moving_variance", VARIANCE)):
        np.testing.assert_array_equal(backend.to_numpy(effects.updates[name]), value)


@pytest.mark.parametrize("door", [layers, keras2.layers], ids=["keras3", "keras2"])
def test_an_empty_batch_of_a_size_yet_unknown_leaves_the_statistics(
    all_backends: tuple[str, ...], door: Any
) -> None:
    """`tf.function` traces once for batches of any size."""
    if "tensorflow" not in all_backends:
        pytest.skip("needs TensorFlow")
    tf = importlib.import_module("tensorflow")
    weights = [GAMMA, BETA, MEAN, VARIANCE]
    layer = door.BatchNormalization(weights=weights, dtype="float64", backend="tensorflow")
    layer.build((None, 3))
    values = [tf.constant(value.numpy()) for value in layer.weights]

    @tf.function(input_signature=[tf.TensorSpec((None, 3), "float64")], autograph=False)
    def moved(x: Any) -> Any:
        return layer.apply_training(values, x, tf.constant([1, 2]))[1].updates

    np.testing.assert_array_equal(moved(np.ones((0, 3)))["moving_mean"], MEAN)
    np.testing.assert_array_equal(moved(np.ones((0, 3)))["moving_variance"], VARIANCE)
    np.testing.assert_allclose(moved(np.ones((2, 3)))["moving_mean"], MEAN * 0.99 + 0.01)
