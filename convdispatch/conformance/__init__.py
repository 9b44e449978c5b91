"""The suite by which a backend's author checks that every answer is correct.

The expected values come from `oracle` and the allowed errors from `bounds`. Both import NumPy
alone: an oracle that shared code with the frontend would share its bugs.
"""
