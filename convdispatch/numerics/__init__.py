"""What proves an answer: the oracle, how far a right answer may be from it, and comparisons.

`oracle` and `bounds` import NumPy alone: an oracle that shared code with the frontend would share
its bugs.
"""
