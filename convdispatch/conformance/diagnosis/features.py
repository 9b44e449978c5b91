"""What a case is about, told from its own data: its op, its numbers, its question and its id."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from math import prod

from convdispatch import kit
from convdispatch.conformance.case import Case, Check
from convdispatch.conformance.cases import assigning, half_gradients, pooling_gradients
from convdispatch.conformance.cases.layer_rows import LayerRow
from convdispatch.conformance.diagnosis.asked_facts import (
    EMPTY,
    OF_WORDS,
    asked,
    is_differentiated,
)
from convdispatch.conformance.diagnosis.facts import (
    ASKED,
    CLAIM,
    NAMED,
    PROPERTY,
    SUBJECT,
    Facts,
)
from convdispatch.conformance.diagnosis.function_calls import tell_calls, tell_methods
from convdispatch.conformance.diagnosis.function_facts import used_functions
from convdispatch.conformance.diagnosis.loop_facts import circumstances
from convdispatch.conformance.diagnosis.op_facts import op_amounts, op_facts, subjects
from convdispatch.conformance.diagnosis.result_facts import result_facts
from convdispatch.numerics.problem import Problem
from convdispatch.ops import FLOAT_DTYPES, HALF_DTYPES, INTEGER_DTYPES, known_sizes, op_name

_DTYPES = (*FLOAT_DTYPES, *INTEGER_DTYPES, "bool")
_VALUES = {
    "normal": "numbers of many digits",
    "eighths": "numbers of few digits",
    "positive": "a long sum of positive numbers",
    "counting": "numbers of few digits",
    "signed": "numbers of few digits",
    "small": "numbers of few digits",
    "ternary": "numbers of few digits",
    "whole": "numbers of few digits",
    "parts": "small numbers beside large ones",
    "one-large": "one large number among the others",
}
# Words of an id that only say something together with the next one.
_JOINING = ("of", "by", "at", "from", "to", "near", "far", "no", "without", "not", "is", "all")
_WORD = re.compile("[a-z_]{2,}")
_RECURRENT = frozenset({"rnn", "lstm", "lstm1d", "lstm2d", "lstm3d", "gru", "ways"})
_METHODS = ("tensors", "steps")  # what is asked of a backend's methods
_DISTRIBUTIONS = ("uniform", "normal", "bernoulli")
_LAYOUT = ("last", "first")  # of channels: a property of the op
_BLOCK = 2**14
_MADE: dict[Check, Callable[..., Problem]] = {
    half_gradients.summed: half_gradients.problem_of,
    pooling_gradients.to_the_first: pooling_gradients.tied,
}
_COMPOSITE = ("layers", "training")  # what is built of a backend's parts


@lru_cache(maxsize=20_000)
def facts_of(case: Case) -> Facts:
    """Return what is known about the case."""
    facts = Facts()
    facts.is_drawn = case.check.__name__ == "match_generated"
    problems = _problems_of(case)
    rows = [one for one in case.arguments if isinstance(one, LayerRow)]
    for problem in problems:
        _tell_problem(facts, problem)
    for row in rows:
        _tell_row(facts, row)
    if not problems:
        facts.say(SUBJECT, subjects(case.op))
        used = used_functions(case)
        facts.say(SUBJECT, (f"function {name}" for name in used))
        tell_calls(facts, case, used)
        facts.say(SUBJECT, _draws(case))
        if case.op in _METHODS:
            tell_methods(facts, case)
        if not is_primitive(case) and not _RECURRENT.isdisjoint(case.id.split("-")):
            facts.say(SUBJECT, [f"recurrent {case.op}", "recurrent layers"])
        facts.say(PROPERTY, _typed([*case.features, *case.arguments, *case.id.split("-")]))
        facts.say(PROPERTY, _from_to(case))
        facts.say(PROPERTY, circumstances(case))
    facts.say(ASKED, asked(case))
    words = list(_named(case.id.split("/", 2)[-1], of_problem=bool(problems)))
    told = [word for word in words if f"function {word}" in facts.words or word in OF_WORDS]
    facts.say(NAMED, (repr(word) for word in words if word not in told))
    facts.say(CLAIM, [case.claim])
    return facts


def _problems_of(case: Case) -> list[Problem]:
    """Return the problems that a case is about, those among them that it makes by its arguments."""
    make = _MADE.get(case.check)
    if make is not None:
        return [make(*case.arguments)]
    return [one for one in case.arguments if isinstance(one, Problem)]


@lru_cache(maxsize=20_000)
def is_primitive(case: Case) -> bool:
    """Say whether the case asks a backend's own parts, and not what is built of them."""
    return case.op not in _COMPOSITE and "crossentropy" not in used_functions(case)


