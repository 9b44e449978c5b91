"""The base of every layer: its arguments, its weights, its plans, and `Layer` itself.

Nothing here knows any family of layers.
"""
