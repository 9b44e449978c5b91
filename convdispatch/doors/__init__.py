"""What the modules that users import from share: tables of words, and advice for strangers.

Nothing here computes: what each Keras calls its layers, names as attributes, and how a module
answers for a name that it lacks.
"""
