"""What a process that a script spawned runs first: the script, with our façade for `keras`.

`multiprocessing` runs the module that the script's `__main__` names, under another name, so that
what the script defines can be unpickled.
"""

import os
import sys

from convdispatch.cli import _as_keras

if __name__ != "convdispatch.cli._spawned":
    _as_keras.install(os.environ[_as_keras.API])
    __file__ = sys.argv[0] = os.environ[_as_keras.SCRIPT]
    exec(_as_keras.code_of(__file__), globals())
