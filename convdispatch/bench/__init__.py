"""What is measured where two checkouts are compared, and what a measurement proves.

`benchmarks` and `_measurer` run inside the measured checkout, and are given to it by path, so that
both sides do the same work by the same clock; everything else runs in the process that compares.
"""
