"""Models printed as Keras 1.2.2 and Keras 2.2.4 print them.

The texts follow from those Kerases' own rules by hand: columns end at int(share * width), a cell is
cut where its column ends, a blank parts it from the next one.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from convdispatch import keras1, keras2
from convdispatch.errors import InvalidArgument, InvalidType

K1: Any = keras1.layers
K2: Any = keras2.layers


def printed(model: Any, **arguments: Any) -> str:
    """Return what `summary` of a model of Keras 2 prints."""
    lines: list[str] = []
    model.summary(print_fn=lines.append, **arguments)
    return "\n".join([*lines, ""])


def said(capsys: pytest.CaptureFixture[str], model: Any, *arguments: Any, **named: Any) -> str:
    """Return what `summary` of a model of Keras 1 prints, which takes no function to print with."""
    capsys.readouterr()
    model.summary(*arguments, **named)
    return capsys.readouterr().out


KERAS1_STACK = """\
____________________________________________________________________________________________________
Layer (type)                     Output Shape          Param #     Connected to                     
====================================================================================================
conv (Convolution2D)             (None, 32, 26, 26)    320         convolution2d_input_N[0][0]      
____________________________________________________________________________________________________
flat (Flatten)                   (None, 21632)         0           conv[0][0]                       
____________________________________________________________________________________________________
a_dense_layer_with_too_long_a_na (None, 10)            216330      flat[0][0]                       
====================================================================================================
Total params: 216,650
Trainable params: 216,330
Non-trainable params: 320
____________________________________________________________________________________________________
"""  # noqa: W291  # Keras fills each line


def test_keras1_connects_a_stack_to_an_input(capsys: pytest.CaptureFixture[str]) -> None:
    """Whose layer has no row; names that are too long are cut."""
    shape, name = (1, 28, 28), "a_dense_layer_with_too_long_a_name"
    model = keras1.models.Sequential()
    model.add(K1.Convolution2D(32, 3, 3, input_shape=shape, dim_ordering="th", name="conv"))
    model.add(K1.Flatten(name="flat"))
    model.add(K1.Dense(10, name=name))
    model.layers[0].trainable = False
    text = said(capsys, model)
    end = "convolution2d_input_N[0][0]".ljust(33)
    assert re.sub(r"convolution2d_input_\d+\[0]\[0] *", end, text) == KERAS1_STACK
    assert said(capsys, model) == text


GRAPH_ROWS = """\
a (InputLayer)|(None, 4)|0|
b (InputLayer)|(None, 4)|0|
base (Sequential)|(None, 3)|67|a[0][0]
|||b[0][0]
shared (Dense)|(None, 3)|15|a[0][0]
|||b[0][0]
cat (TYPE)|(None, 12)|0|base[1][0]
|||base[2][0]
|||shared[0][0]
|||shared[1][0]
out (Dense)|(None, 1)|13|cat[0][0]"""


def graph_of(K: Any, models: Any, joined: Any) -> Any:
    """Return a model of two inputs, a shared layer and a shared stack."""
    base = models.Sequential([K.Dense(8, input_shape=(4,)), K.Dense(3)], name="base")
    a, b = K.Input((4,), name="a"), K.Input((4,), name="b")
    shared = K.Dense(3, name="shared")
    cat = joined([base(a), base(b), shared(a), shared(b)])
    return models.Model([a, b], K.Dense(1, name="out")(cat))


def table(rows: str, starts: list[int], width: int) -> list[str]:
    """Return the lines of a table from its cells, by where each column starts."""
    lines = []
    for row in rows.splitlines():
        if row.split("|")[0] and lines:
            lines.append("_" * width)
        line = ""
        for start, cell in zip(starts, row.split("|"), strict=True):
            line = line.ljust(start) + cell
        lines.append(line.ljust(width))
    return lines


def test_keras1_prints_what_each_call_of_a_graph_reads(capsys: pytest.CaptureFixture[str]) -> None:
    """In a line each; a model has been called once when it was made."""
    model = graph_of(K1, keras1.models, lambda parts: K1.merge(parts, mode="concat", name="cat"))
    lines = said(capsys, model).splitlines()
    starts = [0, 33, 55, 67]  # 100 characters in shares of 0.33, 0.55, 0.67
    assert lines[3:-5] == table(GRAPH_ROWS.replace("TYPE", "Merge"), starts, 100)
    assert lines[-4:-1] == ["Total params: 95", "Trainable params: 95", "Non-trainable params: 0"]


def test_keras2_prints_what_each_call_of_a_graph_reads() -> None:
    """As Keras 1 does, in 98 columns."""
    model = graph_of(K2, keras2.models, K2.Concatenate(name="cat"))
    lines = printed(model).splitlines()
    starts = [0, 32, 53, 65]
    assert lines[:2] == [
        "_" * 98,
        "Layer (type)                    Output Shape         Param #     Connected to".ljust(98),
    ]
    assert lines[3:-5] == table(GRAPH_ROWS.replace("TYPE", "Concatenate"), starts, 98)


KERAS2_STACK = """\
_________________________________________________________________
Layer (type)                 Output Shape              Param #   
=================================================================
conv (Conv2D)                (None, 26, 26, 32)        320       
_________________________________________________________________
norm (BatchNormalization)    (None, 26, 26, 32)        128       
_________________________________________________________________
flat (Flatten)               (None, 21632)             0         
_________________________________________________________________
a_dense_layer_with_a_name_to (None, 10)                216330    
=================================================================
Total params: 216,778
Trainable params: 216,714
Non-trainable params: 64
_________________________________________________________________
"""  # noqa: W291  # Keras fills each line


def stack() -> Any:
    """Return a chain of layers in Keras 2's words."""
    return keras2.models.Sequential(
        [
            K2.Conv2D(32, 3, input_shape=(28, 28, 1), name="conv"),
            K2.BatchNormalization(name="norm"),
            K2.Flatten(name="flat"),
            K2.Dense(10, name="a_dense_layer_with_a_name_too_long"),
        ]
    )


