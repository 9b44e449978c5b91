"""Masks: made by a layer, passed on, met by others, and handed to losses; on every backend."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import convdispatch
from convdispatch import Model, Sequential, keras1, keras2, layers
from convdispatch.engine.masked_layer import MaskedLayer
from convdispatch.engine.resolved import Resolved
from convdispatch.engine.specs import Spec
from convdispatch.errors import InvalidArgument, InvalidType
from convdispatch.ops import Backend

# Two samples of three steps; the steps of zeros are left out.
X = np.array([[[1, 2], [0, 0], [3, 0]], [[0, 0], [0, 0], [5, 6]]], np.float32)
COUNTS = np.array([[True, False, True], [False, False, True]])
Y = np.array([[[0, 0], [1, 1], [1, 1]], [[0, 0], [7, 7], [0, 0]]], np.float32)
COUNTS_OF_Y = np.array([[False, True, True], [False, True, False]])


class MeanOfSteps(MaskedLayer):
    """The mean of the steps that count."""

    def resolve(self, spec: Spec) -> Resolved:
        """Return a function of a sequence, and of its mask where there is one."""
        f: Any = self._backend().functions
        backend = self._backend()

        def forward(weights: Any, inputs: Any, mask: Any = None) -> Any:
            if mask is None:
                return f["mean"](inputs, (1,))
            shape = f["shape"](mask)
            share = f["reshape"](backend.cast(mask, "float32"), (*shape, 1))
            return f["sum"](inputs * share, (1,)) / f["sum"](share, (1,))

        return Resolved(output_shape=(None, spec.shape[2]), lower=lambda *_: forward)


def numbers(tensor: Any) -> Any:
    """Return a tensor's numbers."""
    return convdispatch.to_numpy(tensor)


def masks_of(model: Any, inputs: Any) -> list[Any]:
    """Return the masks of a model's outputs, by its pure function."""
    functional = model.functional()
    weights = {path: tensor for path, (tensor, _) in model.named_weights().items()}
    outputs, masks = functional.masked(weights, inputs)
    found = [None if mask is None else numbers(mask) for mask in masks]
    assert functional.has_masks == any(mask is not None for mask in found)
    for got, want in zip(
        outputs if isinstance(outputs, list) else [outputs],
        (lambda y: y if isinstance(y, list) else [y])(model(inputs)),
        strict=True,
    ):
        np.testing.assert_array_equal(numbers(got), numbers(want))
    return found


def test_masking_zeroes_what_it_leaves_out(backend_name: str) -> None:
    """By hand; 9 fills the steps to be left out."""
    filled = np.where(COUNTS[..., None], X, 9).astype(np.float32)
    layer = layers.Masking(mask_value=9, backend=backend_name)
    np.testing.assert_array_equal(numbers(layer(filled)), X)
    native = convdispatch.registry.registry.load(backend_name).asarray(filled, "float32")
    mask = numbers(layer.compute_mask(native))
    assert mask.dtype == bool
    np.testing.assert_array_equal(mask, COUNTS)


def test_a_mask_passes_through_layers_that_support_it(backend_name: str) -> None:
    """In a Sequential; dropout and normalization keep the steps."""
    model = Sequential(
        [layers.Masking(input_shape=(3, 2)), layers.Dropout(0.5), layers.BatchNormalization()],
        backend=backend_name,
    )
    (mask,) = masks_of(model, X)
    np.testing.assert_array_equal(mask, COUNTS)


def test_no_mask_is_no_mask(backend_name: str) -> None:
    """Of a model in which no layer makes one."""
    model = Sequential([layers.Dropout(0.5, input_shape=(3, 2))], backend=backend_name)
    assert masks_of(model, X) == [None]
    assert not model.functional().has_masks


