"""All that one Keras calls or does differently, as one value.

Layers are given a dialect instead of asking which Keras they belong to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from convdispatch.doors import keras1, keras2, methods, summaries
from convdispatch.doors.old_interfaces import INTERFACES, OF_LAYERS, OF_METHODS, Interface
from convdispatch.doors.rows import Lines, Method, Spelled, Table
from convdispatch.doors.summaries import Summary
from convdispatch.formulas import (
    activations,
    constraints,
    initializers,
    loss_formulas,
    losses,
    metrics,
    optimizers,
    regularizers,
)
from convdispatch.ops import INTEGER_DTYPES


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One Keras.

    title: what the documentation calls it.
    activations, initializers, regularizers, constraints, losses, metrics: its names of functions.
    optimizers: its classes of optimizers.
    layers: its classes of layers where they are made from a table.
    renames: what it calls the arguments of `convdispatch.layers`.
    settled: what it does instead of the default of an argument that it does not have.
    data_formats: its words for where the channels are, with ours, None for the configured one.
    joins_words: whether its layers are numbered as zeropadding2d_1, not as zero_padding2d_1.
    estimates_population: which moving variances take the population's variance, which the batch
        tells, and not the batch's: 'none', 'all' (n / (n - 1 - epsilon) times the batch's), or
        'fused': n / (n - 1) times it, where TensorFlow's one kernel computes the layer.
    drops_everything: whether a dropout of rate 1 leaves everything out, and not nothing.
    zeros_both_ways: whether `Bidirectional` gives zeros, and not the last output, for the steps
        that a mask leaves out, where it returns all steps.
    zeros_by_place: whether a loop that is written out and goes backwards gives zeros at the mask's
        own places in what it returns, which begins with the last step, and not for the steps that
        the mask leaves out.
    refuses_masks: whether a mask before a layer that has no use for it is an error, not a warning.
    unites_masks: whether a step of merged tensors counts if it counts in one of them, not in all.
    masks_by_step: whether a mask before `TimeDistributed` reaches its layer, step by step.
    makes_masks_by_step: whether the mask behind it is what its layer makes of each step.
    merges_what_counts: whether a product or an extreme of masked tensors leaves out, of each of
        them, the steps that do not count.
    keeps_masks_beside_states: whether a recurrent layer that is given a state computes with the
        mask of its input.
    counts_weightless: whether samples of weight 0 count in the mean of a loss.
    shuffles_globally: whether NumPy's own generator shuffles the samples of `fit`.
    steps_repeat: whether steps beyond a pass over the data begin it again, and arrays without a
        batch size are one batch of all samples for each step that is asked for.
    ignores_words_for_weights: whether class weights that are a word or an array have no effect.
    keeps_metric_words: whether a metric is reported by the word that a user wrote, such as 'mse'.
    names_weighted_metrics: whether the name of every weighted metric begins with 'weighted_', not
        only where the name is taken.
    formulas: what computes a loss or a metric of that name, where it is not the formula of all.
    takes_logits: whether a crossentropy of what a softmax or a sigmoid has computed is that of the
        numbers before it.
    penalizes_frozen: whether the regularizers of weights that are not trained count in the loss.
    trains_frozen: whether a model without a weight that may be trained takes steps all the same,
        in which moving means and other states may change.
    keeps_lists_of_one: whether a model whose `outputs` are a list of one returns such a list.
    lists_trained_first: the kinds of models whose `get_weights` lists of a model in them first
        what may be trained, of all its layers; 'Wrapper': those in a layer that wraps one.
    averages_activity: whether a penalty of what a layer computes is divided by the batch's size.
    frozen_layers: what a layer with `trainable = False` does in training: it 'updates' its state
        all the same, 'keeps' it, or 'infers'.
    frozen_normalization: the same of BatchNormalization.
    lines: how it reports an epoch of training.
    summary: how it prints a model; None: as we do.
    methods: those of its models that state other arguments than ours.
    old_arguments: what its models' methods call arguments of the Keras before it.
    old_weights: what its layers call weights, with ours that may be meant.
    weight_names: what a weight is called within a program, by those of its layer and its own.
    input_dtypes: what `dtype` of a layer may say of its input, and not of its weights.
    phased_layers: its layers whose calls take `training`.
    old_interfaces: how its layers, and methods of its models, take the words of the Keras before.
    short_metrics: how it reports those metrics whose word depends on the loss.

    >>> activations.get("relu", KERAS1.activations).get_config()
    {'alpha': 0.0, 'max_value': None}
    """

    name: str
    title: str
    activations: Mapping[str, activations.Activation]
    initializers: Mapping[str, initializers.Factory]
    regularizers: Mapping[str, regularizers.Factory]
    constraints: Mapping[str, constraints.Factory]
    losses: Mapping[str, losses.Entry]
    metrics: Mapping[str, metrics.Entry]
    optimizers: Mapping[str, optimizers.Entry]
    layers: Table = field(default_factory=dict)
    renames: Mapping[str, tuple[Spelled, ...]] = field(default_factory=dict)
    settled: Mapping[str, object] = field(default_factory=dict)
    data_formats: Mapping[str, str | None] = field(default_factory=dict)
    joins_words: bool = False
    estimates_population: str = "none"
    drops_everything: bool = False
    zeros_both_ways: bool = False
    zeros_by_place: bool = False
    refuses_masks: bool = True
    unites_masks: bool = False
    masks_by_step: bool = True
    makes_masks_by_step: bool = False
    merges_what_counts: bool = False
    keeps_masks_beside_states: bool = True
    counts_weightless: bool = True
    shuffles_globally: bool = False
    steps_repeat: bool = False
    ignores_words_for_weights: bool = False
    keeps_metric_words: bool = True
    short_metrics: Mapping[str, str] = field(default_factory=dict)
    names_weighted_metrics: bool = False
    formulas: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    takes_logits: bool = False
    penalizes_frozen: bool = False
    trains_frozen: bool = False
    keeps_lists_of_one: bool = True
    lists_trained_first: tuple[str, ...] = ()
    averages_activity: bool = False
    frozen_layers: str = "updates"
    frozen_normalization: str = "infers"
    lines: Lines = keras2.LINES
    summary: Summary | None = None
    methods: Mapping[str, Method] = field(default_factory=dict)
    old_arguments: Mapping[str, str] = field(default_factory=dict)
    input_dtypes: tuple[str, ...] = ()
    phased_layers: frozenset[str] = frozenset()
    old_interfaces: Mapping[str, Interface] = field(default_factory=dict)
    old_weights: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    weight_names: str = "{layer}/{weight}:0"

    def named_weight(self, layer: str, weight: str) -> str:
        """Return what a weight is called within a program.

        >>> KERAS1.named_weight("dense_1", "kernel"), KERAS2.named_weight("dense_1", "kernel")
        ('dense_1_W:0', 'dense_1/kernel:0')
        """
        old = (name for name, ours in self.old_weights.items() if weight in ours)
        return self.weight_names.format(layer=layer, weight=next(old, weight))

    def __reduce__(self) -> tuple[Callable[[str], Dialect], tuple[str]]:
        """Copy and pickle by the title: tables hold functions that no pickle can name."""
        return _titled, (self.title,)


