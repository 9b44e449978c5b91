"""The command line `convdispatch`: what it accepts, and what it exits with.

Exit codes: 0 done, 1 an error or a failed check, 2 wrong usage. Each command lives in a module of
its own, imported when it is asked for: `--help` must stay fast, so nothing else is imported here.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Sequence

from convdispatch.cli._output import UsageError, one_line
from convdispatch.errors import ConvDispatchError

# Repeated from `config.KEYS`, whose module is too slow to import for `--help`; a test compares.
CONFIG_KEYS = ("backend", "floatx", "epsilon", "image_data_format", "convention")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; `argv` defaults to the process's arguments."""
    arguments = _parser().parse_args(argv)
    module = importlib.import_module(f"convdispatch.cli._{arguments.command}")
    run: Callable[[argparse.Namespace], int] = module.run
    try:
        code = run(arguments)
        sys.stdout.flush()
    except UsageError as exc:
        return _fail(exc, 2)
    except ConvDispatchError as exc:
        return _fail(exc, 1)
    except BrokenPipeError:
        # The reader, such as `head`, has left: keep the interpreter's last flush quiet.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130
    return code


def _fail(error: Exception, code: int) -> int:
    print(f"convdispatch: error: {one_line(str(error))}", file=sys.stderr)
    return code


class _Version(argparse.Action):
    """Looks the version up when it is asked for: importing the look-up takes longer than help."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from convdispatch.cli._versions import version_of

        print(f"convdispatch {version_of('convdispatch')}")
        parser.exit()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="convdispatch",
        description="One convolution frontend, any backend, provably the same answer.",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="print JSON for other programs")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser(
        "backends", parents=[common], help="list the backends and how to install what is missing"
    )
    _add_config(commands.add_parser("config", help="show or change what keras.json says"), common)
    commands.add_parser(
        "doctor", parents=[common], help="check this installation and every available backend"
    )
    compare = commands.add_parser(
        "compare", parents=[common], help="run one model on several backends and compare"
    )
    compare.add_argument("file", metavar="FILE.py", help="defines build() -> (model, x)")
    compare.add_argument(
        "--backends", metavar="A,B", help="the backends to compare; all available ones by default"
    )
    return parser


def _add_config(parser: argparse.ArgumentParser, common: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("show", parents=[common], help="list every setting and where it comes from")
    get = actions.add_parser("get", parents=[common], help="print one setting")
    get.add_argument("key", metavar="KEY", choices=CONFIG_KEYS, help=", ".join(CONFIG_KEYS))
    change = actions.add_parser("set", parents=[common], help="write one setting to keras.json")
    change.add_argument("key", metavar="KEY", choices=CONFIG_KEYS, help=", ".join(CONFIG_KEYS))
    change.add_argument("value", metavar="VALUE")
    actions.add_parser("path", parents=[common], help="print where keras.json is looked for")
