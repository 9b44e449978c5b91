"""Everything that reads a file reads or refuses what is left of real files, by an error of ours.

`python -m fuzzing` in tools/ runs the same loaders for as long as one likes, also by atheris.
"""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("h5py", reason="one of the files to begin with is made by h5py")
pytest.importorskip("resource", reason="only POSIX tells a process's peak of memory")

from hostile_files import HARMLESS, HDF5

from convdispatch.errors import InvalidDocument
from convdispatch.saving.hdf5 import open_hdf5
from fuzzing import trying
from fuzzing.apart import Library
from fuzzing.loaders import LIBRARY, LIMITS, LOADERS, Loader, corpus
from fuzzing.memory import Peak
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
def loader(request: pytest.FixtureRequest) -> Iterator[str]:
    """Return each loader's name."""
    if request.param == "yaml":
        pytest.importorskip("yaml", reason="YAML is read by PyYAML")
    yield str(request.param)
    LIBRARY.close()


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


def test_the_library_that_hangs_is_ended_and_another_goes_on() -> None:
    """As that of a single file is: its end is counted, and is no find."""
    library, limits = Library(), LIMITS.of(True)
    harmless, hanging = (make() for make in (HARMLESS[".h5"], HDF5["heap-without-end"][0]))
    try:
        with library.in_place():
            with open_hdf5(harmless, limits) as file:
                assert file.groups("")
            with pytest.raises(InvalidDocument, match="ended while it read the structure"):
                open_hdf5(hanging, limits).__enter__()
            with open_hdf5(harmless, limits) as file:
                assert file.groups("")
    finally:
        library.close()
    assert library.ends == {"SIGXCPU": 1}


@pytest.mark.parametrize("data", [b"error", b"hang", b"wait", b"memory"])
def test_a_find_is_noticed(data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of another kind, a hang and a peak of memory: otherwise none would mean nothing."""
    if data == b"memory" and not Peak().forgets:
        pytest.skip("this process may have had more memory before, and none forgets it here")
    monkeypatch.setattr(trying, "SECONDS", 0.2)
    monkeypatch.setattr(trying, "WAITING", 0.2 if data == b"wait" else 60)

    def run(data: bytes) -> None:
        if data == b"error":
            raise IndexError("an error of another kind")
        if data == b"hang":
            for _ in itertools.count():
                pass
        if data == b"wait":
            time.sleep(30)
        if data == b"memory":
            bytearray(2**28 + 2**24)

    trials = Trials(run, tmp_path / "finds", b"")
    for one in (b"fine", data, b"fine"):
        trials(one)
    assert trials.outcomes == {"read": 2, "find": 1}
    assert [path.read_bytes() for path in (tmp_path / "finds").iterdir()] == [data]


def test_a_peak_is_noticed_after_a_higher_one() -> None:
    """Memory counts from the input on, whatever the process took before."""
    if not Peak().forgets:
        pytest.skip("only Linux forgets an earlier peak of memory")
    bytearray(2**28 + 2**26)
    peak = Peak()
    bytearray(2**26)
    assert 2**25 < peak.above() < 2**27  # the kernel counts a few pages late