def is_result(case: Case) -> bool:
    """Say whether the case compares the numbers that an op or a function gives."""
    is_problem = any(isinstance(one, Problem) for one in case.arguments)
    is_asked = is_primitive(case) and (is_problem or case.op == "functions")
    return is_asked and not is_differentiated(case)


def _tell_problem(facts: Facts, problem: Problem) -> None:
    facts.say(SUBJECT, ["an op", *subjects(op_name(problem.op))])
    facts.say(PROPERTY, op_facts(problem.op, problem.signature))
    # A kind of numbers without a word here is named as the problem names it.
    facts.say(PROPERTY, [_VALUES.get(problem.values, f"{problem.values} numbers")])
    facts.count(op_amounts(problem.op, problem.signature))
    samples, results = problem.input_shape[0], kit.result_shape(problem.op, problem.signature)
    facts.say(PROPERTY, result_facts(problem.op, problem.signature))
    facts.count({"samples": samples, "results": _many(prod((samples, *known_sizes(results))))})
    if problem.input_shape[0] == 0:
        facts.say(PROPERTY, [EMPTY])


def _many(results: int) -> int:
    """Return the number of results where they are more than any block's, and else none."""
    return results if results > _BLOCK else 0


def _tell_row(facts: Facts, row: LayerRow) -> None:
    facts.say(NAMED, [repr(row.layer)])
    for op, signature in row.lowered():
        facts.say(SUBJECT, (f"layers of {word}" for word in subjects(op_name(op))))
        facts.say(PROPERTY, op_facts(op, signature))
        facts.count(op_amounts(op, signature))


def _draws(case: Case) -> Iterator[str]:
    """Yield what a case about random numbers draws."""
    if case.op == "random":
        words = case.id.split("/", 2)[-1].split("-")
        yield from (f"draws of {kind}" for kind in _DISTRIBUTIONS if kind in words)
        yield from ["folded keys"] if "fold" in words else []


def _typed(words: Sequence[object]) -> Iterator[str]:
    """Yield the element types among the words, and what they have in common."""
    for word in words:
        if isinstance(word, str) and word in _DTYPES:
            yield word
            if word in HALF_DTYPES:
                yield "half precision"
            if word not in FLOAT_DTYPES:
                yield "integers or booleans"


def _from_to(case: Case) -> Iterator[str]:
    types = [one for one in case.arguments if isinstance(one, str) and one in _DTYPES]
    if case.check is assigning.converted:  # whose first type is that of the variable
        types.reverse()
    if len(types) == 2:
        for word, one in zip(("from", "to"), types, strict=True):
            yield f"{word} {one}"
            if one in HALF_DTYPES:
                yield f"{word} half precision"
        if types[0] != types[1]:
            yield "another element type"


def _named(slug: str, *, of_problem: bool) -> Iterator[str]:
    """Yield the words of an id; those that describe a problem are told better by the problem."""
    words = slug.split("-")
    for place, word in enumerate(words):
        if word in _JOINING and place + 1 < len(words) and words[place + 1] not in _DTYPES:
            yield f"{word}-{words[place + 1]}"
        elif of_problem:
            is_word = _WORD.fullmatch(word) and word not in (*_LAYOUT, *_DTYPES, *_JOINING)
            yield from [word] if is_word else []
        elif word and word not in _DTYPES and not word.isdecimal():
            yield word
