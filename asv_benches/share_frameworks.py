"""Let asv's environment import NumPy and the frameworks of another one, by a `.pth` file.

asv makes an environment for the commits that it compares and installs only convdispatch there, so
that no framework is installed twice. CONVDISPATCH_BENCH_PYTHON names the interpreter of the
environment that has them. asv's own folder comes first on the path: a convdispatch that is
installed in the other environment is not the one measured.
"""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

VARIABLE = "CONVDISPATCH_BENCH_PYTHON"
ASKED = """
import sys, sysconfig
print(*sys.version_info[:2], sep=".")
print(sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), sep="\\n")
"""


def main() -> None:
    """Write the file into the environment that this runs in; leave with a message if it cannot."""
    python = os.environ.get(VARIABLE)
    if not python:
        sys.exit(
            f"{VARIABLE} is not set; expected the interpreter of an environment with NumPy, pluggy "
            f"and the frameworks to measure. Set it, as with `export {VARIABLE}=$(which python)`."
        )
    try:
        answer = subprocess.check_output([python, "-c", ASKED], text=True)
    except (OSError, subprocess.CalledProcessError) as exc:
        sys.exit(
            f"{VARIABLE} is {python!r}, which did not answer as a Python interpreter does "
            f"({type(exc).__name__}). Name the interpreter of an environment."
        )
    version, *folders = answer.splitlines()
    own = "{}.{}".format(*sys.version_info)
    if version != own:
        sys.exit(
            f"{VARIABLE} is {python!r}, of Python {version}; asv's environment has Python {own}, "
            f"and compiled packages fit one version. Run asv with `-E virtualenv:{version}`."
        )
    target = Path(sysconfig.get_path("purelib"), "frameworks.pth")
    target.write_text("\n".join(dict.fromkeys(folders)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
