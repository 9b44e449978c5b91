"""The common part of layers that make one tensor of several."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from convdispatch.engine.list_layer import ListLayer
from convdispatch.engine.plans import in_float32
from convdispatch.engine.resolved import Forward, Resolved
from convdispatch.engine.specs import Spec
from convdispatch.errors import InvalidArgument, InvalidShape, InvalidType
from convdispatch.ops import HALF_DTYPES, PartialShape

Tensors = Sequence[Any]
_FIRST = np.array([0])


class MergeLayer(ListLayer):
    """A layer without weights that makes one tensor of several of one element type."""

    supports_masking = True
    most: ClassVar[int | None] = None  # inputs; None: any number from two on
    rounds: ClassVar[bool] = True  # whether half precision must be computed in float32

    def resolve(self, spec: Sequence[Spec]) -> Resolved:
        """Return what the layer makes of inputs of these specs."""
        shapes = [one.shape for one in spec]
        self._require_count(len(shapes))
        for shape in shapes:
            if not shape:
                raise InvalidShape(
                    f"{self._title} takes tensors with a batch axis; received the shapes "
                    f"{shown(shapes)}."
                )
        self._require_one_type(spec)

        def lower(dtype: str, activation: Any) -> Forward:
            merge = self._function(shapes)

            def forward(weights: Any, inputs: Tensors, *masks: Any) -> Any:
                return self._merged_where(inputs, *masks) if masks else merge(inputs)

            if dtype in HALF_DTYPES and self.rounds:
                return in_float32(forward, self._backend(), dtype)
            return forward

        return Resolved(output_shape=(None, *self._output_sizes(shapes)), lower=lower)

    def _output_sizes(self, shapes: Sequence[PartialShape]) -> PartialShape:
        """Return the output's shape without the batch axis; raise where the shapes do not fit."""
        raise NotImplementedError

    def _function(self, shapes: Sequence[PartialShape]) -> Callable[[Tensors], Any]:
        """Return the function of tensors of these shapes, in their element type."""
        raise NotImplementedError

    def _merged_where(self, inputs: Tensors, masks: Sequence[Any]) -> Any:
        """Return what is made of masked tensors, of a layer that takes masks."""
        raise NotImplementedError

    def _require_count(self, count: int) -> None:
        wanted = "at least two" if self.most is None else f"exactly {self.most}"
        if count < 2 or (self.most is not None and count > self.most):
            raise InvalidArgument(
                f"{self._title} takes a list of {wanted} tensors; received {count}."
            )

    def _require_one_type(self, specs: Sequence[Spec]) -> None:
        dtypes = list(dict.fromkeys(spec.dtype for spec in specs))
        if len(dtypes) > 1:
            raise InvalidType(
                f"the inputs of {self._title} must have one element type; received "
                f"{', '.join(dtypes)}. Convert them to one of these first."
            )

    def _all_or_any(self, masks: Sequence[Any]) -> Any:
        """Return whether a step counts in all of these masks or, in Keras 3, in one of them."""
        where: Any = self._backend().functions["where"]
        if self.dialect.unites_masks:
            return functools.reduce(lambda a, b: where(a, a, b), masks)
        return functools.reduce(lambda a, b: where(a, b, a), masks)


