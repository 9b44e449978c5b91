"""A compiled model at work: its steps, and the state between them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from convdispatch.engine.plans import revisions_of
from convdispatch.engine.sharding import Sharding
from convdispatch.engine.stepping import Stepping
from convdispatch.errors import InvalidArgument
from convdispatch.formulas import random
from convdispatch.ops import Backend, Shape, Step
from convdispatch.runtime.dispatch import require_feature
from convdispatch.runtime.registry import registry
from convdispatch.support.locks import Lock
from convdispatch.training import step as steps
from convdispatch.training.batches import Batch, Raw
from convdispatch.training.forward import Forward
from convdispatch.training.groups import Together, facts_of, together
from convdispatch.training.interruption import Uninterrupted
from convdispatch.training.objective import Objective
from convdispatch.training.optimizers import updates_of
from convdispatch.training.reports import Totals
from convdispatch.training.sharded import SLOTS, Units
from convdispatch.training.subject import Subject


class Trainer:
    """The steps of one model, for one optimizer and one objective.

    It is made again when the layers have changed, and continues with the same slots.
    """

    def __init__(
        self,
        model: Subject,
        optimizer: Any,
        objective: Objective,
        trained: Sequence[bool],
        key: Any = None,
    ) -> None:
        self.backend: Backend = registry.load(model.backend)
        self._model, self._optimizer, self._trained = model, optimizer, list(trained)
        self._forward = Forward(model, trained)
        if objective.is_open:
            self._forward.know_symbols(model)
        self._forward.look_before(objective.before)
        self.objective = replace(objective, is_masked=bool(self._forward.graph.masked))
        self.reports = len(self.objective.names)  # how many numbers a batch has for the user
        self.values = self.objective.values
        self._revisions = revisions_of(self._forward.layers)
        self._stepping = Stepping([layer for layer in self._forward.layers if layer._variables])
        self._lock = Lock()
        # From the stream of the initializers, which `set_random_seed` restarts.
        numbers = random.training_key() if key is None else None
        self.together = together(self.backend, self._weights())
        if self.together is not None:
            facts = facts_of(self._forward.layers, optimizer, self.objective.names)
            self.together.agree(
                facts | {"use of sharded weights": self.together.sharded is not None}
            )
            self.together.require_stateless(self._forward.layers)
            numbers = numbers if numbers is None else self.together.of_rank_0(numbers)
            self._begin_together(self.together)
        self._key = key if numbers is None else self.backend.asarray(numbers, "int32")
        self._learning: steps.Learning | None = None
        self._state: list[Any] = []  # slots, and the number of steps
        self._steps = 0
        self._train: Any = None
        self._test: Any = None

    def is_of(self, model: Subject) -> bool:
        """Return whether the model still has the layers, and they compute as they did."""
        return revisions_of(model._layers) == self._revisions

    def has_layers_of(self, model: Subject) -> bool:
        """Return whether the model still has these layers, however they compute."""
        return self._forward.layers == model._layers

    def renewed(self) -> Trainer:
        """Return a trainer for the layers as they compute now, with the state of this one."""
        other = Trainer(self._model, self._optimizer, self.objective, self._trained, self._key)
        if self._state:
            other._prepare()
            other._state, other._steps = self._state, self._steps
        return other

    def train(self, batch: Batch) -> list[Any]:
        """Change the weights by one batch; return what is reported, as native scalars."""
        if self.together is not None:
            batch = self.together.own(batch)
        taken = self._lock.take()
        try:
            self.begin()
            assert self._learning is not None
            rate = self._optimizer.rate_at(self._steps)
            inputs = {
                "x": batch.x,
                "y": batch.y,
                "weights": batch.weights,
                "update": self._learning.updates.inputs(rate, self._steps),
                "key": self._key,
            }
            if self.together is not None:
                inputs["part"] = batch.part
            with Uninterrupted(), self._stepping as stepping:
                variables, reported = self._train([*stepping.variables, *self._state], inputs)
                stepping.replace(variables)
                self._state = list(variables[self._count :])
                self._steps += 1
        finally:
            taken.release()
        return list(reported)

    def gather(self) -> None:
        """Let the model have whole weights, where each device has a part of them."""
        if isinstance(self._stepping, Sharding):
            self._stepping.gather_all()

    def follow(self) -> None:
        """Do what rank 0, which alone calls a callback, needs the other processes for."""
        assert self.together is not None
        assert isinstance(self._stepping, Sharding)
        for told in self.together.followed():
            if told == SLOTS:
                self.read()
            else:
                self._stepping.gather(told)

    @property
    def iterations(self) -> int:
        """How many updates have been made."""
        return self._steps

    def names(self) -> list[tuple[str, str]]:
        """Return the names of the weights that are trained: of the layer, then of the weight."""
        layers = self._forward.layers
        names = [
            layer.inner_name(weight.name) for layer in layers for weight in layer.declared_weights
        ]
        assert self._learning is not None
        return [names[place] for place in self._learning.trained]

    def shapes(self) -> list[Shape]:
        """Return the shapes of these weights."""
        weights = self._weights()
        assert self._learning is not None
        return [tuple(weights[place].shape) for place in self._learning.trained]

    def read(self) -> list[dict[str, Any]]:
        """Return copies of the optimizer's slots as NumPy arrays."""
        with self._lock.held():
            assert self._learning is not None
            state = self._state[:-1]
            if self.together is not None:
                state = [*self.together.whole(SLOTS, state)]
            arrays = [np.array(self.backend.to_numpy(slot)) for slot in state]
            slots: list[dict[str, Any]] = steps.rebuilt(self._learning.slots, arrays)
            packing = self._learning.updates.packing
            return slots if packing is None else packing.by_weight(slots, self.shapes())

    def write(self, slots: Sequence[Mapping[str, Any]], iterations: int) -> None:
        """Go on from these slots and this number of updates."""
        variable = self.backend.variable
        with self._lock.held():
            assert self._learning is not None
            packing = self._learning.updates.packing
            slots = slots if packing is None else packing.by_group(slots)
            self._state = [
                *(variable(slot, self._dtype) for slot in steps.leaves(list(slots))),
                variable(np.asarray(iterations), "int32"),
            ]
            self._steps = iterations
            self._share_state()

    @property
    def key(self) -> Any:
        """The key of random numbers, as a NumPy array."""
        return np.array(self.backend.to_numpy(self._key))

    def begin(self) -> None:
        """Make the optimizer's slots, if there are none yet."""
        if self._train is None:
            self._prepare()

    def restore(self, slots: Sequence[Mapping[str, Any]], iterations: int, key: Any) -> None:
        """Go on from the slots, the number of updates and the key of another process."""
        self.begin()
        self.write(slots, iterations)
        self._key = self.backend.asarray(key, "int32")

    @property
    def own_rows(self) -> Callable[[Raw, Backend], Raw] | None:
        """What takes this process's rows of a batch; None where it computes alone."""
        return None if self.together is None else self.together.own_rows

    def totals(self) -> Totals:
        """Return what an epoch's reports are gathered in."""
        objective = self.objective
        return Totals(objective.names, self.backend, objective.counted, self.values)

    def test(self, batch: Batch) -> list[Any]:
        """Return what is reported of one batch, as native scalars."""
        if self._test is None:
            engine = None if self.together is None else self.together.sharded
            step = steps.evaluation_step(self.backend, self._forward, self.objective, engine=engine)
            self._test = self._compiled(step)
        if self.together is not None:
            batch = self.together.own(batch)
        inputs: dict[str, Any] = {"x": batch.x, "y": batch.y, "weights": batch.weights}
        if self.together is not None:
            inputs["part"] = batch.part
        places = self._forward.states
        if not places:
            values = self._weights()
            return list(self._test([], {**inputs, "values": values})[1])
        with self._lock.held(), self._stepping as stepping:
            variables: list[Any] = stepping.variables
            values = [None if i in places else v for i, v in enumerate(variables)]
            states = [variables[place] for place in places]
            new, reported = self._test(states, {**inputs, "values": values})
            for place, state in zip(places, new, strict=True):
                variables[place] = state
            stepping.replace(variables)
        return list(reported)

    def _prepare(self) -> None:
        """Make the optimizer's slots, and the step."""
        backend, layers = self.backend, self._forward.layers
        require_feature(backend, "gradients")
        require_feature(backend, "compile_step")
        declared = [
            (weight, is_trained and weight.trainable)
            for layer, is_trained in zip(layers, self._trained, strict=True)
            for weight in layer.declared_weights
        ]
        trained = tuple(place for place, (_, may_change) in enumerate(declared) if may_change)
        if not trained and not self._model.dialect.trains_frozen:
            raise InvalidArgument(
                f"{self._model.name!r} has no trainable weight; received {len(declared)} weights "
                "that are all frozen. Set `trainable = True` on a layer and on the models that it "
                "is in, and call `compile` again."
            )
        with self._stepping as stepping:  # sharded, where devices have parts
            weights = stepping.variables
        self._count = len(weights)
        changed = [weights[place] for place in trained]
        sharded = None if self.together is None else self.together.sharded
        updates = updates_of(backend, self._optimizer, changed, sharded)
        self._dtype, slots = updates.dtype, updates.slots(changed)
        self._state = [*steps.leaves(slots), backend.variable(np.zeros((), "int32"), "int32")]
        self._learning = steps.Learning(
            updates=updates,
            trained=trained,
            constraints=tuple(declared[place][0].constraint for place in trained),
            slots=slots,
            count=len(weights),
        )
        self._optimizer.kept_by(self)
        self._share_state()
        engine = backend if self.together is None else self.together.group
        step = steps.training_step(
            backend, self._forward, self.objective, self._learning, engine=engine
        )
        self._train = self._compiled(step)

    def _compiled(self, step: Step) -> Step:
        together = self.together
        if together is None:
            return self.backend.compile_step(step)
        return together.compiled(steps.partial_step(self.backend, together.group, step))

    def _begin_together(self, together: Together) -> None:
        """Begin with the weights of rank 0, and with a part of them where they are sharded."""
        if together.sharded is not None:
            units = Units(together.sharded, self._forward.layers, self._trained)
            self._forward.units, self._stepping = units, units.sharding(together.whole)
        with self._lock.held(), self._stepping as stepping:
            if together.sharded is None:
                stepping.replace(together.group.begin(stepping.variables))

    def _share_state(self) -> None:
        """Begin with the slots of rank 0, where several processes train the model."""
        if self.together is not None:
            self._state = self.together.group.begin(self._state)

    def _weights(self) -> list[Any]:
        return [variable for layer in self._forward.layers for variable in layer._variables]
