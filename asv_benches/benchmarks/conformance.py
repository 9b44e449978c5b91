"""How fast the conformance suite runs, in this process."""

import importlib

from . import _base

CASES = 50


class CoreCases(_base.OfBackend):
    """Cases of the level `core`, evenly from the whole list.

    It is a time, because asv takes growth for a regression: 50 divided by it is cases per second.
    """

    def prepare(self, backend):
        """Return the backend and the cases, run once."""
        suite = _suite()
        core = suite.select(suite.build(), ["core"])
        chosen = core[:: len(core) // CASES][:CASES]
        loaded = _base.registry.load(backend)
        for case in chosen:
            case.run(loaded)
        return loaded, chosen

    def time_fifty_cases(self, backend):
        """Draw the numbers, compute, and compare with the oracle."""
        loaded, cases = self.prepared
        for case in cases:
            case.run(loaded)


def _suite():
    """Return the suite, under the name that it has in the commit at hand."""
    for name in ("cases", "suite"):
        try:
            return importlib.import_module(f"convdispatch.conformance.{name}")
        except ImportError:  # it was called otherwise, or there was none
            continue
    raise NotImplementedError("this commit has no conformance suite")
