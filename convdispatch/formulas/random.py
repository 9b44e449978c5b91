"""The stream of random numbers behind the initializers, and the draws of a step of training.

The stream is NumPy's Philox and nothing else.

Numbers are drawn in float64, before any backend is involved, so that one seed gives every backend
the same bits. A draw is numbered: its key is derived from (global seed, number of the draw), so
that what one layer draws does not depend on the size of what another drew.
"""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from convdispatch.errors import InvalidType
from convdispatch.formulas import lookup, whole_batch
from convdispatch.kit import PORTABLE_KEY, portable_draws
from convdispatch.ops import Backend

Float64Array: TypeAlias = npt.NDArray[np.float64]

# The global seed and the numbers of the draws still to come; seeded by the system until a user
# calls `set_random_seed`. Replaced as one tuple and counted by one C call: safe between threads.
_stream: tuple[int, Iterator[int], bool] = (secrets.randbits(128), itertools.count(), False)
_is_stated = False  # whether a user has set the seed


def set_random_seed(seed: int, portable: bool = False) -> None:
    """Restart the stream of all initializers that have no seed of their own.

    The keys of models whose training begins afterwards come from it, too. With `portable` their
    masks of dropout and their noise are the same on every backend, and take longer to draw.

    >>> from convdispatch.initializers import RandomNormal
    >>> set_random_seed(1)
    >>> first = RandomNormal()((2,)).tolist()
    >>> set_random_seed(1)
    >>> first == RandomNormal()((2,)).tolist()
    True
    """
    global _stream, _is_stated
    if not isinstance(portable, bool):
        raise InvalidType(f"`portable` must be True or False; received {portable!r}.")
    _stream = (lookup.integer(seed, "seed", at_least=0), itertools.count(), portable)
    _is_stated = True


def stated_seed() -> tuple[int, bool] | None:
    """Return the seed that a user has set and whether it is portable, None without one."""
    return (_stream[0], _stream[2]) if _is_stated else None


def position() -> list[Any]:
    """Return where the stream is: its seed, the number of the next draw, and how it was set."""
    seed, numbers, is_portable = _stream
    return [str(seed), int(repr(numbers)[len("count(") : -1]), is_portable, _is_stated]


def go_on_from(place: list[Any]) -> None:
    """Go on from what `position` returned."""
    global _stream, _is_stated
    seed, number, is_portable, _is_stated = place
    _stream = (int(seed), itertools.count(number), is_portable)


def require_place(place: Any) -> None:
    """Raise `ValueError` or `TypeError` unless `position` may have returned this."""
    seed, number, *flags = place
    are_flags = len(flags) == 2 and all(isinstance(one, bool) for one in flags)
    if not are_flags or int(seed) < 0 or not isinstance(number, int) or number < 0:
        raise ValueError(f"no place in a stream of random numbers: {place!r}")


def generator(seed: int | None = None) -> np.random.Generator:
    """Return the generator of one draw: that of `seed`, or else the next of the global stream."""
    if seed is not None:
        return _philox(np.random.SeedSequence(seed))
    global_seed, numbers, _ = _stream
    return _philox(np.random.SeedSequence(global_seed, spawn_key=(next(numbers),)))


def training_key() -> npt.NDArray[np.int32]:
    """Return a new key, one for portable draws where they are asked for."""
    shape = PORTABLE_KEY if _stream[2] else (2,)
    drawn = generator().integers(-(2**31), 2**31, size=shape, dtype=np.int64)
    return drawn.astype(np.int32)


class Draws:
    """A backend's draws by a key of two numbers, and portable ones by a key of shape (1, 3).

    Which of them is decided by the key alone, so a function that draws stays a pure one.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def __getitem__(self, name: str) -> Callable[..., Any]:
        native, portable = self._backend.random[name], _portable_draws(self._backend)[name]

        def draw(key: Any, *arguments: Any) -> Any:
            return portable(key, *arguments) if len(key.shape) == 2 else native(key, *arguments)

        return draw

    def of_samples(self, name: str) -> Callable[..., Any]:
        """Return the draw for shapes whose axis 0 is the batch.

        Where a group computes the batch in parts, each part gets its rows of what is drawn for all.
        """
        draw, fold = self[name], self["fold"]

        def drawn(key: Any, shape: Sequence[Any], *arguments: Any) -> Any:
            found = whole_batch.current()
            if found is None:
                return draw(key, shape, *arguments)
            part = found.part
            if part is None or part.total is None:
                return draw(found.fold_part(fold, key), shape, *arguments)
            # A layer may see several rows for each sample, such as its steps.
            each = shape[0] // (part.stop - part.start)
            rows = draw(key, (part.total * each, *shape[1:]), *arguments)
            taken: Any = self._backend.functions["take"]
            return taken(rows, np.arange(part.start * each, part.stop * each), 0)

        return drawn


# The portable draws of the latest backend of each name. No cache of functools: torch's compiler
# warns of those.
_portable: dict[str, tuple[Backend, Mapping[str, Callable[..., Any]]]] = {}


def _portable_draws(backend: Backend) -> Mapping[str, Callable[..., Any]]:
    known = _portable.get(backend.name)
    if known is None or known[0] is not backend:
        known = _portable[backend.name] = backend, portable_draws(backend)
    return known[1]


def checked_seed(seed: object) -> int | None:
    """Return the seed as an int or None; raise unless it is one that is not negative."""
    if seed is None:
        return None
    return lookup.integer(seed, "seed", at_least=0)


def truncated_normal(source: np.random.Generator, shape: tuple[int, ...]) -> Float64Array:
    """Draw from N(0, 1), again wherever a number is more than 2 from 0."""
    values = source.standard_normal(shape)
    while np.any(outside := np.abs(values) > 2):
        values[outside] = source.standard_normal(np.count_nonzero(outside))
    return values


def _philox(entropy: np.random.SeedSequence) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=entropy.generate_state(2, np.uint64)))
