"""Fuzzing of everything that reads a file: real files, mutated, must be read or refused.

`python -m fuzzing` runs it; `loaders` says what is run, and `trying` what counts as a find.
"""
