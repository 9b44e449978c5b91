"""Tensors of the model that `call` of a script's layer names beside its inputs.

The layer of Keras 2.0's variational autoencoders computes its loss of `z_mean`, which it is not
given. Such tensors become further inputs of the layer's calls, behind its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from convdispatch.engine.specs import Spec, Specs, listed, shapes_of
from convdispatch.engine.symbols import Symbol
from convdispatch.symbolic.named import NamesOthers
from convdispatch.symbolic.tracing import Program, traced_call


class NamingOthers:
    """A layer whose `call` may name symbols of the model."""

    _beside: tuple[Symbol, ...] = ()
    _is_called_with_symbols = False
    _names_from_one = False  # whether the inputs of its own are no list

    def _own_specs(self, specs: Specs) -> Specs:
        """Return the specs of the inputs of its own."""
        if not self._beside or isinstance(specs, Spec):
            return specs
        own = list(specs)[: len(specs) - len(self._beside)]
        return own[0] if self._names_from_one else own

    def _own_masks(self, specs: Specs, mask: Sequence[Any]) -> list[Any]:
        """Return the mask of each input of its own, or None, of those that it was handed."""
        count = len(listed(self._own_specs(specs)))
        given = mask[0] if mask else None
        found = list(given) if isinstance(given, list | tuple) else [given]
        return [*found, *[None] * count][:count]

    def _with_named(self, symbols: Sequence[Symbol], specs: Specs) -> tuple[list[Symbol], Specs]:
        """Return the inputs of a call and their specs, with the symbols that `call` names."""
        if not self._beside:
            return list(symbols), specs
        return [*symbols, *self._beside], self._all_specs(specs)

    def _all_specs(self, specs: Specs) -> list[Spec]:
        return [*listed(specs), *(symbol.spec for symbol in self._beside)]

    def _note_named(self, symbols: Iterable[Symbol], specs: Specs) -> None:
        self._beside, self._names_from_one = tuple(symbols), isinstance(specs, Spec)

    def _first_program(self, specs: Any) -> tuple[Any, Program]:
        """Return what `call` records, and the specs of all that it reads."""
        try:
            return specs, traced_call(self, specs)
        except NamesOthers as exc:
            if not self._is_called_with_symbols:
                raise
            self._note_named(exc.symbols, specs)
        specs = self._all_specs(specs)
        return specs, traced_call(self, specs)

    def _built_with(self, specs: Any) -> Any:
        """Return the specs of symbols, for which the layer is built."""
        layer: Any = self
        if not layer._is_made:
            self._is_called_with_symbols = True
            layer.build(shapes_of(specs))
        return specs
