"""Words that a layer does not know: refused with the argument, what was received and the list."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from complaints import Bad, L, complaint, conv, old

import convdispatch
from convdispatch.errors import BackendNotFound, InvalidType
from convdispatch.models import Sequential

MODEL: Any = Sequential  # untyped, to be called with what its signature forbids

NAMES = {
    "activation": Bad(
        conv(activation="rellu"),
        ValueError,
        "`activation`: unknown activation 'rellu'; allowed: 'linear', .* Did you mean 'relu'?",
    ),
    "activation-a-number": Bad(
        conv(activation=3), TypeError, r"`activation`: cannot interpret 3 \(of type int\)"
    ),
    "activation-of-keras1": Bad(
        old(activation="selu"), ValueError, "`activation`: unknown activation 'selu'; allowed: 's"
    ),
    "initializer-of-the-page": Bad(
        conv(kernel_initializer="glorot_uniform "),
        ValueError,
        "`kernel_initializer`: unknown initializer 'glorot_uniform '.*mean 'glorot_uniform'?",
    ),
    "initializer-none": Bad(
        conv(bias_initializer=None), TypeError, "`bias_initializer` must be a name, .*None"
    ),
    "initializer-of-keras1": Bad(
        old(init="zeros"), ValueError, "`init`: unknown initializer 'zeros'; .* mean 'zero'?"
    ),
    "pointwise-initializer": Bad(
        lambda b: L.SeparableConv2D(4, 3, pointwise_initializer="x", backend=b),
        ValueError,
        "`pointwise_initializer`: unknown initializer 'x'",
    ),
    "regularizer": Bad(
        conv(kernel_regularizer="l3"), ValueError, "`kernel_regularizer`: unknown regularizer 'l3'"
    ),
    "regularizer-of-keras1": Bad(
        old(b_regularizer="l3"), ValueError, "`b_regularizer`: unknown regularizer 'l3'"
    ),
    "activity-regularizer": Bad(
        conv(activity_regularizer=0.1), TypeError, "`activity_regularizer`: cannot interpret 0.1"
    ),
    "regularizer-with-a-bad-factor": Bad(
        conv(kernel_regularizer={"class_name": "L2", "config": {"l2": -1}}),
        ValueError,
        "`kernel_regularizer`: `l2` must be a finite number, at least 0, received -1",
    ),
    "constraint": Bad(
        conv(bias_constraint="max"), ValueError, "`bias_constraint`: unknown constraint 'max'"
    ),
    "constraint-of-keras1": Bad(
        old(W_constraint="max"), ValueError, "`W_constraint`: unknown constraint 'max'"
    ),
    "padding": Bad(
        conv(padding="sane"),
        ValueError,
        "`padding` must be one of 'valid', 'same', 'full'; received 'sane'",
    ),
    "padding-causal-in-two-dimensions": Bad(
        conv(padding="causal"), ValueError, "'valid', 'same', 'full'; received 'causal'"
    ),
    "padding-none": Bad(conv(padding=None), TypeError, "`padding` must be one of .* None"),
    "border-mode": Bad(
        old(border_mode="half"),
        ValueError,
        "`border_mode` must be one of 'valid', 'same', 'full'; received 'half'",
    ),
    "data-format": Bad(
        conv(data_format="NCHW"),
        ValueError,
        "`data_format` must be one of 'channels_last', 'channels_first'; received 'NCHW'",
    ),
    "data-format-empty": Bad(conv(data_format=""), ValueError, "`data_format` .* received ''"),
    "dim-ordering": Bad(
        old(dim_ordering="channels_first"),
        ValueError,
        "`dim_ordering` must be one of 'th', 'tf', 'default'; received 'channels_first'",
    ),
    "interpolation": Bad(
        lambda b: L.UpSampling2D(2, interpolation="bicubic", backend=b),
        ValueError,
        "`interpolation` must be one of 'nearest', 'bilinear'; received 'bicubic'",
    ),
    "convention": Bad(
        conv(convention="keras"),
        ValueError,
        "`convention` must be one of 'tensorflow', 'theano'; received 'keras'",
    ),
    "convention-empty": Bad(conv(convention=""), ValueError, "`convention` .* received ''"),
    "dtype": Bad(
        conv(dtype="int8"), ValueError, "`dtype` must be one of 'float16', .* received 'int8'"
    ),
    "dtype-a-number": Bad(conv(dtype=32), TypeError, "`dtype` must be one of .* received 32"),
    "trainable": Bad(conv(trainable="no"), TypeError, "`trainable` must be True or False; .* 'no'"),
    "use-bias": Bad(conv(use_bias="yes"), TypeError, "`use_bias` must be True or False; .* 'yes'"),
    "use-bias-an-array": Bad(
        conv(use_bias=np.ones(2)), TypeError, r"`use_bias` must be True or False; received array"
    ),
    "bias": Bad(old(bias=2), TypeError, "`bias` must be True or False; received 2"),
    "name": Bad(conv(name=3), TypeError, "`name` must be a non-empty string; received 3"),
    "name-of-a-model": Bad(
        lambda b: MODEL(name=3, backend=b),
        TypeError,
        "`name` must be a non-empty string; received 3",
    ),
}


@pytest.mark.parametrize("bad", NAMES.values(), ids=NAMES)
def test_an_unknown_word_is_refused_alike_on_every_backend(
    all_backends: tuple[str, ...], bad: Bad
) -> None:
    """The message names the argument as the user spells it, and is the same everywhere."""
    assert len({complaint(bad, backend) for backend in all_backends}) == 1


BACKENDS: dict[str, Any] = {
    "layer": lambda name: L.Conv2D(4, 3, backend=name),
    "model": lambda name: Sequential(backend=name),
    "layer-to": lambda name: L.Conv2D(4, 3).to(name),
    "model-to": lambda name: Sequential([L.Conv2D(4, 3)]).to(name),
    "compare": lambda name: convdispatch.compare(
        L.Conv2D(4, 3), np.zeros((1, 5, 5, 2), "float32"), [name]
    ),
}


@pytest.mark.parametrize("use", BACKENDS.values(), ids=BACKENDS)
def test_an_unknown_backend_is_refused_with_those_that_are_known(use: Any) -> None:
    """Wherever a backend is named, the message lists the registered ones."""
    with pytest.raises(
        BackendNotFound, match=r"no backend named 'tinygrad'; registered: .*'numpy'"
    ):
        use("tinygrad")


@pytest.mark.parametrize("use", BACKENDS.values(), ids=BACKENDS)
def test_theano_is_refused_with_what_to_do_instead(use: Any) -> None:
    """Its numbers can be had from every backend, by the convention of that name."""
    with pytest.raises(BackendNotFound, match=r"use_convention\('theano'\)"):
        use("theano")


@pytest.mark.parametrize("use", [BACKENDS["layer"], BACKENDS["model"]], ids=["layer", "model"])
def test_a_backend_is_named_by_a_string(use: Any) -> None:
    """A number is not a name."""
    with pytest.raises(InvalidType, match="`backend` must be a string, received 3"):
        use(3)


CASES = {
    "upper-case-padding": (conv(padding="SAME"), "padding", "same"),
    "upper-case-data-format": (conv(data_format="Channels_First"), "data_format", "channels_first"),
    "numpy-dtype": (conv(dtype=np.dtype("float16")), "dtype", "float16"),
    "numpy-scalar-type": (conv(dtype=np.float64), "dtype", "float64"),
    "numpy-boolean": (conv(use_bias=np.bool_(False)), "use_bias", False),
    "zero-for-false": (conv(use_bias=0), "use_bias", False),
}


@pytest.mark.parametrize(("make", "attribute", "expected"), CASES.values(), ids=CASES)
def test_other_spellings_of_the_same_word_are_taken(
    make: Any, attribute: str, expected: object
) -> None:
    """Case does not matter where Keras ignored it, and NumPy's types stand for their names."""
    found = getattr(make("numpy"), attribute)
    assert found == expected
    assert type(found) is type(expected)
