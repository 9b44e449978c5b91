"""What a case is about, of cases made by hand."""

from __future__ import annotations

from typing import Any

import pytest

from convdispatch import kit
from convdispatch.conformance.case import Case
from convdispatch.conformance.cases import build
from convdispatch.conformance.cases.conv_rows import ConvRow, conv_problem, transpose_problem
from convdispatch.conformance.cases.values import forward_case
from convdispatch.conformance.diagnosis.facts import SUBJECT, Facts
from convdispatch.conformance.diagnosis.features import facts_of, is_primitive
from convdispatch.numerics.problem import Problem
from convdispatch.ops import Dense, Op, Pad, Pool, Resize, Upsample


def facts(problem: Problem) -> Facts:
    """Return what is known of a case that compares the results of the problem."""
    return facts_of(forward_case("full", "by-hand", problem))


def of_conv(*, transposed: bool = False, last: bool = True, **fields: Any) -> Facts:
    """Return what is known of a convolution; what is not said is as plain as can be."""
    plain = {"size": (6,), "kernel": (3,)}
    row = ConvRow("by-hand", **{**plain, **fields})
    make = transpose_problem if transposed else conv_problem
    return facts(make(row, channels_last=last))


# What is special, and what must be said of it; each is not said of the plain convolution.
SPECIAL = {
    "low pad": ({"pads": ((1, 0),)}, {"low pad != high pad", "pads", "low pads"}),
    "high pad": ({"pads": ((0, 1),)}, {"low pad != high pad", "pads", "high pads"}),
    "both pads": ({"pads": ((2, 2),)}, {"pads", "low pads", "high pads"}),
    "low crop": ({"pads": ((-1, 0),)}, {"crop", "low crop", "low crop without high pad"}),
    "high crop": ({"pads": ((1, -2),)}, {"crop", "high crop", "pads", "low pad != high pad"}),
    "stride": (
        {"strides": (2,)},
        {"stride > 1 between placements", "stride 2", "cells left unread at the end"},
    ),
    "stride over kernel": (
        {"size": (9,), "strides": (4,)},
        {"stride > kernel", "stride > 1", "cells that no tap reaches"},
    ),
    "dilation": ({"dilation": (2,)}, {"dilation > 1"}),
    "groups": ({"groups": 2, "channels": (4, 6)}, {"groups", "groups of several channels"}),
    "depthwise": ({"groups": 3, "channels": (3, 6)}, {"groups = channels"}),
    "even kernel": ({"kernel": (2,)}, {"even kernel"}),
    "one tap": ({"kernel": (1,)}, {"one tap"}),
    "kernel is input": ({"size": (3,)}, {"kernel = input", "one placement"}),
    "kernel over input": ({"size": (2,), "pads": ((1, 1),)}, {"kernel > input"}),
    "pads alone": (
        {"pads": ((3, 0),)},
        {"placements on pads alone", "pads as large as the kernel", "low pads beyond the kernel"},
    ),
    "channels first": ({"last": False}, {"channels first"}),
    "bias": ({"bias": True}, {"a bias"}),
    "relu": ({"activation": "relu"}, {"an activation", "fused relu"}),
    "one channel": ({"channels": (1, 3)}, {"one input channel"}),
    "one filter": ({"channels": (2, 1)}, {"one output channel"}),
    "two axes": ({"size": (6, 5), "kernel": (3, 2)}, {"two axes", "several axes"}),
    "transposed": ({"transposed": True}, {"transposed convolution", "conv1d_transpose"}),
}


@pytest.mark.parametrize(("fields", "said"), SPECIAL.values(), ids=SPECIAL)
def test_what_is_special_is_said(fields: dict[str, Any], said: set[str]) -> None:
    """In the field's words, and not of a convolution without it."""
    assert said <= set(of_conv(**fields).words)
    assert not said & set(of_conv().words)


NEUTRAL = {
    "dilation of one tap": ({"kernel": (1,), "dilation": (3,)}, "dilation > 1 between taps"),
    "stride of one placement": ({"size": (3,), "strides": (2,)}, "stride > 1 between placements"),
    "equal strides": (
        {"size": (6, 6), "kernel": (2, 2), "strides": (2, 2)},
        "strides that differ between axes",
    ),
}