@pytest.mark.parametrize("shape", [(3, 2), (None, 2)])
def test_a_layer_computes_with_its_input_s_mask(
    backend_name: str, shape: tuple[int | None, ...]
) -> None:
    """The mean of the steps that count, by hand; the mask ends there."""
    wanted = [[2, 1], [5, 6]]
    model = Sequential([layers.Masking(), MeanOfSteps()], backend=backend_name)
    model.build((None, *shape))
    results = {
        "call": model(X),
        "predict": model.predict(X),
        "batches": model.predict(X, batch_size=1),
        "compiled": model.compile_forward()(X),
        "apply": model.apply([], X),
    }
    for got in results.values():
        np.testing.assert_array_equal(numbers(got), wanted)
    assert masks_of(model, X) == [None]


def test_a_mask_may_be_given_to_the_layer_itself(backend: Backend) -> None:
    """An array, nested lists or a tensor of the backend; without one all steps count."""
    layer = MeanOfSteps(backend=backend.name)
    for mask in (COUNTS, COUNTS.tolist(), backend.asarray(COUNTS, "bool")):
        np.testing.assert_array_equal(numbers(layer(X, mask)), [[2, 1], [5, 6]])
    np.testing.assert_allclose(numbers(layer(X)), X.mean(1), rtol=1e-6)


def test_training_returns_the_masks_among_its_effects(backend: Backend) -> None:
    """Where a loss finds them; of each output of a model, None for none."""
    with convdispatch.use_backend(backend.name):
        x = layers.Input((3, 2))
        masked = layers.Masking()(x)
        model = Model(x, [layers.Dropout(0.5)(masked), MeanOfSteps()(masked)])
    key = backend.asarray(np.array([1, 2], np.int32), "int32")
    outputs, effects = model.apply_training([], X, key)
    first, second = effects.masks
    np.testing.assert_array_equal(numbers(first), COUNTS)
    assert second is None
    np.testing.assert_array_equal(numbers(outputs[1]), [[2, 1], [5, 6]])


def merged(backend: str, door: Any, merge: Callable[..., Any]) -> Any:
    """Return a model that merges two masked sequences by that function."""
    with convdispatch.use_backend(backend):
        x, y = layers.Input((3, 2)), layers.Input((3, 2))
        return Model([x, y], merge([door.Masking()(x), door.Masking()(y)]))


def test_keras2_counts_a_step_that_counts_in_all(backend_name: str) -> None:
    """Of sums and concatenations of features; a concatenation of steps joins the masks."""
    k = keras2.layers
    both = COUNTS & COUNTS_OF_Y
    np.testing.assert_array_equal(masks_of(merged(backend_name, k, k.add), [X, Y])[0], both)
    joined = merged(backend_name, k, k.concatenate)
    np.testing.assert_array_equal(masks_of(joined, [X, Y])[0], both)
    longer = merged(backend_name, k, lambda two: k.concatenate(two, axis=1))
    np.testing.assert_array_equal(
        masks_of(longer, [X, Y])[0], np.concatenate([COUNTS, COUNTS_OF_Y], 1)
    )
    assert masks_of(merged(backend_name, k, lambda two: k.dot(two, 2)), [X, Y]) == [None]


def test_keras3_counts_a_step_that_counts_in_one(backend_name: str) -> None:
    """As Keras 3.15 does; an input without a mask counts everywhere."""
    one = COUNTS | COUNTS_OF_Y
    for merge in (layers.add, layers.concatenate):
        np.testing.assert_array_equal(masks_of(merged(backend_name, layers, merge), [X, Y])[0], one)


def test_an_input_without_a_mask_counts_everywhere(backend_name: str) -> None:
    """In a concatenation of steps, also where it holds NaN; Keras 2's sum looks at the others."""
    with convdispatch.use_backend(backend_name):
        x, y = layers.Input((3, 2)), layers.Input((3, 2))
        masked = keras2.layers.Masking()(x)
        longer = keras2.layers.concatenate([masked, y], axis=1)
        model = Model([x, y], [longer, keras2.layers.add([masked, y])])
        plain = Model([x, y], layers.add([layers.Masking()(x), y]))
    nan = np.full_like(Y, np.nan)
    first, second = masks_of(model, [X, nan])
    np.testing.assert_array_equal(first, np.concatenate([COUNTS, np.ones_like(COUNTS)], 1))
    np.testing.assert_array_equal(second, COUNTS)
    assert masks_of(plain, [X, Y]) == [None]


