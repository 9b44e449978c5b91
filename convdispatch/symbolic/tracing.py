"""What a script's `call` records when it runs on symbols."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from convdispatch.engine.graph import Graph, traced
from convdispatch.engine.specs import Spec, listed
from convdispatch.engine.symbols import Call, Symbol
from convdispatch.errors import InvalidType
from convdispatch.layers import InputLayer
from convdispatch.symbolic.control import learning_phase
from convdispatch.symbolic.input_specs import InputSpec
from convdispatch.symbolic.named import require_given
from convdispatch.symbolic.variables import Variable


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What `call` recorded for inputs of one shape."""

    inputs: tuple[Symbol, ...]  # the mask behind them, where there is one
    graph: Graph
    outputs: tuple[Symbol, ...]
    gives_list: bool
    losses: int  # how many of the graph's outputs follow the layer's own
    updates: tuple[Variable, ...]  # whose new values are the rest of the graph's outputs


def traced_call(
    layer: Any, specs: Any, masked: Sequence[int] = (), *, also: Sequence[Symbol] = ()
) -> Program:
    """Return what the layer's `call` records for inputs of these specs.

    masked: how many axes the mask of each input has, 0 for none; empty where none has one.
    also: symbols that it may name besides, which stand behind the inputs.
    """
    _require_fitting(layer, specs)
    named: tuple[Symbol, ...] = getattr(layer, "_beside", ())
    specs = layer._own_specs(specs) if named else specs
    inputs = [given_symbol(spec, f"{layer.name}_input") for spec in listed(specs)]
    one = isinstance(specs, Spec)
    options: dict[str, Any] = {}
    masks: list[Symbol] = []
    if "mask" in layer.call_parameters:
        flags = [
            given_symbol(Spec(x.shape[:axes], "bool"), f"{layer.name}_mask") if axes else None
            for x, axes in zip(inputs, masked, strict=False)
        ]
        options["mask"] = (flags[0] if one else flags) if flags else None
        masks = [flag for flag in flags if flag is not None]
    if "training" in layer.call_parameters:
        options["training"] = learning_phase()
    options |= getattr(layer, "_call_options", {})  # of a class with a call of its own: none
    layer._losses, layer._updates = [], []
    result = layer.call(inputs[0] if one else list(inputs), **options)
    outputs = list(result) if isinstance(result, list | tuple) else [result]
    for output in outputs:
        if not isinstance(output, Symbol):
            raise InvalidType(
                f"`call` of {layer._title} must return symbolic tensors, made of its inputs; "
                f"received {type(output).__name__}."
            )
    losses = [loss for loss in map(_called, layer._losses) if isinstance(loss, Symbol)]
    updates = [(one, value) for one, value in layer._updates if isinstance(value, Symbol)]
    ends = [*outputs, *losses, *(value for _, value in updates)]
    given = (*inputs, *named, *masks, *also)
    require_given(ends, given)
    return Program(
        inputs=given,
        graph=traced(given, ends, gives_list=True).flattened(),
        outputs=tuple(outputs),
        gives_list=isinstance(result, list | tuple),
        losses=len(losses),
        updates=tuple(variable for variable, _ in updates),
    )


def _require_fitting(layer: Any, specs: Any) -> None:
    stated = getattr(layer, "input_spec", None)
    stated = stated if isinstance(stated, list | tuple) else [stated]
    for one, spec in zip(stated, listed(specs), strict=False):
        if isinstance(one, InputSpec):
            one.require(spec.shape, layer.name)


def given_symbol(spec: Spec, name: str) -> Symbol:
    """Return a symbol for an input of the layer."""
    layer = InputLayer(name=name, dtype=spec.dtype)
    return Call(layer, (), [spec], takes_list=False, gives_list=False).outputs[0]


def _called(loss: Any) -> Any:
    return loss() if callable(loss) else loss