KERAS3 = Dialect(
    name="keras3",
    title="Keras 3",
    activations=activations.KERAS3,
    initializers=initializers.KERAS3,
    regularizers=regularizers.KERAS3,
    constraints=constraints.KERAS3,
    losses=losses.KERAS3,
    metrics=metrics.KERAS3,
    optimizers=optimizers.KERAS3,
    lines=replace(keras2.LINES, has_rich_bar=True, says_predictions=False),
    drops_everything=True,
    zeros_both_ways=True,
    refuses_masks=False,
    unites_masks=True,
    merges_what_counts=True,
    keeps_masks_beside_states=False,
)

KERAS2 = Dialect(
    name="keras2",
    title="Keras 2.2.4",
    activations=activations.KERAS2,
    initializers=initializers.KERAS2,
    regularizers=regularizers.KERAS2,
    constraints=constraints.KERAS2,
    losses=losses.KERAS2,
    metrics=metrics.KERAS2,
    optimizers=optimizers.KERAS2,
    layers=keras2.LAYERS,
    summary=summaries.KERAS2,
    methods={**methods.KERAS2_METHODS, **summaries.KERAS2_METHODS},
    old_arguments=keras2.OLD_ARGUMENTS,
    old_interfaces={
        name: INTERFACES[interface] for name, interface in {**OF_LAYERS, **OF_METHODS}.items()
    },
    phased_layers=keras2.PHASED,
    makes_masks_by_step=True,
    counts_weightless=False,
    shuffles_globally=True,
    steps_repeat=True,
    ignores_words_for_weights=True,
    keeps_metric_words=False,
    names_weighted_metrics=True,
    penalizes_frozen=True,
    trains_frozen=True,
    input_dtypes=INTEGER_DTYPES,
    keeps_lists_of_one=False,
    lists_trained_first=("Model", "Sequential"),
    short_metrics={"accuracy": "acc", "crossentropy": "crossentropy"},
    estimates_population="all",
    frozen_layers="keeps",
    frozen_normalization="keeps",
)

