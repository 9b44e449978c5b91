"""Layers and stacks of them as data, whose `repr` is what asv keys a result by.

A changed argument or shape is another parameter, so that a curve never joins figures of two
different computations.
"""

import zlib
from dataclasses import dataclass

import convdispatch
from convdispatch import layers


@dataclass(frozen=True, repr=False)
class Part:
    """A layer class by its name, which an older commit may lack, and its arguments."""

    name: str
    arguments: tuple[tuple[str, object], ...]

    def make(self, backend: str) -> layers.Layer:
        """Return the layer, in float32 on that backend."""
        layer_class = getattr(layers, self.name, None)
        if layer_class is None:
            raise NotImplementedError(f"convdispatch.layers has no {self.name} yet")
        arguments = {
            name: value.make(backend) if isinstance(value, Part) else value  # what a wrapper wraps
            for name, value in self.arguments
        }
        return layer_class(**arguments, backend=backend, dtype="float32")

    def __repr__(self) -> str:
        return f"{self.name}({', '.join(f'{name}={value!r}' for name, value in self.arguments)})"


@dataclass(frozen=True, repr=False)
class Workload:
    """One layer or a stack of several, and the shape of its input, batch axis included."""

    title: str
    parts: tuple[Part, ...]
    shape: tuple[int, ...]

    def make(self, backend: str) -> object:
        """Return the layer, or the model of several."""
        made = [part.make(backend) for part in self.parts]
        return made[0] if len(made) == 1 else convdispatch.Sequential(made, backend=backend)

    def __repr__(self) -> str:
        content = " ".join(map(repr, self.parts)) + f" of {'x'.join(map(str, self.shape))}"
        # A stack's own name, which is short, with a sum over what it names.
        return f"{self.title} #{zlib.crc32(content.encode()):08x}" if self.title else content


def part(name: str, **arguments: object) -> Part:
    """Return a layer as data."""
    return Part(name, tuple(arguments.items()))


def layer(shape: tuple[int, ...], name: str, **arguments: object) -> Workload:
    """Return one layer and the shape of its input as data."""
    return Workload("", (part(name, **arguments),), shape)