def test_nested_models_pass_masks_on(backend_name: str) -> None:
    """In and out of a model and of a Sequential that are called like layers."""
    with convdispatch.use_backend(backend_name):
        inner_x = layers.Input((3, 2))
        inner = Model(inner_x, layers.Masking()(inner_x))
        stack = Sequential([layers.Dropout(0.5)])
        x = layers.Input((3, 2))
        passed = stack(inner(x))
        model = Model(x, [passed, MeanOfSteps()(passed)])
    mask, none = masks_of(model, X)
    np.testing.assert_array_equal(mask, COUNTS)
    assert none is None
    np.testing.assert_array_equal(numbers(model(X)[1]), [[2, 1], [5, 6]])


def test_compare_and_gradients_know_masks(backend_name: str) -> None:
    """What is left out has no gradient; half of each step that counts, by hand."""
    if backend_name == "numpy":
        pytest.importorskip("autograd")
    model = Sequential([layers.Masking(input_shape=(3, 2)), layers.Dropout(0.5)])
    assert convdispatch.compare(model, X, [backend_name])[backend_name].status == "ok"
    mean = Sequential([layers.Masking(input_shape=(3, 2)), MeanOfSteps()], backend=backend_name)
    wanted = np.array([[[1 / 2] * 2, [0, 0], [1 / 2] * 2], [[0, 0], [0, 0], [1, 1]]])
    np.testing.assert_allclose(convdispatch.gradients(mean, X).inputs, wanted)


@pytest.mark.parametrize("keras", [keras1, keras2], ids=["keras1", "keras2"])
def test_keras_1_and_2_refuse_a_mask_that_a_layer_has_no_use_for(keras: Any) -> None:
    """When a model of theirs is made; a refused layer is not in it."""
    door, models = keras.layers, keras.models
    conv = {"name": "c", "input_shape": (3, 2)}
    made = door.Convolution1D(2, 1, **conv) if keras is keras1 else door.Conv1D(2, 1, **conv)
    model = models.Sequential([door.Masking(input_shape=(3, 2))], backend="numpy")
    with pytest.raises(InvalidArgument, match="'c' does not support masking, and its input has"):
        model.add(made)
    assert len(model.layers) == 1
    x = layers.Input((3, 2))
    outputs = made(door.Masking(backend="numpy")(x))
    with pytest.raises(InvalidArgument, match="does not support masking"):
        models.Model(x, outputs)


def test_keras3_warns_that_a_mask_ends() -> None:
    """And computes on."""
    conv = layers.Conv1D(1, 1, use_bias=False, weights=[np.ones((1, 2, 1))], name="c")
    with pytest.warns(UserWarning, match="'c' does not support masking, .* which ends there"):
        model = Sequential([layers.Masking(input_shape=(3, 2)), conv], backend="numpy")
    assert masks_of(model, X) == [None]
    np.testing.assert_array_equal(model(X), X.sum(2, keepdims=True))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(model.pop().name) == 1


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (lambda: MeanOfSteps()(X, np.ones((2, 3))), InvalidType, "`mask` of .* must be of bools"),
        (lambda: MeanOfSteps()(layers.Input((3, 2)), COUNTS), InvalidArgument, "beside symbols"),
        (lambda: layers.Masking("0"), InvalidType, "`mask_value` must be a number; received '0'"),
        (lambda: layers.Masking(float("nan")), InvalidArgument, "`mask_value` must be finite; rec"),
        (lambda: layers.Masking()(np.ones(3)), convdispatch.errors.InvalidShape, "axis of feat"),
    ],
)
def test_bad_input(act: Callable[[], Any], error: type[Exception], words: str) -> None:
    """One message says what was wrong and what is allowed."""
    with convdispatch.use_backend("numpy"), pytest.raises(error, match=words):
        act()
