"""What a layer takes: tensors of its backend for a caller's inputs, and their specs."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from convdispatch.engine.arguments import as_partial_shape
from convdispatch.engine.changing import Changing
from convdispatch.engine.resolved import Resolved
from convdispatch.engine.specs import Shapes, Spec, Specs, listed
from convdispatch.engine.tensors import as_native, require_float
from convdispatch.ops import INTEGER_DTYPES, Backend, NumpyArray


class Accepting(Changing):
    """Something with weights that takes one tensor; a subclass may take a list of them."""

    takes_list: ClassVar[bool] = False
    takes_one: ClassVar[bool] = True  # a tensor, not only lists
    checks_arrays: ClassVar[bool] = False  # whether `check_array` does anything
    # Whether numbers only change their places, so that integers may pass on their way to a layer
    # that takes them.
    only_moves: ClassVar[bool] = False

    @property
    def input_dtype(self) -> str:
        """The element type of inputs that come as lists of numbers."""
        return self.dtype

    def _as_native(self, backend: Backend, inputs: Any) -> Any:
        """Return the inputs as tensors of the backend; raise `InvalidType` where they are none."""
        dtype = self.input_dtype
        if self.only_moves and isinstance(inputs, np.ndarray) and inputs.dtype.kind in "iu":
            is_known = inputs.dtype.name in INTEGER_DTYPES
            dtype = inputs.dtype.name if is_known else "int64"
        return as_native(backend, inputs, dtype)

    def check_array(self, inputs: NumpyArray) -> None:
        """Raise for an array whose numbers the layer does not take, where it takes some alone."""

    def _specs_of(self, inputs: Any) -> Specs:
        """Return the specs of native inputs."""
        return Spec(*self._backend().describe(inputs))

    def _specs_for(self, shapes: Shapes) -> Specs:
        """Return the specs of inputs of these shapes, as `build` takes them, checked."""
        return Spec(as_partial_shape(shapes, "input_shape"), self.input_dtype)

    def _require_dtype(self, dtype: str) -> None:
        """Raise `InvalidType` for an element type that the layer does not take."""
        if not (self.only_moves and dtype in INTEGER_DTYPES):
            require_float(dtype, "`inputs`", self._backend())

    def output_specs(self, specs: Specs) -> Any:
        """Return the spec of the output, batch axis included; a list where there are several."""
        resolved, inputs = self.resolved(specs), listed(specs)
        batches = [one.shape[:1] for one in inputs]
        batch = next((one for one in batches if one != (None,)), batches[0])
        dtype = resolved.output_dtype or inputs[0].dtype
        if isinstance(resolved.output_shape, list):
            return [Spec((*batch, *shape[1:]), dtype) for shape in resolved.output_shape]
        return Spec((*batch, *resolved.output_shape[1:]), dtype)

    def resolved(self, specs: Specs) -> Resolved:
        """Return the outputs' shapes, the weights and the functions for inputs of such specs."""
        raise NotImplementedError
