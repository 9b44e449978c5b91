"""A model in the layers of another Keras's façade, which computes the same.

A new layer is compared with the old one: the arguments, and the ops that both are lowered to. Where
only the pads differ, as those of Theano's 'same', a layer of zeros before it or of cropping behind
it makes up for them. What cannot be told is an error that names the layer.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from convdispatch import layers
from convdispatch.engine.declarations import lasting
from convdispatch.engine.layer import Layer
from convdispatch.engine.specs import Spec, of_samples
from convdispatch.engine.undrawn import without_weights
from convdispatch.errors import ConvDispatchError, InvalidArgument
from convdispatch.layers._wrapping import wrapped_as
from convdispatch.models._structures import packed
from convdispatch.models.files import cudnn
from convdispatch.models.files.order import is_stack
from convdispatch.models.files.other_words import (
    in_words,
    is_of,
    likeness_of,
    require_no_own_ways,
    what_it_computes,
)
from convdispatch.models.files.same_pads import explicit
from convdispatch.models.files.storing_layers import cannot, says_zeros
from convdispatch.models.files.storing_training import Kept, trained_weights
from convdispatch.models.files.storing_weights import Arrays, arrays_of
from convdispatch.models.files.weights import Origin, converted
from convdispatch.ops import NumpyArray
from convdispatch.symbolic.wrappers import CustomWrapper

_WITHOUT_THEANO = ("tf_keras", "keras3")
# Words for pads that a dialect does not have.
_NO_WORDS = {"keras1": ("causal",), "tf_keras": ("full",), "keras3": ("full",)}


@dataclass
class Told:
    """A model in a dialect's layers, their convention, the weights, and what its optimizer keeps.

    The layers of a new model have no values of their own.
    """

    model: Any
    convention: Literal["theano", "tensorflow"]
    arrays: Arrays
    kept: Any


def translated(model: Any, dialect: str, kept: Any) -> Told:
    """Return the model in that dialect's layers, itself or a new one, and its weights now."""
    arrays = arrays_of(model)
    computing = [one for layer in model._layers for one in _with_inner(layer) if not one.is_input]
    conventions = {layer.convention for layer in computing if _is_conventional(layer)}
    is_modern = dialect in _WITHOUT_THEANO
    if len(conventions) > 1 and not is_modern:
        raise InvalidArgument(
            f"{model.name!r} has layers of both conventions, and a file has one. Save with the "
            "`dialect` 'keras3' or 'tf_keras', in which layers are translated into one."
        )
    is_theano = "theano" in conventions
    convention: Any = "theano" if is_theano and not is_modern else "tensorflow"
    must = (is_modern and is_theano) or any(_is_padded_by_word(one, dialect) for one in computing)
    if not must and all(is_of(layer, dialect) for layer in computing):
        return Told(model, convention, arrays, kept)
    translation = _Translation(dialect)
    with without_weights():
        told = translation.model(model)
    moved = None if kept is None else translation.kept(model, kept)
    return Told(told, convention, translation.arrays(model, arrays), moved)


def _with_inner(layer: Any) -> list[Any]:
    """Return a layer, and those of a model within it."""
    return [layer, *layer._inner_layers()] if isinstance(layer, CustomWrapper) else [layer]


def _is_conventional(layer: Any) -> bool:
    """Return whether a layer computes otherwise under another convention."""
    inner = getattr(layer, "layer", layer)
    return isinstance(getattr(inner, "padding", None), str) or hasattr(inner, "is_flippable")


def _is_padded_by_word(layer: Any, dialect: str) -> bool:
    """Return whether the word for a layer's pads is none of the dialect's."""
    return getattr(layer, "padding", None) in _NO_WORDS.get(dialect, ())


