"""The limits on the time of a case, for the checks of options."""

from __future__ import annotations

# Seconds. A day is more than any case takes, and far from what a clock of the system cannot hold;
# no answer of another process comes in less than a millisecond.
SHORTEST_LIMIT, LONGEST_LIMIT = 0.001, 86400.0
