"""What names stand for: activations, initializers, regularizers, constraints, and their formulas.

A formula is written once, over a backend's table of functions. `vocabulary` puts the names of each
Keras together.
"""
