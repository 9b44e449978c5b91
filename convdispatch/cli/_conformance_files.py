"""The files that `convdispatch conformance` was asked to write."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import AbstractContextManager

from convdispatch.cli._streams import output_path
from convdispatch.conformance.report.formats import FORMATS
from convdispatch.conformance.report.records import Report
from convdispatch.conformance.report.report_files import reserved_reports


def reserved_files(
    arguments: argparse.Namespace,
) -> AbstractContextManager[Callable[[Report], list[str]]]:
    """Give the writer of the reports, whose files are known to be writable.

    Raises `ReportError`, which `main` reports, where one cannot be written.
    """
    return reserved_reports({name: output_path(getattr(arguments, name)) for name in FORMATS})
