"""Pictures of models: what they show, in files and in notebooks."""

from __future__ import annotations

import re
import time
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any, ClassVar

import pytest
from places import ROOT

import convdispatch
from convdispatch import Model, Sequential, keras1, keras2, layers, plot_model
from convdispatch.errors import InvalidArgument, InvalidType, ProgramError
from convdispatch.keras1.utils import visualize_util
from convdispatch.keras2.utils import vis_utils

SVG = "{http://www.w3.org/2000/svg}"


def stack(**options: Any) -> Sequential:
    """Return three layers."""
    return Sequential(
        [
            layers.Conv2D(8, 3, activation="relu", input_shape=(28, 28, 1), name="conv"),
            layers.Flatten(name="flat"),
            layers.Dense(10, name="out"),
        ],
        name="small",
        **options,
    )


def siamese() -> Model:
    """Return a model of two inputs and two outputs that calls a stack twice."""
    base = Sequential([layers.Dense(3, input_shape=(4,))], name="base")
    a, b = layers.Input((4,), name="a"), layers.Input((4,), name="b")
    both = layers.Subtract(name="both")([base(a), base(b)])
    return Model([a, b], [layers.Dense(1, name="one")(both), both], name="siamese")


def words(picture: str) -> list[str]:
    """Return the lines of text of a picture."""
    return [one.text or "" for one in ET.fromstring(picture).iter(f"{SVG}text")]


def plotted(folder: Path, model: Any, **options: Any) -> list[str]:
    """Return the lines of text of the file that `plot_model` writes."""
    path = folder / "model.svg"
    plot_model(model, path, **options)
    return words(path.read_text(encoding="utf-8"))


def test_a_picture_shows_names_classes_shapes_and_types(tmp_path: Path) -> None:
    """From the input to the last layer; an activation beside the class."""
    assert plotted(tmp_path, stack()) == [
        *("input", "(None, 28, 28, 1)", "float32"),
        *("conv", "Conv2D relu", "(None, 26, 26, 8)", "float32", "80 parameters"),
        *("flat", "Flatten", "(None, 5408)", "float32"),
        *("out", "Dense", "(None, 10)", "float32", "54,090 parameters"),
    ]


def test_details_can_be_left_out(tmp_path: Path) -> None:
    """Names, shapes and types."""
    found = plotted(tmp_path, stack(), show_shapes=False, show_layer_names=False, show_dtype=False)
    assert found == [
        "input",
        "Conv2D relu",
        "80 parameters",
        "Flatten",
        "Dense",
        "54,090 parameters",
    ]


def test_a_shared_stack_has_a_box_for_each_call(tmp_path: Path) -> None:
    """Which says so, as an output does."""
    found = plotted(tmp_path, siamese(), show_shapes=False, show_dtype=False)
    assert found == [
        *("a", "InputLayer", "b", "InputLayer"),
        *("base", "Sequential", "15 parameters", "shared, call 1 of 2"),
        *("base", "Sequential", "15 parameters", "shared, call 2 of 2"),
        *("both", "Subtract", "output 2 of 2"),
        *("one", "Dense", "4 parameters", "output 1 of 2"),
    ]


def test_an_input_of_integers_and_a_wrapper_are_named(tmp_path: Path) -> None:
    """Their element type, and what is wrapped."""
    x = layers.Input((5,), dtype="int32", name="words")
    h = layers.Embedding(10, 3, name="table")(x)
    y = layers.TimeDistributed(layers.Dense(2), name="each")(h)
    found = plotted(tmp_path, Model(x, y))
    assert found[:4] == ["words", "InputLayer", "(None, 5)", "int32"]
    assert "TimeDistributed(Dense)" in found


def test_an_unbuilt_model_is_drawn_without_shapes(tmp_path: Path) -> None:
    """And stays unbuilt."""
    model = Sequential([layers.Dense(2, name="a"), layers.Dense(1, name="b")])
    assert plotted(tmp_path, model) == ["a", "Dense", "b", "Dense"]
    assert not model.built
    assert "not built yet" in model._repr_html_()


def test_an_input_layer_of_a_stack_is_its_input(tmp_path: Path) -> None:
    """There is no other box for it."""
    model = Sequential([layers.InputLayer(input_shape=(4,), name="x"), layers.Dense(2, name="d")])
    assert plotted(tmp_path, model, show_shapes=False, show_dtype=False)[:2] == ["x", "InputLayer"]


