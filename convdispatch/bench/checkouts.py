"""The two sides of a comparison: folders, or git revisions checked out for its duration.

Nothing is installed. A process finds a checkout's modules by PYTHONPATH, and its plugins by a copy
of the metadata that an installation would have written.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from convdispatch.bench.ending import uninterrupted
from convdispatch.bench.metadata import CheckoutError, write_metadata
from convdispatch.support.file_locks import exclusive

_PACKAGE = Path("convdispatch", "__init__.py")
_PREFIX = "convdispatch-bench-"
_LOCK = "lock"  # held as long as the run goes on, however it ends

# A user's hook, such as one that installs packages, must not run on these folders.
_GIT = ("git", "-c", "core.hooksPath=/dev/null")


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
    """Yield both sides, and remove afterwards everything that was made for them.

    Raises `CheckoutError` before anything is made.
    """
    sources = [_source(base), _source(head)]
    _remove_abandoned()
    with contextlib.ExitStack() as stack:
        root = stack.enter_context(_temporary_folder())
        sides = []
        # Names of one length: a longer path moves the stack, which alone has changed timings.
        for name, given, source in zip(("base", "head"), (base, head), sources, strict=True):
            if isinstance(source, Path):
                folder, revision = source, None
            else:
                folder, revision = stack.enter_context(_worktree(root / name, source)), source
            metadata = root / f"{name}-metadata"
            sides.append(
                Checkout(
                    given=given,
                    revision=revision,
                    folder=folder,
                    metadata=metadata,
                    modules=write_metadata(folder, metadata),
                )
            )
        yield sides[0], sides[1]


@contextlib.contextmanager
def _temporary_folder() -> Iterator[Path]:
    with contextlib.ExitStack() as stack:
        with uninterrupted():
            made = stack.enter_context(tempfile.TemporaryDirectory(prefix=_PREFIX))
            root = Path(made).resolve()
            stack.enter_context(exclusive(root / _LOCK))
        yield root


def _remove_abandoned() -> None:
    """Remove the files of this user's runs that were killed by a signal that cannot be caught."""
    for root in Path(tempfile.gettempdir()).resolve().glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):  # its run goes on, or is not ours, or is just gone
            if root.is_symlink() or root.stat().st_uid != os.geteuid():
                continue
            (root / _LOCK).lstat()
            with exclusive(root / _LOCK, patience=0), uninterrupted():
                for name in ("base", "head"):
                    _remove_worktree(root / name)
                shutil.rmtree(root)
    with contextlib.suppress(OSError):  # there is no git
        for line in _git("worktree", "list", "--porcelain").stdout.splitlines():
            folder = Path(line.removeprefix("worktree "))
            # Their folder was removed without them, for example by a restart of the machine.
            if folder.parent.name.startswith(_PREFIX) and not folder.exists():
                _remove_worktree(folder)


def _source(given: str) -> Path | str:
    """Return the resolved folder, or the commit."""
    folder = Path(given)
    if os.path.isfile(folder / _PACKAGE):
        return folder.resolve()
    place = f"{given!r} is not a folder with a checkout (one with {_PACKAGE})"
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
        with uninterrupted():
            added = _git("worktree", "add", "--quiet", "--detach", str(folder), commit)
        if added.returncode:
            raise CheckoutError(f"{commit} cannot be checked out: {added.stderr.strip()}")
        yield folder
    finally:
        with uninterrupted():
            _remove_worktree(folder)


def _remove_worktree(folder: Path) -> None:
    """Remove it, or what is left of it, even if git was killed while it made or removed it."""
    # It may belong to another repository than the current one.
    asked = _git("-C", str(folder), "rev-parse", "--git-common-dir")
    whose = [] if asked.returncode else [f"--git-dir={folder / asked.stdout.strip()}"]
    for _ in range(2):
        # Twice forced: git locks a worktree as long as it makes it.
        if not _git(*whose, "worktree", "remove", "--force", "--force", str(folder)).returncode:
            return


def _git(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run git in its own session, so that Ctrl-C does not stop it in the middle of its work."""
    # Set if git itself has called us, from a hook: a worktree would be written into that index.
    environ = {name: value for name, value in os.environ.items() if name != "GIT_INDEX_FILE"}
    return subprocess.run(
        [*_GIT, *arguments],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )
