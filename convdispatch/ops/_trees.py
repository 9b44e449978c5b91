"""The functions that a backend differentiates, compiles and repeats, and their arguments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

# Dictionaries, lists, tuples and None, with tensors at the leaves.
Tree: TypeAlias = Any

# The function that `value_and_grad` differentiates: from a list of tensors to a scalar and
# auxiliary results. (The tensors are `Any`, because the function uses its framework's own types.)
Differentiable: TypeAlias = Callable[[Sequence[Any]], tuple[Any, Tree]]
# ((scalar, auxiliary results), a gradient for each tensor)
Differentiated: TypeAlias = Callable[[Sequence[Any]], tuple[tuple[Any, Tree], list[Any]]]
# (variables, inputs) -> (variables, result)
Step: TypeAlias = Callable[[Sequence[Any], Tree], tuple[Sequence[Any], Tree]]
# (weights, state, what each of the inputs has at a step) -> (state, output)
ScanStep: TypeAlias = Callable[[Any, Any, Tree], tuple[Any, Any]]
# (weights, state, inputs) -> (state, outputs)
Scan: TypeAlias = Callable[[Any, Any, Tree], tuple[Any, Any]]
