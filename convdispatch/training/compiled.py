"""A model that knows how it is to be trained, and its steps one at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from convdispatch.engine.plans import revisions_of
from convdispatch.engine.symbols import Symbol
from convdispatch.errors import InvalidArgument, InvalidType
from convdispatch.formulas.dialects import KERAS3, Dialect
from convdispatch.formulas.keywords import names_keywords
from convdispatch.support.warnings import warn
from convdispatch.training.feeding import Feeder
from convdispatch.training.reports import numbers
from convdispatch.training.subject import are_trainable, feeder_of, output_names, output_shapes
from convdispatch.training.trainer import Trainer
from convdispatch.training.wishes import Wishes, objective_of, wishes_of


class Compiled:
    """The methods of a model to set up training and to make single steps."""

    dialect: ClassVar[Dialect] = KERAS3
    name: str
    backend: str
    _layers: list[Any]
    optimizer: Any = None
    loss: Any = None
    history: Any = None
    stop_training: bool = False
    stop_evaluating: bool = False
    stop_predicting: bool = False
    _wishes: Wishes | None = None
    _added_losses: tuple[Any, ...] = ()  # symbolic ones, of the model as a whole
    _said: list[tuple[Any, bool]] | None = None  # what was trainable when it was compiled
    _trainer: tuple[Trainer, Feeder] | None = None
    _input_feeder: tuple[list[int], Feeder] | None = None

    @names_keywords
    def compile(
        self,
        optimizer: Any,
        loss: Any = None,
        metrics: Any = None,
        loss_weights: Any = None,
        sample_weight_mode: Any = None,
        weighted_metrics: Any = None,
    ) -> None:
        """Set how the model is trained: with which optimizer, and on which loss.

        A loss, a metric or an optimizer is a name, an object or, for losses and metrics, a function
        of native (targets, outputs). A model of several outputs takes lists or dictionaries by the
        outputs' names. What is trainable now is what steps will change. The state of an earlier
        optimizer is dropped.
        """
        self._wishes = wishes_of(
            self.dialect,
            optimizer=optimizer,
            loss=loss,
            metrics=metrics,
            weighted_metrics=weighted_metrics,
            loss_weights=loss_weights,
            sample_weight_mode=sample_weight_mode,
            has_own_losses=bool(self._added_losses) or self._has_losses_of_layers(),
        )
        self.optimizer, self.loss = self._wishes.optimizer, loss
        self.optimizer.begin_anew()
        self._trainer, self._said = None, None
        self.stop_training = False
        if self.built:
            self._note_what_is_trainable()
            self._objective()  # or it says what does not fit

    def add_loss(self, losses: Any, inputs: Any = None) -> None:
        """Add symbolic scalars, or numbers, to what training makes smaller.

        The scalars are computed from the model's tensors.

        A model that has them may be compiled without another loss.
        """
        listed = losses if isinstance(losses, list | tuple) else [losses]
        for one in listed:
            if not isinstance(one, Symbol | int | float):
                raise InvalidType(
                    "`losses` must be numbers or symbolic tensors of the model's; received "
                    f"{type(one).__name__}."
                )
        self._added_losses = (*self._added_losses, *listed)
        self._trainer = None

    def _has_losses_of_layers(self) -> bool:
        """Return whether layers penalize what they compute, or weights, or add losses."""
        layers: Any = getattr(self, "_layers", ())
        return any(
            layer.activity_regularizer is not None
            or layer.adds_losses
            or any(weight.regularizer is not None for weight in layer.declared_weights)
            for layer in layers
        )

    @property
    def built(self) -> bool:
        """Whether every layer has its weights."""
        raise NotImplementedError

    def build(self, input_shape: Any = None) -> None:
        """Build the layers for inputs of that shape, batch axis included."""
        raise NotImplementedError

    @property
    def metrics_names(self) -> list[str]:
        """What a step and `evaluate` report, in this order."""
        names: list[str] = self._objective().names
        return names

    @names_keywords
    def train_on_batch(
        self, x: Any, y: Any, sample_weight: Any = None, class_weight: Any = None
    ) -> Any:
        """Change the weights by one step; return the loss, or a list of it and the metrics.

        They are those before the step.
        """
        trainer, feeder = self._ready(x)
        by_class = class_weights_of(class_weight, feeder, self.dialect)
        batch = feeder.one_batch(x, y, sample_weight, by_class, trainer.own_rows)
        return _one_or_all(trainer.train(batch), trainer)

    @names_keywords
    def test_on_batch(self, x: Any, y: Any, sample_weight: Any = None) -> Any:
        """Return the loss of one batch, or a list of it and the metrics, without training."""
        trainer, feeder = self._ready(x)
        batch = feeder.one_batch(x, y, sample_weight, own=trainer.own_rows)
        return _one_or_all(trainer.test(batch), trainer)

    def _ready(self, x: Any = None) -> tuple[Trainer, Feeder]:
        """Return the trainer of the model as it is now, and the feeder of its data."""
        ready = self._trainer
        if ready is not None and ready[0].is_of(self):  # type: ignore[arg-type] # a Subject
            return ready
        self._require_compiled()
        self._build_for(x)
        if ready is not None and ready[0].has_layers_of(self):  # type: ignore[arg-type]
            trainer = ready[0].renewed()
        else:
            if self._said is None or [one for one, _ in self._said] != self._layers:
                self._note_what_is_trainable()
            assert self._said is not None
            flags = [flag for _, flag in self._said]
            trainer = Trainer(self, self.optimizer, self._objective(), flags)  # type: ignore[arg-type]
        self._trainer = trainer, feeder_of(self, trainer.objective)
        return self._trainer

    def _now(self) -> Trainer:
        return self._ready()[0]

    def _feeder(self) -> Feeder:
        """Return the feeder of inputs without targets."""
        known = self._input_feeder
        revisions = revisions_of(self._layers)
        if known is None or known[0] != revisions:
            known = self._input_feeder = revisions, feeder_of(self, None)
        return known[1]

    def _objective(self) -> Any:
        wishes = self._require_compiled()
        return objective_of(wishes, output_names(self), output_shapes(self), self.name)

    def _require_compiled(self) -> Wishes:
        if self._wishes is None:
            raise InvalidArgument(
                f"{self.name!r} must be compiled before it is trained or evaluated. Call "
                "`model.compile(optimizer, loss)` first."
            )
        return self._wishes

    def _note_what_is_trainable(self) -> None:
        layers = list(self._layers)
        self._said = list(zip(layers, are_trainable(self, layers), strict=True))

    def _build_for(self, x: Any) -> None:
        """Build a stack that does not know its input's shape, for the data that it gets."""
        if self.built:
            return
        shape = getattr(x, "shape", None)
        if shape is None and x is not None and not isinstance(x, Mapping):
            import numpy as np

            shape = np.shape(x)
        self.build(None if shape is None else (None, *shape[1:]))


