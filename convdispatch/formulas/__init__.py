"""What names stand for: activations, initializers, regularizers, constraints, and their formulas.

A formula is written once, over a backend's table of functions. `dialects` puts what each
Keras calls differently into one value.
"""
