"""A layer's computation in training: its outputs, new values of its state, and losses.

It is a pure function of the weights, the inputs and a key of random numbers. It assigns nothing and
does not ask whether the layer is being trained: it is a different function from that of a call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from convdispatch.engine.declarations import (
    Weight,
    is_possible,
    require_as_many,
    require_shapes,
)
from convdispatch.engine.functional import Functional, in_order
from convdispatch.engine.masks import PassingMasks
from convdispatch.engine.plans import Plan
from convdispatch.engine.resolved import Effects, Forward, Resolved, Training
from convdispatch.engine.specs import Specs, listed, of_samples
from convdispatch.engine.tensors import natives, require_native
from convdispatch.errors import InvalidArgument, InvalidShape
from convdispatch.formulas.dialects import Dialect
from convdispatch.formulas.regularizers import penalty
from convdispatch.formulas.whole_batch import samples_of, whole
from convdispatch.ops import Backend, Tensor
from convdispatch.runtime.tuning import outside_trace


class InTraining(PassingMasks):
    """A layer's two pure functions: for results, and for training."""

    dialect: ClassVar[Dialect]
    activation: Any
    activity_regularizer: Any

    def apply(self, weights: Sequence[Any], inputs: Any, *mask: Any) -> Any:
        """Apply the layer with other weights: a pure function, for jit and autodiff.

        `weights` are native tensors in the order and layout of `variables`. A layer that takes a
        mask may be given one.
        """
        native = self._as_native(self._backend(), inputs)
        plan = self.plan_for(native)
        weights = self._native_weights(weights, native)
        return plan.function(weights, native, *self._checked_masks(native, mask))

    def apply_training(
        self, weights: Sequence[Any], inputs: Any, key: Any, *mask: Any
    ) -> tuple[Any, Effects]:
        """Apply the layer as in training: a pure function that returns (outputs, effects).

        `weights` are native tensors in the order and layout of `variables`, `key` an int32 tensor
        of two numbers that decides all random ones. The effects are new values of weights by their
        names, and losses: the penalty of the outputs. `penalties` has those of the weights.
        """
        native = self._as_native(self._backend(), inputs)
        weights = self._native_weights(weights, native)
        masks = self._checked_masks(native, mask)
        outputs, effects = self.training_for(native)(weights, native, key, *masks)
        self._require_own(effects)
        return outputs, effects

    def apply_inference(
        self, weights: Sequence[Any], inputs: Any, *mask: Any
    ) -> tuple[Any, Effects]:
        """Apply the layer, and return new values of its state by their names beside the outputs.

        It is a pure function of native tensors, as `apply` is.
        """
        native = self._as_native(self._backend(), inputs)
        weights = self._native_weights(weights, native)
        masks = self._checked_masks(native, mask)
        outputs, effects = self.inference_for(native)(weights, native, None, *masks)
        return outputs, replace(effects, losses=())

    def _checked_masks(self, native: Any, masks: Sequence[Any]) -> Sequence[Any]:
        """Return the masks that a caller gave: none or one, and only where the layer takes one."""
        if len(masks) > 1 or (masks and not self.takes_mask):
            raise InvalidArgument(
                f"{type(self).__name__} {self.name!r} takes "
                f"{'one mask' if self.takes_mask else 'no mask'}; received {len(masks)}. "
                "Pass the weights, the inputs and, in training, the key."
            )
        return masks

    def training_for(self, inputs: Any) -> Training:
        """Return the function of (weights, inputs, key) for native inputs like these."""
        specs = self._specs_of(inputs)
        kept, key = self._plans.training, of_samples(specs)
        return kept.get(key) or kept.keep(key, self._make_training(inputs, specs))

    def inference_for(self, inputs: Any) -> Training:
        """Return the same function for inference, whose effects are new values of a state."""
        specs = self._specs_of(inputs)
        kept, key = self._plans.inference, of_samples(specs)
        return kept.get(key) or kept.keep(key, self._make_inference(inputs, specs))

    @property
    def carries_state(self) -> bool:
        """Whether a call changes what the next one begins with, also in inference."""
        return False

    @property
    def draws(self) -> bool:
        """Return whether the layer uses its key in training."""
        return False

    @property
    def when_frozen(self) -> str:
        """What the layer does in training while nothing may train it: see `Dialect`."""
        return self.dialect.frozen_layers

    def functional(self) -> Functional:
        """Return the layer as pure functions of weights by name, such as 'kernel'.

        They compute with the layer as it is now. Raises `InvalidArgument` while the input shape is
        unknown.
        """
        self.ensure_built("functional")
        weights = {weight.name: weight for weight in self._declarations}

        def forward(values: Mapping[str, Any], inputs: Any) -> Any:
            return self.apply(in_order(weights, values), inputs)

        def training(values: Mapping[str, Any], inputs: Any, key: Any) -> tuple[Any, Effects]:
            ordered = in_order(weights, values)
            outputs, effects = self.apply_training(ordered, inputs, key)
            losses = (*self.penalties(ordered), *effects.losses)
            return outputs, replace(effects, losses=losses)

        def inference(values: Mapping[str, Any], inputs: Any) -> tuple[Any, Effects]:
            return self.apply_inference(in_order(weights, values), inputs)

        def masked(values: Mapping[str, Any], inputs: Any) -> tuple[Any, tuple[Any, ...]]:
            native = self._as_native(self._backend(), inputs)
            mask = self.compute_mask(native) if has_masks else None
            return forward(values, native), (mask,)

        shapes = self._built_shape
        has_masks = self.makes_mask([False] * (len(shapes) if isinstance(shapes, list) else 1))
        return Functional(
            weights=weights,
            forward=forward,
            training=training,
            inference=inference,
            masked=masked,
            has_masks=has_masks,
        )

    def named_weights(self) -> dict[str, tuple[Any, bool]]:
        """Return by name each weight's native tensor and whether a trainer may change it."""
        self.ensure_built("named_weights")
        pairs = zip(self._declarations, self._variables, strict=True)
        return {w.name: (variable, self.trainable and w.trainable) for w, variable in pairs}

    def plan_for(self, inputs: Any) -> Plan:
        """Return the plan for a native tensor."""
        raise NotImplementedError

    def _require_own(self, effects: Effects) -> None:
        """Raise unless a class of layers updates its own weights, each in the weight's shape."""
        if not self._is_made:
            return
        backend, weights = self._backend(), {one.name: one for one in self._declarations}
        for name, new in effects.updates.items():
            if name not in weights:
                raise InvalidArgument(
                    f"{self.name!r} updates {name!r} in training, which is not among its weights "
                    f"{', '.join(map(repr, weights)) or '(it has none)'}. Declare it in `resolve`."
                )
            shape, wanted = backend.describe(new)[0], weights[name].public_shape
            if not is_possible(shape, wanted):
                raise InvalidShape(
                    f"{self.name!r} gives its weight {name!r} of shape {wanted} a new value of "
                    f"shape {shape} in training. `lower_training` must return the weight's shape."
                )

    def _native_weights(self, weights: Sequence[Any], inputs: Any) -> Sequence[Any]:
        """Return the native tensors of given weights; raise unless each weight has one that fits.

        A façade's layers show their weights as variables.
        """
        if self._is_made:
            declared = self._declarations
        else:
            declared = self.resolved(self._specs_of(inputs)).declarations
        backend = self._backend()
        require_as_many(weights, declared, owner=self.name)
        if not all(map(backend.owns, weights)):
            weights = natives(weights)
            require_native(backend, weights, owner=self.name)
        shapes = [backend.describe(tensor)[0] for tensor in weights]
        require_shapes(shapes, declared, owner=self.name)
        return weights

    def _make_training(self, inputs: Any, specs: Specs) -> Training:
        resolved = self.resolved(specs)
        return self._with_effects(
            resolved.lower_training or resolved.lower_carrying, inputs, resolved, specs
        )

    def _make_inference(self, inputs: Any, specs: Specs) -> Training:
        resolved = self.resolved(specs)
        return self._with_effects(resolved.lower_carrying, inputs, resolved, specs)

    def _with_effects(
        self,
        lower: Callable[[str, Any], Training] | None,
        inputs: Any,
        resolved: Resolved,
        specs: Specs,
    ) -> Training:
        forward = self.plan_for(inputs).function  # its checks, too, are those of a call
        made = without_effects(forward)
        if lower is not None:
            made = self._lowered(lower, resolved, specs)
        if self.activity_regularizer is None:
            return made
        return _with_penalty(
            made, lambda outputs: self.activity_penalties(outputs, whole(self._backend()))
        )

    def activity_penalties(self, outputs: Any, backend: Any) -> list[Any]:
        """Return the penalty of each output of the layer; `backend` sums over the batch."""
        regularizer: Any = self.activity_regularizer
        several = outputs if isinstance(outputs, list) else [outputs]
        found: list[Any] = [penalty(regularizer, backend, one) for one in several]
        if not self.dialect.averages_activity:
            return found
        plain: Any = self._backend()
        counts = [samples_of(plain.functions["shape"](one)[0], one) for one in several]
        dtypes = [plain.describe(one)[1] for one in found]
        return [
            one / (plain.cast(count, dtype) if plain.owns(count) else max(count, 1))
            for one, count, dtype in zip(found, counts, dtypes, strict=True)
        ]

    def _lowered(
        self, lower: Callable[[str, Any], Training], resolved: Resolved, specs: Specs
    ) -> Training:
        backend, first = self._backend(), listed(specs)[0]
        made: Training = outside_trace(
            backend, first.shape[0], lambda: lower(first.dtype, self.activation)
        )
        computed = resolved.output_dtype or first.dtype
        return made if computed == self.dtype else _casting(made, backend, computed, self.dtype)


