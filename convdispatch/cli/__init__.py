"""The command line `convdispatch`: its arguments and its exit codes.

Exit codes: 0 done; 1 a check failed; 2 no result, because of wrong usage or another error; 3 a
requested backend cannot be tested or measured; 130 interrupted; 141 the reader of the output has
left. Each command has its own module, which is imported when the command runs: `--help` must stay
fast, so this module imports nothing else.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from convdispatch.cli._file_arguments import add_file_commands
from convdispatch.cli._output import ReaderGone, UsageError, complain, say
from convdispatch.cli._picture_arguments import add_picture_command
from convdispatch.cli._streams import abandon, ensure_streams, own_standard_output
from convdispatch.conformance.run.limits import LONGEST_LIMIT, SHORTEST_LIMIT
from convdispatch.errors import ConvDispatchError
from convdispatch.support.interrupts import interrupts
from convdispatch.support.terminal import try_to_write

SHELLS = ("bash", "zsh", "fish")
APIS = ("keras1", "keras2")
# Repeated from `config.KEYS`, whose module is too slow to import for `--help`; a test compares.
CONFIG_KEYS = ("backend", "floatx", "epsilon", "image_data_format", "convention")

_TROUBLE, _INTERRUPTED, _READER_GONE = 2, 130, 141


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; `argv` defaults to the process's arguments."""
    ensure_streams()
    with interrupts.handled(is_program=argv is None):
        try:
            code = _obey(argv)
        except (UsageError, ConvDispatchError, OSError) as exc:
            complain(f"error: {exc}")
            code = _TROUBLE
        except ReaderGone:
            code = _READER_GONE
        except Exception:  # noqa: BLE001 - a fault of ours, for which Python would exit with 1
            try_to_write(sys.stderr, traceback.format_exc())
            code = _TROUBLE
        except KeyboardInterrupt:
            code = _INTERRUPTED
        finally:
            # What standard error did not take is lost; Python would try again and exit with 120.
            if not try_to_write(sys.stderr, ""):
                abandon(sys.stderr)
        return _INTERRUPTED if interrupts.came else code


def _obey(argv: Sequence[str] | None) -> int:
    arguments = _parser().parse_args(argv)
    command = arguments.command.replace("-", "_")
    with interrupts.postponed():
        module = importlib.import_module(f"convdispatch.cli._{command}")
    if interrupts.came and not hasattr(module, "ANSWERS_INTERRUPTS"):
        raise KeyboardInterrupt
    run: Callable[[argparse.Namespace], int] = module.run
    if hasattr(module, "HANDS_OVER"):
        return run(arguments)
    with own_standard_output(is_program=argv is None):
        try:
            return run(arguments)
        except (Exception, KeyboardInterrupt):
            raise
        except BaseException as exc:  # noqa: BLE001 - what would end a program without a word
            complain(f"error: it was ended by {type(exc).__name__}: {exc}, and is not done")
            return _TROUBLE


