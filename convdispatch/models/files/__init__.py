"""Models and files: a model of what a file holds, and what a file holds of a model.

`saving` turns bytes into a `Checkpoint` and back; here a checkpoint becomes a model (`loading`,
`restoring`) or weights of one that exists (`weight_loading`), and a model becomes a checkpoint in
the words of any Keras (`storing`, `translating`), which `writing` puts into a file.
"""
