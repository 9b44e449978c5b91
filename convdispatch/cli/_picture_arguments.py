"""The arguments of the command that draws a layer."""

from __future__ import annotations

import argparse
from typing import Any

CONVENTIONS = ("tensorflow", "theano")


def add_picture_command(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add `picture` to the commands."""
    parser = commands.add_parser(
        "picture", parents=[common], help="draw what a layer reads and writes, as SVG"
    )
    parser.add_argument(
        "layer", metavar="LAYER", help="as in a script, such as \"Conv2D(4, 3, padding='same')\""
    )
    add = parser.add_argument
    add("--input", required=True, metavar="SIZES",
        help="of the input: 9x9, or with batch and channels nonex9x9x3")  # fmt: skip
    add("-o", "--out", metavar="FILE", help="where to write it; by default it is printed")
    add("--keras", choices=("1", "2"), help="whose names it uses: 1, 2; ours by default")
    add("--convention", choices=CONVENTIONS, help="draw this one alone: tensorflow, theano")
    add("--output", metavar="CELL", help="the cell of the output to mark, such as 2,3")
    add("--values", action="store_true", help="write numbers into the cells")
