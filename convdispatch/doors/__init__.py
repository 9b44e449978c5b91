"""Code that the modules for users share: tables of names, and advice about missing names.

Nothing here computes: what each Keras calls its layers, names as attributes, and how a module
answers for a name that it lacks.
"""
