"""Names, backends and trainability of models and of the layers in them, changed later."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from small_models import conv

from convdispatch import Sequential, keras1, keras2, layers
from convdispatch.errors import InvalidArgument, InvalidShape, InvalidType

K1: Any = keras1.layers


def test_the_layers_above_state_what_they_get_now() -> None:
    """In the summary and in each layer's shapes."""
    model = Sequential([conv(), layers.UpSampling1D(3)], backend="numpy")
    model.layers[0].strides = 2  # type: ignore[attr-defined] # of a Conv1D
    assert model.layers[1].input_shape == (None, 2, 1)
    lines: list[str] = []
    model.summary(print_fn=lines.append)
    assert "(None, 6, 1)" in lines[4]


def test_a_model_that_is_frozen_has_no_trainable_weights(backend_name: str) -> None:
    """Free again, the layers' own say counts; copies and other backends keep it."""
    model = Sequential([conv(), conv(name="d", trainable=False)], backend="numpy").to(backend_name)
    assert (len(model.trainable_weights), len(model.non_trainable_weights)) == (2, 2)
    model.trainable = False
    assert (len(model.trainable_weights), len(model.non_trainable_weights)) == (0, 4)
    assert not model.to("numpy").trainable_weights
    assert not copy.deepcopy(model).trainable_weights
    lines: list[str] = []
    model.summary(print_fn=lines.append)
    assert "Trainable params: 0" in lines
    model.trainable = True
    assert (len(model.trainable_weights), len(model.non_trainable_weights)) == (2, 2)
    with pytest.raises(InvalidType, match="`trainable` must be True or False; received 'no'"):
        model.trainable = "no"  # type: ignore[assignment] # what is refused


def test_a_model_s_name_and_backend_are_checked() -> None:
    """As in the constructor; another backend is another model."""
    model = Sequential([conv()], name="m", backend="numpy")
    with pytest.raises(InvalidType, match="`name` must be a non-empty string; received 3"):
        model.name = 3  # type: ignore[assignment] # what is refused
    with pytest.raises(InvalidArgument, match=r"`backend` of 'm' cannot be set; `to\('jax'\)`"):
        model.backend = "jax"
    model.name = "n"
    assert (model.name, model.backend) == ("n", "numpy")


def test_a_name_that_another_layer_of_the_model_has_is_refused() -> None:
    """As `add` refuses it; a model that no longer has the layer does not mind."""
    model = Sequential([conv(), conv(name="d")], backend="numpy")
    layer = model.layers[1]
    with pytest.raises(InvalidArgument, match="already has a layer named 'c'"):
        layer.name = "c"
    assert layer.name == "d"
    layer.name = "e"
    assert (model.get_layer("e"), layer.plans()[0].layer) == (layer, "e")
    model.pop()
    layer.name = "c"
    assert layer.name == "c"


def test_an_unbuilt_layer_of_a_model_keeps_its_backend() -> None:
    """All layers of a model are on one."""
    layer = layers.Conv1D(1, 1, name="c")
    layer.backend = "numpy"
    model = Sequential([layer], backend="numpy")
    with pytest.raises(InvalidArgument, match="`backend` of 'c' cannot change once it is in a mod"):
        layer.backend = "jax"
    model.pop()
    layer.backend = "jax"
    assert layer.backend == "jax"


AUTOMATIC: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "layers": (layers.Conv1D, layers.UpSampling1D),
    "keras1": (K1.Convolution1D, K1.UpSampling1D),
    "keras2": (keras2.layers.Conv1D, keras2.layers.UpSampling1D),
}


@pytest.mark.parametrize("door", AUTOMATIC)
@pytest.mark.parametrize("is_first", [False, True])
def test_an_automatic_name_gives_way_to_one_that_was_given(door: str, is_first: bool) -> None:
    """Whichever layer comes first, and also where the model was read from a document."""
    make, _ = AUTOMATIC[door]
    automatic = make(1, 1)
    given = make(1, 1, name=automatic.name)
    model = Sequential([given, automatic] if is_first else [automatic, given])
    assert given.name != automatic.name
    read = Sequential.from_config(model.get_config())
    another = make(1, 1)
    another.rename(read.layers[0].name)  # as in a new process, where counting begins anew
    read.add(another)
    assert len({layer.name for layer in read}) == 3
    assert [layer.name for layer in read][:2] == [layer.name for layer in model]


def test_two_given_names_are_a_mistake() -> None:
    """And a refused layer keeps its own."""
    model = Sequential([layers.Conv1D(1, 1, name="c", input_shape=(4, 1))], backend="numpy")
    with pytest.raises(InvalidArgument, match="already has a layer named 'c'"):
        model.add(layers.Conv1D(1, 1, name="c"))
    wide = layers.Conv1D(1, 9)
    wide.rename("c")
    with pytest.raises(InvalidShape):
        model.add(wide)
    assert (wide.name, len(model)) == ("c", 1)


def test_a_layer_that_gives_way_is_unique_in_all_its_models() -> None:
    """The new name is none of theirs either."""
    first = layers.Conv1D(1, 1)
    stem, _, number = first.name.rpartition("_")
    next_names = [f"{stem}_{int(number) + step}" for step in (1, 2)]
    one = Sequential([layers.Conv1D(1, 1, name=next_names[0]), first])
    other = Sequential([layers.Conv1D(1, 1, name=next_names[1]), first])
    other.add(layers.Conv1D(1, 1, name=first.name))
    for model in (one, other):
        assert len({layer.name for layer in model}) == len(model)
