"""What a process that a script spawned runs first: the script, with our façade for `keras`.

`multiprocessing` runs the module that the script's `__main__` names, under another name, so that
what the script defines can be unpickled.
"""

from convdispatch.cli import _as_keras

if __name__ != "convdispatch.cli._spawned":
    globals().update(_as_keras.spawned(__name__))
