"""The common part of layers with a spatial kernel: arguments, options of the weights, geometry."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

from convdispatch import geometry
from convdispatch.engine.arguments import IntOrTuple, as_choice, as_ints
from convdispatch.engine.declarations import Layout, Weight
from convdispatch.layers._epilogue import EpilogueLayer
from convdispatch.layers._spatial import SpatialLayer
from convdispatch.ops import PartialShape, Shape


class KernelLayer(SpatialLayer, EpilogueLayer):
    """A spatial layer with a kernel, a bias and an activation."""

    family = "convolution"
    paddings: ClassVar[tuple[str, ...]] = ("valid", "same", "full")
    # Theano convolves where the others correlate; its depthwise kernels are an exception.
    is_flippable: ClassVar[bool] = True
    size_arguments: ClassVar[tuple[str, ...]] = ("kernel_size", "strides", "dilation_rate")

    # The attributes of the constructors, each argument checked under its own name.

    def _keep_geometry(
        self, kernel_size: IntOrTuple, strides: IntOrTuple, padding: str, dilation_rate: IntOrTuple
    ) -> None:
        self.kernel_size = as_ints(kernel_size, self.rank, self.spelled("kernel_size"))
        self.strides = as_ints(strides, self.rank, self.spelled("strides"))
        self.padding = as_choice(padding, self.paddings, self.spelled("padding"))
        self.dilation_rate = as_ints(dilation_rate, self.rank, self.spelled("dilation_rate"))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        return super().get_config() | {
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "dilation_rate": self.dilation_rate,
            **self._epilogue_config(),
        }

    def _weight(self, name: str, shape: Shape, *, trainable: bool = True) -> Weight:
        weight = super()._weight(name, shape, trainable=trainable)
        if len(shape) == 1:
            return weight
        is_flipped = self.is_flippable and self.convention == "theano"
        return replace(weight, layout=self._layout(name), is_flipped=is_flipped)

    def _layout(self, weight: str) -> Layout | None:
        """Return how this class lays out that kernel, None for Keras 2's way."""
        return None

    # The geometry of a forward convolution.

    def _conv_pads(self, sizes: PartialShape) -> tuple[tuple[int, int], ...]:
        """Return the pads; raise `InvalidShape` where they depend on a size that is unknown."""
        pads = []
        for axis, (size, taps, stride, dilation) in enumerate(self._axes(sizes)):
            given: Any = {"stride": stride, "dilation": dilation, "padding": self.padding}
            given["convention"] = self.convention
            if size is None and geometry.pads_need_size(taps, **given):
                raise self._needs_size(
                    axis,
                    f"with `{self.spelled('padding')}` 'same' and `{self.spelled('strides')}` "
                    f"{stride} the pads depend on it",
                    "use 'valid', a stride of 1 or the convention 'theano', whose pads do not",
                )
            pads.append(geometry.conv_pads(size or 0, taps, **given))
        return tuple(pads)

    def _conv_output_sizes(self, sizes: PartialShape) -> PartialShape:
        outputs = []
        for axis, (size, taps, stride, dilation) in enumerate(self._axes(sizes)):
            output = geometry.conv_output_size(
                size, taps, stride=stride, dilation=dilation, padding=self.padding
            )
            self._require_output(output, sizes, axis, self._reach(axis))
            outputs.append(output)
        return tuple(outputs)

    def _reach(self, axis: int) -> str:
        """Say how far the kernel reaches on an axis, for the complaint that it is too far."""
        taps, dilation = self.kernel_size[axis], self.dilation_rate[axis]
        reach = geometry.effective_kernel_size(taps, dilation)
        names = self.spelled("kernel_size").split(", ")
        return (
            f"`{names[axis % len(names)]}` {taps} at dilation {dilation} of {self.name!r} reaches "
            f"over {reach} cells and `{self.spelled('padding')}` is {self.padding!r}"
        )

    def _axes(self, sizes: PartialShape) -> list[tuple[int | None, int, int, int]]:
        """Return (size, taps, stride, dilation) of each spatial axis."""
        return list(zip(sizes, self.kernel_size, self.strides, self.dilation_rate, strict=True))
