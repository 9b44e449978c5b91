"""Compare the speed of two checkouts: the measurement, and what it proves.

`benchmarks` and `_measurer` run inside the measured checkout. They are passed to it by path, so
both sides do the same work by the same clock. Everything else runs in the process that compares.
"""
