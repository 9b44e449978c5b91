"""`convdispatch completion`: in each shell the words that may follow, asked of the shell itself."""

from __future__ import annotations

import argparse
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from convdispatch.cli import SHELLS, _parser, main
from convdispatch.cli._completion import BY_METAVAR, commands
from convdispatch.cli._completion_scripts import SCRIPTS
from convdispatch.registry import registry

BACKENDS = {"jax", "numpy", "tensorflow", "torch"}
LEVELS = {"core", "full", "grad", "dtype", "edge", "errors", "contract"}
KEYS = {"backend", "floatx", "epsilon", "image_data_format", "convention"}
COMMANDS = {
    "autotune", "backends", "bench", "compare", "completion", "config", "conformance", "convert",
    "doctor", "inspect", "new-backend", "picture", "run",
}  # fmt: skip
# What is typed, up to the cursor, and the words that are offered.
CASES = {
    "": COMMANDS,
    "con": {"config", "conformance", "convert"},
    "convert a.h5 b.h5 --to k": {"keras1", "keras2", "keras3"},
    "inspect a.h5 --r": {"--run"},
    "config ": {"show", "get", "set", "path"},
    "config --json g": {"get"},
    "config get ": KEYS,
    "config get b": {"backend"},
    "config set floatx float6": {"float64"},
    "config set floatx float64 ": set(),
    "completion ": {"bash", "zsh", "fish"},
    "conformance --b": {"--backend", "--badge"},
    "conformance m": {"matrix", "merge"},
    "conformance merge --j": {"--json", "--junit"},
    "conformance --backend ": BACKENDS | {"all"},
    "conformance --backend n": {"numpy"},
    "conformance --backend numpy,to": {"numpy,torch"},
    "conformance --backend numpy --level ": LEVELS,
    "conformance --seed 1 d": {"diff"},
    "conformance --seed ": set(),
    "compare model.py --backends j": {"jax"},
    "bench diff --select conv3": {"conv3d"},
    "nothing-of-this-name ": set(),
}
FILES = {"conformance --json fi": {"file"}, "new-backend name --into fo": {"folder"}}

BASH = """
source "$1"
COMP_WORDS=($2) COMP_CWORD=$(( $3 ))
[[ $2 == *' ' ]] && COMP_WORDS+=('')
_convdispatch
printf '%s\\n' "${COMPREPLY[@]}"
"""
# What the completion system does with a description, as far as is needed.
ZSH = """
compdef() { : }
_describe() { for one in ${(P)2}; do [[ $one == ${PREFIX}* ]] && print -r -- $given$one; done }
_files() {
    [[ $1 == -/ ]] && { print -rl -- ${PREFIX}*(N/); return }
    print -rl -- ${PREFIX}*(N)
}
compset() { given=${PREFIX%"${PREFIX##*,}"}; PREFIX=${PREFIX##*,} }
source $1
words=(${=2}) given=
[[ $2 == *' ' ]] && words+=('')
CURRENT=${#words} PREFIX=${words[-1]}
_convdispatch
"""
FISH = """
source $argv[1]
complete -C $argv[2]
"""


def offered(shell: str, script: Path, typed: str, folder: Path) -> set[str]:
    """Return the words that the shell offers, without their descriptions."""
    line = f"convdispatch {typed}"
    last = str(len(line.split(" ")) - 1)
    command = {
        "bash": ["bash", "--norc", "-c", BASH, "-", str(script), line, last],
        "zsh": ["zsh", "-f", "-c", ZSH, "-", str(script), line],
        "fish": ["fish", "--no-config", "-c", FISH, str(script), line],
    }[shell]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stderr == ""
    separator = {"bash": "\0", "zsh": ":", "fish": "\t"}[shell]
    found = {word.split(separator)[0].rstrip("/") for word in done.stdout.splitlines()}
    return found - {""}


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> str:
    """Name each shell that is installed."""
    name: str = request.param
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    return name


@pytest.fixture
def script(shell: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """Write the shell's script."""
    assert main(["completion", shell]) == 0
    file = tmp_path / "script"
    file.write_text(capsys.readouterr().out, encoding="utf-8")
    return file


def test_each_shell_offers_what_may_follow(shell: str, script: Path, tmp_path: Path) -> None:
    """Commands, options, choices, backends and levels, also the last of a list."""
    found = {typed: offered(shell, script, typed, tmp_path) for typed in CASES}
    assert found == CASES


def test_each_shell_offers_files_where_a_file_is_meant(
    shell: str, script: Path, tmp_path: Path
) -> None:
    """And folders where a folder is."""
    here = tmp_path / "here"
    (here / "folder").mkdir(parents=True)
    (here / "file").touch()
    (here / "fo-file").touch()
    assert {typed: offered(shell, script, typed, here) for typed in FILES} == FILES


def values(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Yield every argument that has a value, of the commands below, too."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for child in action.choices.values():
                yield from values(child)
        elif action.nargs != 0 and action.choices is None:
            yield action


def test_every_argument_is_known() -> None:
    """A value with an unknown name needs a rule for its completion."""
    found = list(values(_parser()))
    assert len(found) > 20
    by_dest = {"backend", "backends", "level", "select", "value"}
    assert [one for one in found if one.dest not in by_dest and one.metavar not in BY_METAVAR] == []


def test_a_name_with_a_meaning_to_shells_is_left_out(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shell never executes the name of a plugin's backend."""
    entries = {**registry.entries(), "$(touch here)": None}
    monkeypatch.setattr(registry, "entries", lambda: entries)
    assert main(["completion", "bash"]) == 0
    printed = capsys.readouterr().out
    assert "touch" not in printed
    assert "numpy" in printed


def test_every_shell_that_is_accepted_has_a_script() -> None:
    """The parser's copy has not drifted."""
    assert tuple(SCRIPTS) == SHELLS


def test_the_help_of_every_command_is_offered() -> None:
    """Zsh and fish show it beside the word."""
    (top, *_) = commands(_parser(), "")
    assert set(top.children) == COMMANDS
    assert all(top.children.values())


def test_an_unknown_shell_is_wrong_usage(failure: Callable[..., str]) -> None:
    """One line."""
    with pytest.raises(SystemExit, match="2"):
        main(["completion", "tcsh"])