class _Version(argparse.Action):
    """Looks up the version only on request: importing the look-up takes longer than help."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from convdispatch.support.versions import version_of

        say(f"convdispatch {version_of('convdispatch')}")
        parser.exit()


class _Parser(argparse.ArgumentParser):
    """Reports in one line the error and the allowed values."""

    def error(self, message: str) -> NoReturn:
        complain(f"error: {message}; {self.format_usage()}", prog=self.prog)
        self.exit(_TROUBLE)

    def print_help(self, file: object = None) -> None:
        """Print the message as every command does."""
        say(self.format_help().rstrip("\n"))

    def parse_known_args(self, *arguments: Any, **keywords: Any) -> Any:
        """Refuse an unknown argument here, where the allowed options are known."""
        found, unknown = super().parse_known_args(*arguments, **keywords)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return found, unknown


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="convdispatch",
        description="One convolution frontend, any backend, provably the same answer.",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    common = _Parser(add_help=False)
    common.add_argument("--json", action="store_true", help="print JSON for other programs")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser(
        "backends", parents=[common], help="list the backends and how to install what is missing"
    )
    _add_config(commands.add_parser("config", help="show or change keras.json"), common)
    commands.add_parser(
        "doctor", parents=[common], help="check this installation and every available backend"
    )
    add = commands.add_parser(
        "compare", parents=[common], help="run one model on several backends and compare"
    ).add_argument
    add("file", metavar="FILE.py", help="defines build() -> (model, x)")
    add("--backends", metavar="A,B", help="the backends to compare; all available ones by default")
    add("--nproc", metavar="N", type=_whole(1, 1024), default=1, help="divide the batch among N")
    add_file_commands(commands, common)
    add_picture_command(commands, common)
    autotune = commands.add_parser("autotune", help="show or remove autotune's measurements")
    measured = autotune.add_subparsers(dest="action", required=True, metavar="ACTION")
    measured.add_parser("show", parents=[common], help="list the measurements")
    measured.add_parser("clear", parents=[common], help="remove the cache file")
    measured.add_parser("path", parents=[common], help="print where the cache file is looked for")
    _add_conformance(
        commands.add_parser("conformance", help="run the conformance suite on backends")
    )
    _add_bench(commands.add_parser("bench", help="say whether a change made the layers slower"))
    _add_run(commands.add_parser("run", help="run a script that imports keras, with ours for it"))
    new_backend = commands.add_parser(
        "new-backend", parents=[common], help="write the skeleton of a backend of your own"
    )
    new_backend.add_argument("name", metavar="NAME", help="the name of the backend")
    new_backend.add_argument(
        "--into", metavar="FOLDER", help="the folder to make; convdispatch-NAME here by default"
    )
    new_backend.add_argument(
        "--inference", action="store_true", help="for an engine that computes no gradients"
    )
    completion = commands.add_parser(
        "completion", help="print a script that lets a shell complete this command"
    )
    completion.add_argument("shell", metavar="SHELL", choices=SHELLS, help=", ".join(SHELLS))
    return parser


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--api", choices=APIS, help="whose names it uses; else it is recognised")
    parser.add_argument("--backend", metavar="NAME", help="what computes; else the current one")
    parser.add_argument(
        "--seed", metavar="N", type=_whole(0, 2**32 - 1),
        help="the same random numbers every time",
    )  # fmt: skip
    parser.add_argument(
        "--convention", choices=("tensorflow", "theano"), help="whose numbers its layers give"
    )
    parser.add_argument(
        "--nproc", metavar="N", type=_whole(1, 4096), default=1,
        help="train on so many processes of this machine, on the backend's own engine",
    )  # fmt: skip
    parser.add_argument("--shard-weights", action="store_true", help="a part of each on a device")
    parser.add_argument(
        "--modernize", action="store_true",
        help="run a script of Python 2, with names that NumPy and SciPy have removed",
    )  # fmt: skip
    parser.add_argument(
        "--check", metavar="PATH", help="read a script or a folder; list what is missing"
    )
    parser.add_argument(
        "-m", dest="module", metavar="MODULE", nargs=argparse.REMAINDER,
        help="run a module, such as pytest, with its arguments",
    )  # fmt: skip
    parser.add_argument("script", metavar="SCRIPT.py", nargs="?", help="the script")
    parser.add_argument(
        "arguments", metavar="ARGUMENT", nargs=argparse.REMAINDER, help="what the script is given"
    )


def _add_config(parser: argparse.ArgumentParser, common: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("show", parents=[common], help="list every setting and where it comes from")
    get = actions.add_parser("get", parents=[common], help="print one setting")
    get.add_argument("key", metavar="KEY", choices=CONFIG_KEYS, help=", ".join(CONFIG_KEYS))
    change = actions.add_parser("set", parents=[common], help="write one setting to keras.json")
    change.add_argument("key", metavar="KEY", choices=CONFIG_KEYS, help=", ".join(CONFIG_KEYS))
    change.add_argument("value", metavar="VALUE")
    actions.add_parser("path", parents=[common], help="print where keras.json is looked for")


def _add_conformance(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--backend", metavar="NAME", action="append", default=[],
        help="the backends to test, 'all' for all; the current one by default")  # fmt: skip
    add("--level", metavar="LEVEL,LEVEL", help="what to test; 'core' by default, 'full' for all")
    add("--case", metavar="PATTERN", action="append", default=[],
        help="the cases with such an id, of any level; give several for all of theirs")  # fmt: skip
    add("--last-failed", action="store_true", help="the cases that failed when they last ran")
    add("--shard", metavar="N/M", type=_shard, help="a part of the cases, for one of M machines")
    add("--seed", metavar="N", type=_whole(0), default=0, help="draw other numbers and cases")
    add("--jobs", metavar="N", type=_whole(1, 1024), help="processes at a time; one a processor")
    add("--nproc", metavar="N", type=_whole(1, 1024), default=1, help="processes for each case")
    add("--time-limit", metavar="SECONDS", type=_seconds, default=60.0, help="for one case")
    add("--max-failures", metavar="N", type=_whole(1), help="stop after so many failures")
    add("--scripts", metavar="FOLDER", help="write a script for each failure")
    add("--explain", metavar="CASE", help="say what a case claims, with its numbers; run nothing")
    _add_reports(parser)
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    diff = actions.add_parser("diff", help="list the changes between two reports, or two folders")
    diff.add_argument("old", metavar="OLD.json")
    diff.add_argument("new", metavar="NEW.json")
    merge = actions.add_parser("merge", help="make one report of those of all shards")
    merge.add_argument("reports", metavar="REPORT.json", nargs="+")
    # One that is given before the action counts as well.
    _add_reports(merge, default=argparse.SUPPRESS)
    matrix = actions.add_parser("matrix", help="print a report as a support matrix, in Markdown")
    matrix.add_argument("report", metavar="REPORT.json")
    matrix.add_argument(
        "--check", metavar="FILE.md", help="compare with this file instead, and fail if it differs"
    )


def _add_reports(parser: argparse.ArgumentParser, default: str | None = None) -> None:
    add = functools.partial(parser.add_argument, metavar="FILE", default=default)
    add("--json", help="write the report for programs")
    add("--html", help="write the report as a page")
    add("--junit", help="write the report as JUnit's XML")
    add("--summary", help="write a summary in Markdown")
    add("--badge", help="write the JSON of a badge")


def _add_bench(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    diff = actions.add_parser("diff", help="measure two checkouts in turn and compare")
    add = diff.add_argument
    add("base", metavar="BASE", help="a git revision, or a folder with a checkout")
    add("head", metavar="HEAD", help="another one: is it slower than BASE?")
    add("--backend", metavar="NAME", action="append", default=[],
        help="the backends to measure, 'all' for all; the current one by default")  # fmt: skip
    add("--select", metavar="PATTERN", default="*", help="the benchmarks with such a name")
    add("--rounds", metavar="N", type=_whole(1), default=16,
        help="before the first look; at most three times as many")  # fmt: skip
    add("--threshold", metavar="RATIO", type=_ratio, default=1.05, help="head / base: slower from")
    add("--json", metavar="FILE", help="write the report for programs")


def _whole(least: int, most: int = 10**18) -> Callable[[str], int]:
    def parse(text: str) -> int:
        # Python refuses to read more digits than that.
        if not text.isdecimal() or len(text) > 20 or not least <= int(text) <= most:
            message = f"{text!r} is not a whole number from {least} to {most}"
            raise argparse.ArgumentTypeError(message)
        return int(text)

    return parse


def _shard(text: str) -> object:
    from convdispatch.conformance.run.sharding import parse
    from convdispatch.errors import InvalidArgument

    try:
        return parse(text)
    except InvalidArgument as exc:
        raise argparse.ArgumentTypeError(str(exc)) from exc


def _ratio(text: str) -> float:
    try:
        ratio = float(text)
    except ValueError:
        ratio = 0.0
    if not 1 < ratio < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 1, such as 1.05")
    return ratio


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not SHORTEST_LIMIT <= seconds <= LONGEST_LIMIT:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a positive number of seconds, from {SHORTEST_LIMIT:g} "
            f"to {LONGEST_LIMIT:g}"
        )
    return seconds
