"""Common code of the commands of this folder: errors of one line, numbers of rounds."""

import argparse


class Parser(argparse.ArgumentParser):
    """Errors are one line."""

    def error(self, message):
        """Print what was wrong and what is allowed; exit with 2."""
        self.exit(2, f"{self.prog}: error: {message}\n")


def rounds_like(usual):
    """Return the argument type of a number of rounds, with an example for the error message."""

    def rounds(text):
        if not (text.isdecimal() and int(text) > 0):
            raise argparse.ArgumentTypeError(f"{text!r} is no number of rounds, such as {usual}")
        return int(text)

    return rounds