class Elementwise(MergeLayer):
    """A layer that computes each cell from the cells at that place of all inputs.

    An axis of size one is repeated along that of another input. Of inputs with fewer axes, sizes
    of one are put after the batch axis.
    """

    def _output_sizes(self, shapes: Sequence[PartialShape]) -> PartialShape:
        rank = max(map(len, shapes))
        whole = [aligned(shape, rank) for shape in shapes]
        return tuple(self._common(sizes, shapes) for sizes in zip(*whole, strict=True))

    def _common(self, sizes: Sequence[int | None], shapes: Sequence[PartialShape]) -> int | None:
        """Return the size of an axis that has these sizes in the inputs."""
        known = {size for size in sizes if size not in (None, 1)}
        if len(known) > 1:
            raise InvalidShape(
                f"the inputs of {self._title} must have the same size on each axis, or 1; received "
                f"the shapes {shown(shapes)}."
            )
        if known:  # which an unknown size is, or 1
            return known.pop()
        return None if None in sizes else 1

    def _function(self, shapes: Sequence[PartialShape]) -> Callable[[Tensors], Any]:
        combine, f = self._combining(), self._backend().functions
        rank = max(map(len, shapes))
        if all(len(shape) == rank for shape in shapes):
            return combine
        missing = [rank - len(shape) for shape in shapes]

        def combined(inputs: Tensors) -> Any:
            pairs = zip(inputs, missing, strict=True)
            return combine([_expanded(f, x, count) for x, count in pairs])

        return combined

    def makes_mask(self, masked: Sequence[bool]) -> bool:
        """Return whether the output has a mask: if an input has one, in Keras 3 if all have."""
        return all(masked) if self.dialect.unites_masks else any(masked)

    def compute_mask(self, inputs: Tensors, mask: Any = None) -> Any:
        """Return the steps that count in all inputs that have a mask; in Keras 3, in one of them.

        `mask` is a list with a mask or None for each input.
        """
        masks = mask or [None] * len(inputs)
        if not self.makes_mask([one is not None for one in masks]):
            return None
        f: Any = self._backend().functions
        ranks = [len(f["shape"](x)) for x in inputs]
        missing = [max(ranks) - rank for rank in ranks]
        pairs = list(zip(masks, missing, strict=True))
        found = self._all_or_any([_expanded(f, one, n) for one, n in pairs if one is not None])
        whole = [_expanded(f, x, n) for x, n in zip(inputs, missing, strict=True)]
        return self._for_all_steps(found, whole)

    def _for_all_steps(self, mask: Any, inputs: Tensors) -> Any:
        """Return the mask, repeated along an axis of size 1 as the input that has it is."""
        backend = self._backend()
        f: Any = backend.functions
        rank = len(f["shape"](mask))
        sizes = [backend.describe(x)[0][1:rank] for x in inputs]
        if all(one == sizes[0] for one in sizes):
            return mask
        for x in inputs:
            first = x
            for axis in range(rank, len(f["shape"](x))):
                first = f["take"](first, _FIRST, axis)
            none = f["reshape"](f["less"](first, first), f["shape"](x)[:rank])
            mask = f["where"](none, none, mask)  # only the shape changes
        return mask

    def _combining(self) -> Callable[[Tensors], Any]:
        """Return the function of tensors with as many axes each."""
        raise NotImplementedError

    def spread(self, weights: Any, x: Tensors, error: Tensors, *mask: Any) -> tuple[Any, Any]:
        """Return the magnitudes that are rounded, and by how much errors of the inputs spread."""
        widest = [np.abs(one) + off for one, off in zip(x, error, strict=True)]
        return self._sum_of(widest), self._sum_of(error)

    def _sum_of(self, arrays: Tensors) -> Any:
        return functools.reduce(np.add, of_one_rank(arrays))


def _expanded(f: Any, x: Any, count: int) -> Any:
    """Return a tensor with that many more axes of size 1, after the batch axis."""
    if not count:
        return x
    batch, *rest = f["shape"](x)
    return f["reshape"](x, (batch, *itertools.repeat(1, count), *rest))


def of_one_rank(arrays: Tensors) -> list[Any]:
    """Return arrays with as many axes each: axes of size one after the batch's are put in."""
    rank = max(one.ndim for one in arrays)
    return [one.reshape(aligned(one.shape, rank, len(one))) for one in arrays]


def aligned(shape: Any, rank: int, *batch: int) -> Any:
    """Return the sizes without the batch axis, preceded by ones, and all of them by `batch`."""
    return (*batch, *itertools.repeat(1, rank - len(shape)), *shape[1:])


def shown(shapes: Sequence[PartialShape]) -> str:
    return ", ".join(map(str, shapes))
