"""What a callback sends to a server while a model is trained."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from convdispatch.callbacks._base import Callback
from convdispatch.errors import InvalidArgument
from convdispatch.support.warnings import warn

_SECONDS = 10


class RemoteMonitor(Callback):
    """Sends each epoch's number and what it reported to a server, by HTTP's POST.

    With `send_as_json` the body is JSON, else a form with JSON in `field`. A server that cannot be
    reached is warned of, and training goes on.
    """

    reads_weights = False

    def __init__(
        self,
        root: str = "http://localhost:9000",
        path: str = "/publish/epoch/end/",
        field: str = "data",
        headers: Mapping[str, str] | None = None,
        send_as_json: bool = False,
    ) -> None:
        super().__init__()
        if not str(root).startswith(("http://", "https://")):
            raise InvalidArgument(
                "`root` of RemoteMonitor must begin with 'http://' or 'https://'; "
                f"received {root!r}."
            )
        self.root, self.path, self.field = root, path, field
        self.headers, self.send_as_json = headers, send_as_json

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Send what the epoch reported."""
        # A hundred modules, of use to this callback alone.
        import urllib.error
        import urllib.parse
        import urllib.request

        given = {name: _plain(value) for name, value in (logs or {}).items()}
        said = json.dumps({"epoch": epoch, **given})
        body = said if self.send_as_json else urllib.parse.urlencode({self.field: said})
        kind = "json" if self.send_as_json else "x-www-form-urlencoded"
        headers = {"Content-Type": f"application/{kind}", **(self.headers or {})}
        request = urllib.request.Request(self.root + self.path, body.encode(), headers)
        try:
            urllib.request.urlopen(request, timeout=_SECONDS).close()
        except (urllib.error.URLError, OSError) as exc:
            warn(f"RemoteMonitor could not reach the server at {self.root}: {exc}.")


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic | np.ndarray) and value.size == 1 else value