def test_keras2_draws_what_is_read_and_returned(tmp_path: Path) -> None:
    """`keras.utils.plot_model`, with its defaults."""
    K: Any = keras2.layers
    model = keras2.models.Sequential([K.Dense(3, input_shape=(4,), name="d")])
    path = tmp_path / "model.svg"
    keras2.utils.plot_model(model, path, show_shapes=True)
    assert words(path.read_text(encoding="utf-8")) == [
        *("d", "Dense", "input: (None, 4)", "output: (None, 3)")
    ]
    vis_utils.plot_model(model, to_file=str(path), show_layer_names=False, rankdir="LR")
    assert words(path.read_text(encoding="utf-8")) == ["Dense"]


def test_keras1_draws_the_input_of_a_stack_too(tmp_path: Path) -> None:
    """`keras.utils.visualize_util.plot`."""
    K: Any = keras1.layers
    model = keras1.models.Sequential([K.Dense(3, input_shape=(4,), name="d")])
    path = tmp_path / "model.svg"
    visualize_util.plot(model, to_file=path, show_shapes=True)
    first, *others = words(path.read_text(encoding="utf-8"))
    assert re.fullmatch(r"dense_input_\d+", first)
    assert others == [
        *("InputLayer", "input: (None, 4)", "output: (None, 4)"),
        *("d", "Dense", "input: (None, 4)", "output: (None, 3)"),
    ]


def test_a_notebook_s_old_cell_works_without_pydot() -> None:
    """`SVG(model_to_dot(model).create(prog='dot', format='svg'))`."""
    K: Any = keras2.layers
    model = keras2.models.Sequential([K.Dense(3, input_shape=(4,), name="d")])
    dot = vis_utils.model_to_dot(model, show_shapes=True)
    assert words(dot.create(prog="dot", format="svg").decode())[:2] == ["d", "Dense"]
    assert words(dot._repr_svg_())[:2] == ["d", "Dense"]
    assert '0 [label="d: Dense|{input: (None, 4)|output: (None, 3)}"];' in dot.to_string()


@pytest.mark.parametrize("plot", [vis_utils.plot_model, visualize_util.plot], ids=["2", "1"])
def test_an_old_script_without_graphviz_gets_an_svg(
    plot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside the file that it asked for, and goes on."""
    monkeypatch.setenv("PATH", str(tmp_path))
    K: Any = keras2.layers
    model = keras2.models.Sequential([K.Dense(3, input_shape=(4,), name="d")])
    with pytest.warns(UserWarning, match=r"needs Graphviz.* Wrote '.*model\.svg' instead"):
        plot(model, to_file=str(tmp_path / "model.png"))
    assert not (tmp_path / "model.png").exists()
    assert "d" in words((tmp_path / "model.svg").read_text(encoding="utf-8"))


def test_the_language_of_graphviz_needs_no_graphviz(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other formats do, and then the file stays as it was."""
    monkeypatch.setenv("PATH", str(tmp_path))
    plot_model(stack(), tmp_path / "model.dot")
    assert (tmp_path / "model.dot").read_text(encoding="utf-8").startswith("digraph {")
    for name in ("model.png", "model.PDF", "model"):
        (tmp_path / name).write_text("old", encoding="utf-8")
        with pytest.raises(ProgramError, match=r"Write an \.svg file"):
            plot_model(stack(), tmp_path / name)
        assert (tmp_path / name).read_text(encoding="utf-8") == "old"


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"rankdir": "down"}, InvalidArgument, "`rankdir` must be one of 'TB', 'BT', 'LR', 'RL'"),
        ({"rankdir": None}, InvalidType, "`rankdir` must be one of"),
        ({"show_shapes": "yes"}, InvalidType, "`show_shapes` must be True or False"),
        ({"to_file": 3}, InvalidType, "`to_file` must be the name of a file; received 3"),
    ],
)
def test_bad_arguments_are_refused(
    tmp_path: Path, options: Any, error: type[Exception], message: str
) -> None:
    """With what they must be."""
    with pytest.raises(error, match=message):
        plot_model(stack(), **({"to_file": tmp_path / "x.svg"} | options))
    with pytest.raises(InvalidType, match="must be a Sequential or a Model; received str"):
        plot_model("model", tmp_path / "x.svg")


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    """Nothing is made."""
    with pytest.raises(FileNotFoundError, match="there is no such folder"):
        plot_model(stack(), tmp_path / "missing" / "model.svg")


