"""The losses of Keras 1, 2 and 3 as functions of targets and predictions.

One value for each sample, or for each cell of a sample. The formulas are in `loss_formulas`.
"""

from __future__ import annotations

from collections.abc import Mapping

from convdispatch.formulas import loss_formulas as formulas
from convdispatch.formulas.measures import Measure, by_name, define

mean_squared_error = define(formulas.mean_squared_error)
mean_absolute_error = define(formulas.mean_absolute_error)
mean_absolute_percentage_error = define(formulas.mean_absolute_percentage_error)
mean_squared_logarithmic_error = define(formulas.mean_squared_logarithmic_error)
cosine_similarity = define(formulas.cosine_similarity, axis=-1)
huber = define(formulas.huber, delta=1.0)
log_cosh = define(formulas.log_cosh)
hinge = define(formulas.hinge_keras3, name="hinge")
squared_hinge = define(formulas.squared_hinge_keras3, name="squared_hinge")
categorical_hinge = define(formulas.categorical_hinge)
kl_divergence = define(formulas.kullback_leibler_divergence, name="kl_divergence")
poisson = define(formulas.poisson)
binary_crossentropy = define(
    formulas.binary_crossentropy, from_logits=False, label_smoothing=0.0, axis=-1
)
categorical_crossentropy = define(
    formulas.categorical_crossentropy,
    alternative="sparse_categorical_crossentropy",
    from_logits=False,
    label_smoothing=0.0,
    axis=-1,
)
sparse_categorical_crossentropy = define(
    formulas.sparse_categorical_crossentropy,
    targets="classes",
    alternative="categorical_crossentropy",
    from_logits=False,
    ignore_class=None,
    axis=-1,
)

_kullback_leibler_divergence = define(formulas.kullback_leibler_divergence)
_OLD = (
    *(mean_squared_error, mean_absolute_error, mean_absolute_percentage_error),
    *(mean_squared_logarithmic_error, define(formulas.hinge), define(formulas.squared_hinge)),
    *(_kullback_leibler_divergence, poisson),
)


def abbreviated(table: Mapping[str, Measure]) -> dict[str, Measure]:
    """Return a table together with the short names that every Keras has for its entries."""
    short = {
        "mse": ("mean_squared_error",),
        "mae": ("mean_absolute_error",),
        "mape": ("mean_absolute_percentage_error",),
        "msle": ("mean_squared_logarithmic_error",),
        "kld": ("kullback_leibler_divergence", "kl_divergence"),
    }
    found = {
        spelled: table[name]
        for alias, names in short.items()
        for name in names
        if name in table
        for spelled in (alias, alias.upper())
    }
    return {**table, **found}


_cosine_proximity_keras1 = define(formulas.cosine_proximity_keras1, name="cosine_proximity")
_logcosh = define(formulas.log_cosh, name="logcosh")
_huber_loss = define(formulas.huber, name="huber_loss", delta=1.0)
_cosine_proximity_keras2 = define(formulas.cosine_proximity_keras2, name="cosine_proximity")

KERAS1: Mapping[str, Measure] = {
    **abbreviated(
        by_name(
            *(*_OLD, _cosine_proximity_keras1, define(formulas.binary_crossentropy)),
            define(
                formulas.categorical_crossentropy, alternative="sparse_categorical_crossentropy"
            ),
            define(
                formulas.sparse_categorical_crossentropy,
                targets="classes",
                alternative="categorical_crossentropy",
            ),
        )
    ),
    "cosine": _cosine_proximity_keras1,
}

KERAS2: Mapping[str, Measure] = {
    **abbreviated(
        by_name(
            *(*_OLD, _cosine_proximity_keras2, categorical_hinge),
            _logcosh,
            *(categorical_crossentropy, sparse_categorical_crossentropy, binary_crossentropy),
            # Later 2.x: 2.2.4 ends with the line above, and has no parameters.
            _huber_loss,
        )
    ),
    "cosine": _cosine_proximity_keras2,
    # Later 2.x's names of the same.
    "cosine_similarity": _cosine_proximity_keras2,
    "huber": _huber_loss,
    "log_cosh": _logcosh,
    "kl_divergence": _kullback_leibler_divergence,
    "bce": binary_crossentropy,
    "BCE": binary_crossentropy,
}

KERAS3: Mapping[str, Measure] = {
    **abbreviated(
        by_name(
            *(mean_squared_error, mean_absolute_error, mean_absolute_percentage_error),
            *(mean_squared_logarithmic_error, cosine_similarity, huber, log_cosh, hinge),
            *(squared_hinge, categorical_hinge, kl_divergence, poisson, binary_crossentropy),
            *(categorical_crossentropy, sparse_categorical_crossentropy),
        )
    ),
    "bce": binary_crossentropy,
    "BCE": binary_crossentropy,
}