def test_keras2_prints_a_stack_in_65_columns() -> None:
    """Without what is connected: it is always the layer above."""
    assert printed(stack()) == KERAS2_STACK


def test_a_function_of_keras2_prints_it_too() -> None:
    """`keras.utils.print_summary`, with the same arguments."""
    lines: list[str] = []
    keras2.utils.print_summary(stack(), print_fn=lines.append)
    assert "\n".join([*lines, ""]) == KERAS2_STACK


def test_keras2_prints_a_graph_that_is_a_chain_like_a_stack() -> None:
    """With the row of its input, which a stack does not show."""
    x = K2.Input((4,), name="x")
    lines = printed(keras2.models.Model(x, K2.Dense(2, name="d")(x))).splitlines()
    assert lines[3] == "x (InputLayer)               (None, 4)                 0         "
    assert lines[5] == "d (Dense)                    (None, 2)                 10        "


def test_a_stack_of_keras2_does_not_show_its_input() -> None:
    """Nor where the user made one."""
    model = keras2.models.Sequential([K2.InputLayer(input_shape=(4,)), K2.Dense(2, name="d")])
    assert "InputLayer" not in printed(model)
    assert "d (Dense) " in printed(model)


def test_one_layer_with_several_shapes_has_multiple() -> None:
    """Kerases print a shape only where all calls have it."""
    c = K2.Conv1D(2, 1, name="c")
    x, y = K2.Input((7, 4), name="x"), K2.Input((5, 4), name="y")
    lines = printed(keras2.models.Model([x, y], [c(x), c(y)])).splitlines()
    assert lines[7].split() == ["c", "(Conv1D)", "multiple", "10", "x[0][0]"]