class _Translation:
    """The new layers for old ones; a shared layer stays one."""

    def __init__(self, dialect: str) -> None:
        self.dialect = dialect
        self.chains: dict[int, list[Any]] = {}
        self.models = importlib.import_module("convdispatch.models")

    def model(self, model: Any) -> Any:
        """Return the new model."""
        made = self._stack(model) if is_stack(model) else self._graph(model)
        made.trainable = model.trainable
        return made

    def _stack(self, model: Any) -> Any:
        members = [one for one in model.layers if not getattr(one, "is_input", False)]
        chain = [new for member in members for new in self.chain(member)]
        return self.models.Sequential(chain, model.name, backend=model.backend)

    def _graph(self, model: Any) -> Any:
        graph = model.graph()
        inputs = [
            layers.Input(batch_shape=spec.shape, name=name, dtype=spec.dtype)
            for name, spec in zip(model.input_names, graph.inputs, strict=True)
        ]

        def call(place: int, member: Any, given: Any) -> Any:
            for one in self.chain(member):
                given = one(given) if isinstance(one, Layer) else one.in_row(one(given))
            return given

        outputs = graph.run(call, inputs)
        returned = model.in_structure(outputs) if graph.gives_list else outputs[0]
        given = inputs if len(inputs) > 1 else inputs[0]
        if model.input_structure is not None:
            given = packed(model.input_structure, inputs)
        made = self.models.Model(given, returned, model.name)
        branches = [new for one in getattr(model, "branches", ()) for new in self.chain(one)]
        if branches:  # whose layers a file of weights lists first
            made.branches = tuple(branches)
        return made

    def chain(self, member: Any) -> list[Any]:
        """Return the layers, one after the other, that do what a layer or a model does."""
        if id(member) not in self.chains:
            is_layer = isinstance(member, Layer)
            made = self._layer(member) if is_layer else [self.model(member)]
            self.chains[id(member)] = made
        return self.chains[id(member)]

    def _layer(self, layer: Any) -> list[Any]:
        flips = self.dialect in _WITHOUT_THEANO
        convention = "tensorflow" if flips else layer.convention
        changes: dict[str, Any] = {"convention": convention}
        if getattr(layer, "output_size", None) is not None and self.dialect != "keras1":
            changes["output_size"] = None  # which no other Keras is told
        if not _is_padded_by_word(layer, self.dialect):
            found = self._same(layer, changes)
            if found is not None:
                return [found]

        def unpadded(changes: dict[str, Any], shape: Any) -> Any:
            return self._same(layer, changes, shape)

        made = explicit(layer, self.dialect, convention, unpadded)
        if made is None:
            word, own = getattr(layer, "padding", None), layer.convention
            pads = f"no word of it means the pads of {word!r} under the convention {own!r}"
            raise cannot(layer, self.dialect, pads)
        return made

    def _same(self, layer: Any, changes: dict[str, Any], shape: Any = None) -> Any:
        """Return a layer of the dialect with a layer's arguments, None if its pads would differ.

        For another `shape` of the input the pads are the caller's to compare.
        """
        require_no_own_ways(layer, self.dialect)
        wanted = what_it_computes(layer, self.dialect)
        reason = ""
        within = self._inner(layer, changes)  # whose refusal says all, and is not said again
        try:
            for made in in_words(layer, self.dialect, within):
                found = what_it_computes(made, self.dialect)
                aside = {*changes, "output_size", "output_padding"}  # the ops tell
                other = [
                    key for key in wanted if key not in aside and found.get(key) != wanted[key]
                ]
                if other:
                    reason = f"it has no `{other[0]}`, here {wanted[other[0]]!r}"
                    continue
                if not layer.built:  # in a wrapper, whose ops are compared
                    return made
                made.build(shape or layer.built_shape)
                keeps_pads = shape is None
                is_same = _ops(made, keeps_pads) == _ops(layer, keeps_pads)
                return made if is_same else None
        except ConvDispatchError as exc:
            raise cannot(layer, self.dialect, str(exc)) from exc
        raise cannot(layer, self.dialect, reason or f"it has no {likeness_of(layer)}")

    def _inner(self, layer: Any, changes: dict[str, Any]) -> dict[str, Any]:
        """Return the changes, with the layers in a wrapper translated."""
        inner = {}
        for key in ("layer", "backward_layer"):
            wrapped = wrapped_as(layer, key)
            if wrapped is not None:
                own: dict[str, Any] = {"convention": changes["convention"]}
                if isinstance(layer, layers.Bidirectional):
                    own["zero_output_for_mask"] = says_zeros(wrapped, self.dialect)
                inner[key] = self._same(wrapped, own)
        return {**changes, **inner}

    def arrays(self, model: Any, arrays: Arrays) -> Arrays:
        """Return the weights of the new layers, made of those of the old ones."""
        found: dict[int, Sequence[NumpyArray]] = {}
        for layer in model._built_layers():
            if lasting(layer.declared_weights):
                new = self._with_weights(layer)
                found[id(new)] = converted(new, arrays[id(layer)], _origin(layer))
        return found

    def _with_weights(self, layer: Any) -> Any:
        return next(new for new in self.chains[id(layer)] if lasting(new.declared_weights))

    def kept(self, model: Any, kept: Any) -> Any:
        """Return what an optimizer keeps, laid out as the new layers' weights."""
        names = list(kept.slots[0]) if kept.slots else []
        moved: list[dict[str, Any]] = []
        pairs: list[tuple[str, str]] = []
        shapes = []
        by_layer: dict[int, list[int]] = {}
        old = trained_weights(model)
        for at, (layer, _) in enumerate(old):
            by_layer.setdefault(id(layer), []).append(at)
        for ats in by_layer.values():
            layer = old[ats[0]][0]
            new = self._with_weights(layer)
            places = [old[at][1] for at in ats]
            slots = {
                name: _slots(layer, new, places, [kept.slots[a][name] for a in ats])
                for name in names
            }
            for place, weight in enumerate(lasting(new.declared_weights)):
                if weight.trainable:
                    pairs.append((new.name, weight.name))
                    shapes.append(weight.public_shape)
                    moved.append({name: slots[name][place] for name in names})
        found = Kept(pairs, shapes)
        found.write([*moved, *kept.slots[len(old) :]], kept.iterations)
        return found


def _slots(layer: Any, new: Any, places: Sequence[int], slots: Sequence[Any]) -> list[Any]:
    """Return the slots of a layer's weights as those of the new layer's."""
    filled = [np.zeros_like(one) for one in layer.get_weights()]
    for place, slot in zip(places, slots, strict=True):
        filled[place] = slot
    return converted(new, cudnn.as_slots(filled, new), _origin(layer))


def _origin(layer: Any) -> Origin:
    return Origin(dialect=layer.dialect.name, convention=layer.convention)


def _ops(layer: Any, keeps_pads: bool) -> list[Any]:
    """Return the ops that a layer is lowered to, for the shape that it is built for."""
    shape = layer.built_shape
    specs: Any = Spec(shape, layer.input_dtype)
    if isinstance(shape, list):
        specs = [Spec(one, layer.input_dtype) for one in shape]
    plan = layer._plans.get(of_samples(specs)) or layer._make_plan(specs)
    return [op if keeps_pads else _without_pads(op) for op, _ in plan.ops]


def _without_pads(op: Any) -> Any:
    fields = {"pads": (), "output_size": ()}
    return replace(op, **{name: one for name, one in fields.items() if hasattr(op, name)})
