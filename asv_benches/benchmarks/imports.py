"""What importing costs, each time in a new process; NumPy's own import is the yardstick."""


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
