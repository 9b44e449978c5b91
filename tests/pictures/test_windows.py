"""Pictures of windows show what the layers compute: asked with one cell at a time, and the oracle.

What a picture shows is read from its SVG. What a layer reads is found by computing it on NumPy's
backend with a single one among zeros. So no number here comes from what draws.
"""

from __future__ import annotations

import math
import pickle
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from window_layers import CONVENTIONS, drawn_layers
from window_pictures import Shown, Side, read

from convdispatch import layers
from convdispatch.errors import InvalidType
from convdispatch.numerics import oracle
from convdispatch.runtime.registry import registry

CASES = drawn_layers()


def layer_of(name: str, given: dict[str, Any], convention: str) -> Any:
    """Return the layer under a convention."""
    return getattr(layers, name)(**{**given, "convention": convention}, backend="numpy")


def responses(layer: Any, sizes: tuple[int, ...]) -> Any:
    """Return, for each cell of the input that alone is one, the output's cells."""
    cells = math.prod(sizes)
    inputs = np.eye(cells).reshape(cells, *sizes, 1)
    layer.build((None, *sizes, 1))
    weights = [np.arange(1.0, 1 + one.size).reshape(one.shape) for one in layer.get_weights()]
    layer.set_weights(weights)
    outputs = np.asarray(layer(inputs))
    return outputs.reshape(*sizes, *outputs.shape[1:-1])


def cells(where: Any) -> set[tuple[int, ...]]:
    """Return the places of the true ones."""
    return {tuple(map(int, place)) for place in np.argwhere(where)}


def is_adjoint(name: str) -> bool:
    """Say whether a layer writes its window, so that the output is the padded side."""
    return "Transpose" in name or name.startswith("UpSampling")


def side_of_pads(shown: Shown, name: str) -> Side:
    """Return the side that may have pads."""
    return shown.output if is_adjoint(name) else shown.input


def check(shown: Shown, name: str, found: Any, sizes: tuple[int, ...]) -> None:
    """Compare a scene with what the layer answers to each cell."""
    rank = len(sizes)
    output = found.shape[rank:]
    assert (shown.input.sizes, shown.output.sizes) == (sizes, output)
    inside = cells(np.ones(sizes, bool))
    reading = found != 0
    never_read = cells(~reading.any(tuple(range(rank, 2 * rank))))
    never_written = cells(~reading.any(tuple(range(rank))))
    drawn_inputs = set().union(*(shown.input.cells[kind] for kind in ("cell", "crop", "unread")))
    drawn_outputs = set().union(*(shown.output.cells[kind] for kind in ("cell", "unread")))
    assert drawn_inputs == inside
    assert drawn_outputs == cells(np.ones(output, bool))
    if is_adjoint(name):
        assert shown.output.cells["unread"] == never_written
    else:
        assert shown.input.cells["crop"] | shown.input.cells["unread"] == never_read
        assert not shown.output.cells["unread"]
    for mark in ("first", "chosen", "last"):
        written = shown.output.cells[mark]
        assert len(written) <= 1
        for cell in written:
            assert shown.input.cells[mark] & inside == cells(reading[(..., *cell)])
    assert shown.output.cells["first"] == {(0,) * rank}
    last = tuple(size - 1 for size in output)
    assert (shown.output.cells["last"] or shown.output.cells["first"]) == {last}


@pytest.mark.parametrize(
    ("name", "given", "sizes"), CASES, ids=[f"{n}-{one[0]}" for n, one in enumerate(CASES)]
)
def test_a_picture_shows_what_the_layer_reads(
    name: str, given: dict[str, Any], sizes: tuple[int, ...]
) -> None:
    """First, chosen and last cells of the output; sizes; cells unread; under both conventions."""
    own = given["convention"]
    (other,) = (one for one in CONVENTIONS if one != own)
    answers = {one: responses(layer_of(name, given, one), sizes) for one in (own, other)}
    output = answers[own].shape[len(sizes) :]
    chosen = tuple(random.Random(str(given)).randrange(size) for size in output)
    scenes = read(layer_of(name, given, own).picture(sizes, output=chosen))
    for shown, convention in zip(scenes, (own, other), strict=False):
        check(shown, name, answers[convention], sizes)
        assert shown.output.cells["chosen"] == {chosen}
    differs = ((answers[own] != 0) != (answers[other] != 0)).any()
    if differs or len(scenes) == 2:
        assert [one.heading.partition("'")[0].lower() for one in scenes] == [own, other]
        kinds = [side_of_pads(one, name).cells for one in scenes]
        assert differs or kinds[0]["pad"] != kinds[1]["pad"]