@pytest.mark.parametrize("positions", [(0.25, 0.5, 1.0), (20, 40, 80)], ids=["shares", "columns"])
def test_the_lines_may_be_longer_and_columns_elsewhere(positions: Any) -> None:
    """`line_length` and `positions`, in shares of the line or in characters."""
    lines = printed(stack(), line_length=80, positions=positions).splitlines()
    assert lines[0] == "_" * 80
    assert lines[3] == f"{'conv (Conv2D)':20}{'(None, 26, 26, 32)':20}{'320':40}"


def test_keras1_takes_them_in_their_order(capsys: pytest.CaptureFixture[str]) -> None:
    """Its `summary` has no third argument."""
    x = K1.Input((4,), name="x")
    model = keras1.models.Model(x, K1.Dense(2, name="d")(x))
    lines = said(capsys, model, 50, [20, 30, 40, 50]).splitlines()
    assert lines[5] == f"{'d (Dense)':20}{'(None, 2)':10}{'10':10}{'x[0][0]':10}"
    with pytest.raises(InvalidType, match=r"`print_fn` of `summary`; allowed: 'line_length'"):
        model.summary(print_fn=print)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"line_length": 0}, InvalidArgument, "`line_length` must be at least 1"),
        ({"line_length": "wide"}, InvalidType, "`line_length` must be an integer"),
        ({"positions": [0.5, 1.0]}, InvalidArgument, "3 rising numbers.* columns are: Layer"),
        ({"positions": [0.5, 0.2, 1.0]}, InvalidArgument, "3 rising numbers"),
        ({"positions": [0, 0.2, 1.0]}, InvalidArgument, "3 rising numbers"),
        ({"positions": "abc"}, InvalidType, "`positions` must be a list of numbers"),
        ({"positions": 3}, InvalidType, "`positions` must be a list of numbers"),
    ],
)
def test_bad_widths_are_refused(arguments: Any, error: type[Exception], words: str) -> None:
    """With what they must be; nothing is printed."""
    lines: list[str] = []
    with pytest.raises(error, match=words):
        stack().summary(print_fn=lines.append, **arguments)
    assert lines == []


BRANCHED = """\
left (Dense)|(None, 3)|15|
right (Dense)|(None, 3)|15|
out (Dense)|(None, 2)|14|both[0][0]"""


def test_keras1_lists_the_layers_of_branches(capsys: pytest.CaptureFixture[str]) -> None:
    """In place of the layer that merges them, and without what they read."""
    left = keras1.models.Sequential([K1.Dense(3, input_shape=(4,), name="left")])
    right = keras1.models.Sequential([K1.Dense(3, input_shape=(4,), name="right")])
    model = keras1.models.Sequential()
    model.add(K1.Merge([left, right], mode="concat", name="both"))
    model.add(K1.Dense(2, name="out"))
    lines = said(capsys, model).splitlines()
    assert lines[3:-5] == table(BRANCHED, [0, 33, 55, 67], 100)
    assert lines[-4] == "Total params: 44"


@pytest.mark.parametrize(
    ("K", "models", "trained"), [(K1, keras1.models, 10), (K2, keras2.models, 0)], ids=["1", "2"]
)
def test_a_frozen_model_counts_as_its_keras_counts(
    K: Any, models: Any, trained: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Keras 1 looks at the layers alone, Keras 2 at the model too."""
    model = models.Sequential([K.Dense(2, input_shape=(4,))])
    model.trainable = False
    assert f"Trainable params: {trained}\n" in said(capsys, model)


def test_inputs_are_numbered_as_in_keras(capsys: pytest.CaptureFixture[str]) -> None:
    """From `input_1`: real Kerases call the layer so."""
    for K, models in ((K1, keras1.models), (K2, keras2.models)):
        x = K.Input((4,))
        assert re.search(
            r"^input_\d+ \(InputLayer\)", said(capsys, models.Model(x, x)), re.MULTILINE
        )
