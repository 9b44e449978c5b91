"""The methods that take generators, and those for one batch that only predict."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import numpy as np

from convdispatch.callbacks import History, Moments, moments_of, told
from convdispatch.engine.arguments import as_int
from convdispatch.formulas.keywords import names_keywords
from convdispatch.ops import NumpyArray
from convdispatch.training.batches import Raw
from convdispatch.training.feeding import Feeder
from convdispatch.training.fitting import VALIDATING, Fitted
from convdispatch.training.iterables import (
    as_inputs,
    as_raw,
    batches_of,
    is_iterable_of_batches,
    require_steps,
)
from convdispatch.training.streams import Order, Stream, divide

# By the purpose: the method, and its argument for an epoch's length: ours, and Keras 1's.
_LENGTHS = {
    "fit_generator": ("fit_generator", "steps_per_epoch", "samples_per_epoch"),
    "validation": ("fit_generator", "validation_steps", "nb_val_samples"),
    "evaluate_generator": ("evaluate_generator", "steps", "val_samples"),
    "predict_generator": ("predict_generator", "steps", "val_samples"),
}


class Generated(Fitted):
    """The methods of a model for generators of batches."""

    @names_keywords
    def fit_generator(
        self,
        generator: Any,
        steps_per_epoch: int | None = None,
        epochs: int = 1,
        verbose: int = 1,
        callbacks: Any = None,
        validation_data: Any = None,
        validation_steps: int | None = None,
        class_weight: Any = None,
        max_queue_size: int = 10,
        workers: int = 1,
        use_multiprocessing: bool = False,
        shuffle: bool = True,
        initial_epoch: int = 0,
    ) -> History:
        """Train on the batches of a generator or of a `Sequence`, as `fit` does.

        Threads read up to `max_queue_size` batches ahead: one for a generator, `workers` for a
        `Sequence`; none where `workers` is 0. `use_multiprocessing` makes no processes.
        """
        return self._fit_generator(
            generator,
            steps=steps_per_epoch,
            epochs=epochs,
            verbose=verbose,
            callbacks=callbacks,
            validation_data=validation_data,
            validation_steps=validation_steps,
            class_weight=class_weight,
            max_queue_size=max_queue_size,
            workers=workers,
            shuffle=shuffle,
            initial_epoch=initial_epoch,
        )

    def _fit_generator(
        self,
        generator: Any,
        *,
        epochs: int,
        verbose: int,
        callbacks: Any,
        validation_data: Any,
        class_weight: Any,
        max_queue_size: int,
        workers: int,
        initial_epoch: int,
        steps: int | None = None,
        samples: int | None = None,
        validation_steps: int | None = None,
        validation_samples: int | None = None,
        shuffle: bool = False,
        use_multiprocessing: bool = False,
    ) -> History:
        """Train; an epoch ends after so many steps or, as in Keras 1, so many samples."""
        is_global = self.dialect.shuffles_globally
        self._require_steps("fit_generator", generator, steps, samples)
        self._require_steps("validation", validation_data, validation_steps, validation_samples)
        order = Order(of="samples" if shuffle else "as they are", is_global=is_global)
        _, feeder = self._ready()
        repeats, parse = self.dialect.steps_repeat, as_raw(feeder)
        reading: Any = {"ahead": max_queue_size, "workers": workers, "repeats": repeats}
        stream = batches_of(generator, parse, steps=steps, samples=samples, order=order, **reading)
        validation: Stream | None = None
        if is_iterable_of_batches(validation_data):
            validation = batches_of(
                validation_data,
                parse,
                steps=validation_steps,
                samples=validation_samples,
                name=VALIDATING,
                restarts=True,
                **reading,
            )
        elif validation_data is not None:
            count = None if repeats else validation_steps  # Keras 2 evaluates all of them
            validation = self._validation(validation_data, feeder, None, count)
        return self._train_on(
            stream,
            epochs=epochs,
            initial_epoch=initial_epoch,
            verbose=verbose,
            callbacks=callbacks,
            validation=validation,
            class_weight=class_weight,
        )

    def _require_steps(
        self, purpose: str, source: Any, steps: int | None, samples: int | None
    ) -> None:
        """Raise for a generator without a length, by this Keras's name of the argument."""
        method, name, of_keras1 = _LENGTHS[purpose]
        if steps is not None and is_iterable_of_batches(source):
            as_int(steps, name)
        stated = self.dialect.methods.get(method)
        if stated is not None and of_keras1 in stated.arguments:
            name = of_keras1
        require_steps(source, samples if steps is None else steps, f"`{name}` of `{method}`")

    @names_keywords
    def evaluate_generator(
        self,
        generator: Any,
        steps: int | None = None,
        max_queue_size: int = 10,
        workers: int = 1,
        use_multiprocessing: bool = False,
        verbose: int = 0,
    ) -> Any:
        """Return the loss, or a list of it and the metrics, over the batches."""
        return self._evaluate_generator(
            generator,
            steps=steps,
            max_queue_size=max_queue_size,
            workers=workers,
            verbose=verbose,
        )

    def _evaluate_generator(
        self,
        generator: Any,
        *,
        max_queue_size: int,
        workers: int,
        steps: int | None = None,
        samples: int | None = None,
        use_multiprocessing: bool = False,
        verbose: int = 0,
    ) -> Any:
        self._require_steps("evaluate_generator", generator, steps, samples)
        trainer, feeder = self._ready()
        stream = batches_of(
            generator,
            as_raw(feeder),
            steps=steps,
            samples=samples,
            ahead=max_queue_size,
            workers=workers,
            repeats=self.dialect.steps_repeat,
        )
        begun = time.monotonic()
        values = self._evaluated(stream, trainer, feeder)
        self._say_done(verbose, stream.steps, begun)
        return values

    @names_keywords
    def predict_generator(
        self,
        generator: Any,
        steps: int | None = None,
        max_queue_size: int = 10,
        workers: int = 1,
        use_multiprocessing: bool = False,
        verbose: int = 0,
    ) -> Any:
        """Return the outputs for the batches, as `predict` does; targets in them are left out."""
        return self._predict_generator(
            generator,
            steps=steps,
            max_queue_size=max_queue_size,
            workers=workers,
            verbose=verbose,
        )

    def _predict_generator(
        self,
        generator: Any,
        *,
        max_queue_size: int,
        workers: int,
        steps: int | None = None,
        samples: int | None = None,
        use_multiprocessing: bool = False,
        verbose: int = 0,
    ) -> Any:
        self._require_steps("predict_generator", generator, steps, samples)
        stream = batches_of(
            generator,
            as_inputs(self._feeder()),
            steps=steps,
            samples=samples,
            ahead=max_queue_size,
            workers=workers,
            repeats=self.dialect.steps_repeat,
        )
        begun = time.monotonic()
        outputs = self._predicted(stream)
        self._say_done(verbose, stream.steps, begun)
        return outputs

    @names_keywords
    def predict_on_batch(self, x: Any) -> Any:
        """Return the outputs for one batch as NumPy arrays."""
        feeder = self._feeder()
        outputs = self._outputs(feeder, Raw(x=feeder.inputs_alone(x), y=[], weights=[]))
        return outputs if len(outputs) > 1 else outputs[0]

    def _predicted_of(
        self, source: Any, steps: int | None, verbose: Any, callbacks: Any = None
    ) -> Any:
        """Return the outputs for what yields batches; with `steps` None until it ends."""
        stream = batches_of(
            source,
            as_inputs(self._feeder()),
            steps=steps,
            workers=0,
            repeats=self.dialect.steps_repeat,
        )
        begun = time.monotonic()
        params = {"steps": stream.steps, "verbose": verbose, "epochs": 1}
        outputs = self._predicted(stream, moments_of(callbacks, "predict", self, params))
        if self.dialect.lines.says_predictions and verbose == 1:
            self._say_done(verbose, stream.steps, begun)
        return outputs

    def _predicted(self, stream: Stream, moments: Moments | None = None) -> Any:
        feeder, found = self._feeder(), list[list[NumpyArray]]()
        group = self._group_for(None)
        divide(None if group is None else group.together, stream)
        self.stop_predicting = False
        if moments is not None:
            moments.begin()
        for place, raw in enumerate(stream.epoch()):
            found.append(told(moments, place, partial(self._outputs, feeder, raw, group)))
            if self.stop_predicting:
                break
        if moments is not None:
            moments.end()
        joined = [np.concatenate(parts) for parts in zip(*found, strict=True)]
        own = stream.own_rows() if group is not None else None
        if own is not None:
            joined = group.joined(joined, own)
        return joined if len(joined) > 1 else joined[0]

    def _outputs(self, feeder: Feeder, raw: Raw, group: Any = None) -> list[NumpyArray]:
        batch, part = feeder.batch(raw), None
        if group is not None and raw.part is None:
            batch = group.together.own(batch)
            part = batch.part
        return [np.array(one) for one in self._arrays(batch.x, group, part)]

    def _arrays(self, tensors: list[Any], group: Any = None, part: Any = None) -> list[NumpyArray]:
        """Return the outputs of a batch, of which a group has this part."""
        raise NotImplementedError

    def _group_for(self, samples: int | None) -> Any:
        """Return what computes the outputs in a group of processes, None for this one alone."""
        raise NotImplementedError
