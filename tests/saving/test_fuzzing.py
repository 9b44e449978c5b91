"""Everything that reads a file reads or refuses what is left of real files, by an error of ours.

`python -m fuzzing` in tools/ runs the same loaders for as long as one likes, also by atheris.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("h5py", reason="one of the files to begin with is made by h5py")
pytest.importorskip("resource", reason="only POSIX tells a process's peak of memory")

from fuzzing.loaders import LOADERS, Loader, corpus
from fuzzing.mutations import mutated
from fuzzing.trying import RarelyApart, Trials

FILES = Path(__file__).parents[1] / "legacy"
DRAWN, EXAMPLES = 150, 25


@pytest.fixture(autouse=True)
def rarely_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let HDF5's own library start for few of the files: each start takes a second."""
    from convdispatch.saving.hdf5_format import apart

    monkeypatch.setattr(apart, "tree_from_library", RarelyApart())


@pytest.fixture(scope="module", params=LOADERS)
def loader(request: pytest.FixtureRequest) -> str:
    """Return each loader's name."""
    if request.param == "yaml":
        pytest.importorskip("yaml", reason="YAML is read by PyYAML")
    return str(request.param)


def trials_of(loader: Loader, files: list[bytes], folder: Path) -> Trials:
    """Return what runs a loader and keeps its finds."""
    return Trials(loader.run, folder / "finds", files[0])


def test_mutated_files_are_read_or_refused(loader: str, tmp_path: Path) -> None:
    """Real files, with a few mutations that are always the same."""
    files = corpus(LOADERS[loader], FILES)
    trials, chance = trials_of(LOADERS[loader], files, tmp_path), random.Random(7)
    for data in [
        *files[:10],
        *(mutated(chance.choice(files), files, chance) for _ in range(DRAWN)),
    ]:
        trials(data)
    assert trials.outcomes["find"] == 0, list((tmp_path / "finds").iterdir())
    assert min(trials.outcomes[kind] for kind in ("read", "refused")) > 3


def test_drawn_mutations_are_read_or_refused(loader: str, tmp_path: Path) -> None:
    """Bytes, blocks and ends of real files, changed as hypothesis draws them."""
    files = corpus(LOADERS[loader], FILES)
    trials = trials_of(LOADERS[loader], files, tmp_path)

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def run(data: st.DataObject) -> None:
        found = bytearray(data.draw(st.sampled_from(files[:20])))
        places = st.integers(0, len(found) - 1)
        for place, put in data.draw(
            st.lists(st.tuples(places, st.binary(min_size=1, max_size=8)), max_size=4)
        ):
            found[place : place + len(put)] = put
        trials(bytes(found[: data.draw(st.one_of(st.just(len(found)), places))]))

    run()
    assert trials.outcomes["find"] == 0, list((tmp_path / "finds").iterdir())


def test_a_find_is_noticed(tmp_path: Path) -> None:
    """An error of another kind, a hang and a peak of memory: otherwise none would mean nothing."""

    def run(data: bytes) -> None:
        if data == b"error":
            raise IndexError("an error of another kind")
        if data == b"memory":  # beyond the most that this process has had so far
            import resource

            before = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            bytearray(before + 2**28 + 2**26)

    trials = Trials(run, tmp_path / "finds", b"")
    for data in (b"fine", b"error", b"memory"):
        trials(data)
    assert trials.outcomes == {"read": 2, "find": 1}
    assert {path.read_bytes() for path in (tmp_path / "finds").iterdir()} == {b"error", b"memory"}
