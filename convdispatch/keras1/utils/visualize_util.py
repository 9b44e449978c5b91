"""Pictures of models, under Keras 1's module path."""

from __future__ import annotations

from typing import Any

from convdispatch.models.plotting import Dot, keras_diagram, write_somehow

__all__ = ["model_to_dot", "plot"]


def model_to_dot(model: Any, show_shapes: bool = False, show_layer_names: bool = True) -> Dot:
    """Return the diagram of a model, which a notebook shows and `create` makes an image of.

    >>> from convdispatch.keras1 import layers, models
    >>> model = models.Sequential([layers.Dense(3, input_shape=(4,), name="first")])
    >>> model_to_dot(model).create(prog="dot", format="svg").startswith(b"<svg")
    True
    """
    return Dot(keras_diagram(model, show_shapes, show_layer_names, "TB"))


def plot(
    model: Any,
    to_file: Any = "model.png",
    show_shapes: bool = False,
    show_layer_names: bool = True,
) -> None:
    """Write a picture of a model's graph to a file; see `convdispatch.plot_model`.

    Where Graphviz is needed and missing, the picture is an SVG beside, and a warning says so.
    """
    write_somehow(keras_diagram(model, show_shapes, show_layer_names, "TB"), to_file)
