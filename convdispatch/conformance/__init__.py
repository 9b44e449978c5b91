"""What a backend's author runs to learn whether every answer is right.

The expected values come from `oracle` and the allowed errors from `bounds`. Both import NumPy
alone: an oracle that shared code with the frontend would share its bugs.
"""
