"""Pictures, and their changes at random, by the package `keras_preprocessing`.

It is Keras's own code, which Keras published by itself. It draws by NumPy's own generator, so a
seed gives the pictures that it gave. What it lacks of Keras 1's names is made of its own functions.
"""

from __future__ import annotations

import functools
import importlib
import inspect
from collections.abc import Iterator, Mapping
from typing import Any, Self

import numpy as np

from convdispatch.doors.modules import IMAGES, names_of
from convdispatch.errors import MissingPackage
from convdispatch.runtime.selection import floatx, image_data_format
from convdispatch.support.locks import Lock
from convdispatch.training.codes import Sequence

# All that a script finds there, in one Keras or the other.
NAMES = names_of({"": IMAGES})


def for_door(door: str) -> Mapping[str, Any]:
    """Return the names of one Keras's `preprocessing.image`, by its door."""
    return _Names(has_triples=door == "keras1")


class _Names(Mapping[str, Any]):
    """The names, of which each is looked up in the package on use."""

    def __init__(self, *, has_triples: bool) -> None:
        self._has_triples = has_triples

    def __getitem__(self, name: str) -> Any:
        if name not in NAMES:
            raise KeyError(name)
        if name == "Iterator" and self._has_triples:
            return OldIterator
        return _made()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(NAMES)

    def __len__(self) -> int:
        return len(NAMES)


def _package() -> Any:
    try:
        return importlib.import_module("keras_preprocessing.image")
    except ImportError as exc:
        raise MissingPackage(
            f"`keras.preprocessing.image` needs the package keras_preprocessing: {exc}. Try `pip "
            "install keras-preprocessing pillow scipy`."
        ) from exc


@functools.cache
def _made() -> dict[str, Any]:
    """Return every name, with the classes that know where keras.json puts the channels."""
    image = _package()
    made = {name: getattr(image, name) for name in NAMES if hasattr(image, name)}
    made.update(_functions(image), **_classes(image))
    return made


def _functions(image: Any) -> dict[str, Any]:
    def array_to_img(x: Any, data_format: Any = None, scale: bool = True, **words: Any) -> Any:
        """Return an array as a picture of the package Pillow."""
        return image.array_to_img(x, _format(data_format, words), scale, **words)

    def img_to_array(img: Any, data_format: Any = None, dtype: Any = None, **words: Any) -> Any:
        """Return a picture of the package Pillow as an array."""
        return image.img_to_array(img, _format(data_format, words), dtype or floatx(), **words)

    def save_img(
        path: Any, x: Any, data_format: Any = None, file_format: Any = None, scale: bool = True,
        **words: Any,
    ) -> None:  # fmt: skip
        """Write an array to a file as a picture."""
        image.save_img(path, x, _format(data_format, words), file_format, scale, **words)

    def apply_transform(
        x: Any, transform_matrix: Any, channel_axis: int = 0, fill_mode: str = "nearest",
        cval: float = 0.0,
    ) -> Any:  # fmt: skip
        """Return a picture transformed by a matrix of rows and columns, as Keras 1 and 2.1 do."""
        moved = np.moveaxis(x, channel_axis, 0)
        turn, shift = transform_matrix[:2, :2], transform_matrix[:2, 2]
        parts = [
            image.ndimage.affine_transform(one, turn, shift, order=0, mode=fill_mode, cval=cval)
            for one in moved
        ]
        return np.moveaxis(np.stack(parts), 0, channel_axis)

    own = (array_to_img, img_to_array, save_img, apply_transform)
    return {one.__name__: one for one in own}


def _classes(image: Any) -> dict[str, Any]:
    """Return the generator and its iterators, which are batches by number."""
    found: dict[str, Any] = {
        name: type(name, (_Made, getattr(image, name), Sequence), {"__module__": __name__})
        for name in ("Iterator", "NumpyArrayIterator", "DirectoryIterator")
    }
    package = image.ImageDataGenerator

    class ImageDataGenerator(package):  # type: ignore[misc,valid-type]  # found while this runs
        """Changes pictures at random, and yields batches of them: see the package's own."""

        def __init__(self, *arguments: Any, **words: Any) -> None:
            words["data_format"] = _format(words.get("data_format"), words)
            super().__init__(*arguments, **words)

        def flow(
            self, x: Any, y: Any = None, batch_size: int = 32, shuffle: bool = True, **words: Any
        ) -> Any:
            """Return an iterator of batches of pictures, and of their targets."""
            words.update(batch_size=batch_size, shuffle=shuffle, data_format=self.data_format)
            return found["NumpyArrayIterator"](x, y, self, dtype=self.dtype, **words)

        def flow_from_directory(
            self, directory: Any, target_size: Any = (256, 256), color_mode: str = "rgb",
            classes: Any = None, class_mode: Any = "categorical", batch_size: int = 32,
            shuffle: bool = True, **words: Any,
        ) -> Any:  # fmt: skip
            """Return an iterator of batches of the pictures in folders, one for each class."""
            words.update(classes=classes, class_mode=class_mode, batch_size=batch_size)
            words.update(target_size=target_size, color_mode=color_mode, shuffle=shuffle)
            words.update(data_format=self.data_format, dtype=self.dtype)
            return found["DirectoryIterator"](directory, self, **words)

    own = inspect.signature(package.__init__).parameters.values()
    ordering = inspect.Parameter("dim_ordering", inspect.Parameter.KEYWORD_ONLY, default=None)
    ImageDataGenerator.__signature__ = inspect.Signature([*list(own)[1:], ordering])
    return {**found, "ImageDataGenerator": ImageDataGenerator}


class _Made:
    """Makes iterators without asking whether TensorFlow is installed, as the package does."""

    def __new__(cls, *_: Any, **__: Any) -> Self:
        """Return a new object."""
        return object.__new__(cls)


class _Guard:
    """A lock as scripts take it, `with self.lock:`."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._taken: list[Any] = []

    def __enter__(self) -> None:
        self._taken.append(self._lock.take())

    def __exit__(self, *_: object) -> None:
        self._taken.pop().release()


class OldIterator:
    """The base of Keras 1's iterators: its indices come with the first and how many."""

    def __init__(self, n: int, batch_size: int, shuffle: bool, seed: int | None) -> None:
        self.n, self.batch_size, self.shuffle = n, batch_size, shuffle
        self.batch_index = self.total_batches_seen = 0
        self.lock = _Guard()
        self.index_generator = self._flow_index(n, batch_size, shuffle, seed)

    def reset(self) -> None:
        """Begin at the first batch again."""
        self.batch_index = 0

    def _flow_index(
        self, n: int, batch_size: int = 32, shuffle: bool = False, seed: int | None = None
    ) -> Iterator[tuple[Any, int, int]]:
        self.reset()
        order = np.arange(n)
        while True:
            if seed is not None:
                np.random.seed(seed + self.total_batches_seen)
            if self.batch_index == 0:
                order = np.random.permutation(n) if shuffle else np.arange(n)
            first = (self.batch_index * batch_size) % n
            count = min(batch_size, n - first)
            self.batch_index = self.batch_index + 1 if n >= first + batch_size else 0
            self.total_batches_seen += 1
            yield order[first : first + count], first, count

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        return self.next()

    def next(self) -> Any:
        """Return the next batch; a subclass defines it."""
        raise NotImplementedError


def _format(data_format: str | None, words: dict[str, Any]) -> str:
    """Return where the channels are, by Keras 2's word or by Keras 1's, which is taken out."""
    old = words.pop("dim_ordering", None)
    meant = data_format or {"th": "channels_first", "tf": "channels_last"}.get(old)
    return meant or image_data_format()
