"""From an op to its fastest candidate: remembered where possible, else measured and remembered."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable

import numpy as np

from convdispatch.ops import Backend, Op, Signature, Tensor, known_sizes
from convdispatch.runtime.tuning._agreement import Sample, answer, disagreement, sample
from convdispatch.runtime.tuning._cache import Winner, cache
from convdispatch.runtime.tuning._candidates import Candidates, candidates, said
from convdispatch.runtime.tuning._environment import environment_of
from convdispatch.runtime.tuning._finding import Finding
from convdispatch.runtime.tuning._key import key_of
from convdispatch.runtime.tuning._measuring import measure
from convdispatch.runtime.tuning._requests import Request
from convdispatch.support.locks import Lock
from convdispatch.support.warnings import warn

logger = logging.getLogger("convdispatch.autotune")

# The most numbers in the input of a measurement that a call triggers, so that its memory and time
# do not surprise a user with a large batch.
MOST_UNASKED = 2**20

# Two measurements at once would disturb each other.
_measuring = Lock()


def choice(
    backend: Backend, op: Op, signature: Signature, *, request: Request, is_supported: bool
) -> tuple[str, Callable[..., Tensor]] | None:
    """Return the fastest candidate with its name.

    Returns None if the untuned function should be used.
    """
    if None in signature.input_shape:  # nothing could be measured
        return None
    key = key_of(op, signature)
    environment = environment_of(backend, _device(backend, signature))
    if not request.may_measure and cache().find(environment, key) is None:
        return None
    found = candidates(backend, op, signature, is_supported=is_supported)
    if found is None:
        return None
    known = None if request.findings is not None else _known(environment, key, found)
    if known is None and request.may_measure:
        with _measuring.held():
            finding = _settled(request, environment, key, found, (backend, op, signature))
        known = finding.winner
    return None if known is None else (known.name, found.functions[known.name])


def _known(environment: str, key: str, found: Candidates) -> Winner | None:
    """Return the remembered candidate, if one of that name still exists."""
    winner = cache().find(environment, key)
    return winner if winner is not None and winner.name in found.functions else None


def _settled(
    request: Request,
    environment: str,
    key: str,
    found: Candidates,
    lowered: tuple[Backend, Op, Signature],
) -> Finding:
    """Measure, unless it has been done while this thread waited, or for the same request."""
    if request.findings is None:
        known = _known(environment, key, found)
        if known is not None:
            return Finding(key=key, winner=known)
        _, _, signature = lowered
        most = MOST_UNASKED // max(math.prod(known_sizes(signature.input_shape)), 1)
        finding = _measured(*lowered, max(min(request.batch, most), 1), key, found)
        if finding.winner is not None:
            _announce(key, finding.winner)
    else:
        before = (finding for finding in request.findings if finding.key == key)
        finding = next(before, None) or _measured(*lowered, request.batch, key, found)
        request.findings.append(finding)
    if finding.winner is not None:
        cache().add(environment, key, finding.winner)
    return finding


def _measured(
    backend: Backend, op: Op, signature: Signature, batch: int, key: str, found: Candidates
) -> Finding:
    """Return the measurements, or why nothing was measured."""
    if len(found.functions) < 2 and not found.left_out:
        return Finding(key=key, reason="there is one way to compute it")
    try:
        samples = [sample(backend, op, signature, size) for size in (batch, batch + 1)]
        sound, left_out = _sound(backend, found, samples)
    except Exception as exc:  # noqa: BLE001 - the caller of the layer will see it, as without tuning
        return Finding(key=key, reason=f"the backend's own choice {said(exc)}")
    usual = found.usual if found.usual in sound else found.reference
    tensors = samples[0].tensors(backend)

    def timed(function: Callable[..., Tensor]) -> Callable[[], None]:
        return lambda: backend.synchronize(function(*tensors))

    result = measure({name: timed(function) for name, function in sound.items()}, usual)
    winner = Winner(
        name=result.fastest, usual=usual, batch=batch, medians=result.medians, left_out=left_out
    )
    return Finding(key=key, winner=winner)


def _sound(
    backend: Backend, found: Candidates, samples: list[Sample]
) -> tuple[dict[str, Callable[..., Tensor]], dict[str, str]]:
    """Return the candidates with the correct answer, and why the others are left out.

    Raises what the backend's own choice raises.
    """
    reference = found.functions[found.reference]
    answers = [answer(backend, reference, drawn) for drawn in samples]
    sound, left_out = {found.reference: reference}, dict(found.left_out)
    for name, function in found.functions.items():
        if name == found.reference:
            continue
        try:
            problem = disagreement(backend, function, samples, answers)
        except Exception as exc:  # noqa: BLE001 - a candidate that fails is left out, and said
            problem = said(exc)
        if problem is None:
            sound[name] = function
        else:
            left_out[name] = problem
    return sound, left_out


def _announce(key: str, winner: Winner) -> None:
    """Report a measurement made in the background: log the gain, and warn of faults."""
    gain = winner.medians[winner.usual] / (winner.medians[winner.name] or 1.0)
    logger.info("%s: %s, %.2f times as fast as %s", key, winner.name, gain, winner.usual)
    for name, reason in winner.left_out.items():
        warn(f"autotune left the candidate {name!r} out: it {reason}. The op is {key}.")


def _device(backend: Backend, signature: Signature) -> str:
    """Return the device of the backend's tensors, because devices differ in what is fast."""
    # The attribute of the array API standard. It is no part of the protocol, so it may be missing.
    probe = backend.asarray(np.zeros(1), signature.dtype)
    return str(getattr(probe, "device", "unknown"))