def test_a_notebook_shows_a_model_with_those_that_are_nested() -> None:
    """One picture, and one more for each nested model, folded."""
    page = siamese()._repr_html_()
    assert page.count("<svg") == 2
    assert page.count("<details>") == 1
    assert "<summary>Sequential base</summary>" in page
    assert "5 layers, 19 parameters</div>" in page
    model = siamese()
    model.get_layer("base").trainable = False
    assert "19 parameters, 15 of them not trainable" in model._repr_html_()


def test_a_notebook_shows_a_layer_with_its_arguments() -> None:
    """Built with the shapes, else without; names are text."""
    layer = layers.Dense(2, name='<img src="x" onerror="alert(1)">')
    assert "not built yet" in layer._repr_html_()
    layer.build((None, 3))
    page = layer._repr_html_()
    assert "<img" not in page
    assert "&lt;img" in page
    assert "(None, 3)" in page
    assert "8 parameters" in page
    assert '<td style="text-align:left">units</td><td style="text-align:left">2</td>' in page


def test_every_layer_has_a_picture() -> None:
    """Also one of several inputs, and one with a function."""
    both = layers.Add()
    both([layers.Input((3,)), layers.Input((3,))])
    assert both._repr_html_().count(">input<") == 2
    assert "<svg" in layers.Lambda(lambda x: x)._repr_html_()
    assert "<svg" in layers.Bidirectional(layers.LSTM(2))._repr_html_()


def test_a_user_s_layer_may_have_words_of_its_own(tmp_path: Path) -> None:
    """The names that pictures read are no others'."""

    class Mine(layers.Dense):
        family: ClassVar[Any] = ["no", "colour"]

    model = Sequential([Mine(2, input_shape=(4,), name="d")])
    assert plotted(tmp_path, model, show_shapes=False, show_dtype=False)[1:3] == ["d", "Mine"]
    assert "<svg" in model.layers[0]._repr_html_()


def test_a_model_of_200_layers_is_drawn_in_less_than_a_second() -> None:
    """With a shortcut past every third layer."""
    h = x = layers.Input((8,), name="x")
    for _ in range(50):
        y = layers.Activation("relu")(layers.Activation("tanh")(h))
        h = layers.Add()([layers.Activation("relu")(y), h])
    model = Model(x, h)
    begun = time.process_time()
    page = model._repr_html_()
    assert time.process_time() - begun < 1
    assert page.count('class="title"') == 201


def test_pictures_change_nothing() -> None:
    """A model gives the same result afterwards, and is as it was."""
    convdispatch.set_random_seed(0)
    model = stack(backend="numpy")
    before = model.get_config()
    model._repr_html_()
    assert model.get_config() == before


def test_the_picture_in_the_documentation_is_what_its_code_draws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page's first two blocks draw it; copy the file from there after a change."""
    page = (ROOT / "docs/how-to/look-at-a-model.md").read_text(encoding="utf-8")
    first, second, *_ = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONVDISPATCH_BACKEND", "numpy")
    exec(first + second, {})
    drawn = (tmp_path / "inception.svg").read_text(encoding="utf-8")
    assert drawn == (ROOT / "docs/images/inception.svg").read_text(encoding="utf-8")


def test_a_notebook_shows_what_a_layer_s_window_does_and_its_weights() -> None:
    """Where the shape is known, beside the box; a layer without a window has its box alone."""
    layer = layers.Conv2D(4, 3, input_shape=(6, 6, 2), name="conv", backend="numpy")
    page = layer._repr_html_()
    assert page.count("<svg") == 2
    assert "The first cell of the output, (0, 0), reads rows 0, 1 and 2" in page
    assert "Weights" not in page
    layer.build((None, 6, 6, 2))
    layer.trainable = False
    page = layer._repr_html_()
    assert "<summary>Weights</summary>" in page
    assert "(3, 3, 2, 4): 72 numbers, not trained" in page
    assert layers.Dense(2, input_shape=(3,))._repr_html_().count("<svg") == 1
    assert layers.Conv2D(4, 3, input_shape=(None, None, 2))._repr_html_().count("<svg") == 1


def test_a_notebook_shows_the_windows_of_a_model_s_layers_on_demand() -> None:
    """One for each layer with a window, folded, so that the graph comes first."""
    model = Sequential(
        [
            layers.Conv2D(2, 3, input_shape=(6, 6, 1), name="conv"),
            layers.MaxPooling2D(2, name="pool"),
            layers.Flatten(),
            layers.Dense(1),
        ],
        backend="numpy",
    )
    page = model._repr_html_()
    assert re.findall(r"<details><summary>(.*?)</summary><svg", page) == [
        "What conv reads",
        "What pool reads",
    ]
    assert page.count("<svg") == 3