KERAS1 = Dialect(
    name="keras1",
    title="Keras 1.2.2",
    activations=activations.KERAS1,
    initializers=initializers.KERAS1,
    regularizers=regularizers.KERAS1,
    constraints=constraints.KERAS1,
    losses=losses.KERAS1,
    metrics=metrics.KERAS1,
    optimizers=optimizers.KERAS1,
    layers=keras1.LAYERS,
    lines=keras1.LINES,
    summary=summaries.KERAS1,
    methods={
        **methods.KERAS1_METHODS,
        **summaries.KERAS1_METHODS,
    },
    frozen_normalization="updates",
    masks_by_step=False,
    old_weights={
        "W": ("kernel", "embeddings"),
        "U": ("recurrent_kernel",),
        "b": ("bias",),
        "alphas": ("alpha",),
        "running_mean": ("moving_mean",),
        "running_std": ("moving_variance",),  # a variance all the same
    },
    weight_names="{layer}_{weight}:0",
    counts_weightless=False,
    shuffles_globally=True,
    keeps_metric_words=False,
    penalizes_frozen=True,
    trains_frozen=True,
    input_dtypes=INTEGER_DTYPES,
    keeps_lists_of_one=False,
    lists_trained_first=("Model",),
    short_metrics={"accuracy": "acc", "crossentropy": "crossentropy"},
    renames=keras1.RENAMES,
    settled=keras1.SETTLED,
    data_formats=keras1.DATA_FORMATS,
    joins_words=True,
)


# TensorFlow's Keras trains as Keras 3 does, but for these; its layers have the words of Keras 2.
TF_KERAS = replace(
    KERAS3,
    name="tf_keras",
    title="tf_keras",
    optimizers=optimizers.TF_KERAS,
    formulas=loss_formulas.TF_KERAS,
    takes_logits=True,
    penalizes_frozen=True,
    trains_frozen=True,
    lists_trained_first=("Wrapper",),
)
TF_KERAS_LAYERS = replace(
    KERAS2,
    title="tf_keras's layers",
    estimates_population="fused",
    zeros_by_place=True,
    averages_activity=True,
    frozen_layers="updates",
    frozen_normalization="infers",
)


def _titled(title: str) -> Dialect:
    known = (KERAS1, KERAS2, KERAS3, TF_KERAS, TF_KERAS_LAYERS)
    return next(one for one in known if one.title == title)
