"""The description that an index of packages shows: the README, with links that work there.

In a checkout the README's links are relative, so that they work without a network and on any forge.
An index has no files beside it, so there they lead to the repository.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface


class Description(MetadataHookInterface):  # type: ignore[misc] # hatchling need not be installed
    """Makes the `readme` of the metadata."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Add it; called by hatchling."""
        text = (Path(self.root) / "README.md").read_text("utf-8")
        address = f"{metadata['urls']['Repository']}/{{}}/v{metadata['version']}/"
        metadata["readme"] = {
            "content-type": "text/markdown",
            "text": absolute(text, address.format("blob"), address.format("raw")),
        }


def absolute(text: str, pages: str, pictures: str) -> str:
    """Return Markdown whose relative links begin with an address: of pages, or of pictures."""
    text = re.sub(r"(!\[[^\]]*\]\()(?!\w+:)", rf"\1{pictures}", text)
    return re.sub(r"(?<!!)(\[[^\]]*\]\()(?!\w+:|#)", rf"\1{pages}", text)
