"""From a model to its program: the model is applied to symbolic inputs on a recorder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from convdispatch.engine.graph import Graph
from convdispatch.engine.layer import Layer
from convdispatch.engine.masks import compute
from convdispatch.errors import InvalidShape, UnsupportedOp
from convdispatch.layers import BatchNormalization
from convdispatch.models._pure import PureStack
from convdispatch.ops import HALF_DTYPES
from convdispatch.programs import Program, Recorder, Supports, Weight, tidied
from convdispatch.runtime.registry import registry
from convdispatch.support.foreign import said


def program_of(model: PureStack, supports: Supports) -> Program:
    """Return the program of a model's inference; `supports` says which ops it may have.

    Raises `UnsupportedOp`, which names the layer, for what no program can express: a layer with a
    state, a user's function that needs numbers. Raises `InvalidShape` where a size other than the
    batch's is unknown.
    """
    model.ensure_built("export")
    _require_expressible(model)
    recorder: Any = Recorder(supports)
    with registry.lending(recorder) as name:
        twin = _copied(model, name)
        graph: Graph = twin._flat_graph()
        inputs = _inputs(model, graph, recorder)
        outputs = _applied(graph, list(inputs.values()), recorder)
        weights = _weights(model, twin.variables, recorder)
    return tidied(
        Program(
            name=model.name,
            inputs={name: one.value for name, one in inputs.items()},
            weights=weights,
            constants=_constants(recorder),
            instructions=tuple(recorder.instructions),
            outputs={name: one.value for name, one in _named(graph, outputs).items()},
            gives_list=graph.gives_list,
        )
    )


def _copied(model: PureStack, backend: str) -> Any:
    """Return the model on the recorder; name the layer that cannot be there."""
    moving: Any = model
    try:
        return moving.to(backend)
    except Exception:
        for layer in model._layers:
            try:
                layer.to(backend)
            except Exception as exc:
                raise _refusal(layer, exc) from exc
        raise


def _refusal(layer: Layer, exc: Exception) -> UnsupportedOp:
    if isinstance(exc, UnsupportedOp):
        return UnsupportedOp(f"{layer._title} cannot be exported: {exc}")
    return UnsupportedOp(
        f"{layer._title} cannot be exported: called with tensors that have no numbers yet, it "
        f"raised {said(exc)}. A function of yours may use Python's operators and the functions of "
        "the backend's table alone."
    )


def _require_expressible(model: PureStack) -> None:
    for layer in model._layers:
        if layer.carries_state:
            raise UnsupportedOp(
                f"{layer._title} cannot be exported: it is stateful, so its next call depends on "
                "the last one. Make it with `stateful=False`, or with `return_state=True` and take "
                "the state as an input."
            )


def _inputs(model: PureStack, graph: Graph, recorder: Recorder) -> dict[str, Any]:
    """Return a symbolic tensor for each input, by its name."""
    names: Sequence[str] = getattr(model, "input_names", ("x",))
    found = {}
    for name, spec, dtype in zip(names, graph.inputs, graph.input_dtypes(), strict=True):
        if None in spec.shape[1:]:
            raise InvalidShape(
                f"a model is exported for known sizes, only that of the batch may be any; the "
                f"input {name!r} of {model.name!r} has shape {spec.shape}. Build the model for the "
                "sizes that it will get."
            )
        found[name] = recorder.fresh((None, *spec.shape[1:]), dtype)
    return found


def _weights(model: PureStack, variables: Sequence[Any], recorder: Recorder) -> tuple[Weight, ...]:
    """Return the weights by path, with the numbers that the recorder's variables have."""
    declared, held = model.functional().weights, model.named_weights().values()
    found = []
    for (path, weight), (_, may_change), variable in zip(
        declared.items(), held, variables, strict=True
    ):
        value, array, _layer = recorder.constants.pop(variable.value.number)
        found.append(
            Weight(
                path=path,
                value=value,
                array=array,
                is_trainable=may_change,
                is_statistic=not weight.trainable,
            )
        )
    return tuple(found)


def _applied(graph: Graph, inputs: Sequence[Any], recorder: Recorder) -> list[Any]:
    """Return the outputs of the graph, each instruction under the name of its layer."""

    def call(place: int, layer: Layer, x: Any, *mask: Any) -> Any:
        recorder.layer = layer.name
        try:
            if isinstance(layer, BatchNormalization) and not mask:
                return _normalized(layer, x, recorder)
            return layer.apply(layer.variables, x, *mask)
        except Exception as exc:
            raise _refusal(layer, exc) from exc

    return compute(graph, call, inputs)


def _normalized(layer: Any, x: Any, recorder: Recorder) -> Any:
    """Record a normalization as one instruction: each target has it as one, too."""
    is_usual = type(layer)._inference is BatchNormalization._inference  # a class may have its own
    if not is_usual or x.dtype in HALF_DTYPES or layer.dtype != x.dtype:
        return layer.apply(layer.variables, x)
    layer.plan_for(x)  # which checks the shape
    names = [weight.name for weight in layer.declared_weights]
    by_name = dict(zip(names, layer.variables, strict=True))
    return recorder.normalized(
        x,
        mean=by_name["moving_mean"],
        variance=by_name["moving_variance"],
        gamma=by_name.get("gamma"),
        beta=by_name.get("beta"),
        axis=layer.axis % x.ndim,
        epsilon=layer.epsilon,
    )


def _constants(recorder: Recorder) -> tuple[Weight, ...]:
    """Return the arrays that the instructions read beside the weights."""
    return tuple(
        Weight(
            path=f"{layer}/constant_{place}",
            value=value,
            array=array,
            is_trainable=False,
            is_statistic=True,
        )
        for place, (value, array, layer) in enumerate(recorder.constants.values(), start=1)
    )


def _named(graph: Graph, outputs: Sequence[Any]) -> dict[str, Any]:
    """Return the outputs by the names of the layers that they come from, each name once."""
    by_number = {number: node.layer.name for node in graph.nodes for number in node.writes}
    found: dict[str, Any] = {}
    for number, output in zip(graph.outputs, outputs, strict=True):
        name = wanted = by_number.get(number, "output")
        count = 1
        while name in found:
            name, count = f"{wanted}_{count}", count + 1
        found[name] = output
    return found
