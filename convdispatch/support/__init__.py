"""General services for a program: files, locks, processes, text, calls of other people's code.

Nothing here knows about convolutions or backends.
"""
