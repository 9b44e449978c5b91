"""The options of a layer's weights: initializers, regularizers and constraints."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from convdispatch.engine import large_sizes
from convdispatch.engine.declarations import Weight
from convdispatch.engine.layer import Layer
from convdispatch.errors import InvalidArgument, InvalidType
from convdispatch.formulas import activations, constraints, initializers, regularizers
from convdispatch.ops import Shape

_LOOKUPS: Mapping[str, Callable[..., Any]] = {
    "activation": activations.get,
    "initializer": initializers.get,
    "regularizer": regularizers.get,
    "constraint": constraints.get,
}


class WithWeightOptions(Layer):
    """A layer with attributes <prefix>_initializer, _regularizer and _constraint for each weight.

    The prefix is the weight's name without "_kernel".
    """

    def _keep_weight_options(
        self, prefix: str, initializer: Any, regularizer: Any, constraint: Any
    ) -> None:
        self._keep_initializer(prefix, initializer)
        for kind, identifier in {"regularizer": regularizer, "constraint": constraint}.items():
            setattr(self, f"{prefix}_{kind}", self._named(f"{prefix}_{kind}", identifier))

    def _named(self, argument: str, identifier: Any) -> Any:
        """Return the object for a name of the dialect, a configuration or a callable."""
        kind = argument.rpartition("_")[2]
        get = _LOOKUPS[kind]
        try:
            return get(identifier, getattr(self.dialect, f"{kind}s"))
        except (InvalidArgument, InvalidType) as exc:
            raise type(exc)(f"`{self.spelled(argument)}`: {exc}") from exc

    def _keep_initializer(self, weight: str, initializer: Any) -> None:
        if initializer is None:
            raise InvalidType(
                f"`{self.spelled(f'{weight}_initializer')}` must be a name, a dictionary or a "
                "callable; received None. Leave it out for Keras's default."
            )
        argument = f"{weight}_initializer"
        setattr(self, argument, self._named(argument, initializer))

    def _initializer_config(self, weight: str) -> dict[str, Any]:
        argument = f"{weight}_initializer"
        return {argument: initializers.serialize(getattr(self, argument))}

    def _weight_options_config(self, prefix: str) -> dict[str, Any]:
        regularizer = getattr(self, f"{prefix}_regularizer")
        constraint = getattr(self, f"{prefix}_constraint")
        return {
            **self._initializer_config(prefix),
            f"{prefix}_regularizer": regularizers.serialize(regularizer),
            f"{prefix}_constraint": constraints.serialize(constraint),
        }

    def _weight(self, name: str, shape: Shape, *, trainable: bool = True) -> Weight:
        large_sizes.require_possible_weight(self, name, shape)
        prefix = name.removesuffix("_kernel")
        return Weight(
            name=name,
            shape=shape,
            initializer=getattr(self, f"{prefix}_initializer"),
            regularizer=getattr(self, f"{prefix}_regularizer", None),
            constraint=getattr(self, f"{prefix}_constraint", None),
            trainable=trainable,
        )
