"""The two sides of a comparison: folders, or git revisions checked out for its duration.

Nothing is installed. A process finds a checkout's modules by PYTHONPATH, and its plugins by a copy
of the metadata that an installation would have written.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from convdispatch.errors import ConvDispatchError

_PACKAGE = Path("convdispatch", "__init__.py")
_GROUP = "convdispatch"

# A hook of the user's, such as one that installs packages, has no business with these folders.
_GIT = ("git", "-c", "core.hooksPath=/dev/null")


class CheckoutError(ConvDispatchError, ValueError):
    """What was to be compared is neither a folder with a checkout nor a revision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """One side, ready to be imported from."""

    given: str  # as the user named it
    revision: str | None  # the commit, or None for a folder
    folder: Path
    metadata: Path  # holds the .dist-info of the checkout
    modules: tuple[str, ...]  # the packages of its plugins

    def environment(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Return the variables of a process that imports from this checkout."""
        own = (self.metadata, self.folder, self.folder / "backends")
        inherited = environ.get("PYTHONPATH", "").split(os.pathsep)
        path = [*map(str, own), *(os.path.abspath(entry) for entry in inherited if entry)]
        return {
            **environ,
            "PYTHONPATH": os.pathsep.join(path),
            "PYTHONDONTWRITEBYTECODE": "1",  # a user's folder is not ours to write to
        }


@contextlib.contextmanager
def checked_out(base: str, head: str) -> Iterator[tuple[Checkout, Checkout]]:
    """Give both sides, and take away afterwards what was made for them.

    Raises `CheckoutError` before anything is made.
    """
    sources = [_source(base), _source(head)]
    with contextlib.ExitStack() as stack:
        temporary = stack.enter_context(tempfile.TemporaryDirectory(prefix="convdispatch-bench-"))
        root = Path(temporary).resolve()
        sides = []
        # Names of one length: a longer path moves the stack, which alone has changed timings.
        for name, given, source in zip(("base", "head"), (base, head), sources, strict=True):
            if isinstance(source, Path):
                folder, revision = source, None
            else:
                folder, revision = stack.enter_context(_worktree(root / name, source)), source
            metadata = root / f"{name}-metadata"
            sides.append(_checkout(given, revision, folder, metadata))
        yield sides[0], sides[1]


def _source(given: str) -> Path | str:
    """Return the folder, resolved, or the commit that is meant."""
    folder = Path(given)
    if (folder / _PACKAGE).is_file():
        return folder.resolve()
    place = f"{given!r} is no folder with a checkout (one with {_PACKAGE})"
    allowed = "Give a folder, or a revision of the repository that you are in."
    try:
        inside = _git("rev-parse", "--show-toplevel")
        found = _git("rev-parse", "--verify", "--quiet", "--end-of-options", given + "^{commit}")
    except FileNotFoundError:
        raise CheckoutError(f"{place}, and git, which could know it, is not installed.") from None
    if inside.returncode:
        raise CheckoutError(f"{place}, and {os.getcwd()!r} is in no git repository. {allowed}")
    if found.returncode:
        raise CheckoutError(f"{place}, and no revision of {inside.stdout.strip()!r}. {allowed}")
    commit = found.stdout.strip()
    if _git("cat-file", "-e", f"{commit}:{_PACKAGE.as_posix()}").returncode:
        raise CheckoutError(f"the revision {given!r} has no {_PACKAGE}. {allowed}")
    return commit


@contextlib.contextmanager
def _worktree(folder: Path, commit: str) -> Iterator[Path]:
    try:
        with _uninterrupted():
            added = _git("worktree", "add", "--quiet", "--detach", str(folder), commit)
        if added.returncode:
            raise CheckoutError(f"{commit} cannot be checked out: {added.stderr.strip()}")
        yield folder
    finally:
        with _uninterrupted():
            _git("worktree", "remove", "--force", str(folder))


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let Ctrl-C wait: half a worktree could not be removed again."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _git(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run git in a session of its own: Ctrl-C shall not stop it in the middle of its work."""
    # Set where git itself has called us, from a hook: a worktree would be written into that index.
    environ = {name: value for name, value in os.environ.items() if name != "GIT_INDEX_FILE"}
    return subprocess.run(
        [*_GIT, *arguments],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )


def _checkout(given: str, revision: str | None, folder: Path, metadata: Path) -> Checkout:
    points = _write_metadata(folder, metadata)
    return Checkout(
        given=given,
        revision=revision,
        folder=folder,
        metadata=metadata,
        modules=tuple(sorted({target.partition(":")[0].partition(".")[0] for target in points})),
    )


def _write_metadata(folder: Path, metadata: Path) -> list[str]:
    """Write what an installation of the checkout would register; return its plugins' modules.

    It comes first on the path, and hides an installed convdispatch's metadata by its name.
    """
    try:
        project = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]
    except (OSError, KeyError, ValueError) as exc:
        raise CheckoutError(f"{folder / 'pyproject.toml'} cannot be used: {exc!r}") from exc
    version = project.get("version", "0")
    information = metadata / f"{project['name']}-{version}.dist-info"
    information.mkdir(parents=True)
    information.joinpath("METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {version}\n", "utf-8"
    )
    groups: dict[str, dict[str, str]] = project.get("entry-points", {})
    lines = [
        line
        for group, points in groups.items()
        for line in (f"[{group}]", *(f"{name} = {target}" for name, target in points.items()))
    ]
    information.joinpath("entry_points.txt").write_text("\n".join(lines) + "\n", "utf-8")
    return list(groups.get(_GROUP, {}).values())
