"""Lambda: a function of the user's as a layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self, Unpack

from convdispatch.engine.constructor_signature import LayerOptions
from convdispatch.formulas.custom_objects import get_custom_objects
from convdispatch.layers._functions_of_documents import with_own_functions
from convdispatch.layers._user_function import FunctionLayer


class Lambda(FunctionLayer):
    """Apply a function of your own to a tensor, or to a list of them.

        input   any shape, or a list of tensors
        output  what the function returns, with the same batch axis

    The function takes and returns tensors of the layer's backend. It is called once with ones to
    find the shape of its output. A function with an argument `mask` gets the mask of the input, or
    None. Floats are returned in the element type of the input.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type; a
    function is never read from a document. A call raises `InvalidShape` where the function does
    not keep the batch axis or returns another shape than `output_shape`.

    Source: Keras 2.2.4 `Lambda`.

    >>> import numpy as np
    >>> from convdispatch.layers import Lambda
    >>> Lambda(lambda x: x**2 + 1)(np.array([[1.0, 2.0]]))
    array([[2., 5.]])
    """

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Sequence[int | None] | Callable[..., Any] | None = None,
        mask: Callable[..., Any] | None = None,
        arguments: Mapping[str, Any] | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        """Check and keep the arguments.

        function: of a tensor or of a list of them.
        output_shape: the output's sizes without the batch axis, or a function from the input's
            shape to the output's, both with it; None calls the function with ones.
        mask: a function of the inputs and their masks that returns the output's; None for none.
        arguments: keyword arguments of the function.
        options: what every layer takes, such as `name`, `dtype`, `input_shape`, `weights`.
        """
        super().__init__(**options)
        self._keep_function("function", function, output_shape, mask, arguments)

    @property
    def mask(self) -> Callable[..., Any] | None:
        """The function that returns the output's mask, None for none."""
        found: Callable[..., Any] | None = self._mask_of_user
        return found

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments; functions as they are, which no document holds."""
        return super().get_config() | {
            "function": self._function_of_user,
            "output_shape": self._stated_shape,
            "mask": self._mask_of_user,
            "arguments": self.arguments,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any], *, backend: str | None = None) -> Self:
        """Make a layer from what `get_config` returned, ours or any Keras's.

        A Keras's configuration has code or names: the functions are those of `custom_objects`.
        """
        found = with_own_functions("Lambda", config, get_custom_objects())
        return super().from_config(found, backend=backend)
