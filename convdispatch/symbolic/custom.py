"""Layers whose classes scripts define: `build` makes weights, `call` is written with functions.

`call` runs once on symbols for each shape of the inputs; what it records is the layer's function.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from convdispatch.engine import scopes
from convdispatch.engine.declarations import checked_values, lasting
from convdispatch.engine.layer import Layer
from convdispatch.engine.phases import differs_in_training
from convdispatch.engine.resolved import Effects, Resolved
from convdispatch.engine.scopes import Scope
from convdispatch.engine.specs import listed, shapes_of
from convdispatch.engine.symbols import Symbol, symbols_in
from convdispatch.engine.whole import held
from convdispatch.formulas import random
from convdispatch.runtime import selection
from convdispatch.symbolic.call_options import CallOptions
from convdispatch.symbolic.gradients import layers_of
from convdispatch.symbolic.naming import NamingOthers
from convdispatch.symbolic.own_weights import OwnWeights
from convdispatch.symbolic.running import run
from convdispatch.symbolic.shapes import SHAPES, Shaped
from convdispatch.symbolic.tracing import Program, traced_call


class CustomLayer(CallOptions, NamingOthers, OwnWeights):
    """The base of a script's own layers, in the manner of Keras 1 and 2.

    A subclass defines `call(x)`, or `call(x, mask=None)`, and where it has weights
    `build(input_shape)`. Shapes are found by calling it: `get_output_shape_for` and
    `compute_output_shape` are not needed.
    """

    takes_one = True

    def __init__(self, **options: Any) -> None:
        """Take what every layer takes, such as `name`, `trainable`, `input_shape`, `weights`."""
        self._begin()
        Layer.__init__(self, **options)
        self._first_types: tuple[str, ...] = ()
        self.takes_mask = "mask" in self.call_parameters
        if "supports_masking" not in vars(self):
            self.supports_masking = False
        self.input_spec: Any = getattr(self, "input_spec", None)
        self.uses_learning_phase = False
        self._key = random.training_key()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        own = vars(cls).get("build")
        if own is not None and not hasattr(own, "begins_building"):
            cls.build = _building(own)  # type: ignore[method-assign] # the same, wrapped

    # What scripts define.

    def call(self, x: Any, mask: Any = None) -> Any:
        """Return the output for symbolic inputs; the identity unless a class says otherwise."""
        return x

    def build(self, input_shape: Any) -> None:
        """Make the weights for inputs of that shape: none unless a class says otherwise."""

    def get_output_shape_for(self, input_shape: Any) -> Any:
        """Return the output's shape, as Keras 1 calls it."""
        return self.compute_output_shape(input_shape)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the output's shape, batch axis included."""
        return Layer.compute_output_shape(self, input_shape)

    @property
    def built(self) -> bool:
        """Whether the weights exist; a script's own assignment changes nothing."""
        return self._is_made or self._part_of is not None

    @built.setter
    def built(self, value: bool) -> None:
        pass

    def get_config(self) -> dict[str, Any]:
        """Return what every layer takes; a class adds its own arguments."""
        own = {} if self.stated_phase is None else {"stated_phase": self.stated_phase}
        return Layer.get_config(self) | own

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return the input's mask if the layer supports masking."""
        return mask if self.supports_masking else None

    def makes_mask(self, masked: Sequence[bool]) -> bool:
        """Return whether `compute_mask` gives a mask."""
        if type(self).compute_mask is CustomLayer.compute_mask:
            return self.supports_masking and any(masked)
        if not self._calls or len(self._calls[0].inputs) != len(masked):
            return any(masked)
        pairs = zip(self._calls[0].inputs, masked, strict=True)
        given = [(Shaped(x.shape, x.dtype), m and Shaped(x.shape[:2], "bool")) for x, m in pairs]
        x, mask = ([one[place] or None for one in given] for place in (0, 1))
        with scopes.entered(Scope(SHAPES)):
            one = not self._calls[0].takes_list
            return self.compute_mask(x[0] if one else x, mask[0] if one else mask) is not None

    # Building.

    def _build_with(self, build: Callable[..., None], input_shape: Any) -> None:
        if self._is_made:  # it keeps its weights
            self._built_shape = shapes_of(self._specs_for(input_shape))
            return
        with held([self]), scopes.entered(None), selection.use_backend(self.backend):
            self._is_building = True
            try:
                build(self, input_shape)
                specs = self._specs_for(input_shape)
                specs, program = self._first_program(specs)
                inner = self._inner_layers()
                used = [one for one in self._layers_within(program) if one in inner]
                self._used_layers = used
                self._draws = any(node.layer.draws for node in program.graph.nodes)
                self._take_weights()
            finally:
                self._is_building = False
            self._programs = {self._program_key(specs, ()): program}
            self._built_shape = shapes_of(self._own_specs(specs))
            self._is_made = self._is_settled = True
        initial, self._initial_weights = self._initial_weights, None
        if initial is not None:
            self._assign_initial(initial)

    def _layers_within(self, program: Program) -> list[Any]:
        """Return the layers that `call` called, whose weights the layer holds."""
        return layers_of(program.graph)

    def _assign_initial(self, initial: Any) -> None:
        values = checked_values(initial, lasting(self._declarations), owner=self.name)
        self._assign(self._places(are_states=False), values)

    @staticmethod
    def _program_key(specs: Any, masks: tuple[int, ...]) -> Any:
        return tuple(one.of_a_sample for one in listed(specs)), masks

    def _program(self, specs: Any, masks: tuple[int, ...] = ()) -> Program:
        key = self._program_key(specs, masks)
        if key not in self._programs:
            with scopes.entered(None), selection.use_backend(self.backend):
                self._programs[key] = traced_call(self, specs, masks)
        found: Program = self._programs[key]
        return found

    # What the engine asks.

    def resolve(self, spec: Any) -> Resolved:
        """Return what `call` makes of inputs of that spec, or of those of a list."""
        if not self._is_made:
            self.build(shapes_of(spec))
        program = self._program(spec)
        shapes = [(None, *symbol.shape[1:]) for symbol in program.outputs]
        dtype = program.outputs[0].dtype
        first = listed(spec)[0].dtype
        return Resolved(
            output_shape=shapes if program.gives_list else shapes[0],
            output_dtype=None if dtype == first else dtype,
            declare=lambda: self._declarations,
            lower=lambda _, activation: self._forward(spec),
            lower_training=lambda _, activation: self._with_effects_of(spec, is_training=True),
            lower_carrying=lambda _, activation: self._with_effects_of(spec, is_training=False),
        )

    def _forward(self, spec: Any) -> Callable[..., Any]:
        compute = self._with_effects_of(spec, is_training=False)
        return lambda weights, inputs, *mask: compute(weights, inputs, None, *mask)[0]

    def _with_effects_of(self, spec: Any, *, is_training: bool) -> Callable[..., Any]:
        backend = self._backend()
        fold: Any = random.Draws(backend)["fold"]
        seed: Any = backend.asarray(self._key, "int32") if self._draws else None

        def compute(weights: Any, inputs: Any, key: Any, *mask: Any) -> tuple[Any, Effects]:
            given = self._own_masks(spec, mask)
            masks = [one for one in given if one is not None]
            axes = tuple(0 if one is None else len(backend.describe(one)[0]) for one in given)
            program = self._program(spec, axes if masks else ())
            if not is_training and self._draws:
                key = fold(seed, backend.cast(weights[-1], "int32"))
            own: dict[Any, Any] = {self: list(weights)}
            own |= {inner: list(weights[span]) for inner, span in self._spans.items()}
            values = [*_flat(inputs), *masks]
            scope = Scope(
                backend,
                is_training=is_training,
                key=key,
                owner=self,
                values=dict(zip(program.inputs, values, strict=False)),
                weights=own,
            ).within(scopes.current())
            with scopes.entered(scope):
                found = run(program.graph, values, scope)
            return self._results(program, found, weights)

        return compute

    def _results(self, program: Program, found: list[Any], weights: Any) -> tuple[Any, Effects]:
        """Return the outputs and the effects among what the graph gave."""
        count = len(program.outputs)
        outputs, rest = found[:count], found[count:]
        updates = {}
        for variable, value in zip(program.updates, rest[program.losses :], strict=True):
            if variable.holder is self:
                updates[self._declarations[variable.index].name] = value
        if self._draws:
            updates["draws"] = weights[-1] + 1
        effects = Effects(updates=updates, losses=tuple(rest[: program.losses]))
        return (outputs if program.gives_list else outputs[0]), effects

    def __call__(self, inputs: Any, mask: Any = None, **options: Any) -> Any:
        """Apply the layer to tensors of its backend, to arrays or to symbols."""
        if options:
            self._take_options(options)
        symbols = symbols_in(inputs)
        if symbols is not None:
            one = symbols[0].spec if isinstance(inputs, Symbol) else None
            given = one or [symbol.spec for symbol in symbols]
            self._note_types(given)
            return self._recorded(*self._with_named(symbols, self._built_with(given)))
        native = self._as_native(self._backend(), inputs)
        specs = self._specs_of(native)
        if not self._is_settled:
            self._note_types(specs)
            self._settled_variables(_whole_batch(shapes_of(specs)))
        masks = () if mask is None else self._checked_masks(native, (mask,))
        with held([self]):
            outputs, effects = self.inference_for(native)(self._variables, native, None, *masks)
            self._keep_states(effects.updates)
        return outputs

    def _keep_states(self, updates: Any) -> None:
        """Begin the next call with these values of what stays between calls."""
        places = [place for place, one in enumerate(self._declarations) if one.is_state]
        given = [one for one in places if self._declarations[one].name in updates]
        self._assign(given, [updates[self._declarations[one].name] for one in given])

    @property
    def carries_state(self) -> bool:
        """Whether a call draws random numbers, or has losses."""
        return self._draws or self.adds_losses

    @property
    def adds_losses(self) -> bool:  # type: ignore[override] # it depends on what `call` does
        """Whether `call` adds losses."""
        return any(program.losses for program in self._programs.values())

    def reset_states(self) -> None:
        """Do nothing: the count of draws goes on."""

    @property
    def uses_phase(self) -> bool:
        """Whether `call` computes otherwise in training."""
        nodes = [node for program in self._programs.values() for node in program.graph.nodes]
        return any(differs_in_training(node.layer) for node in nodes)

    @property
    def draws(self) -> bool:
        """Whether `call` draws random numbers."""
        return bool(self._draws)


def _building(build: Callable[..., None]) -> Callable[..., None]:
    """Return a class's `build`, within which the layer takes the weights that it makes."""

    @functools.wraps(build)
    def made(self: CustomLayer, input_shape: Any) -> None:
        if self._is_building:  # called by a subclass's own
            build(self, input_shape)
        else:
            self._build_with(build, input_shape)

    made.begins_building = True  # type: ignore[attr-defined] # a mark
    return made


CustomLayer.build = _building(CustomLayer.build)  # type: ignore[method-assign] # as a subclass's


def _flat(values: Any) -> list[Any]:
    return list(values) if isinstance(values, list | tuple) else [values]


def _whole_batch(shapes: Any) -> Any:
    if isinstance(shapes, list):
        return [(None, *shape[1:]) for shape in shapes]
    return (None, *shapes[1:])