@pytest.mark.parametrize(("fields", "word"), NEUTRAL.values(), ids=NEUTRAL)
def test_what_changes_nothing_is_not_said(fields: dict[str, Any], word: str) -> None:
    """A fault of strides cannot show where there is one placement."""
    assert word not in of_conv(**fields).words


def test_amounts_are_counted() -> None:
    """Samples, channels and cells of a grouped convolution and of its adjoint."""
    fields: dict[str, Any] = {"groups": 2, "channels": (4, 6), "strides": (2,)}
    conv, adjoint = of_conv(**fields).amounts, of_conv(**fields, transposed=True).amounts
    assert (conv["samples"], conv["input channels"], conv["output channels"]) == (2, 4, 6)
    assert (adjoint["samples"], adjoint["input channels"], adjoint["output channels"]) == (2, 6, 4)
    assert (conv["channels a group"], conv["groups"], conv["products a sum"]) == (2, 2, 6)
    assert (conv["cells an axis"], conv["taps an axis"], conv["stride"]) == (6, 3, 2)


OTHERS: dict[str, tuple[Op, tuple[int, ...], tuple[tuple[int, ...], ...], set[str]]] = {
    "dense": (
        Dense(bias=True, activation="tanh"),
        (2, 4, 3),
        ((3, 3), (3,)),
        {"dense", "a square matrix", "more than two axes", "a bias", "fused tanh"},
    ),
    "pool": (
        Pool(
            kind="average",
            size=(2, 3),
            strides=(3, 1),
            pads=((0, 0), (1, 0)),
            counts_pads=True,
            channels_last=False,
        ),
        (2, 3, 7, 4),
        (),
        {"pooling", "average pooling", "stride > kernel", "pads that count", "channels first"},
    ),
    "resize": (
        Resize(
            output_size=(1, 5),
            interpolation="bilinear",
            coordinates="corners",
            channels_last=True,
        ),
        (2, 3, 4, 1),
        (),
        {
            "resize",
            "resampling",
            "bilinear",
            "corners positions",
            "an axis that shrinks to one cell",
        },
    ),
    "upsample": (
        Upsample(factors=(2, 3), interpolation="nearest", channels_last=True),
        (2, 3, 4, 1),
        (),
        {"upsampling", "nearest", "factors that differ between axes", "even factor"},
    ),
    "pad": (
        Pad(pads=((-1, -2), (0, 1)), channels_last=True),
        (2, 6, 4, 1),
        (),
        {"padding", "pad2d", "crop at both ends", "pads that change if axes are reversed"},
    ),
}


@pytest.mark.parametrize(("op", "shape", "weights", "said"), OTHERS.values(), ids=OTHERS)
def test_other_ops_have_facts_of_their_own(
    op: Op, shape: tuple[int, ...], weights: tuple[tuple[int, ...], ...], said: set[str]
) -> None:
    """What is special about a matrix, a window, a grid of samples, a frame."""
    assert said <= set(facts(Problem(op=op, input_shape=shape, weight_shapes=weights)).words)


@pytest.fixture(scope="module")
def cases() -> dict[str, Case]:
    """Give all cases by their ids."""
    return {case.id: case for case in build()}


OF_CASES = {
    "functions/contract/max-keepdims-float32": {
        "functions",
        "function max",
        "'keepdims'",
        "float32",
    },
    "functions/contract/argmax-of-nan-float64": {"function argmax", "function take", "'of-nan'"},
    "functions/grad/tanh-far-out-float64": {"gradients", "function tanh", "float64", "'far-out'"},
    "tensors/contract/cast-float16-bfloat16": {"tensors", "from float16", "to bfloat16"},
    "tensors/contract/integers-round-trip-bool": {"bool", "integers or booleans"},
    "conv2d/contract/batch-sizes-2d-groups-last": {
        "an empty batch",
        "a later call of the same function",
    },
    "conv1d/edge/threads-1d-many-channels-first": {"several threads", "channels first"},
    "layers/core/trap-04-same-dilated-conv3d": {
        "layers of convolution",
        "'Conv3D'",
        "dilation > 1",
    },
    "steps/contract/many-variables": {"steps", "'variables'", "'many'"},
}


@pytest.mark.parametrize(("case", "said"), OF_CASES.items(), ids=OF_CASES)
def test_a_case_says_what_it_asks(cases: dict[str, Case], case: str, said: set[str]) -> None:
    """The functions that it evaluates, its element types, its circumstances and its id."""
    assert said <= set(facts_of(cases[case]).words)


