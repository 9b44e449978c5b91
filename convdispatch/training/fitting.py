"""`fit` and `evaluate`: from their arguments to the loop."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from convdispatch.callbacks import History, Moments, ProgbarLogger, as_list, moments_of, say_done
from convdispatch.engine.arguments import as_float, as_int
from convdispatch.engine.state_batches import require_whole_batches, settled_batch_size
from convdispatch.errors import InvalidArgument
from convdispatch.formulas.keywords import names_keywords
from convdispatch.ops import Backend
from convdispatch.training import iterables
from convdispatch.training.asked import require_absent, require_counts, span, verbosity
from convdispatch.training.batches import Raw
from convdispatch.training.called import called
from convdispatch.training.compiled import Compiled, class_weights_of
from convdispatch.training.feeding import Feeder
from convdispatch.training.iterables import is_iterable_of_batches
from convdispatch.training.loop import Loop, evaluated
from convdispatch.training.resuming import Keeping, path_in, resumed
from convdispatch.training.streams import (
    AS_THEY_ARE,
    Arrays,
    Order,
    Stream,
    close,
    divide,
    order_of,
    sizes,
)
from convdispatch.training.trainer import Trainer

VALIDATING = "the validation generator"


class Fitted(Compiled):
    """The methods of a model to train and to evaluate it over many batches."""

    @names_keywords
    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: int = 1,
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool | str = True,
        class_weight: Any = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        resume: Any = None,
    ) -> History:
        """Train for `epochs` epochs; return the `History` of what they reported.

        `x` and `y` are arrays, also in files, or tensors of the model's backend; lists or
        dictionaries of them for several inputs and outputs. `x` alone may yield batches (x, y) or
        (x, y, sample weights): a generator, a `Sequence`, a loader or a data set of the framework.
        `verbose` is 0 for silence, 1 for a bar on a terminal, 2 for a line an epoch. After Ctrl-C
        the model has the weights of its last step, and `model.history` what was reported.

        `resume` is a folder that keeps the state of the training after every epoch. Where it has
        one, training goes on after that epoch, as if it had never stopped.
        """
        trainer, feeder = self._ready(_first(x))
        size = self._batch_size(batch_size)
        if len(span(epochs, initial_epoch)) > 1:
            _require_steps(x, steps_per_epoch, validation_data, validation_steps)
        counts = {"steps_per_epoch": steps_per_epoch}
        if validation_data is not None or validation_split:
            counts["validation_steps"] = validation_steps
        require_counts(**counts)
        order = order_of(shuffle, is_global=self.dialect.shuffles_globally)
        validation: Stream | None = None
        if is_iterable_of_batches(x):
            require_absent(y=y, sample_weight=sample_weight, validation_split=validation_split)
            stream: Stream = self._items(x, feeder, steps_per_epoch, order)
        else:
            share = _share(validation_split, validation_data)
            raw = feeder.whole(x, y, sample_weight)
            stream, validation = _parts(raw, size, trainer.backend, order, share)
            self._limit(stream, steps_per_epoch, batch_size)
            self._limit(validation, validation_steps, batch_size, restarts=True)
        if validation_data is not None:
            validation = self._validation(validation_data, feeder, batch_size, validation_steps)
        return self._train_on(
            stream,
            epochs=epochs,
            initial_epoch=initial_epoch,
            verbose=verbose,
            callbacks=callbacks,
            validation=validation,
            class_weight=class_weight,
            batch_size=size,
            resume=resume,
        )

    @names_keywords
    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: int = 1,
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Any:
        """Return the loss, or a list of it and the metrics, over all samples.

        `verbose` 1 prints Keras's bar when it is done. `callbacks` are told by their `on_test_...`
        methods; one that sets `model.stop_evaluating` ends it after a batch.
        """
        trainer, feeder = self._ready(_first(x))
        size = self._batch_size(batch_size)
        if is_iterable_of_batches(x):
            require_absent(y=y, sample_weight=sample_weight)
            stream: Stream = self._items(x, feeder, steps, AS_THEY_ARE)
        else:
            raw = feeder.whole(x, y, sample_weight)
            stream = Arrays(raw, size, trainer.backend, order=AS_THEY_ARE)
            self._limit(stream, steps, batch_size)
        begun = time.monotonic()
        params = {"steps": stream.steps, "verbose": verbose, "epochs": 1}
        moments = moments_of(callbacks, "test", self, params)
        values = self._evaluated(stream, trainer, feeder, moments)
        self._say_done(verbose, stream.samples or stream.steps, begun)
        return values

    def _say_done(self, verbose: Any, done: int | None, begun: float) -> None:
        """Print the bar for so many samples, or steps, where `verbose` is 1."""
        if verbosity(verbose) == 1:
            say_done(done, time.monotonic() - begun, self.dialect.lines)

    def _batch_size(self, given: Any) -> int:
        """Return the size of a batch: the given one, that of states, or else 32."""
        wanted = None if given is None else as_int(given, "batch_size")
        return settled_batch_size(self._layers, wanted)

    def _require_whole_batches(self, stream: Any, what: str) -> None:
        """Raise `InvalidShape` for arrays whose last batch no state is kept for."""
        if isinstance(stream, Arrays):
            require_whole_batches(self._layers, stream.samples or 0, what)

    def _evaluated(
        self, stream: Stream, trainer: Trainer, feeder: Feeder, moments: Moments | None = None
    ) -> Any:
        self._require_whole_batches(stream, "`x`")
        divide(trainer.together, stream)
        values = list(self._means(stream, trainer, feeder, moments).values())
        trainer.gather()
        return values[0] if len(values) == 1 else values

    def _means(
        self, stream: Stream, trainer: Trainer, feeder: Feeder, moments: Moments | None
    ) -> dict[str, Any]:
        self.stop_evaluating = False
        return evaluated(trainer, stream, feeder.batch, moments, lambda: self.stop_evaluating)

    def _train_on(
        self,
        stream: Stream,
        *,
        epochs: int,
        initial_epoch: int,
        verbose: int,
        callbacks: Any,
        validation: Stream | None,
        class_weight: Any = None,
        batch_size: int | None = None,
        resume: Any = None,
    ) -> History:
        trainer, feeder = self._ready()
        self._require_whole_batches(stream, "the part of `x` for training")
        self._require_whole_batches(validation, "the samples for validation")
        by_class, verbose = class_weights_of(class_weight, feeder, self.dialect), verbosity(verbose)
        if by_class and isinstance(stream, Arrays):
            feeder.require_classes(stream.targets(), by_class)
        epochs_asked = span(epochs, initial_epoch)
        divide(trainer.together, stream, validation, training_size=batch_size)
        self.history = history = History()
        given = [*self._progress(verbose), *as_list(callbacks), history]
        if resume is not None:
            epochs_asked = resumed(self, trainer, resume, history, epochs_asked)
            given.append(Keeping(path_in(resume), self._now, history))
        listed = called(given, trainer.together, self)
        listed.set_model(self)
        listed.set_params(
            sizes(stream, validation, trainer.objective.names)
            | {"epochs": epochs, "nb_epoch": epochs, "verbose": verbose, "batch_size": batch_size}
        )
        if isinstance(validation, Arrays):
            listed.set_validation_data(validation.whole())

        loop = Loop(
            model=self,
            trainer=self._now,
            as_batch=lambda raw: feeder.batch(raw, by_class),
            callbacks=listed,
            stream=stream,
            validate=self._validating(validation, feeder, Moments(listed, "test")),
            epochs=epochs_asked,
        )
        try:
            loop.run()
        finally:
            close(stream)
            close(validation)
        return history

    def _progress(self, verbose: int) -> list[Any]:
        return [ProgbarLogger(lines=self.dialect.lines)] if verbose else []

    def _validating(
        self, validation: Stream | None, feeder: Feeder, moments: Moments
    ) -> Callable[[], dict[str, Any]] | None:
        """Return what evaluates the model as it is then, None without data for it."""
        if validation is None:
            return None
        return lambda: self._means(validation, self._now(), feeder, moments)

    def _validation(
        self, given: Any, feeder: Feeder, batch_size: int | None, steps: int | None
    ) -> Stream:
        """Return the batches that `validation_data` means."""
        if is_iterable_of_batches(given):
            return self._items(given, feeder, steps, AS_THEY_ARE, VALIDATING)
        if not isinstance(given, tuple | list) or len(given) not in (2, 3):
            raise InvalidArgument(
                "`validation_data` must be (x, y) or (x, y, sample_weight), or yield such batches; "
                f"received {type(given).__name__}."
            )
        raw = feeder.whole(*given)
        stream = Arrays(raw, self._batch_size(batch_size), feeder.backend, order=AS_THEY_ARE)
        self._limit(stream, steps, batch_size, restarts=True)
        return stream

    def _items(
        self, x: Any, feeder: Feeder, steps: Any, order: Order, name: str = "the generator"
    ) -> Stream:
        """Return the batches of what yields them, or has them by number."""
        repeats, restarts = self.dialect.steps_repeat, name == VALIDATING
        return iterables.batches_of(
            x,
            iterables.as_raw(feeder),
            steps=steps,
            workers=0,
            order=order,
            name=name,
            repeats=repeats,
            restarts=restarts,
        )

    def _limit(
        self, stream: Stream | None, steps: Any, batch_size: int | None, *, restarts: bool = False
    ) -> None:
        """Make `steps`, if it is given, the number of the arrays' batches in an epoch."""
        if steps is None or not isinstance(stream, Arrays):
            return
        if batch_size is None and self.dialect.steps_repeat:
            stream.repeat(as_int(steps, "steps"))
        else:
            stream.limit(as_int(steps, "steps"), restarts=restarts)


def _share(validation_split: Any, validation_data: Any) -> float:
    asked = as_float(validation_split, "validation_split", maximum=1.0)
    return 0.0 if validation_data is not None else asked


def _parts(
    raw: Raw, size: int, backend: Backend, order: Order, share: float
) -> tuple[Arrays, Arrays | None]:
    """Return the batches to train on and, if there is a `share` for it, those to validate with."""
    if not share:
        return Arrays(raw, size, backend, order=order), None
    at = int(int(raw.x[0].shape[0]) * (1.0 - share))
    last = Arrays(raw, size, backend, order=AS_THEY_ARE, span=slice(at, None))
    return Arrays(raw, size, backend, order=order, span=slice(0, at)), last


def _require_steps(x: Any, steps: Any, validation_data: Any, validation_steps: Any) -> None:
    """Raise for a generator without steps, which makes a single epoch at most."""
    iterables.require_steps(x, steps, "`steps_per_epoch` of `fit`")
    iterables.require_steps(validation_data, validation_steps, "`validation_steps` of `fit`")


def _first(x: Any) -> Any:
    """Return the array that tells an unbuilt model its input's shape, None if none does."""
    return None if x is None or is_iterable_of_batches(x) else x
