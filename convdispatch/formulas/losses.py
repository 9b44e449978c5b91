"""The losses of Keras 1, 2 and 3 by name.

The formulas are in `loss_formulas`, once for all backends. `KERAS3` is what `convdispatch.losses`
reads; `KERAS2` (2.2.4, with what later 2.x added) and `KERAS1` (1.2.2) are the façades'. A function
returns one value for each sample, or for each cell of a sample; a `Loss` reduces them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, cast

from convdispatch.formulas import lookup
from convdispatch.formulas import loss_classes as classes
from convdispatch.formulas import loss_functions as functions
from convdispatch.formulas.loss_classes import Loss
from convdispatch.formulas.measures import Function, Measure

Entry: TypeAlias = Measure | type[Loss]

_CLASSES = (
    *(classes.MeanSquaredError, classes.MeanAbsoluteError, classes.MeanAbsolutePercentageError),
    *(classes.MeanSquaredLogarithmicError, classes.CosineSimilarity, classes.Huber),
    *(classes.LogCosh, classes.Hinge, classes.SquaredHinge, classes.CategoricalHinge),
    *(classes.KLDivergence, classes.Poisson, classes.BinaryCrossentropy),
    *(classes.CategoricalCrossentropy, classes.SparseCategoricalCrossentropy),
)
KERAS3: Mapping[str, Entry] = {
    **{found.__name__: found for found in _CLASSES},
    **functions.KERAS3,
}
KERAS2: Mapping[str, Entry] = functions.KERAS2
KERAS1: Mapping[str, Entry] = functions.KERAS1


def get(
    identifier: object, table: Mapping[str, Entry] = KERAS3
) -> Measure | Loss | Function | None:
    """Return the loss that `identifier` stands for in `table`; None stays None.

    A name, a dictionary with 'class_name' and 'config', a `Measure`, a `Loss` or its class, or a
    callable of native targets and predictions.

    >>> get("mse").name
    'mean_squared_error'
    """
    if identifier is None:
        return None
    factories = {name: factory(entry) for name, entry in table.items()}
    found = lookup.resolve(identifier, factories, kind="loss", base=Loss)
    return cast("Measure | Loss | Function", found)


def factory(entry: Any) -> Callable[..., object]:
    """Return what makes an object of a table's entry from the parameters in a configuration."""
    return entry.with_parameters if isinstance(entry, Measure) else cast("type[Loss]", entry)


def serialize(loss: Measure | Loss | Function | None) -> object:
    """Return the configuration: a name, or a dictionary if there are parameters.

    >>> serialize(get("huber").with_parameters(delta=2.0))
    {'class_name': 'huber', 'config': {'delta': 2.0}}
    """
    if isinstance(loss, Measure):
        is_plain = loss.parameters == loss.defaults
        return loss.name if is_plain else {"class_name": loss.name, "config": loss.get_config()}
    return lookup.serialize(loss)
