"""Which sizes a transposed convolution may give, and the pads that give them."""

from __future__ import annotations

from typing import Any

from convdispatch import geometry
from convdispatch.engine.arguments import IntOrTuple, as_ints
from convdispatch.errors import InvalidArgument
from convdispatch.layers._one_kernel import OneKernelLayer
from convdispatch.ops import PartialShape


class TransposedSizes(OneKernelLayer):
    """A layer with one kernel that is told its output's size, or takes Keras's."""

    output_padding: tuple[int, ...] | None
    output_size: tuple[int, ...] | None

    def _transposed_pads(
        self, sizes: PartialShape, output_sizes: PartialShape
    ) -> tuple[tuple[int, int], ...]:
        extras = self.output_padding or (None,) * self.rank
        pads = []
        for axis, (size, taps, stride, dilation) in enumerate(self._axes(sizes)):
            output = output_sizes[axis]
            given: Any = {"stride": stride, "dilation": dilation, "padding": self.padding}
            given["convention"] = self.convention
            if size is not None and output is not None:
                pads.append(geometry.transposed_pads(size, output, taps, **given))
            elif output is None:
                extra = extras[axis]
                pads.append(
                    geometry.transposed_pads_of_any_size(taps, output_padding=extra, **given)
                )
            else:
                raise self._needs_size(
                    axis,
                    f"`{self.spelled('output_size')}` {output} fits some of the sizes only",
                    f"leave out `{self.spelled('output_size')}`",
                )
        return tuple(pads)

    def _output_sizes(self, sizes: PartialShape) -> PartialShape:
        paddings = self.output_padding or (None,) * self.rank
        stated = self.output_size or (None,) * self.rank
        outputs = []
        for axis, (size, taps, stride, dilation) in enumerate(self._axes(sizes)):
            extra, wanted = paddings[axis], stated[axis]
            output = wanted or geometry.transposed_output_size(
                size,
                taps,
                stride=stride,
                dilation=dilation,
                padding=self.padding,
                output_padding=extra,
            )
            self._require_output(output, sizes, axis, self._reach(axis))
            if size is not None and output is not None:
                geometry.require_legal_transposed_size(
                    output,
                    size,
                    taps,
                    stride=stride,
                    dilation=dilation,
                    padding=self.padding,
                    convention=self.convention,
                    argument=self.spelled("output_size") if extra is None else "output_padding",
                )
            outputs.append(output)
        return tuple(outputs)

    def _checked_output_size(self, value: IntOrTuple | None) -> tuple[int, ...] | None:
        if value is not None and self.output_padding is not None:
            raise InvalidArgument(
                f"`output_padding` and `{self.spelled('output_size')}` both state the output's "
                f"size; received {self.output_padding!r} and {value!r}. Give one of them."
            )
        return None if value is None else as_ints(value, self.rank, self.spelled("output_size"))

    def _checked_output_padding(self, value: IntOrTuple | None) -> tuple[int, ...] | None:
        """Return one int an axis; those that no input size makes legal raise at once."""
        if value is None:
            return None
        extras = as_ints(value, self.rank, "output_padding", minimum=0)
        for extra, (_, taps, stride, dilation) in zip(
            extras, self._axes((None,) * self.rank), strict=True
        ):
            legal = geometry.legal_output_paddings(
                taps,
                stride=stride,
                dilation=dilation,
                padding=self.padding,
                convention=self.convention,
            )
            if extra not in legal:
                raise InvalidArgument(
                    f"`output_padding` must be from {legal.start} to {legal.stop - 1} for "
                    f"`kernel_size` {taps}, `strides` {stride} and `padding` {self.padding!r}; "
                    f"received {value!r}. Leave it out for Keras's default size."
                )
        return extras
