"""The same gradient on every backend, as NumPy arrays."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from convdispatch.engine.plans import Latest, revisions_of
from convdispatch.engine.specs import Spec
from convdispatch.engine.whole import read_whole
from convdispatch.errors import InvalidShape
from convdispatch.models.parts import AnyModel, Parts, build_for, native_inputs, parts_of
from convdispatch.ops import FLOAT_DTYPES, Backend, NumpyArray
from convdispatch.runtime import selection
from convdispatch.runtime.dispatch import require_feature
from convdispatch.runtime.registry import registry


class Gradients(NamedTuple):
    """An output, and the gradients of sum(output * cotangent); lists where there are several."""

    output: Any
    inputs: Any
    weights: list[NumpyArray]  # in the order and layout of `get_weights`


def gradients(model: AnyModel, x: Any, cotangent: Any = None) -> Gradients:
    """Differentiate sum(model(x) * cotangent) by the backend's own autodiff.

    `cotangent` is an array of the output's shape, or a list of them where the model returns one;
    None means ones. The model is run once. The NumPy backend needs the package autograd: the extra
    `train`. An input of integers has a gradient of zeros.

    >>> from convdispatch.layers import Conv1D
    >>> layer = Conv1D(1, 2, use_bias=False, weights=[np.array([[[1.0]], [[10.0]]])])
    >>> gradients(layer, np.ones((1, 3, 1))).weights[0].ravel().tolist()
    [2.0, 2.0]
    """
    inputs = native_inputs(model, x)
    require_feature(registry.load(model.backend), "gradients")
    backend = registry.load(model.backend)
    given = tuple(Spec(*backend.describe(tensor)) for tensor in inputs)
    build_for(model, [spec.shape for spec in given])
    parts = parts_of(model, given)
    seeds = _seeds(backend, parts, parts.output_specs(given), cotangent)
    compute = _differentiated(model, parts, backend, given)

    def found() -> Any:
        return compute([*_floating(backend, inputs), *seeds, *model.variables])

    # The output and the gradients by the same weights, whatever other threads set meanwhile.
    (_, outputs), slopes = read_whole(parts.layers, found)
    arrays = [np.array(backend.to_numpy(slope)) for slope in slopes]
    own = arrays[: len(inputs)]
    declared = [weight for layer in parts.layers for weight in layer.declared_weights]
    return Gradients(
        output=parts.unlisted([backend.to_numpy(output) for output in outputs]),
        inputs=own if len(own) > 1 else own[0],
        weights=[
            array
            for array, weight in zip(arrays[len(inputs) + len(seeds) :], declared, strict=True)
            if not weight.is_state
        ],
    )


def _differentiated(
    model: AnyModel, parts: Parts, backend: Backend, given: tuple[Spec, ...]
) -> Any:
    """Return the function of (inputs, seeds, weights) to the outputs and all gradients.

    It is kept with the model: JAX compiles a function once, and every new function anew. Each size
    has a function of its own, so that the programs of the oldest sizes can be dropped.
    """
    revisions = revisions_of(parts.layers)
    noted, kept = vars(model).get("_differentiated", ([], None))
    if kept is None or noted != revisions:
        kept = Latest()
        model._differentiated = revisions, kept
    return kept.get(given) or kept.keep(given, _made(model, parts, backend, given))


def _floating(backend: Backend, inputs: Sequence[Any]) -> list[Any]:
    """Return the inputs with those of integers in float32, whose gradients are zeros."""
    dtypes = [backend.describe(one)[1] for one in inputs]
    pairs = zip(inputs, dtypes, strict=True)
    return [one if dtype in FLOAT_DTYPES else backend.cast(one, "float32") for one, dtype in pairs]


def _made(model: AnyModel, parts: Parts, backend: Backend, given: Sequence[Spec]) -> Any:
    count, several = len(parts.graph.inputs), len(parts.graph.outputs)
    owner, total = weakref.ref(model), backend.functions["sum"]
    stopped = backend.functions["stop_gradient"]

    def weighted_sum(tensors: Sequence[Any]) -> tuple[Any, list[Any]]:
        rest, dtypes = tensors[count:], [spec.dtype for spec in given]
        pairs = zip(tensors[:count], dtypes, strict=True)
        inputs = [x if d in FLOAT_DTYPES else backend.cast(stopped(x), d) for x, d in pairs]
        applied: Any = owner()
        outputs = applied.apply(rest[several:], inputs if count > 1 else inputs[0])
        listed = outputs if parts.graph.gives_list else [outputs]
        products: list[Any] = [total(y * seed) for y, seed in zip(listed, rest, strict=False)]
        return sum(products[1:], start=products[0]), listed

    return backend.value_and_grad(weighted_sum)


def _seeds(backend: Backend, parts: Parts, specs: Sequence[Spec], cotangent: Any) -> list[Any]:
    """Return what each output is multiplied with."""
    if cotangent is None:
        weights: list[Any] = [np.ones([size or 0 for size in spec.shape]) for spec in specs]
    elif parts.graph.gives_list and isinstance(cotangent, list | tuple):
        weights = [selection.as_array(one) for one in cotangent]
    else:
        weights = [selection.as_array(cotangent)]
    wanted = [spec.shape for spec in specs]
    received = [weight.shape for weight in weights]
    if received != wanted:
        raise InvalidShape(
            f"`cotangent` must have the shape of the output, {parts.unlisted(wanted)}; received "
            f"{'arrays' if len(received) > 1 else 'an array'} of shape "
            f"{', '.join(map(str, received)) or 'none'}."
        )
    pairs = zip(weights, specs, strict=True)
    return [backend.asarray(weight, spec.dtype) for weight, spec in pairs]
