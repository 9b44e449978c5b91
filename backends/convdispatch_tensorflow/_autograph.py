"""Keeps AutoGraph from rewriting the source of convdispatch."""

from __future__ import annotations

import contextlib

OURS = ("convdispatch", "convdispatch_tensorflow")


def leave_ours_alone() -> None:
    """Make `tf.function` call our code unchanged, whatever calls it.

    Nothing here depends on a tensor's values, so that there is nothing to rewrite; and AutoGraph
    warns of what it cannot, such as two lambdas in one line. tensorflow 2.21 has no public way to
    say it of a whole package: `do_not_convert` is for one function.
    """
    with contextlib.suppress(ImportError, AttributeError):  # another version has it elsewhere
        from tensorflow.python.autograph.core import config

        rules = tuple(config.DoNotConvert(name) for name in OURS)
        config.CONVERSION_RULES = (*rules, *config.CONVERSION_RULES)