def test_every_case_has_a_subject(cases: dict[str, Case]) -> None:
    """So that each rule can name one."""
    without = [case.id for case in cases.values() if SUBJECT not in facts_of(case).words.values()]
    assert without == []


def test_layers_and_training_are_built_of_parts(cases: dict[str, Case]) -> None:
    """So is cross-entropy, which a backend need not have. All other cases ask a part."""
    built = {case.op for case in cases.values() if not is_primitive(case)}
    assert built == {"layers", "training", "functions"}
    functions = [case for case in cases.values() if case.op == "functions"]
    assert all("crossentropy" in case.id for case in functions if not is_primitive(case))


def test_a_case_of_a_plugin_is_told_too() -> None:
    """Whatever its id and its op, and numbers of a kind that has no word."""
    case = Case(id="mine", level="core", op="functions", claim="c", check=print, arguments=(1,))
    assert {"functions", "'mine'", "c"} <= set(facts_of(case).words)


def test_every_kind_of_numbers_is_told(cases: dict[str, Case]) -> None:
    """So that a fault that shows with some of them alone is told from others."""
    kinds = {
        problem.values: set(facts_of(case).words)
        for case in cases.values()
        for problem in case.arguments[:1]
        if isinstance(problem, Problem)
    }
    assert len(kinds) >= 3
    assert all(any("numbers" in word for word in words) for words in kinds.values())


CALLS = {
    "functions/contract/mean-keepdims-float64": (
        {"function mean", "keepdims", "several axes at once"},
        {"an axis counted from the end", "NaN"},
    ),
    "functions/contract/sum-last-axis-float32": (
        {"function sum", "an axis counted from the end"},
        {"keepdims", "all axes"},
    ),
    "functions/contract/minimum-of-number-first-float64": (
        {"a number as the first argument"},
        {"a number as the second argument", "NaN"},
    ),
    "functions/contract/matmul-of-squares-float64": (
        {"a square second factor"},
        {"stacks of matrices", "a vector as a factor"},
    ),
    "functions/contract/argmax-at-ties-float64": ({"equal largest numbers"}, {"NaN"}),
    "functions/contract/sqrt-of-minus-zero-float32": ({"minus zero"}, {"NaN"}),
    "functions/contract/stack-last-axis-float32": ({"an axis counted from the end"}, {"NaN"}),
    "functions/grad/several-clip-at-its-ends-float64": ({"numbers at a bound"}, {"NaN"}),
    "functions/grad/several-clip-float64": ({"function clip"}, {"numbers at a bound"}),
    "functions/full/crossentropy-minus-a-hundred-float32": ({"classes that do not exist"}, set()),
    "functions/full/crossentropy-rows-float32": (set(), {"classes that do not exist"}),
}


@pytest.mark.parametrize(("case_id", "said"), CALLS.items(), ids=CALLS)
def test_how_a_function_is_called_is_said(
    case_id: str, said: tuple[set[str], set[str]], cases: dict[str, Case]
) -> None:
    """Its axes, shapes and numbers, from the rows of the suite; and nothing that is not so."""
    words = set(facts_of(cases[case_id]).words)
    assert said[0] <= words
    assert not said[1] & words


def test_how_many_numbers_and_tensors_is_counted(cases: dict[str, Case]) -> None:
    """Short tensors and small arguments count nothing: no fault begins there."""
    amounts = facts_of(cases["functions/contract/max-of-nan-among-17-columns-float32"]).amounts
    assert amounts["numbers along the axis"] == 17
    assert facts_of(cases["functions/contract/abs-float32"]).amounts["numbers in a tensor"] == 0


METHODS = {
    "tensors/contract/assign-float32": "method assign",
    "tensors/contract/cast-float32-float16": "method cast",
    "tensors/contract/owns-float32": "method owns",
    "tensors/contract/scan": "method compile_scan",
}


@pytest.mark.parametrize(("case_id", "method"), METHODS.items(), ids=METHODS)
def test_the_methods_that_a_case_calls_are_said(
    case_id: str, method: str, cases: dict[str, Case]
) -> None:
    """Each of them, and not what every case calls."""
    words = facts_of(cases[case_id]).words
    assert words[method] == SUBJECT
    assert "method asarray" not in words


