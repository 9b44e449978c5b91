"""The cost of importing, each time in a new process; NumPy's own import is the reference."""

import subprocess
import sys


def timeraw_import_numpy():
    """Import NumPy alone."""
    return "import numpy"


def timeraw_import_convdispatch():
    """Import the package, which looks its names up on first use."""
    return "import convdispatch"


def timeraw_import_layers():
    """Import what a script needs to make a layer, NumPy included."""
    return "from convdispatch.layers import Conv2D"


def timeraw_help():
    """Run the command line up to its help."""
    return """
    import contextlib, io
    from convdispatch.cli import main
    with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):
        main(["--help"])
    """


def track_modules():
    """Count the modules that `import convdispatch` adds to those of an empty process."""
    return _modules("import convdispatch") - _modules("")


track_modules.unit = "modules"


def _modules(statement):
    code = f"{statement}\nimport sys\nprint(len(sys.modules))"
    return int(
        subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.PIPE).stdout
    )
