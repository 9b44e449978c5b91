"""The cosine of two rows of numbers, with Keras 1's guard against a division by zero."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from convdispatch.errors import InvalidShape
from convdispatch.formulas.products import batch_dot
from convdispatch.layers._joining import Dot
from convdispatch.layers._merging import Tensors, shown
from convdispatch.ops import PartialShape
from convdispatch.runtime import selection


class Cosine(Dot):
    """x y / max(sqrt(x x * y y), epsilon), sample by sample."""

    def __init__(self, axes: int | Sequence[int], **options: Any) -> None:
        super().__init__(axes, normalize=True, **options)

    def _output_sizes(self, shapes: Sequence[PartialShape]) -> PartialShape:
        if any(len(shape) != 2 for shape in shapes):
            raise InvalidShape(
                f"the cosine of {self._title} is that of rows, (batch, features); received the "
                f"shapes {shown(shapes)}. Of more axes Keras 1's formula is no cosine."
            )
        return super()._output_sizes(shapes)

    def _function(self, shapes: Sequence[PartialShape]) -> Callable[[Tensors], Any]:
        f: Any = self._backend().functions
        floor = selection.epsilon()

        def cosine(inputs: Tensors) -> Any:
            x, y = inputs
            product, of_x, of_y = (batch_dot(f, two, (1, 1)) for two in ((x, y), (x, x), (y, y)))
            squares = of_x * of_y
            # Below the guard the root has no slope; that of 0 would have none either.
            is_small = f["less"](squares, floor**2)
            return product / f["where"](
                is_small, floor, f["sqrt"](f["where"](is_small, 1.0, squares))
            )

        return cosine