RESULTS: dict[str, tuple[Op, tuple[int, ...], set[str]]] = {
    "nothing padded": (
        Pad(pads=((0, 0),), channels_last=True),
        (2, 5, 3),
        {"a result as large as the input", "an op that changes nothing"},
    ),
    "moved": (
        Pad(pads=((1, -1),), channels_last=True),
        (2, 5, 3),
        {"a result as large as the input"},
    ),
    "grown": (
        Upsample(factors=(2,), interpolation="nearest", channels_last=True),
        (2, 5, 3),
        set(),
    ),
    "same size": (
        Resize(
            output_size=(5,),
            interpolation="nearest",
            coordinates="corners",
            channels_last=True,
        ),
        (2, 5, 3),
        {"a result as large as the input", "an op that changes nothing"},
    ),
}


@pytest.mark.parametrize(("op", "shape", "said"), RESULTS.values(), ids=RESULTS)
def test_what_the_result_is_to_the_input_is_said(
    op: Op, shape: tuple[int, ...], said: set[str]
) -> None:
    """As large, or the same numbers."""
    words = set(facts(Problem(op=op, input_shape=shape)).words)
    both = {"a result as large as the input", "an op that changes nothing"}
    assert words & both == said


def test_shapes_of_results_are_those_of_the_oracle(cases: dict[str, Case]) -> None:
    """Counted from the op's definition, for a part of the suite's problems."""
    problems = [
        one
        for case in list(cases.values())[::23]
        for one in case.arguments
        if isinstance(one, Problem)
    ]
    small = [one for one in problems if max(one.input_shape) < 30]
    assert len(small) > 200
    for problem in small:
        counted = (problem.input_shape[0], *kit.result_shape(problem.op, problem.signature))
        assert counted == problem.expected[0].shape


ASKED_OF = {
    "conv1d/edge/now-eager-plain-first": {"numbers that change between calls"},
    "conv1d/edge/apart-plain-first": {"memory that nobody else holds"},
    "conv1d/edge/lying-gradients-plain-first": {"gradients"},
    "conv1d/contract/leaves-plain-first": {"settings of the process"},
    "conv1d/contract/candidates-1d-even-kernel-last": {"candidates for measuring"},
    "conv2d/full/vast-kernel-of-5": {"sizes beyond every block"},
    "conv1d/contract/lowered-beside-other-taps": {"another taps"},
    "wrap/contract/training": {"a model with a training of its own"},
}


@pytest.mark.parametrize(("case_id", "said"), ASKED_OF.items(), ids=ASKED_OF)
def test_what_a_case_asks_is_said(case_id: str, said: set[str], cases: dict[str, Case]) -> None:
    """Which circumstances it looks at, told by its check."""
    assert said <= set(facts_of(cases[case_id]).words)


# Of methods, steps and loops: what is so, and what is not.
CIRCUMSTANCES = {
    "tensors/contract/shapes-float64": (
        {"to_numpy of a tensor without axes", "describe of an axis of one"},
        {"asarray of numbers that are rounded"},
    ),
    "tensors/contract/rounded-bfloat16": (
        {"asarray of numbers that are rounded"},
        {"asarray of a tensor without axes"},
    ),
    "tensors/contract/assign-from-bfloat16-to-float32": (
        {"from bfloat16", "to float32"},
        {"from float32", "to bfloat16"},
    ),
    "steps/contract/keeps-inputs": (
        {"inputs of a step that are read again"},
        {"gradients in a step"},
    ),
    "steps/contract/several-float64": (
        {"gradients in a step"},
        {"inputs of a step that are read again"},
    ),
    "layers/grad/formula-gru-sequences-backwards-float32": ({"outputs of every step"}, set()),
    "layers/grad/formula-gru-last-float32": (set(), {"outputs of every step"}),
}


@pytest.mark.parametrize(("case_id", "said"), CIRCUMSTANCES.items(), ids=CIRCUMSTANCES)
def test_circumstances_are_said(
    case_id: str, said: tuple[set[str], set[str]], cases: dict[str, Case]
) -> None:
    """Told by running the case on NumPy, by its features and by its formula."""
    if "bfloat16" in case_id:
        pytest.importorskip("ml_dtypes", reason="NumPy's bfloat16 needs the package ml_dtypes")
    words = set(facts_of(cases[case_id]).words)
    assert said[0] <= words
    assert not said[1] & words
