"""Runs the command line as `python -m convdispatch`."""

import sys

from convdispatch.cli import main

if __name__ == "__main__":
    sys.exit(main())
