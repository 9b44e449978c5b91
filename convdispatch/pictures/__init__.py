"""Drawings of graphs: boxes, the links between them, and where both lie on a page.

Nothing here knows what a layer is: a diagram is text and numbers.
"""
