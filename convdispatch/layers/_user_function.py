"""The common part of layers that compute a user's function.

The shape and the element type of what the function returns are found by calling it once with ones.
"""

from __future__ import annotations

import contextlib
import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from convdispatch.engine import scopes
from convdispatch.engine.arguments import as_partial_shape
from convdispatch.engine.list_layer import is_shape
from convdispatch.engine.resolved import Forward, Resolved
from convdispatch.engine.specs import Spec, Specs, listed, of_samples, shapes_of
from convdispatch.engine.symbols import Symbol, stated_batch, symbols_in
from convdispatch.engine.tensors import are_tensors, as_native
from convdispatch.errors import InvalidArgument, InvalidShape, InvalidType
from convdispatch.layers._scoped_function import ScopedFunction
from convdispatch.layers._user_masks import require_mask_of
from convdispatch.ops import FLOAT_DTYPES, INTEGER_DTYPES, Backend, PartialShape
from convdispatch.runtime.registry import registry

_BATCH = 2  # of the ones
_SIZES = (12, 13)  # instead of a size that is not known
_MOST = 10**8  # numbers of the ones


class FunctionLayer(ScopedFunction):
    """A layer without weights that computes a user's function of a tensor, or of a list of them."""

    takes_one: ClassVar[bool] = True
    _batch: int | None = None  # which the inputs of the graph state

    def _keep_function(
        self,
        name: str,
        function: Any,
        output_shape: Any,
        mask: Any,
        arguments: Mapping[str, Any] | None,
    ) -> None:
        """Check and keep the function, `name` being what the user calls that argument."""
        for argument, given in ((name, function), ("mask", mask)):
            if not callable(given) and not (argument == "mask" and given is None):
                raise InvalidType(
                    f"`{argument}` of {type(self).__name__} must be a function of tensors; "
                    f"received {type(given).__name__}. A function is never read from a document: "
                    "make the layer in your code."
                )
        if not isinstance(arguments, Mapping | None):
            raise InvalidType(
                f"`arguments` of {type(self).__name__} must be a dictionary; received "
                f"{type(arguments).__name__}."
            )
        if output_shape is not None and not callable(output_shape):
            output_shape = as_partial_shape(output_shape, "output_shape")
        setattr(self, name, function)
        self._function_of_user = function
        self._stated_shape = output_shape
        self._mask_of_user = mask
        self.arguments = dict(arguments or {})
        self.takes_mask = "mask" in _parameters(function)
        self.supports_masking = mask is not None
        self._first_types: tuple[str, ...] = ()  # of the inputs that the layer is built for

    # Calling.

    def __call__(self, inputs: Any, mask: Any = None) -> Any:
        """Apply the function to a tensor or to a list of them, or to symbols.

        `mask` is for a function with an argument of that name. Raises `InvalidType` for another
        framework's tensor, and what the function itself raises.
        """
        symbols = symbols_in(inputs)
        if symbols is not None:
            if mask is not None:
                said = f"`mask` of {self._title} is for tensors; received one beside symbols."
                raise InvalidArgument(said)
            given = inputs.spec if isinstance(inputs, Symbol) else [one.spec for one in symbols]
            self._note_types(given)
            self._batch = stated_batch(symbols)
            try:
                return self._recorded(symbols, given)
            except scopes.NeedsSymbols:
                return self._expressed(inputs)
        native = self._as_native(registry.load(self.backend), inputs)
        specs = self._specs_of(native)
        plan = self._plans.get(of_samples(specs)) or self._make_plan(specs)
        if not self._is_settled:
            self._note_types(specs)
            self._settled_variables(_without_batch(shapes_of(specs)))
        masks = () if mask is None else self._checked_masks(native, (mask,))
        if self.draws:
            return self._drawn(native, *masks)
        return plan.function([], native, *masks)

    def _checked_masks(self, native: Any, masks: Sequence[Any]) -> Sequence[Any]:
        given = super()._checked_masks(native, masks)
        for mask in given:
            several = isinstance(mask, list | tuple) and isinstance(native, list)
            pairs = zip(mask, native, strict=False) if several else [(mask, native)]
            for one, x in pairs:
                require_mask_of(self, one, x[0] if isinstance(x, list) else x)
        return given

    def _as_native(self, backend: Backend, inputs: Any) -> Any:
        if are_tensors(backend, inputs):
            return [self._one_native(backend, one) for one in inputs]
        return self._one_native(backend, inputs)

    def _one_native(self, backend: Backend, one: Any) -> Any:
        is_whole = isinstance(one, np.ndarray) and one.dtype.name in INTEGER_DTYPES
        return as_native(backend, one, one.dtype.name if is_whole else self.dtype)

    def _specs_of(self, inputs: Any) -> Specs:
        if isinstance(inputs, list):
            return super()._specs_of(inputs)
        return Spec(*self._backend().describe(inputs))

    def _specs_for(self, shapes: Any) -> Specs:
        are_several = isinstance(shapes, list | tuple) and any(map(is_shape, shapes))
        if are_several:
            specs = listed(super()._specs_for(shapes))
        else:
            specs = [Spec(as_partial_shape(shapes, "input_shape"), self.input_dtype)]
        if len(specs) == len(self._first_types):
            pairs = zip(specs, self._first_types, strict=True)
            specs = [replace(spec, dtype=dtype) for spec, dtype in pairs]
        return specs if are_several else specs[0]

    def _note_types(self, specs: Specs) -> None:
        if not self._is_made:
            self._first_types = tuple(one.dtype for one in listed(specs))

    def _require_dtype(self, dtype: str) -> None:
        if dtype not in INTEGER_DTYPES:
            super()._require_dtype(dtype)

    # What the function makes of inputs.

    def resolve(self, spec: Any) -> Resolved:
        """Return what the layer makes of inputs of that spec, or of those of a list."""
        shape, dtype = self._outcome(spec)
        return Resolved(
            output_shape=(None, *shape[1:]),
            output_dtype=dtype,
            lower=lambda _, activation: self._calling(dtype),
            **self._lowerings(self._computing(dtype)),
        )

    def _calling(self, dtype: str) -> Forward:
        compute = self._computing(dtype)
        if not self._uses:
            return lambda weights, inputs, *mask: compute(inputs, *mask)

        def forward(weights: Any, inputs: Any, *mask: Any) -> Any:
            with scopes.entered(self._scope()):
                return compute(inputs, *mask)

        return forward

    def _computing(self, dtype: str) -> Callable[..., Any]:
        backend, function, arguments = self._backend(), self._called_function, self.arguments
        is_float = dtype in FLOAT_DTYPES

        def compute(inputs: Any, *mask: Any) -> Any:
            masks = {"mask": mask[0] if mask else None} if self.takes_mask else {}
            outputs = function(inputs, **arguments, **masks)
            # Arithmetic with Python's numbers and NumPy's may have promoted it.
            return backend.cast(outputs, dtype) if is_float else outputs

        return compute

    def _outcome(self, specs: Specs) -> tuple[PartialShape, str]:
        """Return the shape and the element type of the output."""
        stated = self._stated(specs)
        is_known = not any(None in one.shape[1:] for one in listed(specs))
        if stated is not None and not is_known:
            return stated, self._float_of(specs)
        found = [self._probed(specs, size) for size in (_SIZES[:1] if is_known else _SIZES)]
        sizes = [a if a == b else None for a, b in zip(found[0][0], found[-1][0], strict=True)]
        if stated is not None:
            self._require_stated(stated, sizes)
        dtype = found[0][1]
        return (None, *sizes[1:]), self._float_of(specs) if dtype in FLOAT_DTYPES else dtype

    def _float_of(self, specs: Specs) -> str:
        """Return the element type of an output of floats: that of the first input of floats."""
        found = [one.dtype for one in listed(specs) if one.dtype in FLOAT_DTYPES]
        return found[0] if found else self.dtype

    def _stated(self, specs: Specs) -> PartialShape | None:
        stated: Any = self._stated_shape
        if stated is None:
            return None
        if callable(stated):
            found = stated(shapes_of(specs))
            if isinstance(found, list) and all(map(is_shape, found)):
                raise self._returns_several(len(found))
            return as_partial_shape(found, "output_shape")
        return (None, *stated)

    def _probed(self, specs: Specs, unknown: int) -> tuple[PartialShape, str]:
        """Return the shape and the element type of what the function returns for ones."""
        backend = self._backend()
        batch = self._batch or _BATCH  # for functions that draw numbers for a whole batch
        whole = [
            (batch, *(unknown if size is None else size for size in one.shape[1:]))
            for one in listed(specs)
        ]
        if max(map(math.prod, whole)) > _MOST:
            raise InvalidShape(
                f"{self._title} is called with ones to find its output's shape; received the "
                f"shapes {whole}, which are too large. State `output_shape`, with a size unknown."
            )

        def called() -> Any:
            pairs = zip(whole, listed(specs), strict=True)
            ones = [backend.asarray(np.ones(shape), one.dtype) for shape, one in pairs]
            given = ones[0] if isinstance(specs, Spec) else ones
            masks = {"mask": None} if self.takes_mask else {}
            scope = self._scope()
            with scopes.entered(scope):
                found = self._called_function(given, **self.arguments, **masks)
            self._note_uses(scope)
            return found

        outputs: Any = backend.outside_trace(called)
        if isinstance(outputs, list | tuple):
            raise self._returns_several(len(outputs))
        if not backend.owns(outputs):
            raise InvalidType(
                f"the function of {self._title} must return a tensor of its backend, "
                f"{self.backend!r}; received {type(outputs).__name__}."
            )
        shape, dtype = backend.describe(outputs)
        if shape[:1] != (batch,):
            raise InvalidShape(
                f"the function of {self._title} must keep the batch axis; for inputs of shape "
                f"{', '.join(map(str, whole))} it returned shape {shape}."
            )
        return shape, dtype

    def _returns_several(self, count: int) -> scopes.NeedsSymbols:
        """Return the error for several tensors, which a call with symbols answers by symbols."""
        return scopes.NeedsSymbols(
            f"the function of {self._title} must return a tensor of its backend, "
            f"{self.backend!r}; received {count} of them. Several are for symbolic inputs."
        )

    def _require_stated(self, stated: PartialShape, found: Sequence[int | None]) -> None:
        pairs = zip(stated[1:], found[1:], strict=False)
        if len(stated) != len(found) or any(a != b for a, b in pairs if None not in (a, b)):
            raise InvalidShape(
                f"`output_shape` of {self._title} says {stated}; its function returned shape "
                f"{(None, *found[1:])}."
            )

    # Masks.

    def makes_mask(self, masked: Sequence[bool]) -> bool:
        """Return whether the output has a mask: if a function gives it."""
        return self._mask_of_user is not None

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return what the function `mask` gives for the inputs and their masks, or None."""
        return None if self._mask_of_user is None else self._mask_of_user(inputs, mask)

    def preactivation(self, weights: Sequence[Any], inputs: Any, *mask: Any) -> Any:
        """Raise `InvalidType`: the rounding of a user's function is unknown."""
        raise InvalidType(
            f"no rounding bound is known for {self._title}: its function is the user's."
        )


def _parameters(function: Callable[..., Any]) -> Mapping[str, Any]:
    with contextlib.suppress(TypeError, ValueError):  # of C, such as a ufunc
        return inspect.signature(function).parameters
    return {}


def _without_batch(shapes: Any) -> Any:
    is_list = isinstance(shapes, list)
    return [(None, *one[1:]) for one in shapes] if is_list else (None, *shapes[1:])
