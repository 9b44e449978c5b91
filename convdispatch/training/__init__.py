"""Training: what a step computes, and the loop around it.

Losses, metrics and update rules are `formulas`; nothing here knows one by its name.
"""
