"""What a program needs that computes nothing: files, locks, processes, text, other people's code.

Nothing here knows what a convolution is, nor that there are backends.
"""