CONVOLUTIONS = [one for one in CASES if one[0].startswith("Conv") and "Transpose" not in one[0]]


@pytest.mark.parametrize(
    ("name", "given", "sizes"), CONVOLUTIONS, ids=map(str, range(len(CONVOLUTIONS)))
)
def test_the_oracle_gets_the_layer_s_numbers_from_the_pads_that_are_drawn(
    name: str, given: dict[str, Any], sizes: tuple[int, ...]
) -> None:
    """And the numbers that are drawn are the oracle's."""
    layer = layer_of(name, given, given["convention"])
    (shown,) = read(layer.picture(sizes, values=True, convention=given["convention"]))
    ends = [sorted({one[axis] for one in shown.input.cells["pad"]}) for axis in range(len(sizes))]
    pads = tuple(
        (sum(at < 0 for at in one), sum(at >= size for at in one))
        for one, size in zip(ends, sizes, strict=True)
    )
    taps = np.array([float(one) for one in shown.kernel.values()])
    kernel = taps.reshape(*given["kernel_size"], 1, 1)
    numbers = np.array([float(shown.input.numbers[one]) for one in np.ndindex(*sizes)])
    expected = oracle.conv(
        numbers.reshape(1, *sizes, 1),
        kernel,
        strides=given["strides"],
        pads=pads,
        dilation=given.get("dilation_rate", (1,) * len(sizes)),
        groups=1,
        channels_last=True,
    )[0, ..., 0]
    assert expected.shape == shown.output.sizes
    assert {cell: float(one) for cell, one in shown.output.numbers.items()} == {
        cell: float(expected[cell]) for cell in np.ndindex(*expected.shape)
    }
    layer.build((None, *sizes, 1))
    # The drawn kernel is as it is read: Theano's convention stores it the other way round.
    axes = tuple(range(len(sizes)))
    stored = np.flip(kernel, axes) if given["convention"] == "theano" else kernel
    layer.set_weights([stored])
    assert np.array_equal(np.asarray(layer(numbers.reshape(1, *sizes, 1)))[0, ..., 0], expected)


OTHERS = [one for one in CASES if one not in CONVOLUTIONS]


@pytest.mark.parametrize(("name", "given", "sizes"), OTHERS, ids=map(str, range(len(OTHERS))))
def test_the_numbers_of_other_layers_are_what_they_compute(
    name: str, given: dict[str, Any], sizes: tuple[int, ...]
) -> None:
    """Transposed layers with the kernel that is drawn; pooling, padding, cropping, repeating."""
    layer = layer_of(name, given, given["convention"])
    (shown,) = read(layer.picture(sizes, values=True, convention=given["convention"]))
    numbers = np.array([float(shown.input.numbers[one]) for one in np.ndindex(*sizes)])
    layer.build((None, *sizes, 1))
    stored = [np.array([float(one) for one in shown.kernel.values()])] if shown.kernel else []
    if stored:
        kernel = stored[0].reshape(given["kernel_size"])
        # Theano's kernels are stored the other way round, but for depthwise ones.
        is_flipped = given["convention"] == "theano" and "Depthwise" not in name
        stored = [(np.flip(kernel) if is_flipped else kernel)[..., None, None]]
    layer.set_weights(stored)
    expected = np.asarray(layer(numbers.reshape(1, *sizes, 1)))[0, ..., 0]
    assert {cell: f"{float(one):.3g}" for cell, one in shown.output.numbers.items()} == {
        cell: f"{expected[cell]:.3g}" for cell in np.ndindex(*expected.shape)
    }