def class_weights_of(given: Any, feeder: Feeder, dialect: Dialect) -> list[Any]:
    """Return the weights of classes for each output that has a loss, [] for none at all."""
    if given is None or not len(given):
        return []
    if dialect.ignores_words_for_weights and not isinstance(given, Mapping | list | tuple):
        warn(
            f"`class_weight` of {feeder.owner!r} has no effect, as in {dialect.title}: it is no "
            f"dictionary from classes to weights; received a {type(given).__name__}."
        )
        return []
    names = [port.name for port in feeder.wanted]
    if isinstance(given, list | tuple):
        found = list(given)
    elif any(name in given for name in names):
        found = [given.get(name) for name in names]
    else:
        found = [given]
    are_mappings = all(one is None or isinstance(one, Mapping) for one in found)
    if len(found) != len(names) or not are_mappings:
        raise InvalidArgument(
            f"`class_weight` of {feeder.owner!r} must be a dictionary from classes to weights, or "
            f"have one for each of its outputs {', '.join(map(repr, names))}; received {given!r}."
        )
    for one in found:
        for item in (one or {}).items():
            _require_numbers(*item)
    return found


def _require_numbers(of_class: Any, weight: Any) -> None:
    """Raise `InvalidType` for a class, or for its weight, that is no number."""
    try:
        float(of_class), float(weight)
    except (TypeError, ValueError) as exc:
        raise InvalidType(
            "`class_weight` must be a dictionary from numbers of classes to numbers, their "
            f"weights; received {weight!r} for {of_class!r}."
        ) from exc


def _one_or_all(reported: list[Any], trainer: Trainer) -> Any:
    values = numbers(reported[: trainer.reports], trainer.backend, trainer.values)
    return values[0] if len(values) == 1 else values
