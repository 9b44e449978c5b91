"""The evidence for an answer: the oracle, the bound on a correct answer's error, comparisons.

`oracle` and `bounds` import NumPy alone: an oracle that shared code with the frontend would share
its bugs.
"""
