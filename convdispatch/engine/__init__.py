"""What every layer stands on: its arguments, its weights, its plans, and `Layer` itself.

Nothing here knows a family of layers.
"""
