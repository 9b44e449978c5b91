"""Files of every Keras, in and out: bytes on one side, a `Checkpoint` on the other.

Nothing here knows a layer or a model. `convdispatch.models` makes models of checkpoints and
checkpoints of models; a new format is one reader and one writer in this package.
"""