CROPPINGS = [one for one in CASES if one[0].startswith("Cropping")]


@pytest.mark.parametrize(("name", "given", "sizes"), CROPPINGS, ids=map(str, range(len(CROPPINGS))))
def test_cropped_cells_are_those_of_the_argument(
    name: str, given: dict[str, Any], sizes: tuple[int, ...]
) -> None:
    """The first and the last few of each axis; none of the others is crossed out."""
    ends = given["cropping"] if len(sizes) > 1 else [given["cropping"]]
    left = np.ones(sizes, bool)
    left[tuple(slice(low, size - high) for (low, high), size in zip(ends, sizes, strict=True))] = (
        False
    )
    (shown,) = read(layer_of(name, given, given["convention"]).picture(sizes))
    assert shown.input.cells["crop"] == cells(left)


def test_a_picture_is_text_that_is_saved(tmp_path: Path) -> None:
    """It survives a copy, and a notebook shows it."""
    picture = layers.Conv2D(1, 3, name="c").picture((5, 5))
    picture.save(tmp_path / "c.svg")
    assert (tmp_path / "c.svg").read_text("utf-8") == picture == picture._repr_svg_()
    twin = pickle.loads(pickle.dumps(picture))
    assert (twin, twin.summary) == (picture, picture.summary)
    assert "<script" not in picture
    with pytest.raises(InvalidType, match="`path` must be the name of a file; received 3"):
        picture.save(3)  # type: ignore[arg-type]  # what is tested


def test_a_built_layer_needs_no_shape_and_stays_as_it_is() -> None:
    """The shape is the one it is built for; its weights and its plans do not change."""
    layer = layers.Conv2D(2, 3, backend="numpy")
    layer.build((None, 5, 6, 3))
    before = [one.copy() for one in layer.get_weights()], layer.plans()
    (shown,) = read(layer.picture())
    assert (shown.input.sizes, shown.output.sizes) == ((5, 6), (3, 4))
    assert read(layer.picture((8, 8)))[0].input.sizes == (8, 8)
    assert layer.built_shape == (None, 5, 6, 3)
    assert layer.plans() == before[1]
    assert all(map(np.array_equal, layer.get_weights(), before[0]))


def test_a_picture_needs_no_framework() -> None:
    """A layer of a backend that cannot be loaded is drawn, and nothing is loaded."""
    loaded = registry.loaded()
    layer = layers.Conv2D(2, 3, backend="jax")
    assert len(read(layer.picture((None, 5, 5, 1)))) == 1
    assert registry.loaded() == loaded


INSIDE = {
    "time-distributed": (lambda: layers.TimeDistributed(layers.Conv2D(1, 2)), (4, 5), (3, 4)),
    "locally-connected": (lambda: layers.LocallyConnected2D(1, 2, strides=2), (4, 5), (2, 2)),
    "separable": (lambda: layers.SeparableConv2D(1, 2), (4, 5), (3, 4)),
    "convolutional-lstm": (lambda: layers.ConvLSTM2D(1, 2), (4, 5), (3, 4)),
    "channels-first": (lambda: layers.Conv2D(1, 2, data_format="channels_first"), (4, 5), (3, 4)),
    "grouped": (lambda: layers.Conv2D(4, 2, groups=2), (4, 5), (3, 4)),
    "global": (lambda: layers.GlobalAveragePooling2D(), (4, 5), (1, 1)),
    "global-by-step": (
        lambda: layers.TimeDistributed(layers.GlobalMaxPooling1D()),
        (5,),
        (1,),
    ),
    "locally-connected-by-step": (
        lambda: layers.TimeDistributed(layers.LocallyConnected1D(1, 2)),
        (5,),
        (4,),
    ),
}


@pytest.mark.parametrize(("make", "sizes", "output"), INSIDE.values(), ids=INSIDE)
def test_layers_of_several_parts_are_drawn(make: Any, sizes: Any, output: Any) -> None:
    """By the spatial sizes alone, whatever other axes they have."""
    (shown,) = read(make().picture(sizes))
    assert (shown.input.sizes, shown.output.sizes) == (sizes, output)
