"""Layers that compute with the mask of their input, such as a mean of the steps that count."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, overload

import numpy as np

from convdispatch.engine.layer import Layer
from convdispatch.engine.symbols import symbols_in
from convdispatch.engine.whole import read_whole
from convdispatch.errors import InvalidArgument, InvalidShape, InvalidType
from convdispatch.ops import PartialShape
from convdispatch.types import ArrayInput, NativeTensor, SomeTensor


class MaskedLayer(Layer):
    """A layer whose functions take a mask as a last argument where its input has one.

    The forward function that `resolve` returns is called as `forward(weights, inputs)`, or with a
    bool tensor as a third argument, and that for training with it as a fourth.
    """

    takes_mask = True

    def reads_mask(self, count: int) -> bool:
        """Return whether a call that reads so many tensors is given their mask.

        Those behind the first are a state to begin with, beside which Keras 3 leaves it out.
        """
        return self.takes_mask and (count == 1 or self.dialect.keeps_masks_beside_states)

    @property
    def _steps_axis(self) -> int:
        """The axis of the input along which the mask says which steps count."""
        return 1

    @overload
    def __call__(self, inputs: ArrayInput, mask: Any = None) -> NativeTensor: ...
    @overload
    def __call__(self, inputs: SomeTensor, mask: Any = None) -> SomeTensor: ...
    def __call__(self, inputs: Any, mask: Any = None) -> Any:
        """Apply the layer, with a mask if one is given: bool, one for each step of each sample.

        Raises as other layers, `InvalidType` for a mask that is not of bools, `InvalidShape` for
        one of other samples or steps, and `InvalidArgument` for a mask beside symbols, which have
        one already or have none.
        """
        if mask is None:
            return super().__call__(inputs)
        if symbols_in(inputs) is not None:
            self._require_no_mask(mask)
        native = self._as_native(self._backend(), inputs)
        flags = self._flags_of(mask, native)
        if not self._is_settled:
            self._settled_variables((None, *self._backend().describe(native)[0][1:]))
        function = self.plan_for(native).function
        return read_whole([self], lambda: function(self._variables, native, *flags))

    def _require_no_mask(self, mask: Any) -> None:
        """Raise `InvalidArgument` for a mask beside symbols."""
        if mask is not None:
            raise InvalidArgument(
                f"`mask` of {self._title} is for tensors; received one beside symbols. In a model "
                "`Masking` or `Embedding(mask_zero=True)` makes the mask of what follows."
            )

    def _checked_masks(self, native: Any, masks: Sequence[Any]) -> Sequence[Any]:
        given = super()._checked_masks(native, masks)
        first = native[0] if isinstance(native, list) else native  # states may come behind it
        return self._flags_of(given[0], first) if given else ()

    def _flags_of(self, mask: Any, native: Any) -> tuple[Any, ...]:
        """Return a mask as a native tensor, checked against the input; none at all for None."""
        if mask is None:
            return ()
        backend = self._backend()
        flags = mask if backend.owns(mask) else backend.asarray(np.asarray(mask), "bool")
        if backend.describe(flags)[1] != "bool":
            raise InvalidType(
                f"`mask` of {self._title} must be of bools; received "
                f"{backend.describe(flags)[1]}. Compare it with 0 first."
            )
        self._require_a_flag_for_each_step(backend.describe(flags)[0], backend.describe(native)[0])
        return (flags,)

    def _require_a_flag_for_each_step(self, mask: PartialShape, shape: PartialShape) -> None:
        wanted = (shape[0], shape[self._steps_axis])
        pairs = zip(mask, wanted, strict=False)
        if len(mask) != 2 or any(a != b for a, b in pairs if None not in (a, b)):
            raise InvalidShape(
                f"`mask` of {self._title} must have a bool for each step of each sample; received "
                f"a mask of shape {mask} for an input of shape {shape}. Its shape must be {wanted}."
            )
