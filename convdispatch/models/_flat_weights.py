"""The weights of all layers as one flat list, and back to each layer's own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from convdispatch.engine import layer_options
from convdispatch.engine.arguments import as_bool
from convdispatch.engine.declarations import Weight, checked_values, lasting, require_as_many
from convdispatch.engine.layer import Layer
from convdispatch.engine.whole import held, read_whole, written
from convdispatch.errors import InvalidArgument
from convdispatch.formulas.dialects import Dialect
from convdispatch.models.files.order import Slot, listed_slots
from convdispatch.ops import NumpyArray
from convdispatch.support.locks import Lock
from convdispatch.symbolic.wrappers import CustomWrapper

# The attributes that building a layer sets, the one that marks it as built first.
_MADE = (
    "_is_made",
    "_is_settled",
    "_built_shape",
    "_variables",
    "_declarations",
    "_initial_weights",
    "_plans",
)

_ENDS = frozenset(("input", "inputs", "output", "outputs"))


class StackedWeights:
    """An object made of layers, whose weights are those of all layers in order."""

    name: str
    dialect: ClassVar[Dialect]
    _layers: list[Layer]
    _is_trainable = True
    _depth = 1  # of models within models
    _lock: Lock  # of those that change which layers there are, or build them

    @property
    def built(self) -> bool:
        """Whether every layer has its weights."""
        layers = list(self._layers)
        return bool(layers) and all(layer.built for layer in layers)

    def build(self, input_shape: Sequence[int | None] | None = None) -> None:
        """Build the layers for inputs of that shape, batch axis included."""
        raise NotImplementedError

    @property
    def trainable(self) -> bool:
        """Whether a trainer may change the weights of those layers that say so themselves."""
        return self._is_trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._is_trainable = as_bool(value, "trainable")

    def __setattr__(self, name: str, value: object) -> None:
        """Take what the constructor takes, as it does, and refuse what cannot change."""
        if name == "name":
            value = layer_options.layer_name(layer_options.stem(type(self)), value)
        elif name == "backend":
            raise InvalidArgument(
                f"`backend` of {self.name!r} cannot be set; `to({value!r})` gives the same model "
                "on that backend."
            )
        elif name in _ENDS:
            self._set_end(name, value)
            return
        super().__setattr__(name, value)

    def _set_end(self, name: str, value: object) -> None:
        raise InvalidArgument(
            f"`{name}` of {self.name!r} cannot be set; make another model of the same layers: "
            "`Model(model.input, model.layers[-2].output)`."
        )

    def ensure_built(self, purpose: str) -> None:
        """Build the layers that are not built, for the input shape of the first one.

        Raises `InvalidShape` where there is none; `purpose` is what needs the weights.
        """
        if not self.built:
            self.build()

    def _built_layers(self) -> list[Layer]:
        self.ensure_built("the weights")
        return list(self._layers)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[list[Layer]]:
        """Prevent other threads from changing the layers and their weights; yield the layers."""
        with self._lock.held(), held(self._layers):
            yield list(self._layers)

    @property
    def variables(self) -> list[Any]:
        """The native tensors that `apply` takes, layer by layer; states stand behind weights."""
        return [variable for layer in self._layers for variable in layer.variables]

    @property
    def weights(self) -> list[Any]:
        """The native tensors that hold the weights, layer by layer, without those of states."""
        return [variable for layer in self._layers for variable in layer.weights]

    @property
    def trainable_weights(self) -> list[Any]:
        """The variables that a trainer may change: none while `trainable` is False."""
        if not self.trainable:
            return []
        return self._variables_that(are_trainable=True)

    @property
    def non_trainable_weights(self) -> list[Any]:
        """The variables that a trainer must not change."""
        if not self.trainable:
            return self.weights
        return self._variables_that(are_trainable=False)

    def _variables_that(self, *, are_trainable: bool) -> list[Any]:
        found = []
        for chain in self._chains():
            layer = chain[-1]
            if all(one.trainable for one in chain):
                found += layer.trainable_weights if are_trainable else layer.non_trainable_weights
            elif not are_trainable:
                found += layer.weights
        return found

    def _trained_places(self) -> set[tuple[int, int]]:
        """Return the identity of each layer with the places of the weights that are trained."""
        chains = [chain for chain in self._chains() if all(one.trainable for one in chain)]
        return {
            (id(chain[-1]), place)
            for chain in (chains if self.trainable else ())
            for place in chain[-1].places_that(are_trainable=True)
        }

    def _chains(self) -> list[tuple[Any, ...]]:
        """Return each layer with the models that it is in within this one, the outermost first."""
        return [(layer,) for layer in self._layers]

    def follow(self) -> None:
        """Let the layers state the shapes that they get now, after an argument has changed."""
        raise NotImplementedError

    @property
    def losses(self) -> list[Any]:
        """The regularization losses of all layers, as native scalars."""
        layers = list(self._layers)
        return read_whole(layers, lambda: [loss for layer in layers for loss in layer.losses])

    def penalties(self, weights: Sequence[Any]) -> list[Any]:
        """Return the regularization losses of other weights: a pure function, beside `apply`."""
        parts = by_layer(self._built_layers(), weights, owner=self.name)
        return [loss for layer, own in parts for loss in layer.penalties(own)]

    def get_weights(self) -> list[NumpyArray]:
        """Return the weights of all layers as NumPy arrays."""
        arrays = self._arrays_by_layer()
        return [arrays[place] for place in self._order_of_weights(len(arrays))]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Give all weights new values: all of them or, if one does not fit, none.

        Threads that compute with the model meanwhile see the old values or the new ones.
        """
        declared = [
            one for layer in self._built_layers() for one in lasting(layer.declared_weights)
        ]
        order = self._order_of_weights(len(declared))
        values = checked_values(weights, [declared[place] for place in order], owner=self.name)
        placed = dict(zip(order, values, strict=True))
        self._set_by_layer([placed[place] for place in range(len(placed))])

    def _order_of_weights(self, count: int) -> Sequence[int]:
        """Return the places of `get_weights` among the weights in the order of the layers."""
        first = self.dialect.lists_trained_first
        sorts = "Wrapper" in first and any(isinstance(one, CustomWrapper) for one in self._layers)
        if not sorts and not (first and self._nests):
            return range(count)
        places: dict[Slot, int] = {}
        for layer in self._layers:
            for place, _ in enumerate(lasting(layer.declared_weights)):
                places[id(layer), place] = len(places)
        listed = listed_slots(self, first)
        # A script may have taken a layer off the list.
        return [places[slot] for slot in listed] if set(listed) == set(places) else range(count)

    @property
    def _nests(self) -> bool:
        """Whether there are models among the layers."""
        return False

    def _arrays_by_layer(self) -> list[NumpyArray]:
        """Return the weights in the order of the layers."""
        layers = self._built_layers()
        return read_whole(layers, lambda: [a for layer in layers for a in layer.get_weights()])

    def _set_by_layer(self, weights: Sequence[Any]) -> None:
        """Set the weights in the order of the layers."""
        layers = self._built_layers()
        declared = [lasting(layer.declared_weights) for layer in layers]
        values = checked_values(weights, [one for own in declared for one in own], owner=self.name)
        following = iter(values)
        with written(layers):
            for layer, own in zip(layers, declared, strict=True):
                layer.set_weights([next(following) for _ in own])

    def adopt(self, variables: Sequence[Any]) -> None:
        """Compute with these native tensors from now on: they are shared, not copied."""
        layers = self._built_layers()
        with held(layers):
            for layer, own in by_layer(layers, variables, owner=self.name):
                layer.adopt(own)

    def count_params(self) -> int:
        """Return how many numbers the weights hold."""
        return sum(layer.count_params() for layer in self._built_layers())

    def apply_constraints(self) -> None:
        """Project the weights onto their constraints, as a trainer does after each update."""
        layers = [layer for layer in self._layers if _is_constrained(layer)]
        if layers:
            with written(layers):
                for layer in layers:
                    layer.apply_constraints()


@contextlib.contextmanager
def all_or_none(layers: Sequence[Layer]) -> Iterator[None]:
    """Restore these layers, whose locks are held, if building one of them raises."""
    states = [[getattr(layer, name) for name in _MADE] for layer in layers]
    try:
        yield
    except BaseException:
        for layer, state in zip(layers, states, strict=True):
            for name, value in zip(_MADE, state, strict=True):
                setattr(layer, name, value)
        raise


def by_layer(
    layers: Sequence[Layer], weights: Sequence[Any], *, owner: str
) -> list[tuple[Layer, Sequence[Any]]]:
    """Return each layer with its weights; raise unless the list has exactly those of all."""
    require_as_many(weights, _declared(layers), owner=owner)
    pairs = []
    start = 0
    for layer in layers:
        stop = start + len(layer.declared_weights)
        pairs.append((layer, weights[start:stop]))
        start = stop
    return pairs


def _declared(layers: Sequence[Layer]) -> list[Weight]:
    return [weight for layer in layers for weight in layer.declared_weights]


def _is_constrained(layer: Layer) -> bool:
    return any(weight.constraint is not None for weight in layer.declared_weights)
