"""What the modules that users import from share: names as attributes, and advice for strangers.

Nothing here computes; it is tables of words, and how a module answers for a name that it lacks.
"""
