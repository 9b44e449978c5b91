"""Layers that take a list of tensors, such as sums and concatenations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from convdispatch.engine.arguments import as_partial_shape
from convdispatch.engine.layer import Layer
from convdispatch.engine.mixed_devices import require_one_device
from convdispatch.engine.specs import Spec, Specs, listed, of_samples
from convdispatch.engine.symbols import Symbol, symbols_in
from convdispatch.engine.tensors import as_native
from convdispatch.engine.whole import held
from convdispatch.errors import InvalidShape, InvalidType
from convdispatch.formulas.regularizers import penalty
from convdispatch.ops import Backend
from convdispatch.runtime.registry import registry


class ListLayer(Layer):
    """A layer of several inputs: it is called with a list of tensors of its backend.

    `resolve` gets a list of specs. The functions that it returns get a list of tensors, all with
    the same number of samples.
    """

    family = "merging"
    takes_list: ClassVar[bool] = True
    takes_one: ClassVar[bool] = False

    def __call__(self, inputs: Any, mask: Any = None) -> Any:
        """Apply the layer to a list of tensors of its backend, or of NumPy arrays.

        mask: of a layer that takes masks, a list with a mask or None for each tensor.

        Returns a tensor of its backend. Raises `InvalidType` where the inputs are no list, for
        another framework's tensor and for an element type that the layer does not take, and
        `InvalidShape` for shapes that do not fit each other.
        """
        symbols = symbols_in(inputs)
        if symbols is not None and mask is None:
            if isinstance(inputs, Symbol):
                raise self._no_list(inputs)
            return self._recorded(symbols, [symbol.spec for symbol in symbols])
        tensors = self._as_native(registry.load(self.backend), inputs)
        masks = () if mask is None else self._checked_masks(tensors, (mask,))
        specs = self._specs_of(tensors)
        plan = self._plans.get(of_samples(specs)) or self._make_plan(specs)
        variables = self._variables  # recorded before the check that they are settled
        if not self._is_settled:
            variables = self._settled_variables([(None, *one.shape[1:]) for one in listed(specs)])
        try:
            outputs = plan.function(variables, tensors, *masks)
        except Exception as exc:
            require_one_device(self._title, variables, tensors, exc)
            raise
        if self._variables is not variables:  # set by another thread meanwhile, perhaps only some
            with held([self]):
                outputs = plan.function(self._variables, tensors, *masks)
        if self.activity_regularizer is not None:
            self._activity_losses = [penalty(self.activity_regularizer, self._backend(), outputs)]
        return outputs

    def _as_native(self, backend: Backend, inputs: Any) -> Any:
        if not isinstance(inputs, list | tuple):
            raise self._no_list(inputs)
        return [as_native(backend, one, self.input_dtype) for one in inputs]

    def _specs_of(self, inputs: Any) -> Specs:
        describe = self._backend().describe
        specs = [Spec(*describe(one)) for one in inputs]
        self._require_one_batch(specs)
        return specs

    def _specs_for(self, shapes: Any) -> Specs:
        if not isinstance(shapes, list | tuple) or not all(is_shape(one) for one in shapes):
            raise InvalidType(
                f"`input_shape` of {self._title} must be a list of shapes; received {shapes!r}."
            )
        whole = [Spec(as_partial_shape(one, "input_shape"), self.input_dtype) for one in shapes]
        self._require_one_batch(whole)
        return whole

    def _require_one_batch(self, specs: Sequence[Spec]) -> None:
        batches = {spec.shape[0] for spec in specs if spec.shape} - {None}
        if len(batches) > 1:
            raise InvalidShape(
                f"the inputs of {self._title} must all have the same number of samples; received "
                f"the shapes {_shown(specs)}."
            )

    def _no_list(self, inputs: object) -> InvalidType:
        return InvalidType(
            f"{self._title} takes a list of tensors; received one {type(inputs).__name__}."
        )


def is_shape(one: object) -> bool:
    """Return whether it may be a shape, not a size."""
    return isinstance(one, list | tuple)


def _shown(specs: Sequence[Spec]) -> str:
    return ", ".join(str(spec.shape) for spec in specs)