_NONE = Effects()


def without_effects(forward: Forward) -> Training:
    """Return a layer's function for results as that for training, without effects."""

    def training(
        weights: Sequence[Tensor], inputs: Any, key: Tensor, *mask: Any
    ) -> tuple[Any, Effects]:
        return forward(weights, inputs, *mask), _NONE

    return training


def _with_penalty(training: Training, penalties: Callable[..., list[Any]]) -> Training:
    def penalized(
        weights: Sequence[Tensor], inputs: Any, key: Tensor, *mask: Any
    ) -> tuple[Any, Effects]:
        outputs, effects = training(weights, inputs, key, *mask)
        losses = penalties(outputs)
        return outputs, replace(effects, losses=(*effects.losses, *losses))

    return penalized


def _casting(training: Training, backend: Backend, dtype: str, own: str) -> Training:
    """Return the function for inputs of `dtype` and weights, also new ones, of the layer's own."""

    def cast_and_apply(
        weights: Sequence[Tensor], inputs: Any, key: Tensor, *mask: Any
    ) -> tuple[Any, Effects]:
        wide = [backend.cast(weight, dtype) for weight in weights]
        outputs, effects = training(wide, inputs, key, *mask)
        updates = {name: backend.cast(new, own) for name, new in effects.updates.items()}
        return outputs, replace(effects, updates=updates)

    return cast_and_apply


def named(weights: Sequence[Weight], values: Sequence[Any]) -> dict[str, Any]:
    """Return the values by the names of the weights that they are of."""
    return {weight.name: value for weight, value in zip(weights, values, strict=True)}
