"""The arguments of the commands about models' files."""

from __future__ import annotations

import argparse
import re
from typing import Any

# Repeated from `models`, which are too slow to import for `--help`; a test compares.
DIALECTS = ("keras1", "keras2", "tf_keras", "keras3")
CONVENTIONS = ("theano", "tensorflow")


def add_file_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add `inspect` and `convert` to the commands."""
    inspect = commands.add_parser(
        "inspect", parents=[common], help="say what a model's file is and what it holds"
    )
    inspect.add_argument("file", metavar="FILE", help="a model or weights of any Keras")
    inspect.add_argument(
        "--run", action=argparse.BooleanOptionalAction, default=None,
        help="compute on random input; by default for small files that do not say all",
    )  # fmt: skip
    _add_untrusted(inspect)
    convert = commands.add_parser(
        "convert", parents=[common], help="write a model's file in another format"
    )
    convert.add_argument("file", metavar="FILE", help="a model or weights of any Keras")
    convert.add_argument("out", metavar="OUT", help="its ending says the format")
    add = convert.add_argument
    add("--to", choices=DIALECTS, metavar="KERAS", help="in whose words: " + ", ".join(DIALECTS))
    add("--weights", action="store_true", help="write the weights alone")
    add("--architecture", metavar="FILE", help="the model of a file that has weights alone")
    add("--trained-on", choices=CONVENTIONS, metavar="BACKEND", help=", ".join(CONVENTIONS))
    add("--dim-ordering", choices=("th", "tf"), metavar="ORDER", help="th, tf")
    add("--no-training", action="store_true", help="leave out the settings and state of training")
    add("--force", action="store_true", help="replace OUT where it exists")
    _add_untrusted(convert)


def _add_untrusted(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--untrusted", action="store_true", help="read FILE in a process of bounded memory and time"
    )


def in_options(text: str) -> str:
    """Return a message about arguments of functions in the words of the commands.

    >>> in_options("`trained_on='theano'` is assumed. Say `trained_on=`.")
    '`--trained-on theano` is assumed. Say `--trained-on`.'
    """
    for argument in ("trained_on", "dim_ordering"):
        option = f"--{argument.replace('_', '-')}"
        text = re.sub(rf"`{argument}='(\w+)'`", rf"`{option} \1`", text)
        text = text.replace(f"`{argument}=`", f"`{option}`").replace(f"`{argument}`", f"`{option}`")
    text = re.sub(r"(?:`dialect`|dialect)=?'(\w+)'", r"`--to \1`", text)
    text = text.replace("`include_optimizer=False`", "`--no-training`")
    return text.replace("with another `dialect`", "with another `--to`")
