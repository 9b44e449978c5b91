"""Methods of models that Keras 1 and 2 state otherwise than ours, or have alone."""

from __future__ import annotations

from collections.abc import Mapping

from convdispatch.doors.rows import Method

_QUEUE = "max_q_size: int = 10, nb_worker: int = 1, pickle_safe: bool = False"
_RENAMED = {
    "nb_epoch": "epochs",
    "max_q_size": "max_queue_size",
    "nb_worker": "workers",
    "pickle_safe": "use_multiprocessing",
    "samples_per_epoch": "samples",
    "val_samples": "samples",
    "nb_val_samples": "validation_samples",
    "input": "inputs",
    "output": "outputs",
}
# What Keras 1's files do not say, and whether a file is a stranger's.
_UNSAID = "*, trained_on=None, dim_ordering=None, untrusted: bool = False"
_WEIGHED = "class_weight=None, sample_weight=None"


# Words of Keras 0.x that Keras 1 still took.
_ACCURACY = {
    "show_accuracy": (
        'The "show_accuracy" argument is deprecated, instead you should pass the "accuracy" metric '
        "to the model at compile time: "
        '`model.compile(optimizer, loss, metrics=["accuracy"])`'
    )
}
_MODE = "The `mode` argument of `compile` was Theano's way to compile; it has no effect."
_CLASS_MODE = {
    "mode": _MODE,
    "class_mode": "The `class_mode` argument of `compile` has no effect: leave it out.",
}


def _predictions(arguments: str) -> Mapping[str, Method]:
    """Return the methods of a `Sequential` that later Kerases left out."""
    return {
        name: Method(arguments=arguments, like=f"_{name}", of=("Sequential",))
        for name in ("predict_classes", "predict_proba")
    }


# Methods of models, by name; one of `Model` alone that `Sequential` states otherwise has its class
# before the name.
KERAS1_METHODS: Mapping[str, Method] = {
    **_predictions("x, batch_size: int = 32, verbose: int = 1"),
    "compile": Method(
        arguments="optimizer, loss, metrics=None, sample_weight_mode=None, loss_weights=None",
        ignored=_CLASS_MODE,
        of=("Sequential",),
    ),
    "Model.compile": Method(
        arguments="optimizer, loss, metrics=None, loss_weights=None, sample_weight_mode=None",
        ignored=_CLASS_MODE,
        of=("Model",),
    ),
    "fit": Method(
        arguments="x, y, batch_size: int = 32, nb_epoch: int = 10, verbose: int = 1, "
        "callbacks=None, validation_split: float = 0.0, validation_data=None, shuffle=True, "
        f"{_WEIGHED}, initial_epoch: int = 0",
        renames=_RENAMED,
        ignored=_ACCURACY,
    ),
    "evaluate": Method(
        arguments="x, y, batch_size: int = 32, verbose: int = 1, sample_weight=None",
        ignored=_ACCURACY,
    ),
    "predict": Method(arguments="x, batch_size: int = 32, verbose: int = 0"),
    "train_on_batch": Method(arguments=f"x, y, {_WEIGHED}", of=("Sequential",)),
    "fit_generator": Method(
        arguments="generator, samples_per_epoch: int, nb_epoch: int, verbose: int = 1, "
        "callbacks=None, validation_data=None, nb_val_samples=None, class_weight=None, "
        f"{_QUEUE}, initial_epoch: int = 0",
        renames=_RENAMED,
        like="_fit_generator",
    ),
    "evaluate_generator": Method(
        arguments=f"generator, val_samples: int, {_QUEUE}",
        renames=_RENAMED,
        like="_evaluate_generator",
    ),
    "predict_generator": Method(
        arguments=f"generator, val_samples: int, {_QUEUE}",
        renames=_RENAMED,
        like="_predict_generator",
    ),
    "load_weights": Method(arguments=f"filepath, by_name: bool = False, {_UNSAID}"),
    "__init__": Method(
        arguments="input: Any, output: Any, name: str | None = None",
        renames=_RENAMED,
        of=("Model",),
    ),
}

KERAS2_METHODS: Mapping[str, Method] = {
    **_predictions("x, batch_size=None, verbose: int = 0"),
    "load_weights": Method(
        arguments="filepath, by_name: bool = False, skip_mismatch: bool = False, "
        f"reshape: bool = False, {_UNSAID}",
        like="_load_reshaped",
    ),
}
