"""What a file of any format holds, and what every reader and writer has in common.

Arrays are as the file has them: in the layout, the order and the convention of the Keras that wrote
it. Whoever makes a model of a checkpoint brings them into ours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from convdispatch.ops import NumpyArray

Dialect = Literal["keras1", "keras2", "keras3"]
Naming = Literal["order", "attributes", "names"]


@dataclass(frozen=True, slots=True)
class StoredArray:
    """One array of a file; `read` takes it from the file, each time as an array of its own.

    `name` is what the file calls it, such as 'convolution2d_1_W' or 'conv2d/kernel:0'.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    read: Callable[[], NumpyArray]


@dataclass(frozen=True, slots=True)
class StoredLayer:
    """The arrays of one layer, in the file's order.

    `name` is the layer's in the file: its own, or for Keras 3 the path of its group. Beside a path,
    `title` is the layer's own name where the file has it.
    """

    name: str
    arrays: tuple[StoredArray, ...]
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A file's content.

    `format` is the file's kind in words, such as 'Keras 2 model (.h5)'. `architecture` is the
    model's parsed JSON, None in a file of weights; `layers` is empty in a file of JSON alone.
    `convention` is 'theano' or 'tensorflow' if the file tells the backend that wrote it.
    `training` is Keras's training configuration; `optimizer` the optimizer's arrays in file order.
    `evidence` is what shows whose words they are where the file does not say it, and `is_told` is
    False where nothing does. `naming` says what the layers' names are: those of Keras's `layers` in
    their order, paths of attributes as in Keras 3's groups, or paths of names through nested
    models.
    """

    format: str
    dialect: Dialect
    keras_version: str | None = None
    convention: Literal["theano", "tensorflow"] | None = None
    architecture: Mapping[str, Any] | None = None
    layers: tuple[StoredLayer, ...] = ()
    training: Mapping[str, Any] | None = None
    optimizer: tuple[StoredArray, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    naming: Naming = "order"
    evidence: str = ""
    is_told: bool = True
