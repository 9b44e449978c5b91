"""Build what an index of packages would get, into a folder, and check it.

    python tools/check_distribution.py dist

checks sizes, the description and its links, and that nothing that was recorded is in it. It uploads
nothing.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MOST = 2_000_000  # bytes of the source distribution
RECORDED = (".npz", ".h5", ".keras", ".png", ".json.gz")


def main(folder: Path) -> int:
    """Build into a folder; print what is wrong, and return 1 if anything is."""
    for old in (*folder.glob("*.tar.gz"), *folder.glob("*.whl")):
        old.unlink()
    python = [sys.executable, "-m"]
    subprocess.run([*python, "build", "--outdir", str(folder), str(ROOT)], check=True)
    (source,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    subprocess.run([*python, "twine", "check", "--strict", str(source), str(wheel)], check=True)
    found = [*_faults_of(source), *_faults_of_links(_description(wheel))]
    print("\n".join(found) or f"{source.name}: {source.stat().st_size:,} bytes, as it should be")
    return int(bool(found))


def _faults_of(source: Path) -> list[str]:
    size = source.stat().st_size
    with tarfile.open(source) as archive:
        recorded = [name for name in archive.getnames() if name.endswith(RECORDED)]
    too_large = [f"{source.name} has {size:,} bytes; at most {MOST:,}"] if size > MOST else []
    return too_large + [f"{name} needs not be in it" for name in recorded]


def _description(wheel: Path) -> str:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [each for each in archive.namelist() if each.endswith(".dist-info/METADATA")]
        return archive.read(name).decode("utf-8")


def _faults_of_links(description: str) -> list[str]:
    """Return the links that lead nowhere from an index, or to no file of the repository."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    ours = re.escape(project["urls"]["Repository"]) + rf"/(?:blob|raw)/v{project['version']}/"
    links = re.findall(r"\]\(([^)\s]+)\)", description)
    if len(links) < 10:
        return ["the description has hardly a link: is it the README?"]
    found = []
    for link in links:
        path = re.sub(ours, "", link).partition("#")[0]
        if path == link and not re.match(r"https?://|#", link):
            found.append(f"the description's link {link} is relative")
        if path != link.partition("#")[0] and not (ROOT / path).exists():
            found.append(f"the description's link {link} leads to no file")
    return found


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
